import { strict as assert } from 'node:assert';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { applyFix, type MappingFolder, openMappingFolder } from '../../connectors/files';
import { type ApiUser, permissionsOf, type Role } from '../../console/api/permissions';
import type { ConsoleServices, RecordDifference } from '../../console/api/services';
import { approveProposal, decideDocument, fixableEntry, type Request } from '../../console/decide';
import { approvalLimits, JobRunner, type Json, type Store } from '../../engine';
import { FinanceError } from '../../errors';
import { type MappingDocument, mappingHash } from '../../finance';
import { invoiceFinalized, type StripeInvoice } from '../finance/stripe-events';
import { PIPELINE, receive, row, Scratch, take } from '../support/store';

const FLOW = join(__dirname, '..', '..', '..', 'flows', 'billing-invoice', 'mappings');
const DAY = '2026-11-21';

const person = (name: string, role: Role, entities?: string[]): ApiUser => ({
  name,
  roles: [role],
  permissions: permissionsOf([role]),
  entities,
});
const CARLA = person('carla', 'clerk');
const BEN = person('ben', 'approver');
const OTTO = person('otto', 'clerk', ['acme_us']);

/** An invoice of so many cents net, and 19 % of it. */
const invoice = (net: number, taxRate = 'txr_de_19') => {
  const line: StripeInvoice['lines'][number] = { id: 'il_1', amount: net, taxRate, tax: (net * 19) / 100 };
  return invoiceFinalized({ lines: [line] });
};

/** A target with one record, which somebody posted by hand. */
class Ledger {
  differences: RecordDifference[] = [];
  readonly kept: string[] = [];

  async compare(_document: unknown, canonical: Json, record: { model: string; id: number }) {
    assert.ok(canonical);
    const request = { record: record.id };
    const step = { kind: 'odoo.load', target: 'http://odoo', externalKey: 'k', name: 'odoo post', request };
    return { name: 'RINV/7', differences: this.differences, steps: [{ ...step, result: { id: record.id } }] };
  }

  async keep({ id }: { id: string }): Promise<void> {
    this.kept.push(id);
  }
}

describe('Decisions of the console', () => {
  let scratch: Scratch;
  let store: Store;
  let folder: MappingFolder;
  let ledger: Ledger;
  let services: ConsoleServices;
  let used: { name: string; version: number; hash: string }[];
  beforeEach(async () => {
    scratch = new Scratch();
    store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    const path = join(scratch.folder, 'mappings');
    cpSync(FLOW, path, { recursive: true });
    folder = openMappingFolder(path);
    ledger = new Ledger();
    const mappings = { list: () => folder.list(), today: () => DAY, timeZone: () => 'Europe/Berlin' };
    services = { store, mappings, links: ledger, limits: approvalLimits('{"EUR": "1000"}') };
    const version = (mapping: MappingDocument) => ({
      name: mapping.mapping,
      version: mapping.version,
      hash: mappingHash(mapping),
    });
    used = ['stripe-invoice', 'acme_de'].map((name) => version(folder.latest(name, DAY)));
  });
  afterEach(() => scratch.remove());

  /** An invoice of 119 EUR that is held after it was mapped. */
  async function mapped(object = 'in_1'): Promise<string> {
    const content = JSON.stringify(invoice(10_000));
    const { documentId } = await receive(store, object, undefined, {
      body: { mediaType: 'application/json', content },
    });
    const notes = { amount: '119.00', currency: 'EUR', contentHash: 'h', mapping: used, canonical: { a: 1 } };
    await store.hold({ ...(await take(store)), notes, error: new FinanceError('ODOO_VALIDATION').toJSON() });
    return documentId;
  }

  async function unmapped(object: string, key = 'txr_x'): Promise<string> {
    const { documentId } = await receive(store, object);
    const details = { table: 'taxCodes', value: key, entity: 'acme_de' };
    const error = new FinanceError('MAP_UNMAPPED', { details }).toJSON();
    await store.hold({ ...(await take(store)), error, notes: { amount: '119.00', currency: 'EUR' } });
    return documentId;
  }

  const decide = (documentId: string, request: Request, user = CARLA) =>
    decideDocument(services, user, documentId, request);
  const because = { reason: 'seen' };

  it('a correction is checked as the mapping would take it, before it is kept', async () => {
    const documentId = await mapped();
    const broken: unknown[] = [{ id: 'evt_1' }, [], null, 'text', { ...invoice(10_000), data: 7 }];
    for (const body of broken)
      await assert.rejects(decide(documentId, { action: 'correct', ...because, body }), {
        code: 'MAP_INPUT_INVALID',
      });
    assert.equal(
      (await store.trace({ documentId })).bodies.filter(({ role }) => role === 'corrected').length,
      0,
    );
    const done = await decide(documentId, { action: 'correct', ...because, body: invoice(20_000) });
    assert.deepEqual(done, { status: 'done' });
    const { bodies } = await store.trace({ documentId });
    assert.deepEqual(
      ['source', 'corrected'].map((role) => bodies.find((body) => body.role === role)?.text),
      [JSON.stringify(invoice(10_000)), JSON.stringify(invoice(20_000))],
    );
  });

  it('a correction that makes a large document of a small one waits for a second person', async () => {
    const documentId = await mapped();
    const large = await decide(documentId, { action: 'correct', ...because, body: invoice(100_000) });
    assert.ok(large.status === 'proposed');
    const { amount } = await store.proposal({ proposalId: large.proposalId });
    assert.equal(amount, '1190.00');
    const unknown = invoice(20_000, 'txr_nobody_knows');
    await store.refuse({ proposalId: large.proposalId, actor: 'ben', reason: 'no' });
    const hidden = await decide(documentId, { action: 'correct', ...because, body: unknown });
    assert.equal(hidden.status, 'proposed', 'an amount that nobody can tell');
  });

  it('a record made by hand is linked where it is the document, and under its key', async () => {
    const documentId = await mapped();
    ledger.differences = [{ field: 'total', expected: '119.00', found: '120.00' }];
    const request: Request = { action: 'link', ...because, model: 'account.move', id: 7 };
    await assert.rejects(decide(documentId, request), (error: FinanceError) => {
      assert.equal(error.code, 'LINK_DIFFERS');
      assert.deepEqual(error.details?.differences, ledger.differences);
      return true;
    });
    assert.deepEqual(ledger.kept, []);
    ledger.differences = [];
    assert.deepEqual(await decide(documentId, request), { status: 'done' });
    assert.deepEqual(ledger.kept, [documentId]);
    assert.equal((await row(store, documentId)).state, 'ready');
    await assert.rejects(decide(documentId, request), { code: 'STORE_STATE' });
    assert.equal(ledger.kept.length, 1);
  });

  it('a large one is compared once more when it is approved', async () => {
    services = { ...services, limits: approvalLimits('{"EUR": "100"}') };
    const documentId = await mapped();
    const request: Request = { action: 'link', ...because, model: 'account.move', id: 7 };
    const asked = await decide(documentId, request);
    assert.ok(asked.status === 'proposed');
    const approve = (user: ApiUser) => approveProposal(services, user, asked.proposalId, 'fine');
    await assert.rejects(approve(person('carla', 'admin')), { code: 'DECISION_SECOND_PERSON' });
    assert.deepEqual(ledger.kept, [], 'who may not approve changes nothing in the target');
    ledger.differences = [{ field: 'state', expected: 'posted', found: 'cancel' }];
    await assert.rejects(approve(BEN), { code: 'LINK_DIFFERS' });
    ledger.differences = [];
    await approve(BEN);
    assert.deepEqual(ledger.kept, [documentId]);
    assert.equal((await row(store, documentId)).state, 'ready');
  });

  it('a missing entry: proposed by one, approved by another, written, and all that was held for it goes on', async () => {
    const documentIds = [await unmapped('in_1'), await unmapped('in_2')];
    const other = await unmapped('in_3', 'txr_y');
    const [documentId] = documentIds as [string];
    const missing = await fixableEntry(services, CARLA, documentId);
    assert.deepEqual([missing?.mapping, missing?.table, missing?.key], ['acme_de', 'taxCodes', 'txr_x']);
    const value = missing!.suggestions[0] as Json;
    const { mapping, table, key } = missing!;
    const fix: Request = { action: 'mapping-fix', ...because, mapping, table, key, value };
    await assert.rejects(decide(documentId, { ...fix, value: 'no tax' }), { code: 'CONFIG_INVALID' });
    await assert.rejects(decide(documentId, { ...fix, key: 'txr_y' }), { code: 'STORE_STATE' });
    const asked = await decide(documentId, fix);
    assert.ok(asked.status === 'proposed');
    await approveProposal(services, BEN, asked.proposalId, 'right');
    const runner = new JobRunner(store, {
      worker: 'w',
      settleMs: 0,
      latestOf: () => [],
      writeFix: async (input) => void applyFix(folder, input.fix, input, DAY),
      report: (error) => assert.fail(String(error)),
    });
    await runner.look();
    const written = folder.latest('acme_de', DAY);
    assert.deepEqual([written.version, written.author, written.approvedBy], [2, 'carla', 'ben']);
    assert.deepEqual(written.tables!.taxCodes!.entries.txr_x, value);
    for (const id of documentIds) assert.equal((await row(store, id)).state, 'ready');
    assert.equal((await row(store, other)).state, 'held');
  });

  it('a mapping of all entities is fixed by who answers for all of them', async () => {
    const documentId = await unmapped('in_1');
    const { mapping, table, key, suggestions } = (await fixableEntry(services, CARLA, documentId))!;
    const value = suggestions[0] as Json;
    const asked = await decide(documentId, { action: 'mapping-fix', ...because, mapping, table, key, value });
    assert.ok(asked.status === 'proposed');
    const own = person('dora', 'approver', ['acme_de']);
    const shared = folder.list().map(({ entity: _entity, ...rest }) => rest as MappingDocument);
    const ofAll = { ...services, mappings: { ...services.mappings, list: () => shared } };
    await assert.rejects(approveProposal(ofAll, own, asked.proposalId, 'right'), { code: 'API_FORBIDDEN' });
    assert.equal((await store.proposal({ proposalId: asked.proposalId })).state, 'open');
    assert.deepEqual(await approveProposal(services, own, asked.proposalId, 'right'), { documentId });
  });

  it('of two fixes of one version the second is void once the first is written', async () => {
    const [one, two] = [await unmapped('in_1'), await unmapped('in_2', 'txr_y')];
    const value = folder.latest('acme_de', DAY).tables!.taxCodes!.entries.txr_de_19 as Json;
    const fixOf = (key: string): Request => {
      return { action: 'mapping-fix', ...because, mapping: 'acme_de', table: 'taxCodes', key, value };
    };
    const asked = [await decide(one, fixOf('txr_x')), await decide(two, fixOf('txr_y'))];
    const [first, second] = asked.map((each) => (each.status === 'proposed' ? each.proposalId : '')) as [
      string,
      string,
    ];
    const { act } = await store.proposal({ proposalId: first });
    assert.ok(act.action === 'mapping-fix');
    applyFix(folder, act.fix, { author: 'carla', approvedBy: 'ben' }, DAY);
    await assert.rejects(approveProposal(services, BEN, second, 'right'), { code: 'DECISION_VOID' });
    assert.equal((await store.proposal({ proposalId: second })).state, 'void');
  });

  it('documents of other entities are not there', async () => {
    const documentId = await mapped();
    const requests: Request[] = [
      { action: 'retry', ...because },
      { action: 'correct', ...because, body: invoice(1) },
      { action: 'link', ...because, model: 'account.move', id: 7 },
    ];
    for (const request of requests)
      await assert.rejects(decide(documentId, request, OTTO), { code: 'STORE_NOT_FOUND' });
    await assert.rejects(fixableEntry(services, OTTO, documentId), { code: 'STORE_NOT_FOUND' });
    assert.deepEqual(await decide(documentId, { action: 'retry', ...because }), { status: 'done' });
  });
});
