import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  businessKey,
  canonicalJson,
  contentHash,
  documentHash,
  externalKey,
  type Keyed,
} from '../../finance/canonical';
import { invoiceOf, lineOf } from './documents';

/** Members in another order, all the way down. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  const turned = Object.entries(value).toReversed();
  return Object.fromEntries(turned.map(([key, item]) => [key, shuffled(item)]));
}

const part = fc.oneof(
  fc.string({
    minLength: 0,
    maxLength: 6,
    unit: fc.constantFrom('a', 'A', '1', '_', '/', '.', '%', ' ', 'é', '-'),
  }),
  fc.string({ unit: 'grapheme', maxLength: 150 }),
  fc.constantFrom('in_1', 'in_1Q', 'a__b', '_', `h${'0'.repeat(32)}`),
);
const keyed: fc.Arbitrary<Keyed> = fc
  .record({
    entity: fc.constantFrom('a', 'a_b', 'acme_de'),
    system: part,
    id: part,
    revision: fc.option(part, { nil: undefined }),
  })
  .map(({ entity, ...source }) => ({ entity, kind: 'invoice', source }));

const same = (a: Keyed, b: Keyed): boolean =>
  a.entity === b.entity &&
  a.source.system === b.source.system &&
  a.source.id === b.source.id &&
  a.source.revision === b.source.revision;

describe('canonical JSON and keys', () => {
  it('writes the example of RFC 8785', () => {
    const given = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    assert.equal(
      canonicalJson(given),
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts by UTF-16 code units', () => {
    assert.equal(
      canonicalJson({ '\u{1f600}': 1, '\ufb33': 2, é: 3, a: 4 }),
      '{"a":4,"é":3,"\u{1f600}":1,"\ufb33":2}',
    );
  });

  it('gives one text for one value, and the same value back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const text = canonicalJson(value);
        assert.equal(canonicalJson(shuffled(value)), text);
        assert.equal(canonicalJson(JSON.parse(text)), text);
      }),
    );
  });

  it('refuses what JSON cannot hold', () => {
    for (const each of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      '\ud800',
      new Date(),
      () => 1,
      { a: Symbol('s') },
    ])
      assert.throws(() => canonicalJson(each), { code: 'MAP_OUTPUT_INVALID' });
  });

  it('hashes the fact, not the event that brought it', () => {
    const invoice = invoiceOf([lineOf()]);
    const seen = (more: object) => contentHash({ ...invoice, source: { ...invoice.source, ...more } });
    assert.equal(
      seen({ eventId: 'evt_1', eventType: 'a', occurredAt: '2026-01-01T00:00:00Z' }),
      seen({ eventId: 'evt_2' }),
    );
    assert.notEqual(seen({}), seen({ id: 'in_2' }));
    assert.notEqual(contentHash(invoice), contentHash({ ...invoice, note: 'x' }));
    assert.match(seen({}), /^[0-9a-f]{64}$/);
  });

  it('the accounts that a mapping gives are no part of the fact, but of the document that is booked', () => {
    const invoice = invoiceOf([lineOf()]);
    const mapped = (account: string) => ({
      ...invoice,
      posting: { journal: account },
      lines: invoice.lines.map((line) => ({ ...line, posting: { account, taxes: [] } })),
    });
    assert.equal(contentHash(mapped('8400')), contentHash(mapped('8300')));
    assert.notEqual(documentHash(mapped('8400')), documentHash(mapped('8300')));
  });

  it('keeps different facts apart, in the business key and in Odoo', () => {
    fc.assert(
      fc.property(keyed, keyed, (a, b) => {
        assert.equal(businessKey(a) === businessKey(b), same(a, b));
        assert.equal(externalKey(a) === externalKey(b), same(a, b));
        assert.match(externalKey(a), /^[a-z0-9_]+$/);
        assert.ok(externalKey(a).startsWith(`${a.entity}__invoice__`));
        assert.ok(externalKey(a).length < 160);
      }),
      { numRuns: 500 },
    );
  });

  it('is readable where it can be', () => {
    const of = (id: string, revision?: string) =>
      externalKey({ entity: 'acme_de', kind: 'invoice', source: { system: 'stripe', id, revision } });
    assert.equal(of('in_1'), 'acme_de__invoice__stripe__in_1');
    assert.equal(of('in_1', '2'), 'acme_de__invoice__stripe__in_1__2');
    assert.match(of('in_1Qx'), /^acme_de__invoice__stripe__in_1qx__h[0-9a-f]{32}$/);
    assert.notEqual(of('in_1Qx'), of('in_1qX'));
    assert.equal(
      businessKey({ entity: 'a', kind: 'invoice', source: { system: 's', id: 'x/y%2F' } }),
      'a/invoice/s/x%2Fy%252F',
    );
  });
});
