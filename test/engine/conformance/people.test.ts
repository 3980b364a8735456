import { strict as assert } from 'node:assert';
import {
  consumerToken,
  type Effect,
  JobRunner,
  type Json,
  type LinkedStep,
  type Store,
  step,
  tokenHashOf,
} from '../../../engine';
import { FinanceError } from '../../../errors';
import { receive, row, take } from '../../support/store';
import { assertVerified, exceptionOf, type Held, held, ready } from './held';
import { onEveryStore } from './stores';

onEveryStore('What people add to an exception', (place) => {
  let store: Store;
  let one: Held;
  beforeEach(async () => {
    store = await ready(await place().open());
    one = await held(store, 'in_1');
  });

  const on = (actor: string, entities?: string[]) => ({ exceptionId: one.exceptionId, actor, entities });
  const exception = async () => (await store.trace({ documentId: one.documentId })).exceptions[0]!;

  it('an owner, until it is closed', async () => {
    await store.assign({ ...on('carla'), owner: 'ben' });
    assert.equal((await exception()).owner, 'ben');
    await store.assign({ ...on('ben'), owner: ' ' });
    assert.equal((await exception()).owner, null);
    await store.replay({ documentId: one.documentId, actor: 'ben', reason: 'again' });
    await assert.rejects(store.assign({ ...on('carla'), owner: 'ben' }), { code: 'STORE_STATE' });
    await assertVerified(store);
  });

  it('comments, also when it is closed, and none of their text in the audit chain', async () => {
    await store.comment({ ...on('carla'), text: 'asked the customer, Ms Secret' });
    await store.replay({ documentId: one.documentId, actor: 'ben', reason: 'again' });
    const { commentId } = await store.comment({ ...on('ben'), text: 'done' });
    assert.match(commentId, /^com_/);
    const { history } = await store.trace({ documentId: one.documentId });
    assert.equal(history.filter(({ type }) => type === 'commented').length, 2);
    assert.doesNotMatch(JSON.stringify(history), /Secret/);
    await assertVerified(store);
  });

  it('tags: one however it is written, added and removed', async () => {
    assert.deepEqual(await store.tag({ ...on('carla'), add: ['VAT ', 'vat', 'urgent'] }), {
      tags: ['urgent', 'vat'],
    });
    assert.deepEqual(await store.tag({ ...on('ben'), add: ['vat'], remove: ['Urgent', 'none'] }), {
      tags: ['vat'],
    });
    assert.deepEqual(await store.tag({ ...on('ben'), add: ['urgent', ''] }), { tags: ['urgent', 'vat'] });
    await assertVerified(store);
  });

  it('nothing of it for who does not see the entity', async () => {
    const other = on('otto', ['acme_us']);
    await assert.rejects(store.assign({ ...other, owner: 'otto' }), { code: 'STORE_NOT_FOUND' });
    await assert.rejects(store.comment({ ...other, text: 'x' }), { code: 'STORE_NOT_FOUND' });
    await assert.rejects(store.tag({ ...other, add: ['x'] }), { code: 'STORE_NOT_FOUND' });
    await assert.rejects(store.comment({ ...on('otto', []), text: 'x' }), { code: 'STORE_NOT_FOUND' });
  });
});

const SPEC = { target: 'http://odoo/books', externalKey: 'in_1', name: 'odoo post' };

/** Steps of a document, and what the target was asked for; it finds again what it did. */
class Books {
  readonly performed: string[] = [];
  readonly probed: string[] = [];
  private readonly done = new Map<string, Json>();

  async run(store: Store, context: Parameters<typeof step>[1], kind: string, request: Json = {}) {
    const effect: Effect<Json> = {
      refusesDoubles: false,
      perform: async () => {
        this.performed.push(kind);
        this.done.set(kind, { id: this.performed.length });
        return this.done.get(kind)!;
      },
      probe: async () => {
        this.probed.push(kind);
        return this.done.get(kind);
      },
    };
    return await step(store, context, { ...SPEC, kind, request }, effect);
  }

  /** Somebody took it out of the target by hand. */
  forget(kind: string): void {
    this.done.delete(kind);
  }
}

onEveryStore('Decisions about the run of a document', (place) => {
  let store: Store;
  let books: Books;
  const by = { actor: 'carla', reason: 'seen' };
  beforeEach(async () => {
    store = await ready(await place().open());
    books = new Books();
  });

  /** Loaded and posted, then held by what comes after. */
  async function posted(): Promise<string> {
    const { documentId } = await receive(store, 'in_1');
    const context = await take(store);
    await books.run(store, context, 'odoo.load');
    await books.run(store, context, 'odoo.post');
    await store.hold({ ...context, error: new FinanceError('ODOO_VALIDATION').toJSON() });
    return documentId;
  }

  it('a retry from a step asks the target for it before it has the effect again', async () => {
    const documentId = await posted();
    await store.replay({ documentId, ...by, from: 'odoo.post' });
    const context = await take(store);
    await books.run(store, context, 'odoo.load');
    const again = await books.run(store, context, 'odoo.post');
    assert.deepEqual(again, { status: 'done', result: { id: 2 }, replayed: false });
    assert.deepEqual(books.performed, ['odoo.load', 'odoo.post'], 'each effect once');
    assert.deepEqual(books.probed, ['odoo.post']);
    const { bodies } = await store.trace({ documentId });
    const aside = JSON.parse(bodies.find(({ role }) => role === 'set-aside')!.text!) as Json[];
    assert.equal(aside.length, 1, 'what it had given is kept');
    await assertVerified(store);
  });

  it('a target that has it no more and does not refuse doubles leaves it to a person', async () => {
    const documentId = await posted();
    books.forget('odoo.post');
    await store.replay({ documentId, ...by, from: 'odoo.post' });
    const context = await take(store);
    await books.run(store, context, 'odoo.load');
    await assert.rejects(books.run(store, context, 'odoo.post'), { code: 'RUN_IN_DOUBT' });
    assert.equal(books.performed.length, 2);
    assert.equal((await row(store, documentId)).state, 'held');
  });

  it('two people may say that what was looked for in vain did not happen: then it is done anew', async () => {
    const documentId = await posted();
    const notDone = { documentId, ...by, act: { action: 'retry', notDone: true } as const };
    await assert.rejects(store.decide(notDone), { code: 'STORE_STATE' }, 'nothing of it is in doubt');
    books.forget('odoo.post');
    await store.replay({ documentId, ...by, from: 'odoo.post' });
    const context = await take(store);
    await books.run(store, context, 'odoo.load');
    await assert.rejects(books.run(store, context, 'odoo.post'), { code: 'RUN_IN_DOUBT' });
    const again = await store.decide(notDone);
    assert.ok(again.status === 'proposed', 'whatever the amount');
    await store.approve({ proposalId: again.proposalId, actor: 'ben', reason: 'looked' });
    const fresh = await take(store);
    await books.run(store, fresh, 'odoo.load');
    await books.run(store, fresh, 'odoo.post');
    assert.deepEqual(books.performed, ['odoo.load', 'odoo.post', 'odoo.post']);
    await assertVerified(store);
  });

  it('no retry from a step of data corrected since, with another mapping, or from a step that never was', async () => {
    const documentId = await posted();
    const from = { documentId, ...by, from: 'odoo.load' };
    await assert.rejects(store.replay({ ...from, from: 'einvoice.send' }), { code: 'STORE_NOT_FOUND' });
    await assert.rejects(store.replay({ ...from, mapping: 'latest' }), { code: 'STORE_STATE' });
    await store.correct({ documentId, ...by, mediaType: 'application/json', content: '{"id":"x"}' });
    await assert.rejects(store.replay(from), { code: 'STORE_STATE' });
    await store.replay({ documentId, ...by });
    await assertVerified(store);
  });

  it('no other data while a step is in doubt: it would be taken for sent', async () => {
    const documentId = await posted();
    await store.replay({ documentId, ...by, from: 'odoo.post' });
    await store.hold({ ...(await take(store)), error: new FinanceError('MAP_NOT_FOUND').toJSON() });
    const content = { mediaType: 'application/json', content: '{"id":"x"}' };
    await assert.rejects(store.correct({ documentId, ...by, ...content }), /odoo\.post is in doubt/);
    await store.replay({ documentId, ...by });
    const context = await take(store);
    await books.run(store, context, 'odoo.post');
    await store.hold({ ...context, error: new FinanceError('ODOO_VALIDATION').toJSON() });
    await store.correct({ documentId, ...by, ...content });
  });

  it('a link completes the step that failed with what was done by hand, and the run goes on from it', async () => {
    const { documentId } = await receive(store, 'in_1');
    const context = await take(store);
    const refuses: Effect<Json> = {
      refusesDoubles: false,
      perform: () => Promise.reject(new FinanceError('ODOO_VALIDATION')),
    };
    const load = { ...SPEC, kind: 'odoo.load', request: { hash: 'a' } };
    await assert.rejects(step(store, context, load, refuses), { code: 'ODOO_VALIDATION' });
    await store.hold({ ...context, error: new FinanceError('ODOO_VALIDATION').toJSON() });
    const post = { ...SPEC, kind: 'odoo.post', request: { id: 77 } };
    const steps: LinkedStep[] = [
      { ...load, result: { id: 77 } },
      { ...post, result: { id: 77, name: 'RINV/7' } },
    ];
    await store.link({ documentId, ...by, steps });
    const fresh = await take(store);
    const never: Effect<Json> = { ...refuses, perform: () => Promise.reject(new Error('nothing is sent')) };
    const first = await step(store, fresh, load, never);
    const second = await step(store, fresh, post, never);
    assert.deepEqual(
      [first, second].map((outcome) => outcome.status === 'done' && outcome.result),
      [{ id: 77 }, { id: 77, name: 'RINV/7' }],
    );
    const { exceptions } = await store.trace({ documentId });
    assert.equal(exceptions[0]?.resolution, 'linked');
    await store.hold({ ...fresh, error: new FinanceError('ODOO_VALIDATION').toJSON() });
    await assert.rejects(store.link({ documentId, ...by, steps }), { code: 'STORE_STATE' });
    await assertVerified(store);
  });

  it('after a link a request for anything else is held, and nothing is sent', async () => {
    const { documentId } = await held(store, 'in_1');
    const load = { ...SPEC, kind: 'odoo.load', request: { hash: 'a' } };
    await store.link({ documentId, ...by, steps: [{ ...load, result: { id: 77 } }] });
    await assert.rejects(books.run(store, await take(store), 'odoo.load', { hash: 'other' }), {
      code: 'RUN_STEP_CHANGED',
    });
    assert.deepEqual(books.performed, []);
    assert.equal((await row(store, documentId)).state, 'held');
  });

  it('what waits for an approval is not released by who corrected it', async () => {
    const details = { contentHash: 'abc' };
    const { documentId } = await held(store, 'in_1', new FinanceError('DOCUMENT_APPROVAL', { details }));
    await store.correct({ documentId, ...by, mediaType: 'application/json', content: '{"id":"x"}' });
    await assert.rejects(store.replay({ documentId, actor: ' CARLA', reason: 'fine' }), {
      code: 'DECISION_SECOND_PERSON',
    });
    await store.replay({ documentId, actor: 'ben', reason: 'fine' });
    assert.deepEqual((await take(store)).approval, { by: 'ben', contentHash: 'abc' });
  });
});

onEveryStore('Exceptions that a later event repairs', (place) => {
  let store: Store;
  const key = 'acme_de/invoice/stripe/in_1';
  beforeEach(async () => {
    store = await ready(await place().open());
  });

  const event = (id: string, occurredAt: string, lane = id) =>
    receive(store, lane, id, {
      source: { system: 'stripe', account: null, objectKind: 'invoice', objectId: 'in_1', occurredAt },
    });

  /** Books the next document under the key. */
  async function book(contentHash: string): Promise<string> {
    const context = await take(store);
    const claim = await store.claim({ ...context, businessKey: key, contentHash });
    if (claim.status === 'new') await store.settle({ ...context, hop: claim.hop, outcome: 'completed' });
    return context.documentId;
  }

  it('the older state of an object that came late is superseded by the newer one that is booked', async () => {
    await event('evt_new', '2026-11-02T10:00:00Z');
    const booked = await book('new');
    await event('evt_old', '2026-11-02T09:00:00Z');
    const late = await book('old');
    assert.equal((await row(store, late)).state, 'held');
    assert.deepEqual((await store.superseded()).documentIds, [late]);
    assert.equal(await store.supersede({ documentId: late }), true);
    assert.equal(await store.supersede({ documentId: late }), false);
    const { document, exceptions, history } = await store.trace({ documentId: late });
    assert.equal(document.outcome, 'skipped');
    assert.equal(exceptions[0]?.resolution, 'superseded');
    assert.match(JSON.stringify(history.at(-1)), new RegExp(booked));
    await assertVerified(store);
  });

  it('the newer state is not: it is what should be in the books', async () => {
    await event('evt_old', '2026-11-02T09:00:00Z');
    await book('old');
    await event('evt_new', '2026-11-02T10:00:00Z');
    const newer = await book('new');
    assert.deepEqual((await store.superseded()).documentIds, []);
    assert.equal(await store.supersede({ documentId: newer }), false);
    assert.equal((await row(store, newer)).state, 'held');
  });

  it('however many stay held, all are looked at, page by page', async () => {
    await event('evt_booked', '2026-11-02T10:00:00Z');
    await book('booked');
    for (let hour = 11; hour < 14; hour++) {
      await event(`evt_${hour}`, `2026-11-02T${hour}:00:00Z`);
      await book(`newer ${hour}`);
    }
    await event('evt_old', '2026-11-02T09:00:00Z');
    const late = await book('old');
    const found: string[] = [];
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: { documentIds: string[]; next?: number } = await store.superseded({ after, limit: 2 });
      found.push(...page.documentIds);
      after = page.next;
    }
    assert.deepEqual(found, [late]);
  });

  it('nor is what had an effect, or tells no time', async () => {
    await event('evt_new', '2026-11-02T10:00:00Z');
    await book('new');
    await event('evt_same', '2026-11-02T10:00:00Z');
    await book('other');
    await event('evt_old', '2026-11-02T09:00:00Z');
    const context = await take(store);
    await new Books().run(store, context, 'odoo.load');
    const conflict = await store.claim({ ...context, businessKey: key, contentHash: 'old' });
    assert.equal(conflict.status, 'conflict');
    await receive(store, 'in_plain');
    await book('plain');
    assert.equal((await store.exceptions()).length, 3);
    assert.deepEqual((await store.superseded()).documentIds, []);
  });

  it('the same content booked by another event makes it a duplicate', async () => {
    const waiting = await held(store, 'evt_1', 'ODOO_VALIDATION', {
      businessKey: key,
      contentHash: 'same',
    });
    await event('evt_2', '2026-11-02T10:00:00Z');
    const booked = await book('same');
    assert.deepEqual((await store.superseded()).documentIds, [waiting.documentId]);
    const writeFix = () => Promise.reject(new Error('no mapping is put right'));
    const options = { worker: 'w1', latestOf: () => [], writeFix, report: assert.fail };
    await new JobRunner(store, options).look();
    const { outcome, duplicate_of } = await row(store, waiting.documentId);
    assert.deepEqual([outcome, duplicate_of], ['duplicate', booked]);
    await assert.rejects(exceptionOf(store, waiting.documentId));
    await assertVerified(store);
  });
});

onEveryStore('Consumers of the API', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await place().open();
  });

  const scope = { entities: ['acme_de'], functions: ['documents.read'], actor: 'ann' };
  const soon = () => Date.now() + 3_600_000;

  it('are found by the hash of their token, and not once they are revoked', async () => {
    const { token, tokenHash } = consumerToken();
    assert.equal(tokenHashOf(token), tokenHash);
    const given = { name: 'kpmg', tokenHash, ...scope, periodFrom: '2026-01', expiresAt: soon() };
    const { id } = await store.createConsumer(given);
    const found = await store.findConsumer({ tokenHash });
    assert.deepEqual(
      [found?.id, found?.entities, found?.periodFrom, found?.periodTo],
      [id, ['acme_de'], '2026-01', null],
    );
    assert.equal(await store.findConsumer({ tokenHash: consumerToken().tokenHash }), undefined);
    await store.revokeConsumer({ id, actor: 'ann' });
    await store.revokeConsumer({ id, actor: 'ben' });
    assert.equal(await store.findConsumer({ tokenHash }), undefined);
    const [listed] = await store.consumers();
    assert.equal(listed?.revokedBy, 'ann');
    assert.doesNotMatch(JSON.stringify(listed), new RegExp(`${tokenHash}|lwc_`));
    await assertVerified(store);
  });

  it('expire by the clock of the store', async () => {
    const { tokenHash } = consumerToken();
    const brief = { name: 'brief', tokenHash, ...scope, expiresAt: Date.now() + 150 };
    await store.createConsumer(brief);
    assert.ok(await store.findConsumer({ tokenHash }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(await store.findConsumer({ tokenHash }), undefined);
    const past = { ...brief, tokenHash: consumerToken().tokenHash, expiresAt: Date.now() - 1_000 };
    await assert.rejects(store.createConsumer(past), { code: 'STORE_STATE' });
  });

  it('have a name each', async () => {
    const consumer = { name: 'kpmg', tokenHash: consumerToken().tokenHash, ...scope, expiresAt: soon() };
    const { id } = await store.createConsumer(consumer);
    const second = { ...consumer, tokenHash: consumerToken().tokenHash };
    await assert.rejects(store.createConsumer(second), { code: 'STORE_STATE' });
    await store.revokeConsumer({ id, actor: 'ann' });
    await store.createConsumer(second);
    await assert.rejects(store.revokeConsumer({ id: 'con_none', actor: 'ann' }), { code: 'STORE_NOT_FOUND' });
  });
});
