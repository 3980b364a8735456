import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { redact } from '../../runtime/redact';

const DIST = join(__dirname, '..', '..');
const at = (...path: string[]) => JSON.stringify(join(DIST, ...path));

const SECRETS = [
  'sk_live_seeded_secret',
  'hunter22',
  'Bearer abcdef0123456789',
  'whsec_MfKQ9r8GKYqrTwjUPD8I',
];
const PERSONAL = [
  'DE89 3704 0044 0532 0130 00',
  'de89370400440532013000',
  'GB29-NWBK-6016-1331-9268-19',
  'NO9386011117947',
  "jane.o'neil+billing@sub.acme.example",
  'jürgen@münchen.example',
];

/** Runs a program, and gives the lines that it logged. */
function logged(program: string): { text: string; records: Record<string, unknown>[] } {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '', 'nothing goes to standard output');
  const lines = stderr.trim().split('\n');
  return { text: stderr, records: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('Logs', () => {
  it('are JSON lines without any secret or person, whatever the path it comes on', () => {
    const seeded = JSON.stringify([...SECRETS, ...PERSONAL].join(' | '));
    const { text, records } = logged(`
      const { openLog, nodeRedLogging } = require(${at('runtime', 'log.js')});
      const { knowSecret } = require(${at('engine', 'index.js')});
      knowSecret('sk_live_seeded_secret');
      knowSecret('whsec_MfKQ9r8GKYqrTwjUPD8I');
      const log = openLog('debug');
      const seeded = ${seeded}.replace('hunter22', '');
      log.info({ password: 'hunter22', token: 'hunter22', nested: { authorization: 'hunter22', deep: { secret: 'hunter22' } } }, 'paths');
      log.error({ err: new Error('Odoo said: ' + seeded, { cause: new Error(seeded) }) }, 'errors ' + seeded);
      log.warn({ config: { url: 'https://x/?key=sk_live_seeded_secret', login: seeded } }, 'configuration');
      log.info({ webhook: { body: { receipt_email: seeded, iban: [seeded] } } }, 'webhook');
      const handler = nodeRedLogging(log).ledgerway.handler();
      handler({ level: 20, msg: seeded, id: 'n1', type: 't', name: seeded });
      handler({ level: 20, msg: { message: seeded, code: 'X' }, id: 'n1', type: 't' });
    `);
    assert.equal(records.length, 6);
    for (const seed of [...SECRETS, ...PERSONAL]) assert.ok(!text.includes(seed), seed);
    for (const shown of ['[secret]', '[IBAN DE]', '[IBAN GB]', '[IBAN NO]', '[e-mail]'])
      assert.ok(text.includes(shown), shown);
  });

  it('tell of a document by its ids, from the webhook to what Odoo answered, without a secret or a person', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-log-'));
    const { text, records } = logged(`
      const { openLog, logDocuments } = require(${at('runtime', 'log.js')});
      const { openSqliteStore, step, knowSecret } = require(${at('engine', 'index.js')});
      const { FinanceError } = require(${at('errors', 'index.js')});
      knowSecret('sk_live_seeded_secret');
      const answer = ${JSON.stringify(PERSONAL.join(' '))} + ' sk_live_seeded_secret';
      (async () => {
        const stop = logDocuments(openLog('debug'));
        const store = await openSqliteStore({ file: ${JSON.stringify(join(folder, 'store.db'))} });
        await store.syncPipelines([{ name: 'p', entities: [], kinds: [], lanePolicy: 'block', requiredSteps: [] }]);
        await store.receive({
          receiveKey: 'e1', entity: 'acme_de', kind: 'invoice', lane: 'in_1', correlationId: 'trace-7',
          source: { payer: answer }, body: { mediaType: 'application/json', content: JSON.stringify({ answer }) },
        });
        const [{ context }] = await store.lease({ pipeline: 'p', worker: 'w', limit: 1 });
        const spec = { kind: 'odoo.load', target: 'http://odoo/db', externalKey: 'k', request: { answer }, name: 'post' };
        const perform = () => Promise.reject(new FinanceError('ODOO_REJECTED', { message: 'Odoo: ' + answer }));
        const failed = await step(store, context, spec, { perform, refusesDoubles: true }).catch((error) => error);
        await store.hold({ documentId: context.documentId, fence: context.fence, hop: context.hop, error: failed.toJSON() });
        await store.close();
        stop();
      })();
    `);
    rmSync(folder, { recursive: true });
    const told = records.map(({ level, msg, documentId, correlationId, entity }) => ({
      level,
      what: String(msg).replace(/:.*/, ''),
      ids: [typeof documentId, correlationId, entity],
    }));
    const ids = ['string', 'trace-7', 'acme_de'];
    assert.deepEqual(told, [
      { level: 20, what: 'document received', ids },
      { level: 40, what: 'a step failed', ids },
      { level: 40, what: 'document held', ids },
    ]);
    assert.equal(new Set(records.map(({ documentId }) => documentId)).size, 1);
    for (const seed of [...PERSONAL, 'sk_live_seeded_secret']) assert.ok(!text.includes(seed), seed);
  });

  it('keep what is no IBAN: numbers, hashes and ids', () => {
    for (const kept of [
      'DE89370400440532013001 has other check digits',
      'doc_01JD3R8M4TQ5Y1ZK0VB7WNXHAE',
      'in_1MtHbELkdIwHu7ixl4OzzPMv',
      'ac12f0aa9d7c4e5b8f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e',
      'Invoice RE12 3456 7890 1234 5678',
    ])
      assert.equal(redact(kept), kept);
  });

  it('hide every valid IBAN, grouped or not, wherever it stands', () => {
    const iban = fc
      .tuple(fc.constantFrom('DE', 'AT', 'NL'), fc.stringMatching(/^[0-9]{18}$/))
      .map(([country, digits]) => {
        const length = { DE: 18, AT: 16, NL: 14 }[country]!;
        const account = country === 'NL' ? `ABNA${digits.slice(0, 10)}` : digits.slice(0, length);
        const number = `${account}${country}00`.replaceAll(/[A-Z]/g, (each) =>
          String(each.charCodeAt(0) - 55),
        );
        return `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${account}`;
      });
    fc.assert(
      fc.property(
        iban,
        fc.boolean(),
        fc.constantFrom(' ', '"', '', ' and more words 12'),
        (plain, grouped, after) => {
          const shown = grouped ? plain.replaceAll(/(.{4})/g, '$1 ').trim() : plain;
          const clean = redact(`to ${shown}${after}`);
          assert.equal(clean, `to [IBAN ${plain.slice(0, 2)}]${after}`);
        },
      ),
    );
  });
});
