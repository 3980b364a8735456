import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { demoSeed, startOdoo } from '../../sandbox/odoo';
import { applyEdit } from '../../sandbox/odoo/edit';
import { seedOf } from '../support/seed';
import { Scratch } from '../support/store';
import { watchPartners } from './watch-process';

const SEED = seedOf('LEDGERWAY_WATCH_SEED');
const KILLS = 6;

/** A draw from 0 to `below`, the same for the same seed. */
function drawer(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('odoo watch under kill -9', () => {
  it(`${KILLS} kills while people write: every last state, each state once (seed ${SEED})`, async () => {
    const draw = drawer(SEED);
    const scratch = new Scratch();
    const odoo = await startOdoo({ seed: demoSeed() });
    const orders = { file: scratch.file, url: odoo.url };
    const last = new Map<number, string>();
    let written = 0;
    const write = (): void => {
      const id = 7 + draw(2);
      const email = `${++written}@x.example`;
      applyEdit(odoo.odoo, { do: 'write', model: 'res.partner', id, values: { email } });
      last.set(id, `${id} ${email}`);
    };
    const writing = setInterval(write, 15);
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = spawn(process.execPath, [join(__dirname, 'watch-process.js'), JSON.stringify(orders)], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const ended = new Promise((done) => child.once('exit', done));
        await new Promise((done) => child.stdout.once('data', done));
        await delay(draw(300));
        child.kill('SIGKILL');
        await ended;
      }
      clearInterval(writing);
      const states = await watchPartners(orders, false);
      assert.ok(states.length > KILLS, `${states.length} states were seen`);
      for (const [id, state] of last) {
        const own = states.filter((each) => each.startsWith(`${id} `));
        assert.equal(own.at(-1), state, 'the last state is there');
        const counts = own.map((each) => Number(/ (\d+)@/.exec(each)?.[1] ?? 0));
        assert.deepEqual(
          counts,
          [...new Set(counts)].toSorted((a, b) => a - b),
          'none twice, all in order',
        );
      }
    } finally {
      clearInterval(writing);
      await odoo.close();
      await scratch.remove();
    }
  }).timeout(60_000);
});
