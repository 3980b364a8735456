import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import {
  type BookItem,
  Comparison,
  type ControlDifference,
  money,
  type SourceItem,
  type TotalRow,
} from '../../finance';

const item = (key: string, more: Partial<SourceItem> = {}): SourceItem => ({
  documentId: `doc_${key}`,
  key,
  kind: 'invoice',
  currency: 'EUR',
  amount: '119.00',
  state: 'booked',
  ...more,
});
const record = (id: number, key?: string, more: Partial<BookItem> = {}): BookItem => ({
  id,
  model: 'account.move',
  ...(key !== undefined && { key }),
  kind: 'invoice',
  currency: 'EUR',
  amount: '119.00',
  name: `INV/${id}`,
  date: '2026-11-02',
  ...more,
});
const compared = (items: SourceItem[], records: BookItem[]): Comparison => {
  const comparison = new Comparison();
  for (const one of items) comparison.received(one);
  for (const one of records) comparison.booked(one);
  return comparison;
};
const told = (differences: readonly ControlDifference[]) =>
  differences.map(({ type, key, cause, source, odoo }) => [type, key, cause, source, odoo]);

describe('A checkpoint', () => {
  it('is equal where every document has its record with its amount', () => {
    const { equal, rows } = compared(
      [item('a'), item('b', { amount: '0.10', state: 'held' })],
      [record(1, 'a'), record(2, 'b', { amount: '0.10' })],
    ).conclude();
    assert.equal(equal, true);
    assert.deepEqual(rows, [
      {
        kind: 'invoice',
        currency: 'EUR',
        source: { count: 2, total: '119.10' },
        received: { count: 2, total: '119.10' },
        odoo: { count: 2, total: '119.10' },
        difference: { count: 0, total: '0.00' },
      },
    ]);
  });

  it('explains the difference down to single documents', () => {
    const comparison = compared(
      [
        item('gone'),
        item('other', { amount: '119.00' }),
        item('waiting', { state: 'open' }),
        item('held', { state: 'held', code: 'ODOO_LOOKUP' }),
        item('rejected', { state: 'dropped' }),
        item('unmapped', { key: undefined, state: 'held', code: 'MAP_UNMAPPED' }),
      ],
      [record(1, 'other', { amount: '118.00' }), record(2), record(3, 'rejected'), record(4, 'earlier')],
    );
    assert.deepEqual(
      [...comparison.unmet()].map(({ key }) => key),
      ['gone', 'waiting', 'held'],
    );
    for (const one of comparison.unmet()) comparison.found(one, undefined);
    assert.deepEqual(comparison.unknown(), ['earlier']);
    comparison.elsewhere(new Set(['earlier']));
    const { equal, differences, rows } = comparison.conclude();
    assert.equal(equal, false);
    assert.deepEqual(told(differences), [
      ['amount', 'other', undefined, '119.00', '118.00'],
      ['missing', 'gone', undefined, '119.00', undefined],
      ['pending', 'waiting', undefined, '119.00', undefined],
      ['held', 'held', 'ODOO_LOOKUP', '119.00', undefined],
      ['held', undefined, 'MAP_UNMAPPED', '119.00', undefined],
      ['extra', undefined, undefined, undefined, '119.00'],
      ['extra', 'rejected', 'dropped', undefined, '119.00'],
    ]);
    assert.deepEqual(rows[0]?.difference, { count: 2, total: '239.00' });
  });

  it('counts a document by its own day, wherever Odoo has booked it, and says what is no longer posted', () => {
    const comparison = compared([item('late'), item('cancelled')], []);
    for (const one of comparison.unmet())
      comparison.found(one, { ...record(1, one.key), state: one.key === 'late' ? 'posted' : 'cancel' });
    const { differences, rows } = comparison.conclude();
    assert.deepEqual(told(differences), [['missing', 'cancelled', 'cancel', '119.00', undefined]]);
    assert.equal(rows[0]?.odoo.total, '119.00');
  });

  it('counts a fact once: repetitions are silent, a rival with other content is told', () => {
    const { rows, differences } = compared(
      [
        item('a', { state: 'dropped' }),
        item('a'),
        item('a', { documentId: 'again' }),
        item('a', { documentId: 'rival', amount: '200.00', state: 'held', code: 'DOCUMENT_CONFLICT' }),
      ],
      [record(1, 'a')],
    ).conclude();
    assert.deepEqual(rows[0]?.source, { count: 1, total: '119.00' });
    assert.deepEqual(told(differences), [['held', 'a', 'DOCUMENT_CONFLICT', undefined, undefined]]);
  });

  it('tells what is held for its very amount or currency', () => {
    const odd = { state: 'held', code: 'DOCUMENT_PRECISION' } as const;
    const { rows } = compared(
      [
        item('a', { ...odd, amount: '1.005' }),
        item('b', { ...odd, currency: 'XXY' }),
        item('c', { currency: 'JPY', amount: '11000' }),
      ],
      [record(1, 'c', { currency: 'JPY', amount: '11000' })],
    ).conclude();
    assert.deepEqual(
      rows.map(({ currency, difference }) => [currency, difference.total]),
      [
        ['EUR', '1.005'],
        ['JPY', '0'],
        ['XXY', '119.00'],
      ],
    );
  });

  it('holds what came to what the source itself says', () => {
    const given = [{ kind: 'invoice', currency: 'EUR', count: 3, total: '357.00' }];
    const { rows, differences } = compared([item('a'), item('b')], [record(1, 'a'), record(2, 'b')]).conclude(
      given,
    );
    assert.deepEqual(rows[0]?.difference, { count: 1, total: '119.00' });
    assert.deepEqual(
      differences.map(({ type, count, source, received }) => [type, count, source, received]),
      [['not_received', 1, '357.00', '238.00']],
    );
  });

  it('leaves no cent unexplained, whatever is on the two sides', () => {
    const amount = fc.integer({ min: -500, max: 500 }).map((minor) => money.fromMinor(minor, 'EUR'));
    const currency = fc.constantFrom('EUR', 'USD');
    const key = fc.option(fc.integer({ min: 0, max: 12 }).map(String), { nil: undefined });
    const items = fc.array(
      fc.record({ key, amount, currency, state: fc.constantFrom('booked', 'open', 'held', 'dropped') }),
    );
    const records = fc.uniqueArray(fc.record({ key, amount, currency }), {
      selector: (one) => one.key ?? one,
    });
    const where = fc.infiniteStream(fc.constantFrom(undefined, 'posted', 'cancel'));
    fc.assert(
      fc.property(items, records, where, fc.integer({ min: 0, max: 3 }), (received, booked, states, more) => {
        const comparison = compared(
          received.map((one, at) => item('', { ...(one as Partial<SourceItem>), documentId: `doc_${at}` })),
          booked.map((one, at) => record(at, one.key, one)),
        );
        for (const one of [...comparison.unmet()]) {
          const state = states.next().value;
          comparison.found(
            one,
            state === undefined ? undefined : { ...record(1000, one.key), amount: one.amount, state },
          );
        }
        const given = more === 0 ? [] : [{ kind: 'invoice', currency: 'EUR', count: more, total: '7.00' }];
        const { equal, rows, differences } = comparison.conclude(given);
        for (const row of rows) assert.ok(money.equals(row.difference.total, explained(row, differences)));
        assert.equal(equal, differences.length === 0);
        if (equal) for (const { difference } of rows) assert.equal(difference.count, 0);
      }),
    );
  });

  function explained({ kind, currency }: TotalRow, differences: ControlDifference[]): string {
    const own = differences.filter((one) => one.kind === kind && one.currency === currency);
    return money.sum(
      own.map(({ source = '0', odoo = '0', received = '0' }) => money.sub(source, money.add(odoo, received))),
    );
  }
});
