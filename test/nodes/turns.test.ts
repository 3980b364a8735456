import { strict as assert } from 'node:assert';
import type { Store } from '../../engine';
import { FinanceError } from '../../errors';
import { inStoreTurn } from '../../nodes/kit/turns';
import { Scratch } from '../support/store';

const NAME = 'object/contact 7';

describe('The turn of an object', () => {
  let scratch: Scratch;
  let store: Store;
  beforeEach(async () => {
    scratch = new Scratch();
    store = await scratch.store();
  });
  afterEach(() => scratch.remove());

  it('that cannot be given back makes nothing undone of what was sent, and no other error of what was refused', async () => {
    const away: Store = {
      ...store,
      endTurn: () => Promise.reject(new FinanceError('STORE_UNAVAILABLE')),
    };
    assert.equal(await inStoreTurn(away, NAME, 'doc_1', async () => 'sent'), 'sent');
    const refused = new FinanceError('CALL_REJECTED');
    await assert.rejects(
      inStoreTurn(away, NAME, 'doc_1', () => Promise.reject(refused)),
      refused,
    );
  });
});
