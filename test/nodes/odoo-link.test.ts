import { strict as assert } from 'node:assert';
import { permissionsOf } from '../../console/api/permissions';
import type { ConsoleServices } from '../../console/api/services';
import { decideDocument } from '../../console/decide';
import { FinanceError } from '../../errors';
import { externalKey, type Invoice } from '../../finance';
import { installTemplate } from '../../runtime';
import { OdooLinks } from '../../runtime/odoo-links';
import { DEMO_ADMIN, DEMO_LOGIN } from '../../sandbox/odoo';
import { Books } from '../connectors/odoo/books';
import { entity, invoice } from '../connectors/odoo/documents';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

const CLERK = { name: 'clara', roles: ['clerk'] as const, permissions: permissionsOf(['clerk']) };
const numbered = entity({ numbering: 'source' });

describe('A held invoice that somebody posted by hand', () => {
  const environment = { ...process.env };
  let books: Books;
  let bench: Bench;
  let services: ConsoleServices;

  before(async function () {
    this.timeout(30_000);
    books = await Books.open(17);
    bench = await Bench.open({ graceMs: 60_000 });
    Object.assign(process.env, {
      LEDGERWAY_ODOO_URL: books.client.url,
      LEDGERWAY_ODOO_DB: DEMO_LOGIN.database,
      LEDGERWAY_ODOO_LOGIN: DEMO_LOGIN.login,
      LEDGERWAY_ODOO_ADMIN: DEMO_ADMIN.login,
      LEDGERWAY_ODOO_ADMIN_KEY: DEMO_ADMIN.password,
    });
    const secret = { secret: DEMO_LOGIN.apiKey };
    installTemplate(bench.folder, 'billing-invoice', { 'de-odoo': secret, 'us-odoo': secret });
    const { url } = books.client;
    const { database, login } = DEMO_LOGIN;
    const flow = [
      { ...ENTITY, mapping: 'acme_de' },
      node('odoo', 'odoo-connection', { url, database, login, protocol: 'auto', timeoutSeconds: 5 }),
      { ...PIPELINE_IN, wires: [['guard']] },
      node('guard', 'idempotency-guard', { wires: [['post'], [], []] }),
      node('post', 'odoo-post', { entity: 'entity', connection: 'odoo', wires: [['out'], []] }),
      node('out', 'pipeline-out', { wires: [[]] }),
    ];
    await bench.load(flow, { odoo: secret });
    services = {
      store: bench.store,
      mappings: { list: () => [], today: () => '2026-11-21', timeZone: () => 'Europe/Berlin' },
      links: new OdooLinks(bench.folder, bench.store),
    };
  });
  after(async () => {
    await bench.close();
    await books.close();
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  });

  /** Mapped and held before anything of it is in Odoo. */
  async function held(document: Invoice): Promise<string> {
    const { store } = bench;
    await store.pausePipeline({ name: 'billing', paused: true });
    const documentId = await bench.receive(document, { lane: document.source.id, kind: 'invoice' });
    const { context } = await store.leaseDocument({ documentId, worker: 'w1' });
    const canonical = JSON.parse(JSON.stringify(document));
    const error = new FinanceError('ODOO_VALIDATION', { message: 'The account is archived.' }).toJSON();
    await store.hold({ ...context, notes: { canonical, businessKey: externalKey(document) }, error });
    return documentId;
  }

  it('is linked after comparison, goes on, and is in the books once', async () => {
    const document = invoice('linked');
    const documentId = await held(document);
    const { moveId } = await books.post(document, { externalKey: 'legacy.linked', entity: numbered });
    const moves = (await books.ledger()).moves.length;
    const request = { action: 'link', reason: 'posted by hand', model: 'account.move', id: moveId } as const;
    assert.deepEqual(await decideDocument(services, CLERK, documentId, request), { status: 'done' });
    await bench.store.pausePipeline({ name: 'billing', paused: false });
    await bench.state(documentId, 'settled');
    assert.equal((await bench.store.documentRow({ documentId })).outcome, 'completed');
    assert.equal((await books.ledger()).moves.length, moves);
    const { steps } = await bench.store.trace({ documentId });
    const posted = steps.find(({ kind }) => kind === 'odoo.post')!;
    assert.equal((posted.result as { moveId: number }).moveId, moveId);
    assert.deepEqual((await bench.store.audit()).findings, []);
  });

  it('is not linked to a record that differs: it stays held, and says in what', async () => {
    const document = invoice('differs');
    const documentId = await held(document);
    const other = { ...document, dueDate: '2026-12-31' } as Invoice;
    const { moveId } = await books.post(other, { externalKey: 'legacy.differs', entity: numbered });
    const request = { action: 'link', reason: 'posted by hand', model: 'account.move', id: moveId } as const;
    await assert.rejects(decideDocument(services, CLERK, documentId, request), {
      code: 'LINK_DIFFERS',
      message: /due date/,
    });
    assert.equal((await bench.store.documentRow({ documentId })).state, 'held');
  });
});
