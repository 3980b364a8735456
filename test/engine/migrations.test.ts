import { strict as assert } from 'node:assert';
import { DatabaseSync } from 'node:sqlite';
import { step } from '../../engine';
import { MIGRATIONS, SCHEMA_VERSION } from '../../engine/migrations';
import { inDialect } from '../../engine/transaction';
import { FinanceError } from '../../errors';
import { eventually, lease, PIPELINE, receive, row, Scratch, take } from '../support/store';

/** Puts the rows of a store into one of the first schema, in so far as it has the tables and columns. */
function asFirstSchema(from: string, to: string): void {
  const database = new DatabaseSync(to);
  database.exec(inDialect(MIGRATIONS[0]!.sql, 'sqlite'));
  database.prepare('ATTACH ? AS filled').run(from);
  const tables = database.prepare(
    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
  );
  for (const { name } of tables.all() as { name: string }[]) {
    const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all(name) as { name: string }[];
    const list = columns.map((column) => column.name).join(', ');
    database.exec(`INSERT INTO main.${name} (${list}) SELECT ${list} FROM filled.${name}`);
  }
  database.exec('PRAGMA user_version = 1');
  database.close();
}

describe('Migrations', () => {
  const scratches: Scratch[] = [];
  const scratch = () => {
    const one = new Scratch();
    scratches.push(one);
    return one;
  };
  afterEach(async () => {
    for (const one of scratches.splice(0)) await one.remove();
  });

  it('are numbered without a gap', () => {
    assert.deepEqual(
      MIGRATIONS.map(({ version }) => version),
      Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1),
    );
  });

  it('a store of the first schema goes on as it stands: its documents, its audit, its retries', async () => {
    const filled = scratch();
    const before = await filled.store();
    await before.syncPipelines([PIPELINE]);
    const { documentId } = await receive(before, 'in_1');
    await before.dispose({ ...(await take(before)), error: new FinanceError('ODOO_SERIALIZATION').toJSON() });
    await receive(before, 'in_2');
    await before.close();
    const old = scratch();
    asFirstSchema(filled.file, old.file);

    const store = await old.store();
    assert.deepEqual((await store.audit()).findings, []);
    await eventually(store, async () => (await row(store, documentId)).state === 'ready');
    const leased = await lease(store);
    assert.equal(leased.length, 2);
    const again = leased.find(({ context }) => context.documentId === documentId)!.context;
    assert.equal(again.attempt, 2);
    const spec = { kind: 'k', target: 't', externalKey: 'e', request: {}, name: 'n' };
    const context = { ...again, store: store.name };
    await step(store, context, spec, { refusesDoubles: true, perform: async () => ({}) });
    await store.dispose({ ...context, error: new FinanceError('ODOO_SERIALIZATION').toJSON() });
    const { attempts, tries } = await row(store, documentId);
    assert.deepEqual([attempts, tries], [2, '{"transient":1}']);
    assert.deepEqual((await store.audit()).findings, []);
  });
});
