import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { connectOdoo } from '../../connectors/odoo';
import type { Json, Store } from '../../engine';
import { FinanceError } from '../../errors';
import type { PartyDocument } from '../../finance';
import { isOlder, revisionOf } from '../../nodes/kit/revision';
import { inStoreTurn } from '../../nodes/kit/turns';
import { type UpsertResult, upsertEffect } from '../../nodes/odoo-upsert/upsert-step';
import { DEMO_LOGIN, demoSeed, type RunningOdoo, startOdoo } from '../../sandbox/odoo';
import { onEveryStore } from '../engine/conformance/stores';
import { ENDINGS, node, PIPELINE_IN } from './bench';
import { MasterBench, partyOf, productOf } from './master-bench';

type Done = UpsertResult & { bankAccounts: string[] };

describe('odoo upsert', () => {
  let desk: MasterBench;
  beforeEach(async () => {
    desk = await MasterBench.open();
  });
  afterEach(() => desk.close());

  const OWNED = { ownedFields: '["email","address"]' };
  const load = (config: object = OWNED, pipeline = {}): Promise<void> =>
    desk.load([
      { ...PIPELINE_IN, kinds: '["party","product"]', ...pipeline, wires: [['upsert']] },
      node('upsert', 'odoo-upsert', {
        entity: 'entity',
        connection: 'odoo',
        model: 'customer',
        ...config,
        wires: [['out'], ['exceptions']],
      }),
      ...ENDINGS,
    ]);
  const result = async (count = 1): Promise<Done> => (await desk.bench.message('done', count)).odoo as Done;
  const revision = (n: number, party: Partial<PartyDocument['party']> = {}, more = {}): PartyDocument =>
    partyOf(party, { source: { system: 'crm', id: 'c_1', revision: String(n) }, ...more });
  const partner = () => desk.records('res.partner', { name: 'Nordlicht GmbH' })[0] ?? {};

  it('creates a customer once, then writes only what the source owns, and says what it left', async () => {
    await load();
    const documentId = await desk.receiveOne(revision(1));
    const made = await result();
    assert.deepEqual([made.created, made.model, made.outdated], [true, 'res.partner', false]);
    assert.deepEqual(await desk.bench.kindsOfSteps(documentId), ['odoo.upsert done']);
    assert.equal(partner().customer_rank, 1);
    await desk.write('res.partner', made.id, { name: 'Nordlicht SE' });
    await desk.receiveOne(revision(2, { email: 'neu@nordlicht.example', vatId: 'ATU33864707' }));
    const changed = await result(2);
    assert.deepEqual([changed.id, changed.written, changed.foreign], [made.id, ['email'], []]);
    assert.deepEqual(changed.kept.toSorted(), ['is_company', 'name', 'vat']);
    await desk.bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.deepEqual(await result(3), made);
    const [row] = desk.records('res.partner', { name: 'Nordlicht SE' });
    assert.equal(row?.email, 'neu@nordlicht.example', 'a replay writes nothing');
    assert.deepEqual(await desk.bench.store.feeds(), [], 'an object is no source');
  });

  it('an older state that comes later changes nothing, however it is delivered', async () => {
    await load(OWNED, { lanePolicy: 'pass' });
    await desk.receiveOne(revision(3, { email: 'three@x.example' }));
    const { id } = await result();
    await desk.receiveOne(revision(2, { email: 'two@x.example' }));
    const late = await result(2);
    assert.deepEqual([late.id, late.outdated, late.written], [id, true, []]);
    assert.equal(partner().email, 'three@x.example');
    await desk.receiveOne(revision(10, { email: 'ten@x.example' }));
    assert.deepEqual((await result(3)).written, ['email']);
  });

  it('many states of one object at once leave the newest', async () => {
    await load(OWNED, { lanePolicy: 'pass' });
    await desk.receiveOne(revision(1));
    await result();
    const later = [7, 3, 9, 2, 8, 4, 6, 5];
    const states = later.map((n) => revision(n, { email: `r${n}@x.example` }));
    await Promise.all(
      states.map((state, lane) => desk.bench.receive(state, { kind: 'party', lane: `lane ${lane}` })),
    );
    await desk.bench.message('done', 1 + later.length);
    assert.equal(partner().email, 'r9@x.example');
  });

  it('a change by others of a field that the source owns is noticed, reported and taken back', async () => {
    await load();
    await desk.receiveOne(revision(1));
    const { id } = await result();
    await desk.write('res.partner', id, { email: 'fraud@x.example', phone: '1' });
    await desk.receiveOne(revision(2));
    assert.deepEqual((await result(2)).foreign, ['email']);
    assert.equal(partner().email, 'info@nordlicht.example');
    const warnings = desk.bench.lines.filter(({ level }) => level === 'warn');
    assert.match(JSON.stringify(warnings), /changed in Odoo/);
    assert.doesNotMatch(JSON.stringify(warnings), /fraud/);
    await desk.bench.until(() => desk.bench.status('upsert').text === '1 changed in Odoo');
  });

  it('an answer that is lost is no second partner and no foreign change', async () => {
    await load();
    await desk.fault('drop-after-commit', { model: 'res.partner', method: 'load' });
    await desk.receiveOne(revision(1));
    await result();
    assert.equal(desk.records('res.partner', { name: 'Nordlicht GmbH' }).length, 1);
    await desk.fault('drop-after-commit', { model: 'res.partner', method: 'write' });
    await desk.receiveOne(revision(2, { email: 'two@x.example' }));
    assert.deepEqual((await result(2)).foreign, []);
    assert.equal(partner().email, 'two@x.example');
  }).timeout(20_000);

  it('bank details need a second person, who approves just these', async () => {
    await load();
    const accounts = [{ account: 'DE89370400440532013000' }];
    const withBank = revision(1, {}, { bankAccounts: accounts, changedBy: 'carl' });
    const documentId = await desk.receiveOne(withBank);
    await desk.bench.message('held');
    const [exception] = await desk.bench.store.exceptions({});
    assert.equal(exception?.code, 'DOCUMENT_APPROVAL');
    assert.match(exception!.cause, /…3000/);
    assert.doesNotMatch(exception!.cause, /5320/);
    assert.equal(desk.records('res.partner.bank').length, 0);
    assert.ok(partner().id, 'what is no bank detail was written');
    // another content under the approval of the first: held again
    const decide = (actor: string) => desk.bench.store.replay({ documentId, actor, reason: 'called them' });
    const other = { ...withBank, bankAccounts: [{ account: 'DE02120300000000202051' }] };
    const mediaType = 'application/json';
    await desk.bench.store.correct({
      documentId,
      actor: 'ann',
      reason: 'typo',
      mediaType,
      content: JSON.stringify(other),
    });
    await decide('bob');
    await desk.bench.message('held', 2);
    // neither who corrected it nor who entered it at the source may approve it
    await assert.rejects(decide('ann'), { code: 'DECISION_SECOND_PERSON' });
    await decide('carl');
    await desk.bench.message('held', 3);
    assert.match((await desk.bench.store.exceptions({}))[0]!.cause, /carl entered them/);
    await decide('bob');
    assert.deepEqual((await result()).bankAccounts, ['…2051']);
    assert.deepEqual(
      desk.records('res.partner.bank').map(({ acc_number }) => acc_number),
      ['DE02120300000000202051'],
    );
    // known now: no approval, nothing added
    await desk.receiveOne({ ...other, source: { ...other.source, revision: '2' } });
    assert.deepEqual((await result(2)).bankAccounts, []);
  });

  it('products are found by their reference and written by their owner', async () => {
    await load({ model: 'product', ownedFields: '["name"]' });
    await desk.receiveOne(productOf());
    const made = await result();
    assert.deepEqual([made.model, made.created], ['product.product', true]);
    const source = { system: 'shop', id: 'prod_1', revision: '2' };
    await desk.receiveOne(productOf({ source, name: 'Plan L', code: 'PLAN-L' }));
    const changed = await result(2);
    assert.deepEqual([changed.id, changed.written, changed.kept], [made.id, ['name'], ['default_code']]);
  });

  it('another kind of document is refused; in an ordinary flow each message counts', async () => {
    await load();
    await desk.receiveOne(productOf());
    await desk.bench.message('held');
    assert.deepEqual(await desk.bench.codes(), ['RUN_NO_DOCUMENT']);
    const source = { system: 'crm', id: 'c_2' };
    for (const email of ['a@x.example', 'b@x.example', 'a@x.example']) {
      desk.bench.send('upsert', { payload: partyOf({ name: 'Alster GmbH', email }, { source }) });
      await desk.bench.until(() => desk.records('res.partner', { name: 'Alster GmbH', email }).length === 1);
    }
    assert.equal(desk.records('res.partner', { name: 'Alster GmbH' }).length, 1);
  });
});

describe('the revision of an object', () => {
  const of = (revision?: string, occurredAt?: string, receivedAt = 0) =>
    revisionOf({ system: 's', id: 'i', revision, occurredAt }, receivedAt);

  it('is what the source counts, else the time of the event, else of its coming', () => {
    assert.ok(isOlder(of('9'), of('10')));
    assert.ok(isOlder(of('2026-11-21T10:00:00+01:00'), of('2026-11-21T09:30:00Z')));
    assert.ok(isOlder(of('a', '2026-11-21T10:00:00Z'), of('b', '2026-11-21T10:00:01Z')));
    assert.ok(isOlder(of(undefined, undefined, 1), of(undefined, undefined, 2)));
    assert.ok(!isOlder(of('3'), of('3')));
  });

  it('puts any two in one order', () => {
    const revision = fc.tuple(fc.nat().map(String), fc.nat());
    fc.assert(
      fc.property(revision, revision, ([one, at], [other, then]) => {
        const [a, b] = [of(one, undefined, at), of(other, undefined, then)];
        assert.ok(!(isOlder(a, b) && isOlder(b, a)));
        assert.equal(isOlder(a, b) || isOlder(b, a), one !== other);
      }),
    );
  });
});

onEveryStore('the turn of an object', (place) => {
  it('is one runtime’s at a time', async () => {
    const stores = await place().runtimes(3);
    let inside = 0;
    const work = async (): Promise<void> => {
      assert.equal(++inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    const all = Array.from({ length: 9 }, (_, n) =>
      inStoreTurn(stores[n % 3]!, 'object/1', `doc ${n}`, work),
    );
    await Promise.all(all);
  });

  it('is kept by work whose end is not known, until that document comes again', async () => {
    const [one, other] = (await place().runtimes(2)) as [Store, Store];
    const fail = (code: 'RUN_IN_DOUBT' | 'ODOO_ACCESS') => () => Promise.reject(new FinanceError(code));
    const work = async (): Promise<string> => 'done';
    await assert.rejects(inStoreTurn(one, 'object/1', 'a', fail('RUN_IN_DOUBT')), { code: 'RUN_IN_DOUBT' });
    await assert.rejects(inStoreTurn(other, 'object/1', 'b', work), { code: 'RUN_TURN' });
    assert.equal(await inStoreTurn(other, 'object/1', 'a', work), 'done');
    await assert.rejects(inStoreTurn(one, 'object/1', 'c', fail('ODOO_ACCESS')), { code: 'ODOO_ACCESS' });
    assert.equal(await inStoreTurn(one, 'object/1', 'b', work), 'done');
  }).timeout(15_000);
});

onEveryStore('states of one customer, written by several runtimes', (place) => {
  let odoo: RunningOdoo;
  beforeEach(async () => {
    odoo = await startOdoo({ version: '17.0', seed: demoSeed() });
  });
  afterEach(() => odoo.close());

  it('leave the newest, whatever their order', async () => {
    const stores = await place().runtimes(3);
    const { database, login, apiKey } = DEMO_LOGIN;
    // other addresses of the same Odoo: what one knows, the others do not
    const clients = stores.map((_store, n) =>
      connectOdoo({
        url: n === 0 ? odoo.url : odoo.url.replace('127.0.0.1', 'localhost'),
        database,
        login,
        secret: () => apiKey,
      }),
    );
    const write = (state: number) => {
      const document = partyOf({ email: `r${state}@x.example` });
      const revision = { revision: String(state), at: 0 };
      const request = { document, role: 'customer', owned: ['email'], company: 1, prefix: 'ledgerway' };
      const at = state % stores.length;
      const effect = upsertEffect(stores[at]!, clients[at]!, 'odoo', `doc ${state}`);
      return effect.perform({ ...request, revision, contentHash: String(state) } as unknown as Json);
    };
    const ends = (await Promise.all([4, 9, 1, 7, 3, 8, 2, 6, 5].map(write))) as UpsertResult[];
    const rows = odoo.db.all('res.partner').filter(({ name }) => name === 'Nordlicht GmbH');
    assert.deepEqual(
      rows.map(({ email }) => email),
      ['r9@x.example'],
    );
    assert.equal(ends.filter(({ created }) => created).length, 1);
    for (const client of clients) client.close();
  }).timeout(15_000);
});
