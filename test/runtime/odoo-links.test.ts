import { strict as assert } from 'node:assert';
import type { DocumentRow, Json, Trace } from '../../engine';
import type { Invoice } from '../../finance';
import { installTemplate } from '../../runtime';
import { OdooLinks } from '../../runtime/odoo-links';
import { DEMO_ADMIN, DEMO_LOGIN } from '../../sandbox/odoo';
import { Books } from '../connectors/odoo/books';
import { buyer, entity, invoice, line, withTax } from '../connectors/odoo/documents';
import { Scratch } from '../support/store';

const numbered = entity({ numbering: 'source' });
const row = { id: 'doc_1', entity: 'acme_de' } as DocumentRow;
const plain = (document: Invoice) => JSON.parse(JSON.stringify(document)) as Json;

describe('Linking what somebody posted by hand', () => {
  const scratch = new Scratch();
  const environment = { ...process.env };
  let books: Books;
  let links: OdooLinks;
  let document: Invoice;

  beforeEach(async () => {
    books = await Books.open(17);
    Object.assign(process.env, {
      LEDGERWAY_ODOO_URL: books.client.url,
      LEDGERWAY_ODOO_DB: DEMO_LOGIN.database,
      LEDGERWAY_ODOO_LOGIN: DEMO_LOGIN.login,
      LEDGERWAY_ODOO_ADMIN: DEMO_ADMIN.login,
      LEDGERWAY_ODOO_ADMIN_KEY: DEMO_ADMIN.password,
    });
    const secret = { secret: DEMO_LOGIN.apiKey };
    installTemplate(scratch.folder, 'billing-invoice', { 'de-odoo': secret, 'us-odoo': secret });
    document = invoice('by_hand');
    const bodies = () => [{ role: 'canonical', media_type: '', sha256: '', text: JSON.stringify(document) }];
    links = new OdooLinks(scratch.folder, { trace: async () => ({ bodies: bodies() }) as unknown as Trace });
  });
  afterEach(async () => {
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
    await books.close();
  });
  after(() => scratch.remove());

  /** As a person, or an earlier connector, did it. */
  async function byHand(changes: Partial<Invoice> = {}): Promise<number> {
    const legacy = { externalKey: 'legacy.by_hand', entity: numbered };
    return (await books.post({ ...document, ...changes } as Invoice, legacy)).moveId;
  }

  it('the same record is linked: it gets the key of the document, and is never posted a second time', async () => {
    const id = await byHand();
    const record = { model: 'account.move', id };
    const { differences, steps, name } = await links.compare(row, plain(document), record);
    assert.deepEqual(differences, []);
    assert.deepEqual([steps.length, steps[0]!.kind, typeof name], [1, 'odoo.link', 'string']);
    await links.keep(row, record);
    await links.keep(row, record);
    const moves = (await books.ledger()).moves.length;
    assert.equal((await books.post(document, { entity: numbered })).moveId, id);
    assert.equal((await books.ledger()).moves.length, moves);
  });

  it('what differs is said field by field, and refused', async () => {
    const record = { model: 'account.move', id: await byHand({ dueDate: '2026-12-31' }) };
    const { differences } = await links.compare(row, plain(document), record);
    assert.deepEqual(
      differences.map(({ field }) => field),
      ['due date'],
    );
    await assert.rejects(links.keep(row, record), { code: 'DOCUMENT_CONFLICT' });
  });

  it('a record that is not there, of another model, or another document’s is refused', async () => {
    const id = await byHand();
    const compare = (model: string, asked: number) =>
      links.compare(row, plain(document), { model, id: asked });
    await assert.rejects(compare('account.move', 99_999), { code: 'ODOO_MISSING' });
    await assert.rejects(compare('account.payment', id), { code: 'API_INVALID' });
    const own = await books.post(invoice('other'), { entity: numbered });
    await assert.rejects(
      links.compare(row, plain(invoice('other_again')), { model: 'account.move', id: own.moveId }),
      {
        code: 'DOCUMENT_CONFLICT',
      },
    );
  });

  it('nothing is told of the records of another company of the same Odoo', async () => {
    const american = entity({ key: 'acme_us', odooCompany: 2, currency: 'USD', numbering: 'source' });
    const abroad: Invoice = {
      ...withTax(invoice('abroad'), '8.88', '108.88'),
      entity: 'acme_us',
      currency: 'USD',
      buyer: buyer({ id: 'cus_us', vatId: undefined, address: { country: 'US' } }),
      lines: [line({ posting: { account: '400000', taxes: ['Sales Tax 8.875%'] } })],
      taxes: [{ category: 'S', rate: '8.875', base: '100.00', amount: '8.88' }],
      posting: { journal: 'STRP', receivableAccount: '121000' },
    };
    const { moveId } = await books.post(abroad, { entity: american });
    const asked = links.compare(row, plain(document), { model: 'account.move', id: moveId });
    await assert.rejects(asked, { code: 'ODOO_MISSING' });
  });

  it('without an administrator Odoo refuses, and nothing was done', async () => {
    delete process.env.LEDGERWAY_ODOO_ADMIN;
    const record = { model: 'account.move', id: await byHand() };
    await assert.rejects(links.keep(row, record));
    assert.deepEqual((await links.compare(row, plain(document), record)).differences, []);
  });
});
