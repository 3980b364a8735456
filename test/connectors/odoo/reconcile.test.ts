import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  findBankMatch,
  lookupsOf,
  matchBankLine,
  postRequest,
  searchRead,
  unmatchBankLine,
  unreconcile,
} from '../../../connectors/odoo';
import type { Payment, PaymentPosting } from '../../../finance/documents';
import { fromMinor } from '../../../finance/money';
import { planSettlement } from '../../../finance/settlement';
import { Books, untilDone, type Version } from './books';
import { invoice } from './documents';
import { bankLine, payment } from './kinds';

/** A payment of an amount, shared out over invoices by their number. */
const shared = (
  n: string,
  amount: string,
  shares: Record<string, string>,
  posting: Partial<PaymentPosting> = {},
  changes: Partial<Payment> = {},
): Payment =>
  payment(n, [], {
    amount,
    allocations: Object.entries(shares).map(([id, share]) => ({ sourceId: `in_${id}`, amount: share })),
    posting: { journal: 'BNK1', ...posting },
    ...changes,
  });

for (const version of [16, 17, 19] as Version[])
  describe(`matching payments in Odoo ${version}`, () => {
    let books: Books;
    before(async () => {
      books = await Books.open(version, 'auto', ['account.group_account_user']);
    });
    after(() => books.close());

    const sell = async (...names: string[]): Promise<number[]> => {
      const posted = [];
      for (const name of names) posted.push((await books.post(invoice(name))).moveId);
      return posted;
    };
    const residuals = async (ids: number[]): Promise<unknown[]> => {
      const rows = await searchRead(books.admin, 'account.move', [['id', 'in', ids]], ['amount_residual'], {
        order: 'id',
      });
      return rows.map(({ amount_residual }) => amount_residual);
    };
    const open = async (account: string): Promise<number> => {
      const rows = await searchRead(
        books.admin,
        'account.move.line',
        [
          ['account_id.code', '=', account],
          ['reconciled', '=', false],
          ['parent_state', '=', 'posted'],
        ],
        ['amount_residual'],
      );
      return (
        Math.round(rows.reduce((sum, { amount_residual }) => sum + Number(amount_residual), 0) * 100) / 100
      );
    };

    it('shares a payment out over several invoices, in part and whole', async () => {
      const ids = await sell('a1', 'a2', 'a3');
      await books.post(shared('a', '178.00', { a1: '119.00', a2: '20.00', a3: '39.00' }));
      assert.deepEqual(await residuals(ids), [0, 99, 80]);
    });

    it('a part leaves the rest of the payment open', async () => {
      const before = await open('1400');
      const ids = await sell('b1');
      const document = shared('b', '119.00', { b1: '50.00' });
      await books.post(document);
      assert.deepEqual(await residuals(ids), [69]);
      assert.equal(await open('1400'), before);
      await books.post(document);
      assert.deepEqual(await residuals(ids), [69]);
    });

    it('0.50 too little is a bank charge within the tolerance, and stays open beyond it', async () => {
      const ids = await sell('c1', 'c2');
      const posting = { writeOffAccount: '4970', tolerance: '0.50' };
      await books.post(shared('c1', '118.50', { c1: '118.50' }, posting));
      await books.post(shared('c2', '118.49', { c2: '118.49' }, posting));
      assert.deepEqual(await residuals(ids), [0, 0.51]);
    });

    it('1.00 too much goes to prepayments where an account is named, else stays open', async () => {
      const [first = 0, second = 0] = await sell('d1', 'd2');
      const before = await open('1400');
      await books.post(shared('d1', '120.00', { d1: '119.00' }, { overpaymentAccount: '0990' }));
      assert.deepEqual(await residuals([first]), [0]);
      assert.equal(await open('1400'), before - 119);
      await books.post(shared('d2', '120.00', { d2: '119.00' }));
      assert.deepEqual(await residuals([second]), [0]);
      assert.equal(await open('1400'), before - 239);
    });

    it('an invoice that something else settled is an exception', async () => {
      await sell('e1');
      await books.post(shared('e1', '119.00', { e1: '119.00' }));
      await assert.rejects(books.post(shared('e2', '119.00', { e1: '119.00' })), {
        code: 'ODOO_AMOUNT_DIFFERS',
      });
    });

    it('whatever is cut off, the outcome is the same', async () => {
      const ids = await sell('f1', 'f2');
      const document = shared(
        'f',
        '150.00',
        { f1: '30.00', f2: '118.90' },
        { writeOffAccount: '4970', tolerance: '0.50', overpaymentAccount: '0990' },
      );
      const moves = async () => (await searchRead(books.admin, 'account.move', [], ['id'])).length;
      const before = await moves();
      for (const [model, method] of [
        ['account.payment', 'load'],
        ['account.payment', 'action_post'],
        ['account.move', 'load'],
        ['account.move', 'action_post'],
        ...Array.from({ length: 5 }, () => ['account.move.line', 'reconcile']),
      ] as [string, string][]) {
        await books.fault({ match: { model, method }, mode: 'drop-after-commit', times: 1 });
        await books.post(document).catch(() => undefined);
      }
      await books.clearFaults();
      await untilDone(() => books.post(document));
      assert.deepEqual(await residuals(ids), [89, 0]);
      assert.equal(await moves(), before + 2);
    });

    it('a bank line pays what is given, and gives it back', async () => {
      const company = await lookupsOf(books.client).company(1);
      const [one = 0, other = 0] = await sell('h1', 'h2');
      const matchOf = (
        { id, moveId = 0 }: { id: number; moveId?: number },
        ...shares: [number, string][]
      ) => ({
        company,
        lineId: id,
        moveId,
        externalKey: `ledgerway.bank_match_${id}`,
        date: '2026-11-06',
        journal: 'MISC',
        tolerance: '0',
        allocations: shares.map(([move, amount]) => ({ moveId: move, amount })),
      });
      const settle = (match: ReturnType<typeof matchOf>) =>
        matchBankLine(books.client, match, (entry) => postRequest(books.client, 'entry', entry));
      const line = await books.post(bankLine('h', { amount: '200.00' }));
      const match = matchOf(line, [one, '100.00'], [other, '100.00']);
      const reconcile = { match: { model: 'account.move.line', method: 'reconcile' }, times: 1 };
      await books.fault({ ...reconcile, mode: 'connection-lost' });
      await assert.rejects(settle(match), { kind: 'transient' });
      assert.equal(await findBankMatch(books.client, match), undefined);
      await settle(match);
      assert.deepEqual(await residuals([one, other]), [19, 19]);
      const again = await settle(match);
      assert.deepEqual(await findBankMatch(books.client, match), again);
      assert.deepEqual(await residuals([one, other]), [19, 19]);
      // it is matched, but not so
      const otherwise = matchOf(line, [other, '200.00']);
      await assert.rejects(settle({ ...otherwise, externalKey: 'ledgerway.bank_match_other' }), {
        code: 'ODOO_AMOUNT_DIFFERS',
      });
      await unmatchBankLine(books.client, company, line.id);
      assert.equal(await findBankMatch(books.client, match), undefined);
    });

    it('a bank line takes no more and no other than fits, before anything is written', async () => {
      const company = await lookupsOf(books.client).company(1);
      const [sold = 0] = await sell('k1');
      const terms = { company, date: '2026-11-06', journal: 'MISC', tolerance: '0' };
      const large = await books.post(bankLine('large', { amount: '238.01' }));
      const paid = await books.post(bankLine('paid', { amount: '-119.00' }));
      for (const [line, amount, code] of [
        [large, '119.01', 'ODOO_AMOUNT_DIFFERS'],
        [paid, '119.00', 'ODOO_VALIDATION'],
      ] as const) {
        const allocations = [{ moveId: sold, amount }];
        const match = { ...terms, lineId: line.id, moveId: line.moveId ?? 0, allocations };
        const settle = matchBankLine(
          books.client,
          { ...match, externalKey: `ledgerway.bank_match_${line.id}` },
          (entry) => postRequest(books.client, 'entry', entry),
        );
        await assert.rejects(settle, { code });
      }
      assert.deepEqual(await residuals([sold]), [119]);
    });

    it('a matching can be taken back', async () => {
      const ids = await sell('g1');
      const posted = await books.post(shared('g', '119.00', { g1: '119.00' }));
      const company = await lookupsOf(books.client).company(1);
      assert.notDeepEqual(await unreconcile(books.client, company, [posted.moveId ?? 0]), []);
      assert.deepEqual(await residuals(ids), [119]);
      assert.deepEqual(await unreconcile(books.client, company, [posted.moveId ?? 0]), []);
    });
  });

describe('the plan of a settlement', () => {
  it('gives every open item just its share, whatever the amounts', () => {
    const cents = fc.integer({ min: 1, max: 50_000 });
    const shape = fc.record({
      shares: fc.array(fc.record({ share: cents, more: fc.integer({ min: 0, max: 3_000 }) }), {
        minLength: 1,
        maxLength: 6,
      }),
      left: fc.integer({ min: 0, max: 3_000 }),
      tolerance: fc.integer({ min: 0, max: 100 }),
      canWriteOff: fc.boolean(),
      movesOverpayment: fc.boolean(),
    });
    fc.assert(
      fc.property(shape, ({ shares, left, tolerance, canWriteOff, movesOverpayment }) => {
        const total = shares.reduce((sum, { share }) => sum + share, left);
        const eur = (minor: number) => fromMinor(minor, 'EUR');
        const plan = planSettlement(
          { residual: eur(total), currency: 'EUR' },
          shares.map(({ share, more }, id) => ({ id, residual: eur(share + more), currency: 'EUR' })),
          shares.map(({ share }, id) => ({ id, amount: eur(share) })),
          { tolerance: eur(tolerance), canWriteOff, movesOverpayment },
        );
        // plays the plan as Odoo matches: as much as both sides hold
        let payment = total;
        const invoices = shares.map(({ share, more }) => share + more);
        const minor = (amount: string) => Math.round(Number(amount) * 100);
        const got = shares.map(() => 0);
        for (const { id, amount } of plan.splits) {
          payment -= minor(amount);
          got[id] = minor(amount);
          invoices[id] = (invoices[id] ?? 0) - minor(amount);
        }
        for (const id of plan.direct) {
          const matched = Math.min(payment, invoices[id] ?? 0);
          payment -= matched;
          got[id] = matched;
          invoices[id] = (invoices[id] ?? 0) - matched;
        }
        assert.deepEqual(
          got,
          shares.map(({ share }) => share),
        );
        for (const { id, amount } of plan.writeOffs) assert.equal(invoices[id], minor(amount));
        assert.equal(payment, left);
        if (plan.over) assert.equal(minor(plan.over.amount), left);
      }),
    );
  });
});
