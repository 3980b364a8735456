import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ledgerway } from '../support/command';

describe('ledgerway demo: a signed billing event becomes a posted Odoo invoice and an accepted e-invoice, once', () => {
  let data: string;
  before(() => {
    data = mkdtempSync(join(tmpdir(), 'ledgerway-demo-test-'));
  });
  after(() => rmSync(data, { recursive: true, force: true }));

  it('ties with the ledgers of Odoo, the billing system and the network, in numbers and amounts', async () => {
    const { code, stdout, stderr, json } = await ledgerway(['demo', '--data', data, '--json']);
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trimEnd().split('\n').length, 1, '--json alone on the last line');
    const result = json() as Record<string, number> & { differences: string[]; auditOk: boolean };
    assert.deepEqual(result.differences, []);
    assert.equal(result.auditOk, true);
    assert.equal(result.open, 0);
    assert.equal(result.odooMoves, result.posted);
    assert.ok(result.posted! >= 58, `${result.posted} posted`);
    assert.ok(result.einvoicesAccepted! > 0 && result.duplicates! > 0 && result.skipped! > 0);
    assert.equal(result.conflicts, 2, 'one an entity');
    const sum =
      result.posted! +
      result.duplicates! +
      result.conflicts! +
      result.exceptions! +
      result.skipped! +
      result.rejected!;
    assert.equal(sum, result.received);
  });

  it('a second run on the same folder finds all of it done, and posts nothing again', async () => {
    const { code, stderr, json } = await ledgerway(['demo', '--data', data, '--json']);
    assert.equal(code, 0, stderr);
    const result = json() as Record<string, number>;
    assert.equal(result.odooMoves, result.posted);
    assert.equal(result.lost, 0);
  });

  it('audit verify is content, and finds one changed byte', async () => {
    const good = await ledgerway(['audit', 'verify', '--data', data, '--json']);
    assert.equal(good.code, 0, good.stderr);
    const { ok, events } = good.json() as { ok: boolean; events: number };
    assert.ok(ok && events > 500, `${events} events`);
    const file = join(data, 'store.db');
    const bytes = readFileSync(file);
    const place = bytes.lastIndexOf(Buffer.from('"txr_de_19"'));
    assert.ok(place > 0, 'a stored body is in the file');
    bytes[place + 2] = 'y'.charCodeAt(0);
    writeFileSync(file, bytes);
    const bad = await ledgerway(['audit', 'verify', '--data', data, '--json']);
    assert.equal(bad.code, 1);
    assert.match((bad.json().findings as string[]).join(), /does not match|changed outside/);
  });
});
