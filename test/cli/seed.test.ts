import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fill } from '../../cli/seed/seed';
import { openSqliteStore, type Store } from '../../engine';

describe('ledgerway seed', () => {
  let folder: string;
  const stores: Store[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-seed-'));
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function seeded(name: string, random: number, hostile = false): Promise<Store> {
    const file = join(folder, name);
    fill(file, { documents: 600, exceptions: 60, random, hostile });
    const store = await openSqliteStore({ file, readOnly: true });
    stores.push(store);
    return store;
  }

  it('writes half a year through the store’s own transitions: the chain verifies and the figures tie', async () => {
    const store = await seeded('one.db', 1);
    const { findings, events } = await store.audit();
    assert.deepEqual(findings, []);
    assert.ok(events > 2_000);
    const rows = await store.overview({ scope: {} });
    assert.ok(rows.every(({ ties }) => ties));
    assert.ok(new Set(rows.map(({ period }) => period)).size >= 6);
    assert.deepEqual([...new Set(rows.map(({ entity }) => entity))], ['acme_de', 'acme_us']);
    const { total, ...facets } = await store.exceptionFacets({ scope: {}, filter: {} });
    assert.equal(total, 60);
    for (const name of ['class', 'code', 'step', 'age', 'owner', 'tag'] as const)
      assert.ok(Object.keys(facets[name]).length > 1, name);
  });

  it('draws the same from the same seed, and other documents from another', async () => {
    const [a, b, c] = [await seeded('a.db', 7), await seeded('b.db', 7), await seeded('c.db', 8)];
    const facts = async (store: Store) =>
      (await store.documentList({ scope: {}, filter: {}, limit: 200 })).items.map(
        ({ entity, kind, amount, currency, number, stage }) => [
          entity,
          kind,
          amount,
          currency,
          number,
          stage,
        ],
      );
    assert.deepEqual(await facts(a), await facts(b));
    assert.notDeepEqual(await facts(a), await facts(c));
  });

  it('hostile: markup in every free text', async () => {
    const store = await seeded('hostile.db', 1, true);
    const { items } = await store.exceptionList({ scope: {}, filter: {}, sort: 'opened', limit: 60 });
    const isHostile = (text: string | null) =>
      /<script>|onerror|onload|javascript:|alert|constructor/.test(text ?? '');
    assert.ok(items.every(({ cause }) => isHostile(cause)));
    assert.ok(items.some(({ number, tags }) => isHostile(number) && tags.some(isHostile)));
  });
});
