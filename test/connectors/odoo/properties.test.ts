import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Batcher, type PostableDocument, posterNameOf, searchRead } from '../../../connectors/odoo';
import { isFinanceError } from '../../../errors';
import type { EntryLine, Invoice } from '../../../finance/documents';
import { fromMinor, percentOf, roundMoney, sum } from '../../../finance/money';
import { Books, type Version } from './books';
import { entity, invoice, line } from './documents';
import { bankLine, bill, entry, keyed, payment, payout, refund } from './kinds';

const cents = fc.integer({ min: 1, max: 5_000_000 });
const eur = (minor: number): string => fromMinor(minor, 'EUR');
const day = fc.integer({ min: 1, max: 20 }).map((n) => `2026-11-${String(n).padStart(2, '0')}`);

/** A document before it has a key of its own. */
type Draft = (id: string) => PostableDocument;

const priced = (document: Invoice, net: string, account: string, tax: string): Invoice => {
  const amount = roundMoney(percentOf(net, '19'), 'EUR');
  const gross = sum([net, amount]);
  return {
    ...document,
    lines: [
      line({
        unitPrice: net,
        netAmount: net,
        tax: { category: 'S', rate: '19', amount },
        posting: { account, taxes: [tax] },
      }),
    ],
    taxes: [{ category: 'S', rate: '19', base: net, amount }],
    totals: { lines: net, net, tax: amount, gross, due: gross },
  };
};

const drafts: fc.Arbitrary<Draft> = fc.oneof(
  fc.tuple(cents, day, fc.constantFrom('invoice', 'credit_note')).map(
    ([net, issueDate, kind]): Draft =>
      (id) => ({
        ...priced(invoice(id, { issueDate, dueDate: undefined }), eur(net), '8400', 'USt 19%'),
        kind: kind as 'invoice',
      }),
  ),
  fc.tuple(cents, day).map(
    ([net, issueDate]): Draft =>
      (id) =>
        priced(bill(id, { issueDate, dueDate: undefined }), eur(net), '4900', 'VSt 19%'),
  ),
  fc.tuple(fc.array(cents, { minLength: 1, maxLength: 6 }), day).map(
    ([amounts, date]): Draft =>
      (id) => {
        const lines = amounts.map(
          (minor, index): EntryLine => ({
            account: ['4970', '4980', '4900'][index % 3] ?? '4970',
            label: `Line ${index}`,
            debit: eur(minor),
            credit: '0.00',
          }),
        );
        const total = eur(amounts.reduce((all, minor) => all + minor, 0));
        return entry(id, {
          date,
          lines: [...lines, { account: '1360', label: 'x', debit: '0.00', credit: total }],
        });
      },
  ),
  fc.tuple(cents, day, fc.boolean()).map(
    ([minor, date, isRefund]): Draft =>
      (id) =>
        (isRefund ? refund : payment)(id, [], { amount: eur(minor), date }),
  ),
  fc.tuple(cents, day, fc.boolean()).map(
    ([minor, date, isOut]): Draft =>
      (id) =>
        bankLine(id, { amount: eur(isOut ? -minor : minor), date }),
  ),
  fc.tuple(cents, fc.integer({ min: 0, max: 900 })).map(
    ([minor, fee]): Draft =>
      (id) => ({
        ...payout(id),
        amount: eur(minor),
        items: [{ type: 'charge', sourceId: 'ch', amount: eur(minor + fee), fee: eur(fee) }],
      }),
  ),
);

const faults = fc.array(
  fc.record({
    model: fc.constantFrom('account.move', 'account.payment', 'account.bank.statement.line'),
    method: fc.constantFrom('load', 'action_post', 'search_read'),
    mode: fc.constantFrom('serialization', 'connection-lost', 'drop-before', 'drop-after-commit', 'http-502'),
  }),
  { maxLength: 5 },
);

const REPEATED = new Set(['transient', 'throttled', 'unavailable', 'in_doubt']);

/** What the runtime does with an error whose kind says "again". */
async function repeat<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1)
    try {
      return await work();
    } catch (error) {
      if (attempt > 12 || !isFinanceError(error) || !REPEATED.has(error.kind)) throw error;
    }
}

describe('whatever documents come in', () => {
  for (const version of [16, 17, 19] as Version[])
    it(`every posted move balances, is its entity's, and traces back to one document (Odoo ${version})`, async function () {
      this.timeout(30_000);
      const books = await Books.open(version, 'auto', ['account.group_account_user']);
      const american = entity({ key: 'acme_us', odooCompany: 2, currency: 'USD' });
      let run = 0;
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(drafts, { minLength: 1, maxLength: 8 }), faults, async (list, rules) => {
            run += 1;
            const documents = list.map((draft, index) => draft(`p${run}_${index}`));
            for (const { model, method, mode } of rules)
              await books.fault({ match: { model, method }, mode, times: 1 });
            const writer = new Batcher(books.client);
            const posted = await Promise.all(
              documents.map((document) => repeat(() => books.post(document, { writer }))),
            );
            await books.clearFaults();
            const ids = posted.map((result) => result.moveId ?? 0);
            assert.equal(new Set(ids).size, documents.length);
            for (const [index, document] of documents.entries()) {
              const name = keyed(document);
              const keys = await searchRead(books.admin, 'ir.model.data', [['name', '=', name]], ['res_id']);
              const result = posted[index];
              assert.ok(result);
              assert.deepEqual(
                keys.map(({ res_id }) => res_id),
                ['id' in result ? result.id : result.moveId],
                posterNameOf(document),
              );
            }
            const moves = await searchRead(
              books.admin,
              'account.move',
              [['id', 'in', ids]],
              ['company_id', 'state'],
            );
            for (const { company_id, state } of moves)
              assert.deepEqual([(company_id as [number])[0], state], [1, 'posted']);
          }),
          { numRuns: 15 },
        );
        await assert.rejects(
          books.post(entry('foreign', { entity: 'acme_us', currency: 'USD' }), { entity: american }),
          {
            code: 'ODOO_LOOKUP',
          },
        );
        const { moves, links } = await books.ledger();
        assert.deepEqual(
          moves.filter(({ isBalanced }) => !isBalanced),
          [],
        );
        assert.equal(links, moves.length);
      } finally {
        await books.close();
      }
    });
});
