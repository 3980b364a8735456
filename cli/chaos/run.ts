import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../engine';
import { FinanceError } from '../../errors';
import { dayProgress } from '../billing-day';
import { postJson } from '../http';
import { RuntimeProcess } from '../runtime-process';
import { ENTITIES, tie } from '../tie';
import { laneOrder } from './lanes';
import { Lives } from './life';
import { type Fault, type PlanOptions, planOf, type StoreKind } from './plan';
import type { World } from './world';

/** What a chaos run found. */
export interface ChaosResult {
  /** Events answered 2xx that are not in the store. */
  lost: number;
  /** Moves in Odoo beyond the first about the same document. */
  duplicates: number;
  /** Documents of one lane that ran, or were posted, in another order than that of their arrival. */
  laneInversions: number;
  /** Lanes with more than one document: how much `laneInversions` says. */
  lanesShared: number;
  /** Documents held since nobody knows whether their effect was had (RUN_IN_DOUBT). */
  inDoubtParked: number;
  kills: number;
  /** How often each fault struck. */
  struck: Partial<Record<Fault, number>>;
  /** Starts again after an end that no blow was meant to cause, e.g. while the database was away. */
  failedStarts: number;
  seed: number;
  store: StoreKind;
  workers: number;
  documents: number;
  odooMoves: number;
  ties: boolean;
  auditOk: boolean;
  naive: boolean;
  seconds: number;
  differences: string[];
}

export interface ChaosOptions extends PlanOptions {
  data: string;
  world: World;
  store: StoreKind;
  /** Script of a stand-in that posts again on redelivery, to see that doubles are found. */
  naive?: string;
}

const HOOK = '/hooks/stripe';
/** Looks at a quiet store before it counts as quiet. */
const CALM_LOOKS = 3;
/** How long a run may take: to start, for a document, for a blow. */
const PATIENCE_MS = { start: 120_000, document: 500, blow: 8_000 };

/**
 * A day of events under the blows of a plan, and the tie of all ledgers after it.
 * @throws RUN_UNEXPECTED where the day does not end in time, or a runtime cannot live
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { data, world, seed, documents, store, workers, naive } = options;
  const started = Date.now();
  const runtimes: RuntimeProcess[] = [];
  for (let index = 0; index < workers; index++)
    runtimes.push(
      await RuntimeProcess.prepare(
        index === 0 ? data : join(data, `worker-${index}`),
        world.sandbox,
        { ...world.env, ...(naive && { LEDGERWAY_ODOO_KEY: world.sandbox.secrets.odooKey }) },
        naive ? [naive] : undefined,
      ),
    );
  const plan = planOf(options);
  const lives = runtimes.map((runtime, index) => new Lives(runtime, world, plan[index]!));
  const runId = `chaos-${seed}-${documents}`;
  await sendDay(options, runtimes, runId);
  const blows = plan.flat().length;
  const limit = PATIENCE_MS.start + documents * PATIENCE_MS.document + blows * PATIENCE_MS.blow;
  const living = Promise.all(lives.map((life) => life.run()));
  try {
    await Promise.race([living, quiet(runtimes, world, runId, Date.now() + limit)]);
  } finally {
    for (const life of lives) life.end();
    await living.catch(() => undefined);
    await Promise.all(runtimes.map((runtime) => runtime.stop()));
  }
  await living;
  const found = await runtimes[0]!.read((reader) => judge(world, reader));
  const struck: ChaosResult['struck'] = {};
  for (const life of lives)
    for (const [fault, count] of Object.entries(life.struck) as [Fault, number][])
      struck[fault] = (struck[fault] ?? 0) + count;
  return {
    ...found,
    kills: struck.kill ?? 0,
    struck,
    failedStarts: lives.reduce((sum, { failures }) => sum + failures, 0),
    seed,
    store,
    workers,
    documents,
    naive: naive !== undefined,
    seconds: Math.round((Date.now() - started) / 1000),
  };
}

/** The accounts' events go to the runtimes in turn; the naive worker knows plain invoices only. */
async function sendDay(
  { world, seed, documents, naive }: ChaosOptions,
  runtimes: RuntimeProcess[],
  runId: string,
): Promise<void> {
  const secret = world.sandbox.secrets.webhookSecret;
  const targets = Object.values(ENTITIES).map(({ account }, index) => ({
    url: `${runtimes[index % runtimes.length]!.url}${HOOK}`,
    secret,
    accounts: [account],
  }));
  const rest = { url: `${runtimes[0]!.url}${HOOK}`, secret };
  const day = { runId, seed: `chaos-${seed}`, documents, oddities: naive === undefined };
  await postJson(`${world.sandbox.billing}/_sandbox/send`, { ...day, targets: [...targets, rest] });
}

/** Resolves when the day is sent and nothing is open, as every runtime says, several looks in a row. */
async function quiet(runtimes: RuntimeProcess[], world: World, runId: string, until: number): Promise<void> {
  for (let calm = 0; calm < CALM_LOOKS; await sleep(150)) {
    if (Date.now() > until)
      throw new FinanceError('RUN_UNEXPECTED', { message: 'The day did not end in time.' });
    const { done } = await dayProgress(world.sandbox, runId);
    const seen = done ? await Promise.all(runtimes.map((runtime) => runtime.readiness())) : [];
    const isCalm = done && seen.every((readiness) => readiness?.ok && readiness.open === 0);
    calm = isCalm ? calm + 1 : 0;
  }
}

async function judge({ sandbox }: World, store: Store) {
  const { lost, doubled, total, differences } = await tie(sandbox, store);
  const audit = await store.audit();
  const { lanes, inversions } = await laneOrder(sandbox, store);
  const held = await store.documents({ state: 'held', limit: 1_000_000 });
  const isInDoubt = ({ error }: { error: string | null }) =>
    (JSON.parse(error ?? '{}') as { code?: string }).code === 'RUN_IN_DOUBT';
  return {
    lost,
    duplicates: doubled,
    laneInversions: inversions,
    lanesShared: lanes,
    inDoubtParked: held.filter(isInDoubt).length,
    odooMoves: total.odooMoves,
    ties: differences.length === 0,
    auditOk: audit.ok,
    differences: [...differences, ...audit.findings],
  };
}
