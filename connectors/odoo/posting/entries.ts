import { FinanceError } from '../../../errors';
import type { Decimal, EntryLine, JournalEntry } from '../../../finance/documents';
import { checkEntry, homeSides, payoutEntry } from '../../../finance/journal-entry';
import { isZero, plain, sub, sum } from '../../../finance/money';
import { analyticOf } from '../analytic-plans';
import type { OdooClient } from '../client';
import { type Company, lookupsOf } from '../lookups';
import { analyticText } from '../moves/analytic';
import { type Difference, holdTo, unequal, unequalLines } from '../moves/differences';
import { accountingDate } from '../moves/lock-dates';
import { assertAfterCutOver, DEFAULT_PREFIX, externalIdOf, type PrepareOptions } from '../moves/prepare';
import type { MoveLine, MoveState } from '../moves/read';
import { recordUrl } from '../moves/result';
import { findOrCreatePartner, type PartyPlace } from '../party';
import { entryRequest } from './entry-request';
import type { EntryRequest, ExpectedEntryLine, PostedRecord, Poster } from './kinds';

/** Journal entries, and payouts, which are entries. */
export const entries: Poster<'entry'> = {
  model: 'account.move',

  async prepare(client, document, options) {
    const entry = document.kind === 'payout' ? payoutEntry(document) : document;
    const { entity, prefix = DEFAULT_PREFIX } = options;
    assertAfterCutOver(entry.date, entity);
    const lookups = lookupsOf(client);
    const company = await lookups.company(entity.odooCompany);
    checkEntry(entry, company.currency.code);
    const place = { entity: entity.key, system: entry.source.system, company, prefix };
    const lines: ExpectedEntryLine[] = [];
    for (const line of entry.lines) lines.push(await expectedLine(client, entry, line, place, options));
    const question = { day: entry.date, taxed: false };
    const dated = await accountingDate(client, company, question, entity.kinds[document.kind]?.latePosting);
    const journalId = await lookups.journal(company, entry.posting.journal);
    const ref = entry.reference ?? entry.source.number ?? entry.source.id;
    return entryRequest(externalIdOf(options.externalKey, prefix), company, {
      ...dated,
      documentDate: entry.date,
      journalId,
      ref,
      lines,
    });
  },

  compare(request, move, stage) {
    const { expected } = request;
    const isEarlier = move.state === 'posted' && move.date === expected.late?.documentDate;
    const date = isEarlier ? expected.documentDate : expected.date;
    holdTo(move, stage, contentDifferences(request, move), date, 'move');
  },

  differences: (request, move) => [
    ...unequal([
      ['state', 'posted', move.state],
      ['date', request.expected.date, move.date],
    ]),
    ...contentDifferences(request, move),
  ],

  period: ({ expected }) => ({ day: expected.date, taxed: false }),

  result: entryResult,
};

function contentDifferences({ expected, company }: EntryRequest, move: MoveState): Difference[] {
  const head = unequal([
    ['type', 'entry', move.moveType],
    ['company', company.id, move.companyId],
    ['journal', expected.journalId, move.journalId],
    ['reference', expected.ref, move.ref],
  ]);
  const wanted = expected.lines.map((line) => wantedText(line));
  const found = move.lines.map((line) => foundText(line, company));
  return [...head, ...unequalLines(wanted, found)];
}

async function expectedLine(
  client: OdooClient,
  { currency: code }: JournalEntry,
  line: EntryLine,
  place: PartyPlace,
  { entity, partnerOf = findOrCreatePartner }: PrepareOptions,
): Promise<ExpectedEntryLine> {
  const lookups = lookupsOf(client);
  const { company } = place;
  const isProfitAndLoss = await lookups.isProfitAndLoss(company, line.account);
  const options = { domain: 'general', dimensions: entity.dimensions, isProfitAndLoss } as const;
  const isHome = code === company.currency.code;
  const currency = await lookups.currency(code);
  if (!currency.active)
    throw new FinanceError('ODOO_CURRENCY', { message: `The currency ${code} is not active in Odoo.` });
  return {
    label: line.label,
    accountId: await lookups.account(company, line.account),
    ...(isHome ? { debit: line.debit, credit: line.credit } : homeSides(line)),
    ...(!isHome && { amountCurrency: sub(line.debit, line.credit) }),
    currency: { id: currency.id, code },
    ...(line.partner && { partnerId: await partnerOf(client, line.partner, place) }),
    analytic: await analyticOf(client, company, line.analytic ?? {}, options),
  };
}

/** One text per line, so that lines compare in any order. */
function lineText(
  line: Pick<ExpectedEntryLine, 'accountId' | 'partnerId' | 'debit' | 'credit' | 'analytic'>,
  foreign: string,
): string {
  const { accountId, partnerId, debit, credit, analytic } = line;
  const amounts = `debit ${plain(debit)}, credit ${plain(credit)}${foreign}`;
  return `account ${accountId}, ${amounts}, partner ${partnerId ?? 'none'}, analytic [${analyticText(analytic)}]`;
}

const wantedText = (line: ExpectedEntryLine): string =>
  lineText(line, line.amountCurrency ? `, ${plain(line.amountCurrency)} ${line.currency.code}` : '');

function foundText(line: MoveLine, { currency: home }: Company): string {
  const { accountId = 0, currency, amountCurrency } = line;
  const foreign = currency === home.code ? '' : `, ${plain(amountCurrency)} ${currency}`;
  return lineText({ ...line, accountId }, foreign);
}

async function entryResult(
  client: OdooClient,
  { expected, company }: EntryRequest,
  move: MoveState,
): Promise<PostedRecord> {
  const { late, documentDate, lines } = expected;
  const amounts = lines.map(({ amountCurrency, debit }) =>
    amountCurrency === undefined ? debit : positive(amountCurrency),
  );
  return {
    model: 'account.move',
    id: move.id,
    moveId: move.id,
    name: move.name ?? '/',
    state: 'posted',
    date: move.date ?? expected.date,
    documentDate,
    ...(late && { late }),
    company: company.id,
    currency: lines[0]?.currency.code ?? company.currency.code,
    amount: sum(amounts),
    url: await recordUrl(client, 'account.move', move.id),
  };
}

const positive = (amount: Decimal): Decimal => (isZero(amount) || amount.startsWith('-') ? '0' : amount);
