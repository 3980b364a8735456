import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { closeGate, money, type OpenDocument, type OpenState, periodOf } from '../../finance';
import { seedOf } from '../support/seed';

const OCTOBER = { from: '2026-10-01', to: '2026-10-31' };
const held = (id: string, more: Partial<OpenDocument> = {}): OpenDocument => ({
  id,
  entity: 'acme_de',
  kind: 'invoice',
  state: 'held',
  date: '2026-10-15',
  amount: '119.00',
  currency: 'EUR',
  ...more,
});

describe('The close gate of a period', () => {
  it('is clear where nothing of the period or before is open', () => {
    const gate = closeGate(OCTOBER, [
      held('later', { date: '2026-11-01' }),
      held('master data', { kind: 'party', date: undefined }),
    ]);
    assert.deepEqual([gate.clear, gate.later, gate.totals], [true, 1, []]);
  });

  it('counts both days of the period, earlier ones, and what may be of it, with amounts per currency', () => {
    const gate = closeGate(OCTOBER, [
      held('first', { date: '2026-10-01' }),
      held('last', { date: '2026-10-31', amount: '0.10' }),
      held('doubt', { state: 'in_doubt', currency: 'USD' }),
      held('before', { date: '2026-09-30', amount: '0.20' }),
      held('unmapped', { date: undefined, amount: undefined, currency: undefined }),
      held('no entity', { entity: '', date: undefined, state: 'in_flight', amount: '1' }),
    ]);
    const ids = (documents: OpenDocument[]) => documents.map(({ id }) => id);
    assert.equal(gate.clear, false);
    assert.deepEqual(ids(gate.open), ['first', 'last', 'doubt']);
    assert.deepEqual(ids(gate.earlier), ['before']);
    assert.deepEqual(ids(gate.undated), ['unmapped', 'no entity']);
    assert.deepEqual(gate.totals, [
      { state: 'held', count: 1, amount: '0' },
      { state: 'held', currency: 'EUR', count: 3, amount: '119.3' },
      { state: 'in_doubt', currency: 'USD', count: 1, amount: '119' },
      { state: 'in_flight', currency: 'EUR', count: 1, amount: '1' },
    ]);
  });

  it('leaves no document out, and no cent', () => {
    const seed = seedOf('CLOSE_GATE_SEED');
    const day = fc.integer({ min: 1, max: 28 }).map((number) => String(number).padStart(2, '0'));
    const document = fc.record({
      state: fc.constantFrom<OpenState>('held', 'in_doubt', 'in_flight'),
      date: fc.option(
        fc.tuple(fc.constantFrom('2026-09', '2026-10', '2026-11'), day).map((parts) => parts.join('-')),
        { nil: undefined },
      ),
      cents: fc.integer({ min: -1_000_000, max: 1_000_000 }),
      currency: fc.constantFrom('EUR', 'USD'),
    });
    fc.assert(
      fc.property(fc.array(document, { maxLength: 60 }), (made) => {
        const documents = made.map(({ cents, ...rest }, at) =>
          held(String(at), { ...rest, amount: (cents / 100).toFixed(2) }),
        );
        const gate = closeGate(OCTOBER, documents);
        const counted = [...gate.open, ...gate.earlier, ...gate.undated];
        assert.equal(counted.length + gate.later, documents.length);
        assert.equal(gate.clear, counted.length === 0);
        for (const currency of ['EUR', 'USD']) {
          const cents = made
            .filter((one) => one.currency === currency && !(one.date && one.date > OCTOBER.to))
            .reduce((sum, one) => sum + one.cents, 0);
          const amounts = gate.totals
            .filter((total) => total.currency === currency)
            .map(({ amount }) => amount);
          assert.ok(money.equals(money.sum(amounts), (cents / 100).toFixed(2)));
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  it('knows periods as people write them', () => {
    assert.deepEqual(periodOf('2026-10'), OCTOBER);
    assert.deepEqual(periodOf('2028-02'), { from: '2028-02-01', to: '2028-02-29' });
    assert.deepEqual(periodOf('2026-Q4'), { from: '2026-10-01', to: '2026-12-31' });
    assert.deepEqual(periodOf('2026'), { from: '2026-01-01', to: '2026-12-31' });
    assert.deepEqual(periodOf('2026-10-05..2026-11-01'), { from: '2026-10-05', to: '2026-11-01' });
    for (const text of [
      '',
      '2026-13',
      '26-10',
      '2026-Q5',
      '2026-02-30..2026-03-01',
      '2026-10-31..2026-10-01',
    ])
      assert.throws(() => periodOf(text), { code: 'CONFIG_INVALID' }, text);
  });
});
