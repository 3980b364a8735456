import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import {
  type AllocationShare,
  allocateShares,
  allocationBasis,
  allocationEntry,
  checkEntry,
  money,
  sharesOn,
} from '../../finance';
import { bill, entry } from '../connectors/odoo/kinds';

const share = (receiver: string, weight: string, more: Partial<AllocationShare> = {}): AllocationShare => ({
  receiver,
  share: weight,
  from: '2026-01-01',
  ...more,
});

describe('Allocation keys', () => {
  it('hold on their days, both included', () => {
    const table = [
      share('acme_de', '60', { to: '2026-06-30' }),
      share('acme_de', '50', { from: '2026-07-01' }),
      share('acme_us', '40', { to: '2026-06-30' }),
      share('acme_us', '50', { from: '2026-07-01' }),
    ];
    const on = (day: string) => sharesOn(table, day).map((one) => `${one.receiver} ${one.share}`);
    assert.deepEqual(on('2026-06-30'), ['acme_de 60', 'acme_us 40']);
    assert.deepEqual(on('2026-07-01'), ['acme_de 50', 'acme_us 50']);
    assert.throws(() => on('2025-12-31'), { code: 'CONFIG_INVALID', message: /no shares on 2025-12-31/ });
  });

  it('are refused with two shares of one receiver on a day, or a share of nothing', () => {
    assert.throws(() => sharesOn([share('a', '1'), share('a', '2')], '2026-02-01'), {
      code: 'CONFIG_INVALID',
    });
    assert.throws(() => sharesOn([share('a', '0')], '2026-02-01'), { code: 'CONFIG_INVALID' });
  });
});

describe('Allocated shares', () => {
  const split = (amount: string, weights: string[], currency = 'EUR') => [
    ...allocateShares(
      amount,
      currency,
      weights.map((weight, at) => ({ receiver: `r${at}`, share: weight })),
      { to: 'largest-remainder' },
    ).values(),
  ];

  it('give the units left over to the largest remainders', () => {
    assert.deepEqual(split('100.00', ['1', '1', '1']), ['33.34', '33.33', '33.33']);
    assert.deepEqual(split('-0.05', ['50', '30', '20']), ['-0.03', '-0.01', '-0.01']);
    assert.deepEqual(split('1000', ['33.3', '33.3', '33.4'], 'JPY'), ['333', '333', '334']);
  });

  it('give the residue to a named receiver where one is named, and to nobody else', () => {
    const shares = ['a', 'b', 'c'].map((receiver) => ({ receiver, share: '1' }));
    const given = allocateShares('100.00', 'EUR', shares, { to: 'receiver', receiver: 'c' });
    assert.deepEqual(Object.fromEntries(given), { a: '33.33', b: '33.33', c: '33.34' });
    assert.throws(() => allocateShares('1.00', 'EUR', shares, { to: 'receiver', receiver: 'd' }), {
      code: 'CONFIG_INVALID',
    });
  });

  const cases = fc.record({
    minor: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    currency: fc.constantFrom('EUR', 'JPY', 'KWD'),
    weights: fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 20 }),
    scale: fc.constantFrom(1, 10, 1000),
    named: fc.boolean(),
  });

  it('always sum to the amount, and none is a unit or more from its share', () => {
    fc.assert(
      fc.property(cases, ({ minor, currency, weights, scale, named }) => {
        const shares = weights.map((weight, at) => ({ receiver: `r${at}`, share: String(weight / scale) }));
        const residue = named
          ? { to: 'receiver' as const, receiver: 'r0' }
          : { to: 'largest-remainder' as const };
        const amount = money.fromMinor(minor, currency);
        const given = allocateShares(amount, currency, shares, residue);
        assert.ok(money.equals(money.sum([...given.values()]), amount));
        const whole = BigInt(weights.reduce((sum, weight) => sum + weight, 0));
        for (const [at, weight] of weights.entries()) {
          if (named && at === 0) continue;
          const off = money.toMinor(given.get(`r${at}`)!, currency) * whole - minor * BigInt(weight);
          assert.ok(off < whole && -off < whole, `r${at} is ${off} of ${whole} off`);
        }
      }),
    );
  });
});

describe('Entries of an allocation', () => {
  it('take the net amount on the cost account; what is sold is no cost', () => {
    assert.equal(allocationBasis(bill(1), '4900').amount, '200.00');
    assert.equal(allocationBasis({ ...bill(1), kind: 'credit_note' }, '4900').amount, '-200.00');
    assert.equal(allocationBasis(bill(1), '4901').amount, '0');
    assert.equal(allocationBasis(entry(1), '4970').amount, '10.50');
    assert.throws(() => allocationBasis({ ...bill(1), direction: 'customer' }, '4900'), {
      code: 'MAP_INPUT_INVALID',
    });
  });

  it('balance in both currencies, whatever is shared out and at whatever rate', () => {
    const rate = fc
      .integer({ min: 1, max: 10_000_000 })
      .map((value) => money.multiply(String(value), '0.0001'));
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 1 }),
        rate,
        (minors, at) => {
          const pairs = minors.map((minor, index) => ({
            amount: money.fromMinor(minor, 'EUR'),
            debit: { account: '1500' },
            credit: { account: '4900' },
            label: `share ${index}`,
          }));
          if (minors.every((minor) => minor === 0)) return;
          const basis = { ...allocationBasis(bill(1), '4900') };
          const made = allocationEntry(basis, {
            entity: 'acme_us',
            part: 'to acme_us',
            journal: 'MISC',
            pairs,
            home: { currency: 'USD', rate: at },
          });
          for (const line of made.lines)
            assert.ok(line.homeDebit !== undefined && line.homeCredit !== undefined);
          const wholly = made.lines.every(
            (line) => money.isZero(line.homeDebit!) === money.isZero(line.debit),
          );
          if (wholly) checkEntry(made, 'USD');
        },
      ),
    );
  });

  it('leave no cent of the cost behind in the company’s currency either', () => {
    const rate = fc
      .integer({ min: 3_000, max: 90_000 })
      .map((value) => money.multiply(String(value), '0.0001'));
    const shares = fc.array(fc.integer({ min: 100, max: 100_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(shares, rate, (minors, at) => {
        const pairs = minors.map((minor, index) => ({
          amount: money.fromMinor(minor, 'EUR'),
          debit: { account: '1500' },
          credit: { account: '4900' },
          label: `share ${index}`,
        }));
        const total = money.sum(pairs.map(({ amount }) => amount));
        const made = allocationEntry(allocationBasis(bill(1), '4900'), {
          entity: 'acme_us',
          part: 'own',
          journal: 'MISC',
          pairs,
          home: { currency: 'USD', rate: at },
        });
        checkEntry(made, 'USD');
        const taken = made.lines.filter(({ account }) => account === '4900');
        assert.ok(
          money.equals(money.sum(taken.map(({ homeCredit }) => homeCredit!)), money.divide(total, at, 2)),
        );
      }),
    );
  });
});
