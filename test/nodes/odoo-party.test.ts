import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ResolvedPartner } from '../../connectors/odoo';
import type { Invoice, Payment } from '../../finance';
import { invoiceOf, lineOf } from '../finance/documents';
import { ENDINGS, node, PIPELINE_IN } from './bench';
import { MasterBench, partyOf } from './master-bench';

const BUYER = { name: 'Nordlicht GmbH', address: { country: 'DE' } };
const invoice = (id: string, buyer: Partial<Invoice['buyer']>, more: Partial<Invoice> = {}): Invoice =>
  invoiceOf([lineOf()], {
    source: { system: 'stripe', id },
    number: id,
    buyer: { ...BUYER, ...buyer },
    ...more,
  });

type FoundParty = ResolvedPartner & { contacts: ResolvedPartner[] };

describe('odoo party', () => {
  let desk: MasterBench;
  beforeEach(async () => {
    desk = await MasterBench.open('19.0');
  });
  afterEach(() => desk.close());

  const load = (config = {}): Promise<void> =>
    desk.load([
      { ...PIPELINE_IN, kinds: '["invoice","party","payment"]', wires: [['party']] },
      node('party', 'odoo-party', {
        entity: 'entity',
        connection: 'odoo',
        ...config,
        wires: [['out'], ['exceptions']],
      }),
      ...ENDINGS,
    ]);
  const party = async (count = 1) => (await desk.bench.message('done', count)).party;

  it('finds by VAT id, external key, e-mail and name, in that order, and records how', async () => {
    await load();
    const documentId = await desk.receiveOne(invoice('in_1', { vatId: 'de 136.695.976', name: 'Other' }));
    assert.deepEqual(await party(), { partnerId: 7, matchedBy: 'vatId', created: false });
    assert.deepEqual(await desk.bench.kindsOfSteps(documentId), ['odoo.party done']);
    await desk.receiveOne(invoice('in_2', { email: 'AP@acme.example', address: { country: 'US' } }));
    assert.deepEqual(await party(2), { partnerId: 8, matchedBy: 'email', created: false });
    await desk.receiveOne(invoice('in_3', { name: 'Acme Corp.', address: { country: 'US' } }));
    assert.deepEqual(await party(3), { partnerId: 8, matchedBy: 'name', created: false });
    await desk.receiveOne(invoice('in_4', { id: 'cus_9', name: 'Neu GmbH' }));
    const { partnerId, created } = (await party(4)) as { partnerId: number; created: boolean };
    assert.equal(created, true);
    await desk.write('res.partner', partnerId, { name: 'Umbenannt AG' });
    await desk.receiveOne(invoice('in_5', { id: 'cus_9', name: 'Neu GmbH', registrationId: 'HRB 1' }));
    assert.deepEqual(await party(5), { partnerId, matchedBy: 'externalKey', created: false });
  });

  it('two documents with the same new buyer at once: one partner', async () => {
    await load();
    const buyer = { id: 'cus_new', name: 'Zwilling GmbH', vatId: 'ATU33864707', address: { country: 'AT' } };
    const ids = Array.from({ length: 8 }, (_, index) => `in_${index}`);
    await Promise.all(ids.map((id) => desk.receiveOne(invoice(id, { ...buyer, email: `${id}@x.example` }))));
    await desk.bench.message('done', ids.length);
    const found = desk.bench.at('done').map((msg) => (msg.party as { partnerId: number }).partnerId);
    assert.equal(new Set(found).size, 1);
    assert.equal(desk.records('res.partner', { vat: 'ATU33864707' }).length, 1);
  });

  it('an answer that is lost is asked for: one partner, and a replay asks nobody', async () => {
    await load();
    await desk.fault('drop-after-commit', { model: 'res.partner', method: 'load' });
    const documentId = await desk.receiveOne(invoice('in_1', { id: 'cus_1', name: 'Verloren GmbH' }));
    const first = await party();
    assert.equal(desk.records('res.partner', { name: 'Verloren GmbH' }).length, 1);
    await desk.fault('http-502', {}, 1000);
    await desk.bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.deepEqual(await party(2), first);
  });

  it('where several fit it is held with the candidates; a person names the right one', async () => {
    await load();
    const [first] = desk.records('res.partner', { id: 7 });
    await desk.write('res.partner', 8, { vat: String(first?.vat) });
    const document = invoice('in_1', { vatId: String(first?.vat) });
    const documentId = await desk.receiveOne(document);
    await desk.bench.message('held');
    const [exception] = await desk.bench.store.exceptions({});
    assert.equal(exception?.code, 'ODOO_AMBIGUOUS');
    assert.match(exception!.cause, /Mustermann Handel GmbH \(7\), Acme Corp. \(8\)/);
    assert.match(exception!.hint, /odooId/);
    const { exceptions } = await desk.bench.store.trace({ documentId });
    const { candidates } = JSON.parse(String((exceptions[0] as { details: string }).details));
    assert.deepEqual(
      candidates.map(({ id }: { id: number }) => id),
      [7, 8],
    );
    const decision = { documentId, actor: 'carla', reason: 'it is Acme' };
    const corrected = { ...document, buyer: { ...document.buyer, odooId: 8 } };
    const content = JSON.stringify(corrected);
    await desk.bench.store.correct({ ...decision, mediaType: 'application/json', content });
    await desk.bench.store.replay(decision);
    assert.deepEqual(await party(), { partnerId: 8, matchedBy: 'odooId', created: false });
    assert.deepEqual(await desk.bench.codes(), []);
  });

  it('makes the contacts of a company below it, once', async () => {
    await load({ contacts: true });
    const erika = { id: 'p_1', name: 'Erika Muster', email: 'erika@x.example', address: { country: 'DE' } };
    const document = partyOf({ vatId: 'ATU33864707' }, { contacts: [erika] });
    await desk.receiveOne(document);
    const { partnerId, contacts } = (await party()) as FoundParty;
    assert.equal(contacts[0]?.created, true);
    const [row] = desk.records('res.partner', { name: 'Erika Muster' });
    assert.deepEqual([row?.parent_id, row?.type], [partnerId, 'contact']);
    await desk.receiveOne({ ...document, source: { ...document.source, revision: '2' } });
    const again = ((await party(2)) as FoundParty).contacts[0];
    assert.equal(again?.partnerId, contacts[0]?.partnerId);
    assert.equal(desk.records('res.partner', { name: 'Erika Muster' }).length, 1);
  });

  it('takes the party where the kind has it, or where the path says', async () => {
    await load();
    const vendor = { direction: 'vendor', seller: { ...BUYER, name: 'Mustermann Handel GmbH' } } as const;
    await desk.receiveOne(invoice('bill_1', { name: 'We' }, vendor));
    assert.deepEqual(await party(), { partnerId: 7, matchedBy: 'name', created: false });
    const payment: Payment = {
      schema: 'payment/1',
      kind: 'payment',
      entity: 'acme_de',
      source: { system: 'stripe', id: 'ch_1' },
      direction: 'inbound',
      date: '2026-11-02',
      currency: 'EUR',
      amount: '1.00',
      allocations: [],
      payer: { name: 'Acme Corp.', address: { country: 'US' } },
    };
    await desk.receiveOne(payment);
    assert.deepEqual(await party(2), { partnerId: 8, matchedBy: 'name', created: false });
  });

  it('a document without a party, and one that is not to be made, are held and say so', async () => {
    await load({ create: false });
    await desk.receiveOne(invoice('in_1', { name: 'Unbekannt GmbH' }));
    await desk.bench.message('held');
    assert.deepEqual(await desk.bench.codes(), ['ODOO_LOOKUP']);
    assert.equal(desk.records('res.partner', { name: 'Unbekannt GmbH' }).length, 0);
    await desk.redeploy([
      { ...PIPELINE_IN, kinds: '["invoice"]', wires: [['party']] },
      node('party', 'odoo-party', {
        entity: 'entity',
        connection: 'odoo',
        path: 'delivery.party',
        wires: [['done'], ['failed']],
      }),
      node('done', 'helper'),
      node('failed', 'helper'),
    ]);
    await desk.receiveOne(invoice('in_2', {}));
    const { code, message } = (await desk.bench.message('failed')).error as { code: string; message: string };
    assert.deepEqual([code, message], ['MAP_INPUT_INVALID', 'The document has no party at delivery.party.']);
  });

  it('works in an ordinary flow, for master data too', async () => {
    await desk.load([
      node('party', 'odoo-party', { entity: 'entity', connection: 'odoo', wires: [['done'], []] }),
      node('done', 'helper'),
    ]);
    desk.bench.send('party', { payload: partyOf() });
    const made = (await party()) as ResolvedPartner;
    assert.equal(made.created, true);
    await desk.bench.until(() => desk.bench.status('party').fill === 'green');
    desk.bench.send('party', { payload: partyOf() });
    assert.deepEqual(await party(2), made, 'the same message again has the recorded result');
    desk.bench.send('party', { payload: partyOf({ email: 'other@nordlicht.example' }) });
    assert.deepEqual(await party(3), { ...made, matchedBy: 'externalKey', created: false });
  });
});
