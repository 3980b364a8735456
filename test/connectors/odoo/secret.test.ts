import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretSource } from '../../../connectors/odoo';

describe('the secret of a connection', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-secret-'));
    file = join(folder, 'key');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is what was configured, unless it says where it is', () => {
    assert.equal(secretSource('a:b')(), 'a:b');
    assert.equal(secretSource('')(), '');
  });

  it('follows a file, and stays in use while that is being rewritten or replaced', () => {
    const read = secretSource(`file:${file}`);
    assert.throws(read, { code: 'CONFIG_SECRET_MISSING' });
    writeFileSync(file, 'first\n');
    assert.equal(read(), 'first');
    writeFileSync(file, 'second one\n');
    assert.equal(read(), 'second one');
    writeFileSync(file, '');
    assert.equal(read(), 'second one');
    rmSync(file);
    assert.equal(read(), 'second one');
    writeFileSync(file, 'the third');
    assert.equal(read(), 'the third');
  });

  it('follows a variable of the environment', () => {
    const read = secretSource('env:LEDGERWAY_TEST_SECRET');
    assert.equal(read(), '');
    process.env.LEDGERWAY_TEST_SECRET = 'one';
    assert.equal(read(), 'one');
    process.env.LEDGERWAY_TEST_SECRET = 'two';
    assert.equal(read(), 'two');
    delete process.env.LEDGERWAY_TEST_SECRET;
  });
});
