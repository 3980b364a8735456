import { FinanceError } from '../../../errors';
import { assertPrecision } from '../../../finance/money';
import { buildLoad, type Cells } from '../load';
import { lookupsOf } from '../lookups';
import { type Difference, holdTo, unequal, unequalAmounts } from '../moves/differences';
import { accountingDate } from '../moves/lock-dates';
import { assertAfterCutOver, externalIdOf } from '../moves/prepare';
import { recordUrl } from '../moves/result';
import type { BankLineRequest, BankLineState, Poster } from './kinds';

const MODEL = 'account.bank.statement.line';

/** Bank transactions: Odoo posts them as it creates them. Needs the group Accountant. */
export const bankLines: Poster<'bank_line'> = {
  model: MODEL,

  async prepare(client, document, options) {
    const { entity, externalKey, prefix } = options;
    const { date: day, currency, amount, text, reference, counterparty, posting } = document;
    assertAfterCutOver(day, entity);
    assertPrecision(amount, currency);
    if (!posting)
      throw new FinanceError('MAP_OUTPUT_INVALID', {
        message: 'The mapping says no journal for the bank account.',
      });
    const lookups = lookupsOf(client);
    const company = await lookups.company(entity.odooCompany);
    const journalId = await lookups.journal(company, posting.journal);
    const held = await lookups.journalCurrency(company, posting.journal);
    // Odoo would take the amount for one of the account's currency, and post it
    if (currency !== held)
      throw new FinanceError('ODOO_CURRENCY', {
        message: `The transaction is of ${currency}, but the journal ${posting.journal} holds ${held}.`,
        hint: 'Map the bank account to the journal of its currency.',
        details: { journal: posting.journal, currency: held },
      });
    await lookups.usableCurrency(company, currency, day);
    const question = { day, taxed: false };
    const policy = entity.kinds.bank_transaction?.latePosting;
    const dated = await accountingDate(client, company, question, policy);
    const key = externalIdOf(externalKey, prefix);
    const header: Cells = {
      'journal_id/.id': String(journalId),
      date: dated.date,
      payment_ref: text,
      ref: reference,
      amount,
      partner_name: counterparty?.name,
      account_number: counterparty?.account,
    };
    const load = buildLoad(MODEL, [{ key, header }], company.id);
    const expected = { ...dated, journalId, currency, amount, text, reference };
    return { poster: 'bank_line', externalKey: key, company, load, expected };
  },

  compare(request, line, stage) {
    const { expected } = request;
    const isEarlier = line.state === 'posted' && line.date === expected.late?.documentDate;
    const date = isEarlier && line.date ? line.date : expected.date;
    holdTo(line, stage, contentDifferences(request, line), date, 'bank line');
  },

  differences: (request, line) => [
    ...unequal([
      ['state', 'posted', line.state],
      ['date', request.expected.date, line.date],
    ]),
    ...contentDifferences(request, line),
  ],

  period: ({ expected }) => ({ day: expected.date, taxed: false }),

  async result(client, { expected, company }, line) {
    return {
      model: MODEL,
      id: line.id,
      moveId: line.moveId,
      name: line.name ?? '/',
      state: 'posted',
      date: line.date ?? expected.date,
      documentDate: expected.late?.documentDate ?? expected.date,
      ...(expected.late && { late: expected.late }),
      company: company.id,
      currency: expected.currency,
      amount: expected.amount,
      url: await recordUrl(client, MODEL, line.id),
    };
  },
};

const contentDifferences = ({ expected, company }: BankLineRequest, line: BankLineState): Difference[] => [
  ...unequal([
    ['company', company.id, line.companyId],
    ['journal', expected.journalId, line.journalId],
    ['currency', expected.currency, line.currency],
    ['text', expected.text, line.text],
    ['reference', expected.reference, line.reference],
  ]),
  ...unequalAmounts([['amount', expected.amount, line.amount]]),
];
