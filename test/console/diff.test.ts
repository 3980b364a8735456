import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { changesBetween } from '../../console/diff';
import type { Json } from '../../engine';

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

describe('What changed between two JSON values', () => {
  it('is told place by place', () => {
    const before = {
      number: 'A-1',
      lines: [{ net: '1.00' }, { net: '2.00' }],
      'a/b': { '~': 1 },
      gone: null,
    };
    const after = { number: 'A-2', lines: [{ net: '1.00' }], 'a/b': { '~': 2 }, fresh: [] };
    assert.deepEqual(changesBetween(before, after), [
      { pointer: '/number', before: 'A-1', after: 'A-2' },
      { pointer: '/lines/1', before: { net: '2.00' } },
      { pointer: '/a~1b/~0', before: 1, after: 2 },
      { pointer: '/gone', before: null },
      { pointer: '/fresh', after: [] },
    ]);
  });

  it('is nothing exactly where they are the same', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        assert.deepEqual(changesBetween(one, structuredClone(one)), []);
        const same = changesBetween(one, other).length === 0;
        assert.equal(same, isEqual(one, other));
      }),
    );
  });

  it('an inherited name is no member', () => {
    assert.deepEqual(changesBetween({}, { constructor: 1 }), [{ pointer: '/constructor', after: 1 }]);
  });
});

function isEqual(one: Json, other: Json): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}
