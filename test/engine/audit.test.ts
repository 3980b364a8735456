import { strict as assert } from 'node:assert';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { type AuditVerification, consumerToken, type Store } from '../../engine';
import { SEALED, type SealedTable } from '../../engine/audit';
import { SqliteConnection } from '../../engine/sqlite/worker';
import { FinanceError } from '../../errors';
import { PIPELINE, receive, Scratch, take } from '../support/store';

/** A store with a bit of everything, closed. */
async function filled(scratch: Scratch): Promise<void> {
  const store = await scratch.store();
  await store.syncPipelines([PIPELINE]);
  for (const object of ['in_1', 'in_2', 'in_3'])
    await receive(store, object, undefined, { cursor: { name: 'c', value: object } });
  const first = await take(store);
  const claim = await store.claim({ ...first, businessKey: 'acme_de/invoice/stripe/in_1', contentHash: 'h' });
  assert.ok(claim.status === 'new');
  const known = await store.intend({
    ...first,
    hop: claim.hop,
    notes: { amount: '119.00', currency: 'EUR' },
    kind: 'k',
    target: 't',
    externalKey: 'e',
    request: { a: 1 },
    name: 'n',
  });
  assert.ok(known.status === 'new');
  await store.complete({ ...first, stepId: known.stepId, result: { id: 7 } });
  await store.settle({ ...first, hop: known.hop, outcome: 'completed' });
  await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
  await store.pauseTarget({ target: 't', paused: true, actor: 'ann', reason: 'close' });
  await people(store);
  await store.close();
}

/** What people add. */
async function people(store: Store): Promise<void> {
  const [exception] = await store.exceptions();
  const { id: exceptionId, document_id: documentId } = exception!;
  const on = { exceptionId, actor: 'ann' };
  await store.comment({ ...on, text: 'asked the customer' });
  await store.tag({ ...on, add: ['vat'] });
  const fix = { mapping: 'm', version: 1, hash: 'h', table: 't', key: 'k', value: 'v' };
  await store.decide({ documentId, actor: 'ann', reason: 'r', act: { action: 'mapping-fix', fix } });
  await store.createJob({ act: { action: 'retry' }, documentIds: [documentId], actor: 'ann', reason: 'r' });
  const { tokenHash } = consumerToken();
  const scope = { entities: ['acme_de'], functions: ['export'] };
  await store.createConsumer({ name: 'kpmg', tokenHash, ...scope, expiresAt: 9e12, actor: 'ann' });
}

async function verified(file: string): Promise<AuditVerification> {
  const connection = new SqliteConnection({ file, readOnly: true });
  try {
    const [answer] = connection.run([{ id: 1, name: 'audit', input: undefined }]).answers;
    if (!answer || !('result' in answer)) throw new Error(JSON.stringify(answer));
    return answer.result as AuditVerification;
  } finally {
    connection.close();
  }
}

describe('Audit chain', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = new Scratch();
    await filled(scratch);
  });
  afterEach(() => scratch.remove());

  function tamper(sql: string): void {
    const database = new DatabaseSync(scratch.file);
    database.exec(sql);
    database.close();
  }

  it('verifies what the engine wrote', async () => {
    const result = await verified(scratch.file);
    assert.deepEqual(result.findings, []);
    assert.ok(result.ok && result.events >= 9 && result.rows >= 14, JSON.stringify(result));
  });

  it('finds a change in any sealed column of any table', async () => {
    for (const table of Object.keys(SEALED) as SealedTable[])
      for (const column of SEALED[table].columns) {
        const database = new DatabaseSync(scratch.file);
        database.exec('PRAGMA ignore_check_constraints = ON');
        const { key } = SEALED[table];
        const target = database.prepare(`SELECT ${key} AS k, ${column} AS v FROM ${table} LIMIT 1`).get() as {
          k: string;
          v: never;
        };
        const changed = typeof target.v === 'number' ? (target.v as number) + 1000 : `${target.v ?? ''}x`;
        database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(changed, target.k);
        database.close();
        const { ok } = await verified(scratch.file);
        assert.equal(ok, false, `${table}.${column} was changed and not found`);
        const back = new DatabaseSync(scratch.file);
        back.exec('PRAGMA ignore_check_constraints = ON');
        back.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(target.v, target.k);
        back.close();
      }
    assert.equal((await verified(scratch.file)).ok, true);
  });

  it('finds a changed body, a deleted row, a forged row', async () => {
    tamper("UPDATE bodies SET content = x'7b7d' WHERE rowid = 1");
    assert.match((await verified(scratch.file)).findings.join(), /bodies .* content does not match/);
    tamper('DELETE FROM steps');
    assert.match((await verified(scratch.file)).findings.join(), /steps .* deleted outside/);
    tamper("INSERT INTO claims VALUES ('acme_de/invoice/x', 'doc_x', 'h', 'final')");
    assert.match((await verified(scratch.file)).findings.join(), /claims .* no audit event/);
  });

  it('finds events that were taken out, cut off, or written again', async () => {
    tamper('DELETE FROM audit WHERE seq = 3');
    assert.match((await verified(scratch.file)).findings.join(), /events 3 to 3 are missing/);
    tamper('DELETE FROM audit WHERE seq > 5');
    assert.match((await verified(scratch.file)).findings.join(), /its head says/);
  });

  it('one changed character anywhere in an event is found at its sequence number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.nat(), async (seq, place) => {
        const database = new DatabaseSync(scratch.file);
        const { data } = database.prepare('SELECT data FROM audit WHERE seq = ?').get(seq) as {
          data: string;
        };
        const at = place % data.length;
        const swapped = data[at] === 'z' ? 'y' : 'z';
        database
          .prepare('UPDATE audit SET data = ? WHERE seq = ?')
          .run(data.slice(0, at) + swapped + data.slice(at + 1), seq);
        database.close();
        const { findings } = await verified(scratch.file);
        assert.match(findings.join('\n'), new RegExp(`chain 0 event ${seq}: its content`));
        const back = new DatabaseSync(scratch.file);
        back.prepare('UPDATE audit SET data = ? WHERE seq = ?').run(data, seq);
        back.close();
      }),
      { numRuns: 20 },
    );
  });

  it('still verifies after bodies were erased', async () => {
    const store = await scratch.store();
    const [settled] = await store.documents({ state: 'settled' });
    await store.eraseBodies({ documentId: settled!.id, actor: 'dpo', reason: 'erasure request 7' });
    const { bodies } = await store.trace({ documentId: settled!.id });
    assert.deepEqual(
      bodies.map(({ text }) => text),
      [null],
    );
    assert.equal((await store.audit()).ok, true);
  });
});
