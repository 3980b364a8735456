import fc from 'fast-check';
import { onEveryStore, type Place } from './stores';
import { type Command, World } from './world';

/** How often a thing is done, in relation to the others. */
const WEIGHTS: Record<Command['op'], number> = {
  receive: 8,
  lease: 10,
  claim: 4,
  intend: 5,
  complete: 5,
  settle: 6,
  hold: 2,
  retry: 2,
  await: 1,
  release: 1,
  renew: 1,
  replay: 2,
  dismiss: 2,
  expire: 1,
  sweep: 2,
  crash: 1,
};

const commands: fc.Arbitrary<Command> = fc.record({
  op: fc.oneof(
    ...Object.entries(WEIGHTS).map(([op, weight]) => ({
      weight,
      arbitrary: fc.constant(op as Command['op']),
    })),
  ),
  worker: fc.nat(2),
  pick: fc.nat(1000),
});

/** Groups of commands: those of a group run at the same time. */
const stories = fc.array(fc.array(commands, { minLength: 1, maxLength: 10 }), {
  minLength: 5,
  maxLength: 20,
});

const RUNS = Number(process.env.LEDGERWAY_TEST_RUNS ?? 12);

onEveryStore('State machine under random interleavings', (place) => {
  it('1 worker, one thing after the other', () => property(place(), 1, false));
  it('1 to 3 workers at the same time', () => property(place(), 3, true));

  async function property(at: Place, workers: number, together: boolean): Promise<void> {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: workers }), stories, async (count, story) => {
        await at.empty();
        const world = await World.create(at, count);
        for (const group of story) {
          const groups = together ? [group] : group.map((command) => [command]);
          for (const simultaneous of groups) {
            await world.together(simultaneous);
            for (const { op, worker } of simultaneous) if (op === 'crash') await world.crash(worker);
          }
          await world.check();
        }
        await world.finish();
        await world.check();
        await world.checkHistory();
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }
});
