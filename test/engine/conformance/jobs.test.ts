import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { approvalLimits, JobRunner, type JobRunnerOptions, type Store } from '../../../engine';
import { FinanceError } from '../../../errors';
import { eventually, row, take } from '../../support/store';
import { assertVerified, exceptionOf, held, ready, times, unmapped } from './held';
import { onEveryStore } from './stores';

const BY = { actor: 'carla', reason: 'all at once' };

function runnerOf(store: Store, more: Partial<JobRunnerOptions> = {}): JobRunner {
  return new JobRunner(store, {
    worker: 'w1',
    latestOf: () => [],
    writeFix: () => Promise.resolve(),
    report: (error) => {
      throw error;
    },
    settleMs: 0,
    holdMs: 0,
    ...more,
  });
}

onEveryStore('Jobs over many documents', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await ready(await place().open());
  });

  async function heldOnes(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) ids.push((await held(store, `in_${n}`)).documentId);
    return ids;
  }

  const retry = (documentIds: readonly string[]) =>
    store.createJob({ act: { action: 'retry' }, documentIds, ...BY });

  it('act on each document once, tell how far they are, and what they could not do', async () => {
    const ids = await heldOnes(60);
    await store.dismiss({ documentId: ids[7]!, ...BY, outcome: 'rejected' });
    const { id, total } = await retry([...ids, ids[3]!]);
    assert.equal(total, 60);
    await runnerOf(store).look();
    const job = await store.job({ id });
    assert.deepEqual([job.state, job.done, job.failed, job.proposed], ['done', 59, 1, 0]);
    assert.deepEqual(
      job.failures.map(({ documentId, error }) => [documentId, error.code]),
      [[ids[7], 'STORE_STATE']],
    );
    for (const documentId of ids)
      assert.equal(await times(store, documentId, 'replayed'), documentId === ids[7] ? 0 : 1);
    assert.deepEqual(await store.runningJobs(), []);
    await assertVerified(store);
  });

  it('propose what is above the limit', async () => {
    const ids = await heldOnes(2);
    const small = await held(store, 'small', 'ODOO_VALIDATION', { amount: '5.00' });
    const { id } = await store.createJob({
      act: { action: 'skip' },
      documentIds: [...ids, small.documentId],
      ...BY,
    });
    await runnerOf(store, { limits: approvalLimits('{"EUR": "100"}') }).look();
    const { done, proposed } = await store.job({ id });
    assert.deepEqual([done, proposed], [3, 2]);
    const open = await store.proposals({ state: 'open' });
    assert.deepEqual(
      open.map(({ job, author }) => [job, author]),
      [
        [id, 'carla'],
        [id, 'carla'],
      ],
    );
    assert.equal((await row(store, small.documentId)).outcome, 'skipped');
  });

  it('a retry with the latest mapping is proposed with the versions that it would use, and void with others', async () => {
    const documentIds = await heldOnes(2);
    const versions = [{ name: 'acme_de', version: 2, hash: 'h2' }];
    await store.createJob({ act: { action: 'retry', mapping: 'latest' }, documentIds, ...BY });
    await runnerOf(store, {
      limits: approvalLimits('{"EUR": "100"}'),
      latestOf: ({ id }) => (documentIds.includes(id) ? versions : []),
    }).look();
    const open = await store.proposals({ state: 'open' });
    assert.deepEqual(
      open.map((one) => one.versions),
      [versions, versions],
    );
    const late = await store.approve({ proposalId: open[0]!.id, actor: 'ben', reason: 'agreed' });
    assert.equal(late.status, 'void');
    await assertVerified(store);
  });

  it('assign and tag the open exceptions', async () => {
    const documentIds = await heldOnes(3);
    await store.createJob({ act: { action: 'assign', owner: 'ben' }, documentIds, ...BY });
    await store.createJob({ act: { action: 'tag', add: ['vat'] }, documentIds, ...BY });
    await runnerOf(store).look();
    assert.ok((await store.exceptions()).every(({ owner }) => owner === 'ben'));
    const exceptionId = await exceptionOf(store, documentIds[1]!);
    assert.deepEqual(await store.tag({ exceptionId, actor: 'eva' }), { tags: ['vat'] });
    assert.equal((await store.jobs({ actor: 'carla' })).length, 2);
    await assertVerified(store);
  });

  it('are refused whole where one document is not there, or not theirs to see', async () => {
    const ids = await heldOnes(2);
    await assert.rejects(retry([...ids, 'doc_none']), { code: 'STORE_NOT_FOUND' });
    const foreign = { act: { action: 'retry' } as const, documentIds: ids, ...BY, entities: ['acme_us'] };
    await assert.rejects(store.createJob(foreign), { code: 'STORE_NOT_FOUND' });
    assert.deepEqual(await store.jobs(), []);
  });

  it('stop where somebody stops them', async () => {
    const ids = await heldOnes(3);
    const { id } = await retry(ids);
    await store.workItems({ jobId: id, documentIds: [ids[0]!] });
    await store.stopJob({ id, actor: 'ben' });
    await runnerOf(store).look();
    const { state, done } = await store.job({ id });
    assert.deepEqual([state, done], ['stopped', 1]);
    assert.equal(await times(store, ids[1]!, 'replayed'), 0);
    await assertVerified(store);
  });

  it('of two runtimes at them each document is acted on once', async () => {
    const ids = await heldOnes(40);
    const { id } = await retry(ids);
    // One process owns a SQLite file; on Postgres there are two.
    const stores = place().where.file ? [store, store] : [store, ...(await place().runtimes(1))];
    await Promise.all(
      stores.map((one, n) => runnerOf(one, { worker: `w${n}`, holdMs: 0, report: () => undefined }).look()),
    );
    assert.equal((await store.job({ id })).done, 40);
    for (const documentId of ids) assert.equal(await times(store, documentId, 'replayed'), 1);
    await assertVerified(store);
  });

  it('one that crashes anywhere goes on, and each document is acted on exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(12), { maxLength: 6 }),
        fc.integer({ min: 1, max: 60 }),
        async (deaths, count) => {
          await place().empty();
          store = await ready(await place().open());
          const ids = await heldOnes(count);
          const { id } = await retry(ids);
          for (const death of deaths)
            await runnerOf(mortal(store, death), { report: () => undefined }).look();
          await runnerOf(store, { worker: 'w2' }).look();
          const { state, done, failed } = await store.job({ id });
          assert.deepEqual([state, done, failed], ['done', count, 0]);
          for (const documentId of ids) assert.equal(await times(store, documentId, 'replayed'), 1);
          await assertVerified(store);
        },
      ),
      { numRuns: Number(process.env.LEDGERWAY_TEST_RUNS ?? 6) },
    );
  });

  describe('A mapping put right', () => {
    const fix = {
      mapping: 'acme_de',
      version: 1,
      hash: 'h1',
      table: 'taxCodes',
      key: 'txr_x',
      value: 'DE_19',
    };

    /** Proposed by carla, approved by ben. */
    async function approved(documentId: string): Promise<void> {
      const decided = await store.decide({ documentId, ...BY, act: { action: 'mapping-fix', fix } });
      assert.ok(decided.status === 'proposed');
      const approval = { proposalId: decided.proposalId, actor: 'ben', reason: 'right' };
      assert.equal((await store.approve(approval)).status, 'approved');
    }

    it('is written once two people agreed, and all that is held for it goes on', async () => {
      const same = [
        await held(store, 'in_1', unmapped('txr_x')),
        await held(store, 'in_2', unmapped('txr_x')),
      ];
      const others = [
        await held(store, 'in_3', unmapped('txr_y')),
        await held(store, 'in_4', unmapped('txr_x', 'products')),
        await held(store, 'in_5'),
      ];
      await approved(same[0]!.documentId);
      const written: object[] = [];
      const late: string[] = [];
      const runner = runnerOf(store, {
        writeFix: async (input) => {
          written.push(input);
          late.push((await held(store, 'in_6', unmapped('txr_x'))).documentId);
        },
      });
      await runner.look();
      assert.deepEqual(written, [{ entity: 'acme_de', fix, author: 'carla', approvedBy: 'ben' }]);
      for (const { documentId } of same) assert.equal((await row(store, documentId)).state, 'ready');
      assert.equal((await row(store, late[0]!)).state, 'ready', 'held while it was written');
      for (const { documentId } of others) assert.equal((await row(store, documentId)).state, 'held');
      const [job] = await store.jobs();
      assert.deepEqual([job?.state, job?.total, job?.done], ['done', 3, 3]);
      assert.equal((await take(store)).pinned, undefined);
      await assertVerified(store);
    });

    it('leaves alone what is held for something else by now', async () => {
      const { documentId } = await held(store, 'in_1', unmapped('txr_x'));
      await approved(documentId);
      await store.replay({ documentId, ...BY });
      await store.hold({ ...(await take(store)), error: new FinanceError('DOCUMENT_APPROVAL').toJSON() });
      await runnerOf(store).look();
      assert.equal((await row(store, documentId)).state, 'held');
      assert.equal(await times(store, documentId, 'replayed'), 1);
      assert.equal((await store.jobs())[0]?.state, 'done');
    });

    it('that cannot be written leaves all as it is, and says why', async () => {
      const { documentId } = await held(store, 'in_1', unmapped('txr_x'));
      await approved(documentId);
      await runnerOf(store, { writeFix: () => Promise.reject(new FinanceError('DECISION_VOID')) }).look();
      assert.equal((await row(store, documentId)).state, 'held');
      const [job] = await store.jobs();
      assert.deepEqual([job?.state, job?.failed, job?.failures[0]?.error.code], ['done', 1, 'DECISION_VOID']);
    });

    it('that was written before a crash goes on after it', async () => {
      const { documentId } = await held(store, 'in_1', unmapped('txr_x'));
      await approved(documentId);
      let written = 0;
      const writeFix = async () => {
        written++;
      };
      await runnerOf(mortal(store, 3), { writeFix, report: () => undefined }).look();
      const other = runnerOf(store, { writeFix, worker: 'w2' });
      await eventually(store, async () => {
        await other.look();
        return (await store.runningJobs()).length === 0;
      });
      assert.equal(written, 2, 'written again, which is the same');
      assert.equal(await times(store, documentId, 'replayed'), 1);
    });
  });

  /** A store whose process dies at the n-th call, of even calls before it is done, of odd ones after. */
  function mortal(given: Store, death: number): Store {
    let calls = 0;
    return new Proxy(given, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          const dies = ++calls >= death;
          if (dies && death % 2 === 0) throw new FinanceError('STORE_UNAVAILABLE');
          const result = await (member as (...args: unknown[]) => Promise<unknown>).apply(target, args);
          if (dies) throw new FinanceError('STORE_UNAVAILABLE');
          return result;
        };
      },
    });
  }
});
