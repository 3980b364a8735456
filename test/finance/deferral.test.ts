import assert from 'node:assert/strict';
import fc from 'fast-check';
import { deferralEntries, deferralSchedule } from '../../finance/deferral';
import type { JournalEntry, Payment, Payout } from '../../finance/documents';
import { checkEntry, feeEntry, paymentEntry, payoutEntry } from '../../finance/journal-entry';
import { equals, fromMinor, isNegative, sum } from '../../finance/money';
import { assertBalanced } from '../../finance/postings';
import { validateDocument } from '../../finance/validate';

describe('deferral', () => {
  it('120.00 for a year from 16 January 2026 is 5.26 in January, and 13 months sum to it', () => {
    const slices = deferralSchedule('120.00', 'EUR', { start: '2026-01-16', end: '2027-01-15' });
    assert.equal(slices.length, 13);
    assert.deepEqual(slices[0], {
      month: '2026-01',
      from: '2026-01-16',
      to: '2026-01-31',
      days: 16,
      amount: '5.26',
    });
    assert.equal(sum(slices.map(({ amount }) => amount)), '120.00');
    assert.equal(
      slices.reduce((days, slice) => days + slice.days, 0),
      365,
    );
  });

  it('whatever the amount and the period, the months sum to it and cover every day once', () => {
    const day = fc
      .date({ min: new Date('2019-12-01'), max: new Date('2029-01-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10));
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.constantFrom('EUR', 'JPY', 'KWD'),
        day,
        fc.integer({ min: 0, max: 1200 }),
        (minor, currency, start, length) => {
          const end = new Date(Date.parse(start) + length * 86_400_000).toISOString().slice(0, 10);
          const amount = fromMinor(minor, currency);
          const slices = deferralSchedule(amount, currency, { start, end });
          assert.ok(equals(sum(slices.map((slice) => slice.amount)), amount));
          assert.equal(
            slices.reduce((days, slice) => days + slice.days, 0),
            length + 1,
          );
          assert.equal(new Set(slices.map(({ month }) => month)).size, slices.length);
        },
      ),
    );
  });

  it('becomes an entry a month, each with a key of its own, on the last day of the month', () => {
    const entries = deferralEntries({
      entity: 'acme_de',
      source: { system: 'stripe', id: 'in_1', number: 'S-1', eventId: 'evt_1' },
      line: {
        id: '1',
        name: 'Plan',
        netAmount: '120.00',
        period: { start: '2026-01-16', end: '2027-01-15' },
      },
      currency: 'EUR',
      side: 'revenue',
      accounts: { deferred: '0990', recognised: '8400' },
      journal: 'MISC',
    });
    assert.equal(new Set(entries.map(({ source }) => source.id)).size, 13);
    assert.equal(entries.at(-1)?.date, '2027-01-31');
    assert.deepEqual(
      entries[0]?.lines.map(({ account, debit, credit }) => [account, debit, credit]),
      [
        ['0990', '5.26', '0.00'],
        ['8400', '0.00', '5.26'],
      ],
    );
    for (const entry of entries) {
      validateDocument(entry);
      checkEntry(entry, 'EUR');
    }
  });

  it('a month without a cent has no entry', () => {
    const entries = deferralEntries({
      entity: 'acme_de',
      source: { system: 'stripe', id: 'in_2' },
      line: { id: '1', name: 'x', netAmount: '0.01', period: { start: '2026-01-01', end: '2026-12-31' } },
      currency: 'EUR',
      side: 'expense',
      accounts: { deferred: '0980', recognised: '4900' },
      journal: 'MISC',
    });
    assert.equal(entries.length, 1);
    assert.deepEqual(
      entries[0]?.lines.map(({ account, debit, credit }) => [account, debit, credit]),
      [
        ['0980', '0.00', '0.01'],
        ['4900', '0.01', '0.00'],
      ],
    );
  });

  it('refuses a period that ends before it starts', () => {
    assert.throws(() => deferralSchedule('1.00', 'EUR', { start: '2026-02-02', end: '2026-02-01' }), {
      code: 'MAP_OUTPUT_INVALID',
    });
  });
});

const ENTRY: JournalEntry = {
  schema: 'journal_entry/1',
  kind: 'journal_entry',
  entity: 'acme_de',
  source: { system: 'files', id: 'je_1' },
  date: '2026-11-02',
  currency: 'USD',
  lines: [
    { account: '1360', label: 'a', debit: '11.00', credit: '0.00', homeDebit: '10.00' },
    { account: '8400', label: 'b', debit: '0.00', credit: '11.00', homeCredit: '10.00' },
  ],
  posting: { journal: 'MISC' },
};

describe('journal entries', () => {
  const changed = (changes: Partial<JournalEntry['lines'][number]>): JournalEntry => ({
    ...ENTRY,
    lines: ENTRY.lines.map((line, index) => (index === 0 ? { ...line, ...changes } : line)),
  });

  it('balance in both currencies', () => {
    checkEntry(ENTRY, 'EUR');
    assert.throws(() => checkEntry(changed({ debit: '10.99' }), 'EUR'), { code: 'DOCUMENT_UNBALANCED' });
    assert.throws(() => checkEntry(changed({ homeDebit: '9.99' }), 'EUR'), { code: 'DOCUMENT_UNBALANCED' });
    assert.throws(() => checkEntry(changed({ homeDebit: undefined }), 'EUR'), { code: 'MAP_OUTPUT_INVALID' });
  });

  it('have one side a line, and no more decimals than the currency', () => {
    assert.throws(() => checkEntry(changed({ credit: '1.00' }), 'EUR'), { code: 'MAP_OUTPUT_INVALID' });
    assert.throws(() => checkEntry(changed({ debit: '11.001' }), 'EUR'), { code: 'DOCUMENT_PRECISION' });
    assert.throws(() => checkEntry(changed({ homeDebit: '0', homeCredit: '10.00' }), 'EUR'), {
      code: 'MAP_OUTPUT_INVALID',
    });
  });
});

describe('payments and payouts as entries', () => {
  const payment: Payment = {
    schema: 'payment/1',
    kind: 'payment',
    entity: 'acme_de',
    source: { system: 'stripe', id: 'ch_1' },
    direction: 'inbound',
    date: '2026-11-05',
    currency: 'JPY',
    amount: '11000',
    fee: '396',
    allocations: [],
  };
  const payout: Payout = {
    schema: 'payout/1',
    kind: 'payout',
    entity: 'acme_de',
    source: { system: 'stripe', id: 'po_1' },
    date: '2026-11-06',
    currency: 'EUR',
    amount: '95.30',
    items: [
      { type: 'charge', sourceId: 'ch_1', amount: '119.00', fee: '3.70' },
      { type: 'refund', sourceId: 're_1', amount: '-20.00', fee: '0.00' },
    ],
    posting: { journal: 'MISC', clearingAccount: '1360', transitAccount: '1202', feeAccount: '4970' },
  };
  const shown = (entry?: JournalEntry) =>
    entry?.lines.map(({ account, debit, credit }) => [account, debit, credit]);

  it('a payment of 11000 JPY with a fee of 396', () => {
    const accounts = { clearing: '1360', fees: '4970', counterpart: '1400' };
    assert.deepEqual(shown(paymentEntry(payment, accounts, 'MISC')), [
      ['1360', '10604', '0'],
      ['4970', '396', '0'],
      ['1400', '0', '11000'],
    ]);
    assert.deepEqual(shown(feeEntry(payment, accounts, 'MISC')), [
      ['4970', '396', '0'],
      ['1360', '0', '396'],
    ]);
    assert.equal(feeEntry({ ...payment, fee: '0' }, accounts, 'MISC'), undefined);
  });

  it('a payout clears the provider, with the fees where they were not booked before', () => {
    assert.deepEqual(shown(payoutEntry(payout)), [
      ['1202', '95.30', '0.00'],
      ['4970', '3.70', '0.00'],
      ['1360', '0.00', '99.00'],
    ]);
    const { feeAccount: _fee, ...posting } = payout.posting as NonNullable<Payout['posting']>;
    assert.deepEqual(shown(payoutEntry({ ...payout, posting })), [
      ['1202', '95.30', '0.00'],
      ['1360', '0.00', '95.30'],
    ]);
    validateDocument(payout);
  });

  it('a payout that its items do not make is refused, and a negative one turns round', () => {
    assert.throws(() => payoutEntry({ ...payout, amount: '95.31' }), { code: 'DOCUMENT_UNBALANCED' });
    const back = payoutEntry({ ...payout, amount: '-20.00', items: [] });
    assert.deepEqual(shown(back), [
      ['1202', '0.00', '20.00'],
      ['1360', '20.00', '0.00'],
    ]);
  });

  it('every entry balances', () => {
    const cents = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((minor) => fromMinor(minor, 'EUR'));
    fc.assert(
      fc.property(fc.array(fc.tuple(cents, cents), { minLength: 1, maxLength: 8 }), (pairs) => {
        const items = pairs.map(([amount, fee], index) => ({
          type: 'other' as const,
          sourceId: String(index),
          amount,
          fee: isNegative(fee) ? '0.00' : fee,
        }));
        const amount = sum(items.flatMap((item) => [item.amount, `-${item.fee}`.replace('-0.00', '0.00')]));
        assertBalanced(payoutEntry({ ...payout, amount, items }).lines);
      }),
    );
  });
});
