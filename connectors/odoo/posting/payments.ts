import { FinanceError } from '../../../errors';
import type { Payment, Refund } from '../../../finance/documents';
import type { LegalEntity } from '../../../finance/entity';
import { assertPrecision, compare, isNegative, isZero, sum } from '../../../finance/money';
import { decideRate } from '../../../finance/rates';
import type { OdooClient } from '../client';
import { buildLoad, type Cells } from '../load';
import { type Company, lookupsOf } from '../lookups';
import { locateItems } from '../matching/locate';
import { type Difference, holdTo, unequal, unequalAmounts } from '../moves/differences';
import { accountingDate } from '../moves/lock-dates';
import { assertAfterCutOver, DEFAULT_PREFIX, externalIdOf } from '../moves/prepare';
import { recordUrl } from '../moves/result';
import { findOrCreatePartner } from '../party';
import { reconcilePayment } from '../reconcile';
import type { PaymentRequest, PaymentState, Poster } from './kinds';

const MODEL = 'account.payment';

/**
 * Payments and refunds as `account.payment`, matched with what they settle. Never through the register wizard, which
 * makes a second payment when it is run twice.
 */
export const payments: Poster<'payment'> = {
  model: MODEL,

  async prepare(client, document, options) {
    const { entity, prefix = DEFAULT_PREFIX, externalKey, partnerOf = findOrCreatePartner } = options;
    const { amount, currency, date: day, direction, payer, posting, reference, source } = document;
    assertAfterCutOver(day, entity);
    assertAmounts(document);
    if (!posting) throw incomplete('The mapping says no journal for the payment.');
    if (!payer) throw incomplete('A payment needs the party that paid or was paid.');
    const lookups = lookupsOf(client);
    const company = await lookups.company(entity.odooCompany);
    const place = { entity: entity.key, system: source.system, company, prefix };
    const key = externalIdOf(externalKey, prefix);
    const textField = (await lookups.fields(MODEL)).has('memo') ? 'memo' : 'ref';
    const question = { day, taxed: false };
    const policy = entity.kinds[document.kind]?.latePosting;
    const idOf = async (code?: string) => (code ? await lookups.account(company, code) : undefined);
    const expected = {
      ...(await accountingDate(client, company, question, policy)),
      documentDate: day,
      paymentType: direction,
      partnerType: partnerTypeOf(document),
      partnerId: await partnerOf(client, payer, place),
      journalId: await lookups.journal(company, posting.journal),
      currency: { id: await bookableCurrency(client, company, document, entity), code: currency },
      amount,
      text: reference ?? source.number ?? source.id,
      textField,
      counterpartAccountId: await idOf(posting.counterpartAccount),
    } as const;
    const header: Cells = {
      payment_type: direction,
      partner_type: expected.partnerType,
      'partner_id/.id': String(expected.partnerId),
      amount,
      'currency_id/.id': String(expected.currency.id),
      'journal_id/.id': String(expected.journalId),
      date: expected.date,
      [textField]: expected.text,
      'destination_account_id/.id': text(expected.counterpartAccountId),
    };
    return {
      poster: 'payment',
      externalKey: key,
      company,
      load: buildLoad(MODEL, [{ key, header }], company.id),
      expected,
      allocations: await locateItems(client, document, document.allocations, {
        entity,
        prefix,
        comparesOnly: options.comparesOnly,
      }),
      settlement: {
        journal: posting.settlementJournal ?? 'MISC',
        tolerance: posting.tolerance ?? '0',
        writeOffAccountId: await idOf(posting.writeOffAccount),
        overpaymentAccountId: await idOf(posting.overpaymentAccount),
      },
    };
  },

  compare(request, payment, stage) {
    const { expected } = request;
    const isEarlier = payment.state === 'posted' && payment.date === expected.late?.documentDate;
    const date = isEarlier ? expected.documentDate : expected.date;
    holdTo(payment, stage, contentDifferences(request, payment), date, 'payment');
  },

  differences: (request, payment) => [
    ...unequal([
      ['state', 'posted', payment.state],
      ['date', request.expected.date, payment.date],
    ]),
    ...contentDifferences(request, payment),
  ],

  period: ({ expected }) => ({ day: expected.date, taxed: false }),

  settlement: ({ allocations }) => (allocations.length === 0 ? undefined : { allocations }),

  async settle(client, request, payment, postEntry) {
    const { externalKey, company, allocations, settlement, expected } = request;
    if (allocations.length === 0) return { matched: [] };
    if (payment.moveId === undefined)
      throw new FinanceError('ODOO_VALIDATION', {
        message: `The payment ${payment.id} has no entry to be matched: its journal has no outstanding account.`,
        details: { payment: payment.id },
      });
    const { moveId, date = expected.date } = payment;
    const plan = { externalKey, company, moveId, date, allocations, ...settlement };
    return reconcilePayment(client, plan, postEntry);
  },

  async result(client, { expected, company }, payment) {
    const { documentDate, late, partnerId, currency, amount } = expected;
    return {
      model: MODEL,
      id: payment.id,
      moveId: payment.moveId,
      name: payment.name ?? '/',
      state: 'posted',
      date: payment.date ?? expected.date,
      documentDate,
      ...(late && { late }),
      company: company.id,
      partnerId,
      currency: currency.code,
      amount,
      url: await recordUrl(client, MODEL, payment.id),
    };
  },
};

const contentDifferences = ({ expected, company }: PaymentRequest, payment: PaymentState): Difference[] => [
  ...unequal([
    ['company', company.id, payment.companyId],
    ['direction', expected.paymentType, payment.paymentType],
    ['partner type', expected.partnerType, payment.partnerType],
    ['partner', expected.partnerId, payment.partnerId],
    ['journal', expected.journalId, payment.journalId],
    ['currency', expected.currency.code, payment.currency],
    ['text', expected.text, payment.text],
    // what was not asked for is the partner's own
    [
      'counterpart account',
      expected.counterpartAccountId ?? payment.counterpartAccountId,
      payment.counterpartAccountId,
    ],
  ]),
  ...unequalAmounts([['amount', expected.amount, payment.amount]]),
];

/**
 * The currency, where Odoo has a rate that the group's table agrees with: payments say no rate of their own.
 * @throws FinanceError ODOO_CURRENCY
 */
async function bookableCurrency(
  client: OdooClient,
  company: Company,
  { currency, date: day }: Payment | Refund,
  { rates }: LegalEntity,
): Promise<number> {
  const lookups = lookupsOf(client);
  const id = await lookups.usableCurrency(company, currency, day);
  if (rates?.from === 'table' && id !== company.currency.id)
    decideRate(rates, { currency, day, odoo: await lookups.rate(company, currency, day) });
  return id;
}

const text = (id?: number): string | undefined => (id === undefined ? undefined : String(id));

const incomplete = (message: string): FinanceError => new FinanceError('MAP_OUTPUT_INVALID', { message });

/** Customers pay and are refunded, suppliers are paid and refund. */
const partnerTypeOf = ({ kind, direction }: Payment | Refund): 'customer' | 'supplier' =>
  (kind === 'payment') === (direction === 'inbound') ? 'customer' : 'supplier';

function assertAmounts({ amount, allocations, currency }: Payment | Refund): void {
  for (const each of [amount, ...allocations.map((one) => one.amount)]) {
    assertPrecision(each, currency);
    if (isNegative(each) || isZero(each)) throw incomplete('A payment and its allocations are above zero.');
  }
  const given = sum(allocations.map((one) => one.amount));
  if (compare(given, amount) > 0)
    throw new FinanceError('DOCUMENT_UNBALANCED', {
      message: `The allocations are ${given} ${currency}, the payment is ${amount} ${currency}.`,
      details: { stated: amount, computed: given, currency },
    });
}
