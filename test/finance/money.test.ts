import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isFinanceError } from '../../errors';
import * as money from '../../finance/money';

const {
  add,
  allocate,
  assertCurrency,
  compare,
  divide,
  exponentOf,
  formatMoney,
  fromMinor,
  fromMinorDecimal,
  fromNumber,
} = money;
const { isDecimal, multiply, negate, percentOf, round, roundMoney, sub, sum, toMinor } = money;

const currency = fc.constantFrom(...money.CURRENCIES);
const minor = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });

function code(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    assert.ok(isFinanceError(error), String(error));
    return error.code;
  }
}

describe('money', () => {
  it('knows the exponents that Intl gets wrong', () => {
    const known = {
      JPY: 0,
      KRW: 0,
      ISK: 0,
      EUR: 2,
      HUF: 2,
      IDR: 2,
      MRU: 2,
      MGA: 2,
      KWD: 3,
      BHD: 3,
      CLF: 4,
      UYW: 4,
    };
    for (const [each, exponent] of Object.entries(known)) assert.equal(exponentOf(each), exponent, each);
    assert.equal(new Set(money.CURRENCIES).size, money.CURRENCIES.length);
    assert.ok(money.CURRENCIES.length > 160);
  });

  it('refuses what is no currency', () => {
    for (const each of ['eur', 'EURO', 'XXX', 'XAU', '', '__proto__', 'toString', 'HRK'])
      assert.equal(
        code(() => assertCurrency(each)),
        'DOCUMENT_CURRENCY_UNKNOWN',
        each,
      );
  });

  it('goes to minor units and back without a loss, in every currency', () => {
    fc.assert(
      fc.property(minor, currency, (units, each) => {
        const text = fromMinor(units, each);
        assert.ok(isDecimal(text), text);
        assert.equal(toMinor(text, each), units);
        assert.equal(formatMoney(text, each), text);
      }),
    );
    assert.equal(fromMinor(11900, 'EUR'), '119.00');
    assert.equal(fromMinor(11000, 'JPY'), '11000');
    assert.equal(fromMinor('-5', 'KWD'), '-0.005');
    assert.equal(fromMinor(-0, 'EUR'), '0.00');
    assert.equal(toMinor('1.5', 'EUR'), 150n);
  });

  it("keeps to a source's own minor unit only where ISO can carry the amount", () => {
    assert.equal(fromMinor(10000, 'ISK', 2), '100');
    assert.equal(fromMinor(100, 'MGA', 0), '100.00');
    assert.equal(
      code(() => fromMinor(10050, 'ISK', 2)),
      'DOCUMENT_PRECISION',
    );
  });

  it('refuses more decimals than the currency has, and what is no number', () => {
    assert.equal(
      code(() => toMinor('1.001', 'EUR')),
      'DOCUMENT_PRECISION',
    );
    assert.equal(
      code(() => toMinor('1.0', 'JPY')),
      'DOCUMENT_PRECISION',
    );
    for (const each of [
      '1e3',
      '01',
      '.5',
      '5.',
      '+1',
      ' 1',
      '',
      'NaN',
      '1,5',
      '9'.repeat(41),
      1 as unknown as string,
    ])
      assert.equal(
        code(() => add(each, '0')),
        'DOCUMENT_AMOUNT',
        String(each),
      );
    assert.equal(
      code(() => fromMinor(1.5, 'EUR')),
      'DOCUMENT_AMOUNT',
    );
    assert.equal(
      code(() => fromMinor(2 ** 53, 'EUR')),
      'DOCUMENT_AMOUNT',
    );
    assert.equal(
      code(() => fromMinor('', 'EUR')),
      'DOCUMENT_AMOUNT',
    );
  });

  it('adds exactly, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(minor, { maxLength: 40 }), currency, (units, each) => {
        const texts = units.map((one) => fromMinor(one, each));
        const total = units.reduce((a, b) => a + b, 0n);
        assert.equal(toMinor(sum(texts), each), total);
        assert.equal(toMinor(sum(texts.toReversed()), each), total);
      }),
    );
    assert.equal(add('0.1', '0.2'), '0.3');
    assert.equal(sum([]), '0');
  });

  it('subtracts, negates and compares as integers do', () => {
    fc.assert(
      fc.property(minor, minor, currency, (a, b, each) => {
        const [x, y] = [fromMinor(a, each), fromMinor(b, each)];
        assert.equal(toMinor(sub(x, y), each), a - b);
        assert.equal(toMinor(negate(x), each), -a);
        assert.equal(compare(x, y), a < b ? -1 : a > b ? 1 : 0);
      }),
    );
    assert.equal(compare('1.0', '1'), 0);
    assert.equal(negate('0.00'), '0.00');
  });

  it('rounds half up, away from zero, once', () => {
    assert.equal(round('1.005', 2), '1.01');
    assert.equal(round('-1.005', 2), '-1.01');
    assert.equal(round('-0.004', 2), '0.00');
    assert.equal(roundMoney('10.5', 'JPY'), '11');
    assert.equal(multiply('0.10', '3'), '0.30');
    assert.equal(percentOf('100.00', '19'), '19.0000');
    assert.equal(divide('3000', '1.19', 0), '2521');
    fc.assert(
      fc.property(minor, (units) => {
        const text = fromMinor(units, 'CLF');
        assert.equal(round(negate(text), 2), negate(round(text, 2)));
        const difference = sub(round(text, 2), text);
        assert.ok(compare(difference, '0.005') <= 0 && compare(difference, '-0.005') >= 0);
      }),
    );
  });

  it('splits an amount so that the shares sum to it, the residue on the named line', () => {
    const thirds = new Map([
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ]);
    assert.deepEqual(Object.fromEntries(allocate('100.00', thirds, 'rounding', 'EUR')), {
      a: '33.33',
      b: '33.33',
      c: '33.33',
      rounding: '0.01',
    });
    assert.deepEqual([...allocate('100.00', thirds, 'b', 'EUR').values()], ['33.33', '33.34', '33.33']);
    assert.equal(
      code(() => allocate('1.00', new Map([['a', '0']]), 'a', 'EUR')),
      'DOCUMENT_AMOUNT',
    );
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(minor, weights, currency, (units, given, each) => {
        const amount = fromMinor(units, each);
        const shares = allocate(
          amount,
          new Map(given.map((one, index) => [`l${index}`, String(one)])),
          'rounding',
          each,
        );
        assert.equal(compare(sum([...shares.values()]), amount), 0);
        for (const share of shares.values()) assert.equal(formatMoney(share, each), share);
      }),
    );
  });

  it('reads rates and unit prices of a source as they were written', () => {
    assert.equal(fromNumber(8.875), '8.875');
    assert.equal(fromNumber(1e-7), '0.0000001');
    assert.equal(
      code(() => fromNumber(0.1 + 0.2)),
      'DOCUMENT_AMOUNT',
    );
    assert.equal(fromMinorDecimal('0.5', 'EUR'), '0.005');
    assert.equal(fromMinorDecimal('2500', 'EUR'), '25.00');
    assert.equal(fromMinorDecimal('2500', 'JPY'), '2500');
  });
});
