import { strict as assert } from 'node:assert';
import { Host, type PipelineDefinition, type Store } from '../../../engine';
import type { FinanceError } from '../../../errors';
import { eventually, lease, PIPELINE, receive, row, take } from '../../support/store';
import { onEveryStore, PostgresPlace } from './stores';

const FRENCH: PipelineDefinition = { ...PIPELINE, name: 'french', entities: ['acme_fr'] };
const RENAMED: PipelineDefinition = { ...PIPELINE, name: 'renamed' };

const declare = (store: Store, worker: string, ...pipelines: PipelineDefinition[]) =>
  store.declarePipelines({ worker, pipelines });

onEveryStore('Pipelines of several runtimes', (place) => {
  let a: Store;
  let b: Store;
  beforeEach(async () => {
    [a, b] = (await place().runtimes(2)) as [Store, Store];
  });

  it('runtimes with different flows leave each other what they have, and write nothing when they say it again', async () => {
    await declare(a, 'wa', PIPELINE);
    await declare(b, 'wb', FRENCH);
    await declare(a, 'wa', PIPELINE);
    assert.equal((await receive(b, 'in_1')).pipeline, 'billing');
    assert.equal((await receive(a, 'in_2', 'evt_2', { entity: 'acme_fr' })).pipeline, 'french');
    const { events } = await a.audit();
    await declare(b, 'wb', FRENCH);
    await declare(a, 'wa', PIPELINE);
    assert.deepEqual(
      [(await a.audit()).events, await a.declaredPipelines({ worker: 'wb' })],
      [events, ['french']],
    );
  });

  it('a pipeline goes when the last living runtime that has it takes it back', async () => {
    await declare(a, 'wa', PIPELINE, FRENCH);
    await declare(b, 'wb', FRENCH);
    const german = await receive(a, 'in_1');
    const french = await receive(a, 'in_2', 'evt_2', { entity: 'acme_fr' });
    await declare(a, 'wa');
    assert.equal((await row(a, german.documentId)).state, 'held');
    assert.equal((await row(a, french.documentId)).state, 'ready');
    assert.equal((await declare(b, 'wb', PIPELINE)).claimed, 1);
    assert.equal((await row(a, german.documentId)).pipeline, 'billing');
    assert.equal((await row(a, french.documentId)).state, 'held');
    assert.deepEqual((await a.audit()).findings, []);
  });

  it('a pipeline that one runtime after the other gets under a new name takes its documents along', async () => {
    await declare(a, 'wa', PIPELINE);
    await declare(b, 'wb', PIPELINE);
    const { documentId } = await receive(a, 'in_1');
    const { refused } = await declare(a, 'wa', RENAMED, FRENCH);
    assert.match(refused[0]!.message, /"renamed" claims documents of "billing"/);
    assert.deepEqual(await a.declaredPipelines({ worker: 'wa' }), ['french'], 'the others are taken');
    assert.equal((await lease(b, 1, 'wb')).length, 1, 'meanwhile the other runtime does the work');
    await b.release({ worker: 'wb' });
    assert.deepEqual((await declare(b, 'wb', RENAMED)).refused, []);
    assert.deepEqual((await declare(a, 'wa', RENAMED, FRENCH)).refused, []);
    const found = await row(a, documentId);
    assert.deepEqual([found.pipeline, found.state], ['renamed', 'ready']);
  });

  it('documents of a pipeline that is to have more than there is to have wait until it may', async () => {
    await declare(a, 'wa', PIPELINE);
    await declare(b, 'wb', FRENCH);
    const { documentId } = await receive(a, 'in_1');
    const wide = { ...PIPELINE, entities: ['acme_de', 'acme_fr'] };
    const { declared, refused } = await declare(a, 'wa', wide);
    assert.deepEqual([declared, refused.length], [['billing'], 1]);
    assert.equal((await row(a, documentId)).state, 'ready');
    assert.equal((await receive(a, 'in_2', 'evt_2', { entity: 'acme_fr' })).pipeline, 'french');
    await declare(b, 'wb');
    assert.deepEqual((await declare(a, 'wa', wide)).refused, []);
    assert.equal((await receive(a, 'in_3', 'evt_3', { entity: 'acme_fr' })).pipeline, 'billing');
  });

  it('what one that is gone had counts no longer, and its documents go on under the name they have now', async () => {
    await declare(a, 'wa', PIPELINE);
    const { documentId } = await receive(a, 'in_1');
    await take(a, 'wa');
    const fresh = await place().crash(a);
    const other = a === b ? fresh : b;
    await eventually(other, async () => (await declare(other, 'wb', RENAMED)).refused.length === 0);
    assert.equal((await row(other, documentId)).pipeline, 'renamed');
  });

  it('a document that was being received for a pipeline while it went is found', async () => {
    const { documentId } = await receive(a, 'in_1', 'evt_1', { pipeline: 'billing' });
    await declare(a, 'wa', RENAMED);
    assert.equal((await row(a, documentId)).pipeline, 'renamed');
    assert.equal((await lease(a, 1)).length, 0);
  });

  it('pipelines of one runtime that claim the same documents are refused, all of them', async () => {
    await assert.rejects(declare(a, 'wa', PIPELINE, RENAMED), { code: 'CONFIG_PIPELINES_OVERLAP' });
  });
});

describe('Pipelines of several runtimes (hosts on Postgres)', () => {
  let place: PostgresPlace;
  before(async function () {
    this.timeout(60_000);
    place = await PostgresPlace.create();
  });
  after(() => place.remove());

  it('one waits for a runtime with an older flow, goes on once that is gone, and comes back after it was cut off', async () => {
    const [a, b, witness] = (await place.runtimes(3)) as [Store, Store, Store];
    const [old, fresh] = [new Host({ default: a }), new Host({ default: b })];
    const errors: (FinanceError | undefined)[] = [];
    old.declarePipeline('n1', 'default', PIPELINE, () => undefined);
    await old.flowsStarted();
    fresh.declarePipeline('n1', 'default', RENAMED, (error) => errors.push(error));
    await fresh.flowsStarted();
    assert.equal(errors.at(-1)?.code, 'CONFIG_PIPELINES_OVERLAP');
    const { documentId } = await receive(witness, 'in_1');
    await old.close();
    await eventually(witness, async () => errors.at(-1) === undefined);
    assert.equal((await row(witness, documentId)).pipeline, 'renamed');
    await place.query('DELETE FROM declarations');
    await fresh.checkPipelines();
    assert.deepEqual(await witness.declaredPipelines({ worker: fresh.worker }), ['renamed']);
    await fresh.close();
  });
});
