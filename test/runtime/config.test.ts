import { strict as assert } from 'node:assert';
import { createDecipheriv, createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configOf, installTemplate, layoutOf } from '../../runtime';
import { credentialSecret } from '../../runtime/config';

describe('Configuration of a runtime', () => {
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'ledgerway-config-'));
  });
  afterEach(() => rmSync(data, { recursive: true, force: true }));

  it('binds loopback and makes a one-time password, another each time', () => {
    const first = configOf({ data });
    assert.deepEqual([first.host, first.port, first.login.user], ['127.0.0.1', 1880, 'admin']);
    assert.ok(first.login.password.length >= 12);
    assert.notEqual(configOf({ data }).login.password, first.login.password);
  });

  it('names the value that is wrong', () => {
    for (const port of ['x', '-1', '70000', '1.5'])
      assert.throws(() => configOf({ data, port }), {
        code: 'CONFIG_INVALID',
        message: new RegExp(port.replace('.', '\\.')),
      });
  });

  it('installs a template once, with encrypted credentials that only its own secret opens', () => {
    const credentials = { 'de-odoo': { secret: 'odoo-key-0123456789' } };
    assert.equal(installTemplate(data, 'billing-invoice', credentials), true);
    const layout = layoutOf(data);
    const file = readFileSync(layout.credentials, 'utf8');
    assert.doesNotMatch(file + readFileSync(layout.flows, 'utf8'), /odoo-key/);
    assert.equal(statSync(layout.credentials).mode & 0o077, 0, 'readable by its owner only');
    const { $: sealed } = JSON.parse(file) as { $: string };
    const key = createHash('sha256').update(credentialSecret(data)).digest();
    const decipher = createDecipheriv('aes-256-ctr', key, Buffer.from(sealed.slice(0, 32), 'hex'));
    assert.deepEqual(
      JSON.parse(decipher.update(sealed.slice(32), 'base64', 'utf8') + decipher.final('utf8')),
      credentials,
    );
    writeFileSync(layout.flows, '[]');
    assert.equal(installTemplate(data, 'billing-invoice', credentials), false, 'flows that are there stay');
    assert.equal(readFileSync(layout.flows, 'utf8'), '[]');
  });

  it('refuses a template that is not packaged', () => {
    assert.throws(() => installTemplate(data, 'no-such', {}), { code: 'STORE_NOT_FOUND' });
  });
});
