import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const LOG = join(__dirname, '..', '..', 'runtime', 'log.js');
const ENGINE = join(__dirname, '..', '..', 'engine', 'index.js');

describe('Logs', () => {
  it('are JSON lines without any known secret, whatever the path it comes on', () => {
    const program = `
      const { openLog } = require(${JSON.stringify(LOG)});
      const { knowSecret } = require(${JSON.stringify(ENGINE)});
      knowSecret('sk_live_seeded_secret');
      const log = openLog('info');
      log.info({ password: 'hunter22', nested: { authorization: 'Bearer abc' } }, 'paths');
      log.error({ err: new Error('Odoo said: sk_live_seeded_secret is wrong') }, 'values sk_live_seeded_secret');
      log.warn({ url: 'https://x/?key=sk_live_seeded_secret' }, 'in an address');
    `;
    const text = execFileSync(process.execPath, ['-e', `${program.replaceAll('\n', ' ')}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = execFileSync('sh', ['-c', '"$0" -e "$1" 2>&1 >/dev/null', process.execPath, program], {
      encoding: 'utf8',
    });
    assert.equal(text, '', 'nothing goes to standard output');
    const records = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    assert.equal(records.length, 3);
    assert.doesNotMatch(lines, /sk_live_seeded_secret|hunter22|Bearer abc/);
    assert.match(lines, /Odoo said: \[secret\] is wrong/);
  });
});
