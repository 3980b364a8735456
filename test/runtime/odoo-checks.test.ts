import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Host } from '../../engine';
import { layoutOf } from '../../runtime';
import { encryptCredentials } from '../../runtime/credentials';
import { checkModeOf, lastCheck, OdooChecks } from '../../runtime/odoo-checks';
import { installTemplate } from '../../runtime/template';
import { DEMO_LOGIN, type OdooSeed } from '../../sandbox/odoo';
import { Books } from '../connectors/odoo/books';
import { Scratch } from '../support/store';

const TODAY = new Date('2026-11-21T10:00:00Z');
const ENVIRONMENT = [
  'LEDGERWAY_ODOO_URL',
  'LEDGERWAY_ODOO_DB',
  'LEDGERWAY_ODOO_LOGIN',
  'LEDGERWAY_ODOO_CHECK',
];

describe('The runtime checks its Odoo connections', () => {
  const before = Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]]));
  let scratch: Scratch;
  let books: Books;
  let host: Host;
  let lines: Record<string, unknown>[];
  const log = pino({ level: 'warn' }, { write: (text) => lines.push(JSON.parse(text)) });

  async function open(adapt: (seed: OdooSeed) => void = () => undefined): Promise<OdooChecks> {
    books = await Books.open(19, 'auto', [], [], adapt);
    Object.assign(process.env, {
      LEDGERWAY_ODOO_URL: books.client.url,
      LEDGERWAY_ODOO_DB: DEMO_LOGIN.database,
      LEDGERWAY_ODOO_LOGIN: DEMO_LOGIN.login,
    });
    const data = scratch.folder;
    installTemplate(data, 'billing-invoice', { 'de-odoo': { secret: DEMO_LOGIN.apiKey } });
    // the template's second connection has no secret here, so it goes
    const { flows } = layoutOf(data);
    const nodes = JSON.parse(readFileSync(flows, 'utf8')) as { id: string }[];
    writeFileSync(flows, JSON.stringify(nodes.filter(({ id }) => id !== 'us-odoo')));
    host = new Host({ default: await scratch.store() });
    return checksOf({ clock: () => TODAY });
  }
  const checksOf = (options: ConstructorParameters<typeof OdooChecks>[3]) =>
    new OdooChecks(host, scratch.folder, log, options);
  const keyUntil = (expires: string) => (seed: OdooSeed) => {
    const user = seed.users.find(({ id }) => id === DEMO_LOGIN.uid)!;
    user.apiKeys = [{ key: DEMO_LOGIN.apiKey, name: 'pipelines', expires }];
  };

  const twice = (seed: OdooSeed) => {
    seed.modules = ['account_peppol'];
    for (const company of seed.companies) company.settings = { account_peppol_proxy_state: 'receiver' };
  };

  beforeEach(() => {
    scratch = new Scratch();
    lines = [];
    for (const name of ENVIRONMENT) delete process.env[name];
  });
  afterEach(async () => {
    await host.close();
    await books.close();
    await scratch.remove();
    for (const name of ENVIRONMENT)
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
  });

  it('raises the alarm over a key with ten days left, and keeps what it found', async () => {
    const checks = await open(keyUntil('2026-12-01 09:00:00'));
    await checks.run();
    await checks.end();
    assert.deepEqual(
      lines.map(({ code, connection, msg }) => [code, connection, msg]),
      [['ODOO_KEY_EXPIRING', 'Odoo', 'The API key "pipelines" expires on 2026-12-01, in 10 days.']],
    );
    assert.match(String(lines[0]?.hint), /without a restart/);
    const kept = await lastCheck(host.store(), 'de-odoo');
    assert.deepEqual(kept?.keys, [{ name: 'pipelines', expires: '2026-12-01' }]);
    assert.equal(kept?.at, TODAY.toISOString());
  });

  it('raises none over a key with thirty days left', async () => {
    const checks = await open(keyUntil('2026-12-21 09:00:00'));
    await checks.run();
    await checks.end();
    assert.equal(lines.length, 0);
    assert.deepEqual((await lastCheck(host.store(), 'de-odoo'))?.warnings, []);
  });

  it('says of a refused key what to do, and that it had expired where that was known', async () => {
    const checks = await open(keyUntil('2026-12-01 09:00:00'));
    await checks.run();
    lines = [];
    books.clock.now = new Date('2026-12-02T10:00:00Z');
    const later = checksOf({ clock: () => books.clock.now });
    await later.run();
    await later.end();
    await checks.end();
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.code, 'ODOO_UNAUTHORIZED');
    assert.match(String(lines[0]?.msg), /Invalid apikey The key "pipelines" expired on 2026-12-01\./);
    assert.match(String(lines[0]?.hint), /Renew the API key/);
    const kept = await lastCheck(host.store(), 'de-odoo');
    assert.equal(kept?.error?.code, 'ODOO_UNAUTHORIZED');
    assert.equal(kept?.keys.length, 1, 'what was known stays');
  });

  it('names the setting by which Odoo would do a job twice', async () => {
    const checks = await open(twice);
    await checks.run();
    await checks.end();
    assert.deepEqual(
      lines.map(({ code, level }) => [code, level]),
      [['ODOO_AUTOMATION', 50]],
    );
    assert.match(String(lines[0]?.msg), /Company 1 .*account_peppol_proxy_state/);
    assert.deepEqual(await host.store().targets(), [], 'the flows go on');
  });

  it('strictly, keeps every step from that Odoo until the setting is switched off', async () => {
    await (await open(twice)).end();
    const checks = checksOf({ strict: true });
    const paused = async () => {
      await checks.run();
      return (await host.store().targets()).map(({ name, paused: is, actor }) => [name, Number(is), actor]);
    };
    const target = `${books.client.url}/${DEMO_LOGIN.database}`;
    assert.deepEqual(await paused(), [[target, 1, 'odoo-check']]);
    const [row] = await host.store().targets();
    assert.match(row?.reason ?? '', /account_peppol_proxy_state/);
    process.env.LEDGERWAY_ODOO_LOGIN = 'nobody';
    assert.deepEqual(await paused(), [[target, 1, 'odoo-check']], 'who cannot be asked gives no leave');
    process.env.LEDGERWAY_ODOO_LOGIN = DEMO_LOGIN.login;
    await books.edit('res.company', 1, { account_peppol_proxy_state: 'not_registered' });
    assert.deepEqual(await paused(), [[target, 0, 'odoo-check']]);
    const by = { target, paused: true, actor: 'omar', reason: 'upgrade' };
    await host.store().pauseTarget(by);
    assert.deepEqual(await paused(), [[target, 1, 'omar']], "a person's pause is a person's to end");
    await checks.end();
  });

  it('an Odoo that is down is said, and not waited for when the runtime ends', async () => {
    const checks = await open();
    process.env.LEDGERWAY_ODOO_URL = 'http://127.0.0.1:9';
    await checks.run();
    assert.equal(lines.at(-1)?.code, 'ODOO_UNAVAILABLE');
    process.env.LEDGERWAY_ODOO_URL = books.client.url;
    await books.fault({ match: { method: 'context_get' }, mode: 'delay', delayMs: 20_000 });
    const told = lines.length;
    void checks.run();
    await sleep(200);
    const started = performance.now();
    await checks.end();
    assert.ok(performance.now() - started < 2_000);
    assert.equal(lines.length, told, 'an end is no finding');
  });

  it('a secret that nobody can decrypt is a matter for the log', async () => {
    const checks = await open();
    const wrong = encryptCredentials({ 'de-odoo': { secret: 'x' } }, 'another secret');
    writeFileSync(layoutOf(scratch.folder).credentials, JSON.stringify(wrong));
    await checks.run();
    await checks.end();
    assert.match(String(lines[0]?.msg), /cannot be checked/);
    assert.doesNotMatch(JSON.stringify(lines), new RegExp(DEMO_LOGIN.apiKey));
  });

  it('does so as LEDGERWAY_ODOO_CHECK says', async () => {
    await (await open()).end();
    assert.equal(checkModeOf(), 'warn');
    assert.equal(checkModeOf('strict'), 'strict');
    assert.throws(() => checkModeOf('never'), { code: 'CONFIG_INVALID', message: /LEDGERWAY_ODOO_CHECK/ });
  });
});
