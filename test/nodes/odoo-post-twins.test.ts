import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import { bill } from '../connectors/odoo/kinds';
import { GroupBench } from './group-bench';

describe('bills of one supplier with one number', () => {
  let group: GroupBench;
  afterEach(() => group.close());

  for (const version of ['16.0', '17.0', '19.0'] as const)
    it(`that come together are in the books once (${version})`, async () => {
      group = await GroupBench.open({ version });
      const twin = (id: string) => ({ ...bill('twice'), source: { system: 'mail', id } });
      const ids = await group.receive(twin('a'), twin('b'), twin('c'));
      const ends = await Promise.all(ids.map((id) => group.end(id)));
      assert.deepEqual(ends.sort(), ['DOCUMENT_CONFLICT', 'DOCUMENT_CONFLICT', 'completed']);
      const posted = (await group.moves(1)).filter(({ state }) => state === 'posted');
      assert.deepEqual(
        posted.map(({ ref }) => ref),
        ['R-twice'],
      );
    });
});
