import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { externalKey } from '../../finance';
import { deployedEntity, layoutOf, odooConnections } from '../../runtime';
import { encryptCredentials } from '../../runtime/credentials';
import { installTemplate } from '../../runtime/template';
import { DEMO_ADMIN, DEMO_LOGIN } from '../../sandbox/odoo';
import { Books } from '../connectors/odoo/books';
import { entity, invoice, withTax } from '../connectors/odoo/documents';
import { type CommandResult, ledgerway } from '../support/command';
import { PIPELINE, receive, Scratch, take } from '../support/store';

/** A data folder with the template, and the Odoo that its connections name. */
class Site {
  readonly scratch = new Scratch();

  private constructor(
    readonly books: Books,
    readonly env: Record<string, string>,
  ) {
    const secret = { secret: DEMO_LOGIN.apiKey };
    installTemplate(this.data, 'billing-invoice', { 'de-odoo': secret, 'us-odoo': secret });
  }

  static async open(...how: Parameters<typeof Books.open>): Promise<Site> {
    const books = await Books.open(...how);
    return new Site(books, {
      LEDGERWAY_ODOO_URL: books.client.url,
      LEDGERWAY_ODOO_DB: DEMO_LOGIN.database,
      LEDGERWAY_ODOO_LOGIN: DEMO_LOGIN.login,
      LEDGERWAY_ODOO_ADMIN_KEY: DEMO_ADMIN.password,
    });
  }

  get data(): string {
    return this.scratch.folder;
  }

  run(...args: string[]): Promise<CommandResult> {
    return ledgerway(['odoo', ...args, '--data', this.data], this.env);
  }

  async remove(): Promise<void> {
    await this.books.close();
    await this.scratch.remove();
  }
}

const ADMIN = ['--admin', DEMO_ADMIN.login];
const PEPPOL = { account_peppol_proxy_state: 'sender' };

describe('ledgerway odoo check', () => {
  let site: Site;
  afterEach(() => site.remove());

  it('says what the user may do for the nodes of the flows, and when its key expires', async () => {
    site = await Site.open(19, 'auto', [], [], (seed) => {
      const user = seed.users.find(({ id }) => id === DEMO_LOGIN.uid)!;
      user.apiKeys = [{ key: DEMO_LOGIN.apiKey, name: 'integration', expires: '2099-01-01 00:00:00' }];
    });
    const { code, stdout } = await site.run('check', 'de-odoo');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /Odoo 19\.0 over json2, as Integration \(6\)/);
    assert.match(stdout, /company 1 Ledgerway Demo GmbH: allowed, journals .*STRP/);
    assert.doesNotMatch(stdout, /company 2/);
    assert.match(stdout, /invoice: may do what it needs\n.*credit_note: may do what it needs/);
    assert.match(stdout, /API key "integration": until 2099-01-01/);
    assert.doesNotMatch(stdout, new RegExp(DEMO_LOGIN.apiKey));
  });

  it('refuses where Odoo would send the e-invoices a second time, and names the setting', async () => {
    site = await Site.open(19, 'auto', [], [], (seed) => {
      seed.modules = ['account_peppol'];
      seed.companies[0]!.settings = PEPPOL;
    });
    const { code, json } = await site.run('check', 'de-odoo', '--json');
    assert.equal(code, 1);
    const { ok, report } = json() as {
      ok: boolean;
      report: { refusals: { code: string; message: string }[] };
    };
    assert.equal(ok, false);
    assert.deepEqual(
      report.refusals.map((refusal) => refusal.code),
      ['ODOO_AUTOMATION'],
    );
    assert.match(report.refusals[0]!.message, /Company 1 .*account_peppol_proxy_state/);
    assert.equal((await site.run('check', 'us-odoo')).code, 0, 'the other company is not concerned');
  });

  it('an Odoo that is in no flow is asked about everything; an administrator is warned of', async () => {
    site = await Site.open(17);
    const place = ['--url', site.books.client.url, '--db', DEMO_ADMIN.database, '--user', DEMO_ADMIN.login];
    Object.assign(site.env, { LEDGERWAY_ODOO_KEY: DEMO_ADMIN.password });
    const { code, stdout } = await site.run('check', ...place);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /Odoo 17\.0 over jsonrpc, as Administrator/);
    assert.match(stdout, /company 1 .*\n.*company 2 /);
    assert.match(stdout, /bank_transaction: may do what it needs/);
    assert.match(stdout, /warning {2}ODOO_ADMINISTRATOR: .*base\.group_system/);
    const narrow = await site.run('check', ...place, '--kinds', 'invoice', '--companies', '2');
    assert.match(narrow.stdout, /company 2 .*\n {2}invoice: may/);
    assert.doesNotMatch(narrow.stdout, /company 1|bank_transaction/);
    assert.match(
      (await site.run('check', ...place, '--kinds', 'x')).stderr,
      /--kinds wants some of invoice,/,
    );
  });

  it('a refused key is said with what to do, and so are a name and a variable that are not there', async () => {
    site = await Site.open(17);
    const { credentials, flows } = layoutOf(site.data);
    assert.match((await site.run('check', 'Odoo')).stderr, /Several .*de-odoo.*us-odoo/);
    assert.match((await site.run('check', 'none')).stderr, /no odoo connection "none".*de-odoo/);
    site.env.LEDGERWAY_ODOO_URL = '';
    assert.match((await site.run('check', 'de-odoo')).stderr, /CONFIG_INVALID: "" is not the address/);
    site.env.LEDGERWAY_ODOO_URL = site.books.client.url;
    const secret = readFileSync(join(site.data, 'credential-secret'), 'utf8');
    writeFileSync(credentials, JSON.stringify(encryptCredentials({ 'de-odoo': { secret: 'old' } }, secret)));
    const { code, stderr } = await site.run('check', 'de-odoo');
    assert.equal(code, 1);
    assert.match(stderr, /ODOO_UNAUTHORIZED: .*Renew the API key of the odoo connection/);
    writeFileSync(join(site.data, 'credential-secret'), 'another');
    assert.match(
      (await site.run('check', 'de-odoo')).stderr,
      /cannot be decrypted.*LEDGERWAY_CREDENTIAL_SECRET/,
    );
    writeFileSync(flows, '{');
    assert.match((await site.run('check', 'de-odoo')).stderr, /flows\.json cannot be read/);
  });
});

describe('What the flows do with a connection', () => {
  const use = (nodes: object[], mapping = '{}') => {
    const scratch = new Scratch();
    installTemplate(scratch.folder, 'billing-invoice', {});
    const { flows, mappings } = layoutOf(scratch.folder);
    const config = [
      { id: 'odoo', type: 'ledgerway-odoo-connection', name: 'Books' },
      { id: 'e1', type: 'ledgerway-legal-entity', odooCompany: 1 },
      { id: 'e2', type: 'ledgerway-legal-entity', odooCompany: '2' },
      { id: 'off', type: 'tab', disabled: true },
    ];
    writeFileSync(flows, JSON.stringify([...config, ...nodes]));
    writeFileSync(join(mappings, 'own.json'), mapping);
    const [found] = odooConnections(scratch.folder);
    return scratch.remove().then(() => found!.use);
  };
  const post = { id: 'p', type: 'ledgerway-odoo-post', z: 't', connection: 'odoo', entity: 'e1' };

  it('decides which kinds, companies, models and jobs are looked at', async () => {
    const source = { id: 'i', type: 'ledgerway-pipeline-in', z: 't', kinds: '["invoice","payment"]' };
    assert.deepEqual(await use([source, post]), {
      companies: [1],
      kinds: ['invoice', 'payment', 'party'],
      models: [],
      jobs: [],
    });
    const submit = { id: 's', type: 'ledgerway-einvoice-submit', z: 't' };
    assert.deepEqual((await use([post, submit], '{"deferral":{}}')).jobs, ['deferral', 'einvoice']);
    const mirror = {
      id: 'm',
      type: 'ledgerway-intercompany-mirror',
      z: 't',
      connection: 'odoo',
      from: 'e1',
      entities: '["e2"]',
    };
    const mirrored = await use([mirror]);
    assert.deepEqual([mirrored.companies, mirrored.jobs], [[1, 2], ['intercompany']]);
    const watch = {
      id: 'w',
      type: 'ledgerway-odoo-watch',
      z: 't',
      connection: 'odoo',
      model: 'account.move',
    };
    assert.deepEqual((await use([watch])).models, [{ model: 'account.move', operations: ['read'] }]);
    const periods = { ...watch, what: 'periods', model: '' };
    assert.deepEqual((await use([periods])).models, [{ model: 'res.company', operations: ['read'] }]);
  });

  it('and how the books of an entity are compared: with its dimensions', async () => {
    const scratch = new Scratch();
    installTemplate(scratch.folder, 'billing-invoice', {});
    const { flows } = layoutOf(scratch.folder);
    const nodes = JSON.parse(readFileSync(flows, 'utf8')) as Record<string, unknown>[];
    const dimensions = [{ plan: 'Cost centres', fallback: 'SUB' }];
    const entity = nodes.find(({ type, key }) => type === 'ledgerway-legal-entity' && key === 'acme_de')!;
    entity.dimensions = JSON.stringify(dimensions);
    writeFileSync(flows, JSON.stringify(nodes));
    assert.deepEqual(deployedEntity(scratch.folder, 'acme_de').dimensions, dimensions);
    await scratch.remove();
  });

  it('leaves out what is switched off, and what other connections do', async () => {
    const nothing = { companies: [], kinds: [], models: [], jobs: [] };
    assert.deepEqual(await use([{ ...post, d: true }]), nothing);
    assert.deepEqual(await use([{ ...post, z: 'off' }]), nothing);
    assert.deepEqual(await use([{ ...post, connection: 'other' }]), nothing);
  });
});

describe('ledgerway odoo adopt', () => {
  let site: Site;
  before(async () => {
    site = await Site.open(17);
  });
  after(() => site.remove());

  const counts = (result: CommandResult) => result.json().counts;
  const numbered = entity({ numbering: 'source' });

  it('binds what an earlier connector posted, after comparing it, and a backfill doubles nothing', async () => {
    const { books, scratch } = site;
    const posted = (n: string, changes: Parameters<typeof invoice>[1] = {}) =>
      books.post(invoice(n, changes), { externalKey: `legacy.${n}`, entity: numbered });
    await posted('a');
    await posted('b', { dueDate: '2026-12-31' });
    const other = { issueDate: '2026-11-05' };
    const documents = [
      invoice('a'),
      invoice('b'),
      invoice('never', other),
      invoice('x', { entity: 'acme_us' }),
    ];
    const file = join(scratch.folder, 'documents.jsonl');
    writeFileSync(file, `${documents.map((document) => JSON.stringify(document)).join('\n')}\n\n`);
    const args = ['adopt', 'de-odoo', '--entity', 'acme_de', '--file', file, '--json'];
    const rehearsed = await site.run(...args);
    assert.equal(rehearsed.code, 1, rehearsed.stderr);
    assert.deepEqual(counts(rehearsed), { bindable: 1, different: 1, missing: 1, refused: 1 });
    assert.deepEqual(counts(await site.run(...args)), counts(rehearsed), 'a rehearsal writes nothing');
    const applied = await site.run(...args, '--apply', ...ADMIN, '--ignore', 'due date');
    assert.deepEqual(counts(applied), { bound: 2, missing: 1, refused: 1 });
    assert.deepEqual(counts(await site.run(...args, '--ignore', 'due date')), {
      already: 2,
      missing: 1,
      refused: 1,
    });
    const before = (await books.ledger()).moves.length;
    await books.post(invoice('a'), { entity: numbered });
    assert.equal((await books.ledger()).moves.length, before);
  });

  it('takes the documents that the store has mapped', async () => {
    const { books, scratch } = site;
    const document = invoice('stored');
    await books.post(document, { externalKey: 'legacy.stored', entity: numbered });
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'stored');
    const context = await take(store);
    const claimed = await store.claim({
      ...context,
      businessKey: externalKey(document),
      contentHash: 'h',
      notes: { canonical: JSON.parse(JSON.stringify(document)) },
    });
    assert.equal(claimed.status, 'new');
    await store.settle({ ...context, hop: context.hop + 1, outcome: 'skipped', reason: 'shadow' });
    await store.close();
    const result = await site.run('adopt', 'de-odoo', '--entity', 'acme_de', '--from-store', '--json');
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(counts(result), { bindable: 1 });
  });

  it('wants an administrator to write, and one source of documents', async () => {
    const args = ['adopt', 'de-odoo', '--entity', 'acme_de'];
    const place = ['--url', site.books.client.url, '--db', DEMO_LOGIN.database, '--user', DEMO_LOGIN.login];
    const elsewhere = await site.run('adopt', '--entity', 'acme_de', '--from-store', ...place);
    assert.match(elsewhere.stderr, /CONFIG_INVALID: Name a connection of the deployed flows/);
    assert.match((await site.run(...args)).stderr, /CONFIG_INVALID: Say: ledgerway odoo adopt/);
    assert.match((await site.run(...args, '--from-store', '--apply')).stderr, /say --admin LOGIN/);
  });
});

describe('ledgerway odoo install-action', () => {
  it('shows what it would install, installs it once, posts with it, and takes it away', async () => {
    const site = await Site.open(17);
    const { books } = site;
    try {
      const shown = await site.run('install-action', 'de-odoo', ...ADMIN);
      assert.equal(shown.code, 1);
      assert.match(shown.stdout, /drafts\.action_post\(\)[\s\S]*Say --yes/);
      const install = () => site.run('install-action', 'de-odoo', ...ADMIN, '--yes', '--json');
      const installed = await install();
      assert.equal(installed.code, 0, installed.stderr);
      const { actionId } = installed.json() as { actionId: number };
      assert.deepEqual((await install()).json().actionId, actionId);
      const oneTransaction = { actionId };
      assert.equal((await books.post(invoice('one'), { oneTransaction })).state, 'posted');
      const other = await books.post(withTax(invoice('two'), '18.99', '118.99'), { oneTransaction });
      assert.deepEqual(
        [other.state, other.amountTax],
        ['posted', '18.99'],
        "the source's tax needs two steps",
      );
      const removed = await site.run('install-action', 'de-odoo', ...ADMIN, '--yes', '--remove', '--json');
      assert.equal(removed.json().removed, actionId);
      const again = await site.run('install-action', 'de-odoo', ...ADMIN, '--yes', '--remove', '--json');
      assert.equal(again.json().removed, null);
    } finally {
      await site.remove();
    }
  });
});
