import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface Row {
  bench: string;
  name: string;
  value: number;
  ok?: boolean;
}

const MAIN = join(__dirname, '..', '..', 'bench', 'main.js');

describe('npm run bench', () => {
  it('measures every figure, and the last line is JSON', async () => {
    const { stdout, code } = await quickBench();
    const { figures, load } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as {
      figures: Row[];
      load: Record<string, object>;
    };
    assert.equal(code, 0);
    for (const { name, value } of figures) assert.ok(Number.isFinite(value), `${name}: ${value}`);
    const names = ['receives', 'pipeline', 'http', 'workers', 'step-cost', 'stock', 'backlog'];
    assert.deepEqual([...new Set(figures.map(({ bench }) => bench))], names);
    assert.deepEqual(Object.keys(load), names);
    const value = (start: string) => figures.find(({ name }) => name.startsWith(start))?.value ?? Number.NaN;
    assert.equal(value('acknowledged and lost'), 0, 'what we acknowledged is there after SIGKILL');
    assert.ok(value('stock Node-RED, lost') > 0, 'what stock Node-RED acknowledged is not');
    for (const name of ['durable receives', 'full pipeline', 'one worker', 'two workers'])
      assert.ok(value(name) > 0, name);
  });
});

async function quickBench(): Promise<{ stdout: string; code: number | null }> {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN, '--quick', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { stdout, code };
}
