import assert from 'node:assert/strict';
import { fillDimensions } from '../../finance/dimensions';

const planOf = (code: string): string | undefined =>
  ({ SUB: 'Product', SRV: 'Product', DE: 'Country' })[code];

describe('mandatory dimensions', () => {
  it('are filled where the line has none of the plan, and kept where it has', () => {
    const dimensions = [
      { plan: 'Product', fallback: 'SUB' },
      { plan: 'Country', fallback: 'DE' },
    ];
    assert.deepEqual(fillDimensions({}, dimensions, planOf), { SUB: '100', DE: '100' });
    const own = { SUB: '62.5', SRV: '37.5' };
    assert.deepEqual(fillDimensions(own, dimensions, planOf), { ...own, DE: '100' });
  });

  it('sum to 100 %, and no plan to more', () => {
    const product = [{ plan: 'Product' }];
    assert.throws(() => fillDimensions({ SUB: '60', SRV: '39.99' }, product, planOf), {
      code: 'MAP_OUTPUT_INVALID',
      message: /99\.99 %/,
    });
    assert.throws(() => fillDimensions({ DE: '100.01', SUB: '100' }, product, planOf), {
      code: 'MAP_OUTPUT_INVALID',
    });
    assert.deepEqual(fillDimensions({ DE: '50' }, [], planOf), { DE: '50' });
  });

  it('without a fallback are for a person to map', () => {
    assert.throws(() => fillDimensions({}, [{ plan: 'Product' }], planOf), { code: 'MAP_UNMAPPED' });
  });
});
