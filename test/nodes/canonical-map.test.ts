import { strict as assert } from 'node:assert';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openMappingFolder } from '../../connectors/files';
import type { Invoice } from '../../finance';
import { creditNoteCreated, invoiceFinalized } from '../finance/stripe-events';
import { Bench, ENTITY, MAPPINGS, node, PIPELINE_IN } from './bench';

const SOURCE = JSON.stringify({ invoice: 'stripe-invoice', credit_note: 'stripe-credit-note' });
const LINE = { id: 'il_1', amount: 10000, taxRate: 'txr_de_19', tax: 1900 };

describe('canonical map', () => {
  let bench: Bench;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-mappings-'));
    cpSync(MAPPINGS, folder, { recursive: true });
    bench = await Bench.open({ graceMs: 60_000 }, { mappings: openMappingFolder(folder) });
  });
  afterEach(async () => {
    await bench.close();
    rmSync(folder, { recursive: true });
  });

  async function load(entity: object = {}, map: object = {}): Promise<void> {
    await bench.load([
      { ...ENTITY, ...entity },
      { ...PIPELINE_IN, wires: [['map']] },
      node('map', 'canonical-map', {
        entity: 'entity',
        source: SOURCE,
        ...map,
        wires: [['mapped'], ['failed']],
      }),
      node('mapped', 'helper'),
      node('failed', 'helper'),
    ]);
  }

  const failure = async () =>
    (await bench.message('failed')).error as { code: string; kind: string; message: string };

  it('lets nothing of test mode into live books, whatever the route says', async () => {
    await load();
    await bench.receive(invoiceFinalized({ lines: [LINE] }), {
      source: { system: 'stripe', livemode: false },
    });
    assert.equal((await failure()).code, 'SOURCE_TEST_MODE');
  });

  it('makes the canonical document, with accounts, and notes what it used', async () => {
    await load();
    await bench.receive(invoiceFinalized({ lines: [LINE] }));
    const { payload, ledgerway } = await bench.message('mapped');
    const invoice = payload as Invoice;
    assert.equal(invoice.totals.gross, '119.00');
    assert.equal(invoice.issueDate, '2026-11-21', 'the day in Berlin, where it is tomorrow already');
    assert.equal(invoice.lines[0]?.posting?.account, '8400');
    const { amount, currency, number, kind, mapping, businessKey, care } = ledgerway!.notes!;
    assert.deepEqual([amount, currency, number, kind], ['119.00', 'EUR', 'RE-2026-0001', 'invoice']);
    assert.deepEqual(
      mapping?.map(({ name }) => name),
      ['stripe-invoice', 'acme_de'],
    );
    assert.equal(businessKey, 'acme_de/invoice/stripe/in_1');
    assert.equal(care?.owner, 'ar');
  });

  it('takes the mapping of the kind', async () => {
    await load();
    await bench.receive(creditNoteCreated([LINE]), { kind: 'credit_note' });
    assert.equal(((await bench.message('mapped')).payload as Invoice).kind, 'credit_note');
  });

  it('a value without an entry says what to map, for whom, and what is at risk', async () => {
    await load();
    const documentId = await bench.receive(invoiceFinalized({ lines: [{ ...LINE, taxRate: 'txr_new' }] }));
    const error = await failure();
    assert.equal(error.kind, 'unmapped');
    assert.equal(error.message, 'map tax code txr_new for entity acme_de');
    assert.equal(JSON.parse((await bench.store.documentRow({ documentId })).error!).code, 'MAP_UNMAPPED');
  });

  it('refuses what its source did not promise, kinds without a mapping, and other entities', async () => {
    await load({}, { source: JSON.stringify({ invoice: 'stripe-invoice' }) });
    await bench.receive({ hello: 'world' });
    assert.equal((await failure()).code, 'MAP_INPUT_INVALID');
    await bench.receive({}, { kind: 'credit_note', lane: 'b' });
    await bench.message('failed', 2);
    assert.equal((bench.at('failed')[1]!.error as { code: string }).code, 'MAP_NOT_FOUND');
    bench.send('map', {
      ...bench.at('failed')[1],
      ledgerway: { ...bench.at('failed')[1]!.ledgerway, entity: 'acme_us' },
    });
    await bench.message('failed', 3);
    assert.equal((bench.at('failed')[2]!.error as { code: string }).code, 'CONFIG_INVALID');
  });

  it('a document of a kind that another system owns is a conflict', async () => {
    await load({
      kinds: JSON.stringify([{ kind: 'invoice', owner: 'odoo', timing: 'real-time', approval: false }]),
    });
    await bench.receive(invoiceFinalized({ lines: [LINE] }));
    assert.equal((await failure()).code, 'DOCUMENT_OWNER');
  });

  it('a kind that needs an approval is held with its amount, and goes on once a person approved', async () => {
    await load({
      kinds: JSON.stringify([{ kind: 'invoice', owner: 'stripe', timing: 'real-time', approval: true }]),
    });
    const documentId = await bench.receive(invoiceFinalized({ lines: [LINE] }));
    const { ledgerway } = await bench.message('failed');
    assert.equal((await failure()).code, 'DOCUMENT_APPROVAL');
    const { fence, hop } = ledgerway!;
    const error = (bench.at('failed')[0] as unknown as { error: never }).error;
    await bench.store.dispose({ documentId, fence, hop, error });
    const [exception] = await bench.store.exceptions({});
    assert.deepEqual([exception?.amount, exception?.currency], ['119.00', 'EUR']);
    await bench.store.replay({ documentId, actor: 'carla', reason: 'checked' });
    assert.equal((await bench.message('mapped')).ledgerway?.approval?.by, 'carla');
  });

  it('a replay of a document that was acted upon uses the mapping of then, a new one the mapping of now', async () => {
    await load();
    const documentId = await bench.receive(invoiceFinalized({ lines: [LINE] }));
    const { ledgerway } = await bench.message('mapped');
    const { fence, hop, notes } = ledgerway!;
    const step = { kind: 'k', target: 't', externalKey: 'e', name: 'n', request: {} };
    const { stepId } = (await bench.store.intend({ documentId, fence, hop, notes, ...step })) as {
      stepId: string;
    };
    await bench.store.complete({ documentId, fence, stepId, result: {} });
    await bench.store.settle({ documentId, fence, hop: hop + 1, outcome: 'completed' });

    const file = join(folder, 'acme_de.json');
    const text = readFileSync(file, 'utf8')
      .replace('"version": 1', '"version": 2')
      .replaceAll('"8400"', '"8401"');
    writeFileSync(file, text);
    await new Promise((done) => setTimeout(done, 600));
    await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    const again = (await bench.message('mapped', 2)).payload as Invoice;
    assert.equal(again.lines[0]?.posting?.account, '8400');
    await bench.receive(invoiceFinalized({ lines: [LINE] }), { lane: 'b' });
    const fresh = (await bench.message('mapped', 3)).payload as Invoice;
    assert.equal(fresh.lines[0]?.posting?.account, '8401');
  });

  it('maps in an ordinary flow, without a store', async () => {
    await load({}, { source: JSON.stringify({ invoice: 'stripe-invoice' }) });
    bench.send('map', { payload: invoiceFinalized({ lines: [LINE] }) });
    assert.equal(((await bench.message('mapped')).payload as Invoice).kind, 'invoice');
    bench.send('map', { payload: 'nonsense' });
    assert.equal((await failure()).code, 'MAP_INPUT_INVALID');
    assert.deepEqual(await bench.store.documents({}), []);
  });

  it('is red where its entity is not right', async () => {
    await load({ timeZone: 'Mars/Olympus' });
    assert.equal(bench.status('map').fill, 'red');
    assert.match(bench.status('map').text!, /IANA time zone/);
  });
});
