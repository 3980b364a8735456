import { createServer, type IncomingMessage } from 'node:http';
import { parseArgs } from 'node:util';
import { connectOdoo, type OdooClient, searchRead } from '../../connectors/odoo';
import { boundary, type LeasedDocument, Leases, Pipeline, type Store } from '../../engine';
import { storeOf } from '../../runtime';

/**
 * What integrations often are, to see that a chaos run finds their doubles: it takes events durably, posts each
 * with plain `create` and `action_post`, without a key that Odoo knows, and posts again when the event comes again.
 */
const PIPELINE = 'naive';
const CONCURRENCY = 8;
const COMPANY = 1;
const SWEEP_MS = 200;

interface Event {
  id: string;
  type: string;
  account: string;
  data: { object: { id: string; number?: string | null } };
}

interface Place {
  partner: number;
  account: number;
}

async function receive(store: Store, body: string): Promise<number> {
  let event: Event;
  try {
    event = JSON.parse(body) as Event;
  } catch {
    return 400;
  }
  const { id, type, account, data } = event;
  await store.receive({
    receiveKey: `stripe/${account}/${id}`,
    entity: '',
    kind: 'invoice',
    lane: data.object.id,
    source: {},
    body: { mediaType: 'application/json', content: body },
    pipeline: PIPELINE,
    skip: type === 'invoice.finalized' ? undefined : 'no invoice',
  });
  return 200;
}

async function placeOf(odoo: OdooClient): Promise<Place> {
  const [account] = await searchRead(odoo, 'account.account', [['account_type', '=', 'income']], ['code'], {
    company: COMPANY,
    limit: 1,
  });
  const [known] = await searchRead(odoo, 'res.partner', [['name', '=', 'Naive']], ['name'], { limit: 1 });
  const partner = known?.id ?? (await create(odoo, 'res.partner', { name: 'Naive' }));
  return { partner: Number(partner), account: Number(account?.id) };
}

async function create(odoo: OdooClient, model: string, values: object): Promise<number> {
  const context = { allowed_company_ids: [COMPANY] };
  const made = await odoo.call(model, 'create', { named: { vals_list: [values] }, context });
  return Number(Array.isArray(made) ? made[0] : made);
}

async function post(odoo: OdooClient, { partner, account }: Place, { body }: LeasedDocument): Promise<void> {
  const event = JSON.parse(body.text) as Event;
  const line = { name: 'All of it', quantity: 1, price_unit: 10, account_id: account, tax_ids: [[6, 0, []]] };
  boundary('naive post before');
  const id = await create(odoo, 'account.move', {
    move_type: 'out_invoice',
    partner_id: partner,
    invoice_date: new Date().toISOString().slice(0, 10),
    ref: event.id,
    invoice_line_ids: [[0, 0, line]],
  });
  await odoo.call('account.move', 'action_post', {
    ids: [id],
    context: { allowed_company_ids: [COMPANY] },
  });
  boundary('naive post after');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { data: { type: 'string' }, port: { type: 'string' } } });
  const env = process.env;
  const store = await storeOf({
    dataDir: values.data ?? '.data',
    storeUrl: env.LEDGERWAY_STORE || undefined,
  });
  const odoo = connectOdoo({
    url: env.LEDGERWAY_ODOO_URL ?? '',
    database: env.LEDGERWAY_ODOO_DB ?? '',
    login: env.LEDGERWAY_ODOO_LOGIN ?? '',
    secret: () => env.LEDGERWAY_ODOO_KEY ?? '',
  });
  const place = await placeOf(odoo);
  const report = (error: unknown) => console.error(error);
  const leases = new Leases(store, `naive:${process.pid}:${Date.now()}`, report);
  const work = async (document: LeasedDocument) => {
    const { documentId, fence, hop } = document.context;
    try {
      await post(odoo, place, document);
      await store.settle({ documentId, fence, hop, outcome: 'completed' });
    } catch {
      await store.release({ worker: leases.worker, documentIds: [documentId] }).catch(report);
    }
  };
  const deliver = (document: LeasedDocument) => void work(document);
  new Pipeline({ store, leases, name: PIPELINE, concurrency: CONCURRENCY, deliver, report }).start();
  const sweeper = setInterval(() => void store.sweep().catch(report), SWEEP_MS);
  const answer = async (request: IncomingMessage): Promise<[number, object]> => {
    if (request.method === 'POST') return [await receive(store, await bodyOf(request)), {}];
    return [200, { stores: { default: { open: store.open } } }];
  };
  createServer((request, response) => {
    answer(request)
      .catch((): [number, object] => [503, {}])
      .then(([status, body]) => response.writeHead(status).end(JSON.stringify(body)));
  }).listen(Number(values.port), '127.0.0.1');
  process.once('SIGTERM', async () => {
    clearInterval(sweeper);
    await leases.close();
    await store.close();
    process.exit(0);
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
