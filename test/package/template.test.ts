import assert from 'node:assert/strict';
import { type Invoice, invoicePostings, type MappingDocument, mapDocument } from '../../finance';
import { type FlowNode, readJson } from './definitions';

const FOLDER = ['flows', 'billing-invoice'];

interface StripeEvent {
  id: string;
  type: string;
  account: string;
  livemode: boolean;
  created: number;
}

const flow = readJson<FlowNode[]>(...FOLDER, 'flow.json');
const only = (type: string): FlowNode => {
  const [node, ...others] = flow.filter((each) => each.type === type);
  assert.ok(node && others.length === 0, type);
  return node;
};
const mapping = (name: string): MappingDocument => readJson(...FOLDER, 'mappings', `${name}.json`);

/** What the nodes of the template make of an event: route → entity and its tab → mappings → postings. */
async function postingsOf(event: StripeEvent): Promise<object> {
  const intake = only('ledgerway-webhook-in');
  const routes = intake.routes as { account: string; livemode: boolean; entity: string }[];
  const route = routes.find((each) => each.account === event.account && each.livemode === event.livemode);
  const entity = flow.find((node) => node.type === 'ledgerway-legal-entity' && node.key === route?.entity);
  assert.ok(entity, event.account);
  const map = flow.find((node) => node.type === 'ledgerway-canonical-map' && node.z === entity.z)!;
  const kind = (intake.kinds as Record<string, string>)[event.type]!;
  const first = (map.source as Record<string, string>)[kind]!;
  const { document } = await mapDocument(event, [mapping(first), mapping(String(entity.mapping))], {
    documentId: `doc-${event.id}`,
    receivedAt: new Date(event.created * 1000).toISOString(),
    entity: String(entity.key),
    timeZone: String(entity.timeZone),
  });
  const invoice = document as Invoice;
  const { number } = invoice;
  return { event: event.id, entity: entity.key, kind, number, postings: invoicePostings(invoice) };
}

describe('the template billing invoice', () => {
  it('makes the expected postings of the sample input', async () => {
    const { events } = readJson<{ events: StripeEvent[] }>(...FOLDER, 'sample-input.json');
    const made = [];
    for (const event of events) made.push(await postingsOf(event));
    assert.deepEqual(JSON.parse(JSON.stringify(made)), readJson(...FOLDER, 'expected-postings.json'));
  });

  it('gives every entity a tab with its own connections, and shares only the store', () => {
    const configs = flow.filter((node) => node.type.startsWith('ledgerway-') && node.wires === undefined);
    const shared = configs.filter(({ z }) => z === undefined).map(({ type }) => type);
    assert.deepEqual(shared, ['ledgerway-document-store']);
    for (const tab of ['tab-de', 'tab-us'])
      assert.deepEqual(
        configs.filter(({ z }) => z === tab).map(({ type }) => type),
        ['legal-entity', 'odoo-connection', 'tax-service', 'einvoice-channel'].map(
          (name) => `ledgerway-${name}`,
        ),
      );
  });

  it('leads every failure and everything unforeseen to the exception route of the tab', () => {
    for (const tab of ['tab-de', 'tab-us']) {
      const here = flow.filter(({ z }) => z === tab);
      const route = here.find(({ type }) => type === 'ledgerway-exception-route')!;
      const failing = ['canonical-map', 'tax-engine-call', 'odoo-post', 'einvoice-submit'];
      for (const node of here.filter(({ type }) => failing.includes(type.replace('ledgerway-', ''))))
        assert.deepEqual(node.wires?.[1], [route.id], node.id);
      assert.deepEqual(here.find(({ type }) => type === 'catch')?.wires, [[route.id]]);
    }
  });
});
