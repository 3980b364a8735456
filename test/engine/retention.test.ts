import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { retain, retentionPolicy, type Store } from '../../engine';
import { FinanceError } from '../../errors';
import { lease, PIPELINE, receive, Scratch, take } from '../support/store';
import { onEveryStore } from './conformance/stores';

const NAME = 'Erika Mustermann';
const now = (days: number, more: object = {}) =>
  retentionPolicy(JSON.stringify({ rules: [{ days, ...more }] }));

/** An invoice that went all the way: source body, canonical body, a step with request and result. */
async function completed(store: Store, object: string, more: object = {}): Promise<string> {
  const body = { mediaType: 'application/json', content: JSON.stringify({ id: object, customer: NAME }) };
  const { documentId } = await receive(store, object, undefined, { body, ...more });
  const run = await take(store);
  assert.equal(run.documentId, documentId);
  const key = `acme_de/invoice/stripe/${object}`;
  const notes = { canonical: { id: object, buyer: NAME } };
  const claim = await store.claim({ ...run, notes, businessKey: key, contentHash: `h-${object}` });
  assert.ok(claim.status === 'new');
  const effect = { kind: 'odoo.load', target: 'https://odoo db', externalKey: object, name: 'post' };
  const step = await store.intend({ ...run, hop: claim.hop, ...effect, request: { buyer: NAME } });
  assert.ok(step.status === 'new');
  await store.complete({ ...run, stepId: step.stepId, result: { partner: NAME } });
  await store.settle({ ...run, hop: step.hop, outcome: 'completed' });
  return documentId;
}

/** Whether any text of a document is left. */
async function hasTexts(store: Store, documentId: string): Promise<boolean> {
  const { bodies, steps } = await store.trace({ documentId });
  return bodies.some(({ text }) => text !== null) || steps.some((one) => one.request ?? one.result);
}

onEveryStore('Retention', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE]);
  });

  it('erases bodies, requests and results by kind, entity and age; the audit chain still verifies', async () => {
    const invoice = await completed(store, 'in_1');
    const note = await completed(store, 'cn_1', { kind: 'credit_note' });
    const before = await store.trace({ documentId: invoice });
    const policy = {
      rules: [
        { entity: 'acme_de', kind: 'credit_note', days: 1 },
        { entity: 'acme_de', days: 0 },
      ],
    };
    const result = await retain(store, policy, { apply: true, actor: 'policy' });
    assert.deepEqual(result, { due: { 'acme_de invoice': 1 }, documents: 1, bodies: 2, steps: 1 });
    assert.equal(await hasTexts(store, invoice), false);
    assert.equal(await hasTexts(store, note), true, 'its rule comes first, and its day is not over');
    const after = await store.trace({ documentId: invoice });
    assert.deepEqual(
      after.bodies.map(({ sha256 }) => sha256),
      before.bodies.map(({ sha256 }) => sha256),
    );
    assert.equal(after.steps[0]!.request_hash, before.steps[0]!.request_hash);
    assert.equal(JSON.stringify(after).includes(NAME), false, 'neither history nor keys say the name');
    assert.deepEqual((await store.audit()).findings, []);
    const again = await retain(store, policy, { apply: true, actor: 'policy' });
    assert.equal(again.documents, 0, 'what is erased is not erased again');
  });

  it('erases what people said of a document, before its texts were erased and after', async () => {
    const documentId = (await receive(store, 'in_1')).documentId;
    await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
    const exceptionId = String((await store.trace({ documentId })).exceptions[0]!.id);
    const say = () => store.comment({ exceptionId, actor: 'carla', text: `I called ${NAME}` });
    const said = async () => (await store.documentTrace({ scope: {}, documentId })).comments;
    await say();
    await retain(store, now(0), { apply: true, actor: 'policy' });
    assert.equal((await said())[0]!.text, `I called ${NAME}`, 'it is not settled');
    await store.dismiss({ documentId, actor: 'carla', reason: 'done', outcome: 'rejected' });
    for (let n = 1; n <= 2; n++) {
      const { documents } = await retain(store, now(0), { apply: true, actor: 'policy' });
      assert.equal(documents, 1);
      assert.deepEqual(
        (await said()).map(({ text, actor }) => [text, actor]),
        Array(n).fill(['', 'carla']),
      );
      if (n === 1) await say();
    }
    assert.equal((await retain(store, now(0), { apply: true, actor: 'policy' })).documents, 0);
    assert.deepEqual((await store.audit()).findings, []);
  });

  it('keys outlive bodies: neither event nor content nor effect comes a second time', async () => {
    const first = await completed(store, 'in_1');
    await retain(store, now(0), { apply: true, actor: 'policy' });
    assert.deepEqual((await receive(store, 'in_1')).status, 'duplicate');
    const twin = await receive(store, 'in_1', 'evt_twin');
    const run = await take(store);
    assert.equal(run.documentId, twin.documentId);
    const key = { businessKey: 'acme_de/invoice/stripe/in_1', contentHash: 'h-in_1' };
    const claim = await store.claim({ ...run, ...key });
    assert.ok(claim.status === 'duplicate' && claim.of === first);
    const other = await receive(store, 'in_1', 'evt_other');
    assert.equal(
      (await store.claim({ ...(await take(store)), ...key, contentHash: 'x' })).status,
      'conflict',
    );
    assert.equal((await store.documentRow({ documentId: other.documentId })).state, 'held');
    await assert.rejects(store.replay({ documentId: first, actor: 'a', reason: 'r' }), /texts were erased/);
    assert.equal((await store.audit()).ok, true);
  });

  it('what is open or held keeps its texts, and a dry run changes nothing', async () => {
    const done = await completed(store, 'in_1');
    const { documentId: leased } = await receive(store, 'in_2');
    await lease(store);
    const hold = { kind: 'invalid', code: 'RUN_UNEXPECTED', message: 'm', hint: 'h' } as never;
    const { documentId: held } = await receive(store, 'in_3', undefined, { hold });
    const dry = await retain(store, now(0), { apply: false, actor: 'policy' });
    assert.deepEqual(dry, { due: { 'acme_de invoice': 1 }, documents: 0, bodies: 0, steps: 0 });
    assert.equal(await hasTexts(store, done), true);
    await retain(store, now(0), { apply: true, actor: 'policy' });
    assert.deepEqual(
      await Promise.all([done, leased, held].map((documentId) => hasTexts(store, documentId))),
      [false, true, true],
    );
  });

  it('goes through more documents than a page, and a document that runs again meanwhile is left alone', async () => {
    const skip = 'not a document';
    for (let n = 0; n < 45; n++) await receive(store, `in_${n}`, undefined, { skip });
    const { documents } = await store.expired({ policy: now(0), after: 0, limit: 100 });
    const again = await completed(store, 'in_again');
    await store.replay({ documentId: again, actor: 'a', reason: 'r' });
    const documentIds = [...documents.map(({ id }) => id).slice(0, 3), again];
    const erased = await store.eraseExpired({ documentIds, actor: 'policy', reason: 'r' });
    assert.equal(erased.documents, 3);
    const rest = await retain(store, now(0), { apply: true, actor: 'policy' });
    assert.equal(rest.documents, 42);
    assert.equal((await store.audit()).ok, true);
  });

  it('never blocks intake: receives go on while it runs', async function () {
    this.timeout(60_000);
    const content = 'x'.repeat(4_000);
    const body = { mediaType: 'text/plain', content };
    for (let n = 0; n < 1_500; n += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, k) => receive(store, `in_${n + k}`, undefined, { skip: 's', body })),
      );
    let next = 0;
    const intake = async (goesOn: () => boolean) => {
      const times: number[] = [];
      while (goesOn()) {
        const started = performance.now();
        await receive(store, `new_${next++}`, undefined, { body });
        times.push(performance.now() - started);
      }
      times.sort((a, b) => a - b);
      return {
        p50: times[times.length >> 1]!,
        p99: times[Math.floor(times.length * 0.99)]!,
        n: times.length,
      };
    };
    const quiet = await intake(() => next < 200);
    let running = true;
    const started = performance.now();
    const work = retain(store, now(0), { apply: true, actor: 'policy' }).finally(() => {
      running = false;
    });
    const busy = await intake(() => running);
    const { documents } = await work;
    const seconds = (performance.now() - started) / 1000;
    const words = ({ p50, p99 }: typeof busy) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
    console.log(
      `      receive: ${words(quiet)}; while ${documents} documents are erased in ${seconds.toFixed(1)} s: ${words(busy)} (${busy.n})`,
    );
    assert.equal(documents, 1_500);
    assert.ok(busy.n > 50, `only ${busy.n} receives while it ran`);
    assert.ok(busy.p99 < 250, `p99 ${busy.p99} ms`);
  });
});

describe('Retention (file)', () => {
  it('what is erased is gone from the file of the store', async () => {
    const scratch = new Scratch();
    try {
      const store = await scratch.store();
      await store.syncPipelines([PIPELINE]);
      for (const object of ['in_1', 'in_2', 'in_3']) await completed(store, object);
      await retain(store, now(0), { apply: true, actor: 'policy' });
      await store.close();
      assert.equal(readFileSync(scratch.file).includes(NAME), false);
    } finally {
      await scratch.remove();
    }
  });

  it('refuses a policy that it does not understand, saying where', () => {
    const wrong: [string, RegExp][] = [
      ['{', /not JSON/],
      ['{"rules": []}', /wants a list/],
      ['{"rules": [{"days": 1.5}]}', /Rule 1 .*"days" is a whole number/],
      ['{"rules": [{"days": 1}, {"days": 1, "entitty": "a"}]}', /Rule 2 .*"entitty" is not known/],
      ['{"rules": [{"days": 1, "kind": ""}]}', /"kind" is a name/],
    ];
    for (const [text, says] of wrong) assert.throws(() => retentionPolicy(text), says);
  });
});
