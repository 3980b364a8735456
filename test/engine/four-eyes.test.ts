import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { approvalLimits, isAbove, needsSecond, type Stake, samePerson } from '../../engine';

const eur = (amount: string | null): Stake => ({ amount, currency: 'EUR' });

describe('Limits of approval', () => {
  it('hold for all entities, and an entity has its own instead', () => {
    const limits = approvalLimits('{"EUR": "1000", "JPY": 150000, "acme_us": {"USD": "5000"}}');
    assert.deepEqual(limits, {
      all: { EUR: '1000', JPY: '150000' },
      entities: { acme_us: { USD: '5000' } },
    });
    assert.equal(isAbove(limits, 'acme_de', [eur('1000.00')]), false);
    assert.equal(isAbove(limits, 'acme_de', [eur('1000.01')]), true);
    assert.equal(isAbove(limits, 'acme_de', [eur('-1000.01')]), true, 'a credit note as well');
    assert.equal(isAbove(limits, 'acme_de', [eur('1'), eur('2000')]), true, 'any of them');
    assert.equal(isAbove(limits, 'acme_us', [eur('1')]), true, 'no limit for the currency');
    assert.equal(isAbove(limits, 'acme_us', [{ amount: '5000', currency: 'USD' }]), false);
  });

  it('an amount that nobody knows is above; without limits nothing is', () => {
    assert.equal(isAbove(approvalLimits('{"EUR": "1000"}'), 'acme_de', [eur(null)]), true);
    for (const none of [undefined, '', '  ', '{}']) {
      assert.equal(isAbove(approvalLimits(none), 'acme_de', [eur('1e9'.replace('e9', '000000000'))]), false);
      assert.equal(isAbove(approvalLimits(none), 'acme_de', [eur(null)]), false);
    }
    const others = approvalLimits('{"acme_us": {"USD": "1"}}');
    assert.equal(isAbove(others, 'acme_de', [eur('1000000')]), false);
  });

  it('that are not valid stop the start', () => {
    const broken = [
      '10000',
      '[]',
      'null',
      '{',
      '{"EUR": "-1"}',
      '{"EUR": "1e3"}',
      '{"EUR": null}',
      '{"EUR": {"EUR": "1"}}',
      '{"acme_de": "1000"}',
      '{"acme_de": {"eur": "1"}}',
    ];
    for (const text of broken) assert.throws(() => approvalLimits(text), { code: 'CONFIG_INVALID' }, text);
  });

  it('are exact: a number just above the limit is above, however many digits it has', () => {
    const limits = approvalLimits('{"EUR": "9007199254740993"}');
    assert.equal(isAbove(limits, 'acme_de', [eur('9007199254740993')]), false);
    assert.equal(isAbove(limits, 'acme_de', [eur('9007199254740993.01')]), true);
  });

  it('a plain retry of what is held is free, and to reverse a rejection is not', () => {
    const limits = approvalLimits('{"EUR": "1"}');
    const row = { entity: 'acme_de', ...eur('2'), code: undefined, state: 'held' };
    assert.equal(needsSecond(row, { action: 'retry' }, { limits }), false);
    assert.equal(needsSecond({ ...row, state: 'settled' }, { action: 'retry' }, { limits }), true);
    assert.equal(needsSecond(row, { action: 'retry', mapping: 'latest' }, { limits }), true);
    assert.equal(needsSecond(row, { action: 'mapping-fix' }, {}), true);
  });

  it('one person is one however the name is written', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,8}( [a-z]{1,8})?$/), fc.nat(3), (name, way) => {
        const written = [name.toUpperCase(), ` ${name}\t`, name.replace(' ', '   '), name.normalize('NFD')][
          way
        ]!;
        assert.ok(samePerson(name, written));
        assert.ok(!samePerson(name, `${name}x`));
      }),
    );
    assert.ok(samePerson('ＢＥＮ', 'ben'));
    for (const unseen of ['be\u200bn', '\ufeffben', 'b\u00aden', 'ben\u2060', 'b\u0007en', 'ben\ufe0f'])
      assert.ok(samePerson(unseen, 'ben'), JSON.stringify(unseen));
  });
});
