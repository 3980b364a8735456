import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ShadowComparison } from '../../connectors/odoo';
import { migrate } from '../../nodes/odoo-post/migrate';
import { DEMO_LOGIN } from '../../sandbox/odoo';
import { invoice } from '../connectors/odoo/documents';
import { bankLine, bill, entry, payment, payout } from '../connectors/odoo/kinds';
import { creditNote, PostingBench, type PostingSetup } from './posting-bench';

let posting: PostingBench;
const open = async (setup: PostingSetup = {}): Promise<PostingBench> => {
  posting = await PostingBench.open(setup);
  return posting;
};

describe('the configuration of odoo post', () => {
  it('a configuration of the first version keeps its dry run', () => {
    const kept = (given: object) => {
      const { mode, version } = migrate(given);
      return { mode, version };
    };
    assert.deepEqual(kept({ dryRun: true, version: 1 }), { mode: 'dryRun', version: 2 });
    assert.deepEqual(kept({ dryRun: true }), { mode: 'dryRun', version: 2 });
    assert.deepEqual(kept({ version: 1 }), { mode: 'post', version: 2 });
    assert.deepEqual(kept({ mode: 'shadow', dryRun: true, version: 2 }), { mode: 'shadow', version: 2 });
  });
});

describe('the modes of odoo post', () => {
  afterEach(() => posting.close());

  it('a dry run plans every kind, and leaves nothing', async () => {
    const { bench } = await open({ post: { mode: 'dryRun' } });
    const ids = await posting.receive(
      invoice('dry'),
      payment('dry', []),
      entry('dry'),
      bankLine('dry'),
      payout('dry'),
    );
    assert.deepEqual(
      await posting.ends(ids),
      ids.map(() => 'skipped'),
    );
    await bench.message('done', ids.length);
    for (const { odoo } of bench.at('done'))
      assert.equal((odoo as { dryRun: { dryRun: boolean } }).dryRun.dryRun, true);
    assert.deepEqual(await posting.moves(), []);
  });

  it('a shadow compares with what an earlier connector posted, records it, and posts nothing', async () => {
    // another prefix: the earlier connector knows no key of ours
    const earlier = await PostingBench.open({ connection: { prefix: 'earlier' } });
    const sold = invoice('same');
    const other = invoice('other', { dueDate: '2026-12-24' });
    const documents = [
      sold,
      creditNote('same', sold),
      entry('same'),
      payment('same', [other]),
      bankLine('same'),
    ];
    const posted = await earlier.receive(...documents, other);
    assert.ok((await earlier.ends(posted)).every((end) => end === 'completed'));
    const before = await earlier.moves();
    await earlier.bench.close();

    const { bench } = await open({ odoo: earlier.odoo, post: { mode: 'shadow' } });
    try {
      const ids = await posting.receive(
        ...documents,
        invoice('other'),
        invoice('never', { issueDate: '2026-11-09' }),
      );
      assert.ok((await posting.ends(ids)).every((end) => end === 'skipped'));
      const results = await Promise.all(ids.map((id) => posting.result<ShadowComparison>(id, 'odoo.shadow')));
      assert.deepEqual(
        results.map(({ outcome, differences }) =>
          [outcome, ...differences.map(({ field }) => field)].join(' '),
        ),
        ['same', 'same', 'same', 'same', 'same', 'different due date', 'missing'],
      );
      assert.equal((bench.at('done')[0]!.odoo as { shadow: ShadowComparison }).shadow.outcome, 'same');
      assert.deepEqual(await posting.moves(), before);
      assert.deepEqual(await bench.kindsOfSteps(ids[0]!), ['odoo.shadow done']);
    } finally {
      await posting.close();
      await earlier.odoo.close();
    }
  }).timeout(15_000);

  it('in one transaction, where the server action is named, with the same steps', async () => {
    const { bench } = await open({
      post: { serverAction: '1' },
      seed: (seed) => {
        seed.serverActions = [{ id: 1, name: 'Load and post', does: 'load_and_post' }];
      },
    });
    await posting.fault('drop-after-commit', { model: 'ir.actions.server', method: 'run' });
    const ids = await posting.receive(invoice('one'), bill('one'), entry('one'), payment('one', []));
    assert.deepEqual(
      await posting.ends(ids),
      ids.map(() => 'completed'),
    );
    assert.deepEqual((await bench.kindsOfSteps(ids[0]!)).slice(-2), ['odoo.load done', 'odoo.post done']);
    assert.equal((await posting.moves()).length, 4);
    await posting.close();
    await open({ post: { serverAction: 'ledgerway.load_and_post' } });
    const [id] = await posting.receive(invoice('none'));
    assert.equal(await posting.end(id!), 'ODOO_MISSING');
  }).timeout(10_000);
});

describe('a new API key', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-key-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    await posting.close();
  });

  for (const version of ['17.0', '19.0'] as const)
    it(`is taken from its file in the middle of 100 postings, and none fails (Odoo ${version})`, async () => {
      const file = join(folder, 'odoo-key');
      const next = 'the-next-key-of-the-test';
      writeFileSync(file, `${DEMO_LOGIN.apiKey}\n`);
      const { bench, odoo } = await open({
        version,
        secret: `file:${file}`,
        pipeline: { concurrency: 10 },
        connection: { batchSize: 5 },
        seed: (seed) => void seed.users.find(({ login }) => login === DEMO_LOGIN.login)?.apiKeys?.push(next),
      });
      const ids = await posting.receive(
        ...Array.from({ length: 100 }, (_, index) => invoice(`key_${index}`)),
      );
      await bench.message('done', 25);
      writeFileSync(file, `${next}\n`);
      const old = odoo.db.all('res.users.apikeys').find(({ key }) => key === DEMO_LOGIN.apiKey);
      await posting.edit({ do: 'delete', model: 'res.users.apikeys', id: old!.id });
      assert.ok(bench.at('done').length < 100, 'the key is revoked in the middle');
      assert.ok((await posting.ends(ids)).every((end) => end === 'completed'));
      assert.deepEqual([bench.at('retried').length, bench.at('held').length], [0, 0]);
      assert.equal(new Set((await posting.moves()).map(({ ref }) => ref)).size, 100);
      const { steps } = await bench.store.trace({ documentId: ids[99]! });
      for (const key of [next, DEMO_LOGIN.apiKey]) assert.ok(!JSON.stringify(steps).includes(key));
    }).timeout(30_000);

  it('that comes after the old one was revoked: documents wait for it, and none is held', async () => {
    const file = join(folder, 'odoo-key');
    const next = 'the-next-key-of-the-test';
    writeFileSync(file, DEMO_LOGIN.apiKey);
    const { bench, odoo } = await open({
      secret: `file:${file}`,
      seed: (seed) => void seed.users.find(({ login }) => login === DEMO_LOGIN.login)?.apiKeys?.push(next),
    });
    const [before] = await posting.receive(invoice('before'));
    assert.equal(await posting.end(before!), 'completed');
    const old = odoo.db.all('res.users.apikeys').find(({ key }) => key === DEMO_LOGIN.apiKey);
    await posting.edit({ do: 'delete', model: 'res.users.apikeys', id: old!.id });
    const ids = await posting.receive(invoice('one'), entry('two'), payment('three', []));
    await bench.message('retried', 3);
    const { error } = bench.at('retried')[0]!;
    assert.match((error as { message: string }).message, /revoked, or has expired/);
    writeFileSync(file, next);
    assert.deepEqual(
      await posting.ends(ids),
      ids.map(() => 'completed'),
    );
    assert.equal(bench.at('held').length, 0);
  }).timeout(20_000);
});
