import { strict as assert } from 'node:assert';
import { inversionsOf } from '../../cli/chaos/lanes';
import { FAULTS, planOf, readFaults } from '../../cli/chaos/plan';
import { ledgerway } from '../support/command';
import { seedOf } from '../support/seed';

interface Found {
  kills: number;
  struck: Record<string, number>;
  lanesShared: number;
  duplicates: number;
}

describe('ledgerway chaos', () => {
  it('SIGKILLs with SQLite', () => proves({ kills: 12, documents: 300 }));

  it('every fault of SQLite: full disk, clock, deploy, SIGTERM, an Odoo that is slow and drops answers', async () => {
    const { struck } = await proves({ kills: 3, documents: 100, faults: 'all' });
    for (const fault of readFaults('all', 'sqlite')) assert.ok(struck[fault]! > 0, `${fault} did not strike`);
  });

  it('every fault of Postgres, restarts of the server among them, with two workers', async () => {
    const { struck } = await proves({
      kills: 4,
      documents: 120,
      faults: 'all',
      store: 'postgres',
      workers: 2,
    });
    assert.ok(struck['pg-restart']! > 0, 'the server was restarted');
  });

  it('Redis forgets everything in the middle', async () => {
    const { struck } = await proves({
      kills: 4,
      documents: 120,
      faults: 'kill,redis-flush',
      store: 'postgres+redis',
      workers: 2,
    });
    assert.ok(struck['redis-flush']! > 0, 'Redis was flushed');
  });

  it('a naive worker doubles under kills, and only then: the harness finds doubles', async () => {
    const naive = { documents: 150, naive: true, seed: 7 };
    const calm = await run({ ...naive, kills: 0 });
    assert.equal(calm.found.duplicates, 0);
    const killed = await run({ ...naive, kills: 8 });
    assert.ok(killed.found.duplicates > 0, killed.stderr);
  });

  it('a seed draws the same blows', () => {
    const options = {
      seed: 11,
      documents: 100,
      kills: 10,
      faults: FAULTS,
      workers: 2,
      boundaries: 24,
    };
    const plan = planOf(options);
    assert.deepEqual(planOf(options), plan);
    assert.notDeepEqual(planOf({ ...options, seed: 12 }), plan);
    assert.equal(plan.flat().filter(({ fault }) => fault === 'kill').length, 10);
    for (const fault of FAULTS) assert.ok(plan.flat().some((blow) => blow.fault === fault));
  });

  it('a lane that ran in another order is found', () => {
    const passage = (first: number, last: number, move?: number) => ({ first, last, move });
    assert.equal(inversionsOf([passage(1, 5, 1), passage(6, 6, 2), passage(8, 9)]), 0);
    assert.equal(inversionsOf([passage(1, 7), passage(6, 6)]), 1, 'ran before the one before was done');
    assert.equal(inversionsOf([passage(1, 2, 8), passage(3, 4), passage(5, 6, 7)]), 1, 'posted before');
  });
});

type Wish = Record<string, string | number | boolean>;

/** Runs with a seed that is told, and asserts what must hold whatever the seed. */
async function proves(wish: Wish): Promise<Found> {
  const seed = seedOf('LEDGERWAY_CHAOS_SEED');
  console.log(`      seed ${seed}`);
  const { found, code, stderr } = await run({ ...wish, seed });
  const { lost, duplicates, laneInversions, kills, ties, auditOk, inDoubtParked } = found;
  assert.deepEqual(
    { lost, duplicates, laneInversions, kills, ties, auditOk, inDoubtParked },
    {
      lost: 0,
      duplicates: 0,
      laneInversions: 0,
      kills: wish.kills,
      ties: true,
      auditOk: true,
      inDoubtParked: 0,
    },
    `seed ${seed}: ${stderr}`,
  );
  assert.ok(found.lanesShared > 0, 'lanes with several documents');
  assert.equal(code, 0);
  return found;
}

async function run(wish: Wish) {
  const args = Object.entries(wish).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  const { code, stderr, json } = await ledgerway(['chaos', '--json', ...args]);
  return { code, stderr, found: json() as unknown as Found & Record<string, unknown> };
}
