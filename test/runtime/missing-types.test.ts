import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingTypes } from '../../runtime/missing-types';

describe('Node types of a flow', () => {
  it('are missing where no set has them, and where the set is disabled or failed to load', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-types-'));
    try {
      const file = join(folder, 'flows.json');
      const types = ['tab', 'group', 'subflow:a', 'debug', 'broken', 'off', 'unheard of'];
      writeFileSync(file, JSON.stringify(types.map((type, id) => ({ id, type }))));
      const sets = [
        { types: ['debug'], enabled: true },
        { types: ['broken'], enabled: true, err: 'Error: Cannot find module' },
        { types: ['off'], enabled: false },
      ];
      const nodes = { getNodeList: async () => sets };
      assert.deepEqual(await missingTypes(file, nodes), ['broken', 'off', 'unheard of']);
      assert.deepEqual(await missingTypes(join(folder, 'none.json'), nodes), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
