import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ConnectionNode, EntityNode, StoreNode } from '../../nodes/kit/config-nodes';
import { Bench, ENTITY, node } from './bench';

describe('Configuration nodes', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  it('legal entity: the fields of the editor are an entity, empty ones are absent', async () => {
    await bench.load([ENTITY]);
    const entity = bench.node<EntityNode>('entity').entity();
    assert.deepEqual(entity.seller, {
      name: 'Ledgerway Demo GmbH',
      vatId: 'DE811111111',
      registrationId: 'HRB 1234',
      address: { line1: 'Torstraße 1', city: 'Berlin', postalCode: '10119', country: 'DE' },
      endpoint: { scheme: '9930', id: 'DE811111111' },
    });
    assert.deepEqual(entity.kinds.invoice, {
      owner: 'stripe',
      timing: 'real-time',
      approval: false,
      exceptionOwner: 'ar',
      serviceHours: 8,
    });
    assert.equal(entity.cutOver, undefined);
  });

  it('legal entity: late policy, rates and dimensions', async () => {
    const kinds = [{ kind: 'invoice', owner: 's', timing: 'real-time', latePosting: 'approval' }];
    const ratesTable = [{ currency: 'USD', date: '2026-11-01', rate: '1.1' }];
    const dimensions = [{ plan: 'Cost centre', fallback: 'ADM' }];
    await bench.load([
      { ...ENTITY, kinds, ratesFrom: 'table', ratesTolerance: '0.5', ratesTable, dimensions },
      { ...ENTITY, id: 'wrong', ratesFrom: 'table', ratesTable: [{ currency: 'USD' }] },
    ]);
    const entity = bench.node<EntityNode>('entity').entity();
    assert.equal(entity.kinds.invoice?.latePosting, 'approval');
    assert.deepEqual(entity.rates, { from: 'table', tolerance: '0.5', table: ratesTable });
    assert.deepEqual(entity.dimensions, dimensions);
    assert.throws(() => bench.node<EntityNode>('wrong').entity(), { code: 'CONFIG_INVALID' });
  });

  it('legal entity: what is not right is said, and nothing falls over', async () => {
    const wrong = (id: string, more: object) => ({ ...ENTITY, id, ...more });
    await bench.load([
      wrong('a', { odooCompany: 'one' }),
      wrong('b', { kinds: '{' }),
      wrong('c', {
        kinds: '[{"kind":"invoice","owner":"s","timing":"batch","batchAt":"25:00","approval":false}]',
      }),
      wrong('d', { kinds: '[{"kind":"invoice","owner":"s","timing":"batch","approval":false}]' }),
    ]);
    for (const id of ['a', 'b', 'c', 'd'])
      assert.throws(() => bench.node<EntityNode>(id).entity(), { code: 'CONFIG_INVALID' });
  });

  it('document store: names one of the settings, and survives a redeploy', async () => {
    const flow = [node('s', 'document-store', {}), node('t', 'document-store', { store: 'other' })];
    await bench.load(flow);
    assert.equal(bench.node<StoreNode>('s').store(), bench.store);
    assert.throws(() => bench.node<StoreNode>('t').store(), { code: 'CONFIG_INVALID' });
    await bench.redeploy(flow.map((each) => ({ ...each })));
    assert.deepEqual(await bench.node<StoreNode>('s').store().documents({}), []);
  });

  it('odoo connection: one client for all who name it, made when it is needed', async () => {
    await bench.load([
      node('o', 'odoo-connection', {
        url: 'http://127.0.0.1:9/',
        database: 'ledger',
        login: 'x',
        prefix: '',
      }),
      node('p', 'odoo-connection', { url: 'odoo', database: 'ledger', login: 'x' }),
      node('q', 'odoo-connection', {
        url: 'http://127.0.0.1:9',
        database: 'd',
        login: 'x',
        caFile: '/none.pem',
      }),
      node('r', 'odoo-connection', { url: 'http://127.0.0.1:9', database: 'd', login: 'x', batchSize: 0 }),
    ]);
    const connection = bench.node<ConnectionNode>('o');
    assert.equal(connection.client(), connection.client());
    assert.equal(connection.writer(), connection.writer(), 'documents of all nodes share their batches');
    assert.throws(() => bench.node<ConnectionNode>('r').writer(), { code: 'CONFIG_INVALID' });
    assert.deepEqual([connection.target, connection.prefix], ['http://127.0.0.1:9/ledger', 'ledgerway']);
    for (const id of ['p', 'q'])
      assert.throws(() => bench.node<ConnectionNode>(id).client(), { code: 'CONFIG_INVALID' });
  });
});
