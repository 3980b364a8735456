import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FinanceError } from '../errors';
import { COMMON, readOptions, wholeNumber } from './arguments';
import { dayProgress, sendDay } from './billing-day';
import { seeded } from './random';
import { RuntimeProcess } from './runtime-process';
import { type Sandbox, startSandbox } from './sandbox';
import { sandboxFolder } from './session';
import { tie } from './tie';

/** What a chaos run found. */
interface ChaosResult {
  /** Events answered 2xx that are not in the store. */
  lost: number;
  /** Moves in Odoo beyond the first about the same document. */
  duplicates: number;
  kills: number;
  seed: number;
  documents: number;
  odooMoves: number;
  ties: boolean;
  auditOk: boolean;
  seconds: number;
  differences: string[];
}

/** Boundaries that a document passes on its way, roughly; sets how far apart the kills lie. */
const BOUNDARIES_A_DOCUMENT = 24;

/**
 * `ledgerway chaos`: a day of events while the runtime is killed (SIGKILL) at boundaries of transitions and
 * effects that the seed draws; the sandbox outlives it. Then the tie of `demo` must hold.
 */
export async function chaos(args: string[]): Promise<number> {
  const { values } = readOptions(args, {
    ...COMMON,
    kills: { type: 'string' },
    documents: { type: 'string' },
    seed: { type: 'string' },
  });
  const kills = wholeNumber('kills', values.kills, 20);
  const documents = wholeNumber('documents', values.documents, 500, 1);
  const seed = wholeNumber('seed', values.seed, randomInt(1_000_000));
  const data = values.data ?? mkdtempSync(join(tmpdir(), 'ledgerway-chaos-'));
  const sandbox = await startSandbox(sandboxFolder(data));
  try {
    const result = await killAndTie({ sandbox, data, kills, documents, seed });
    for (const difference of result.differences) console.error(difference);
    const { lost, duplicates, seconds, ties, auditOk } = result;
    if (values.json) console.log(JSON.stringify(result));
    else
      console.log(
        `lost ${lost}, duplicates ${duplicates}, kills ${result.kills}, seed ${seed}, ${seconds} s`,
      );
    return ties && auditOk && lost === 0 && duplicates === 0 && result.kills === kills ? 0 : 1;
  } finally {
    await sandbox.stop();
    if (values.data === undefined) rmSync(data, { recursive: true, force: true });
  }
}

interface ChaosRun {
  sandbox: Sandbox;
  data: string;
  kills: number;
  documents: number;
  seed: number;
}

async function killAndTie({ sandbox, data, kills, documents, seed }: ChaosRun): Promise<ChaosResult> {
  const started = Date.now();
  const runtime = await RuntimeProcess.prepare(data, sandbox);
  const runId = `chaos-${seed}-${documents}`;
  await sendDay(sandbox, runtime.url, { runId, seed: `chaos-${seed}`, documents });
  const draw = seeded(seed);
  const apart = Math.max(10, Math.floor((documents * BOUNDARIES_A_DOCUMENT * 0.7) / Math.max(1, kills)));
  let struck = 0;
  for (; struck < kills; struck++) {
    const killAt = 1 + Math.floor(draw() * 2 * apart);
    runtime.start({ LEDGERWAY_KILL_AT: String(killAt) });
    if ((await killedOrQuiet(runtime, sandbox, runId)) === 'quiet') break;
  }
  if (!runtime.alive) runtime.start();
  if ((await killedOrQuiet(runtime, sandbox, runId)) === 'killed') throw ended('by SIGKILL that nobody sent');
  await runtime.stop();
  const result = await runtime.read((store) => tie(sandbox, store));
  const audit = await runtime.read((store) => store.audit());
  return {
    lost: result.lost,
    duplicates: result.doubled,
    kills: struck,
    seed,
    documents,
    odooMoves: result.total.odooMoves,
    ties: result.differences.length === 0,
    auditOk: audit.ok,
    seconds: Math.round((Date.now() - started) / 1000),
    differences: [...result.differences, ...audit.findings],
  };
}

/** Waits until the runtime is killed, or until the day is done and nothing is open, three looks in a row. */
async function killedOrQuiet(
  runtime: RuntimeProcess,
  sandbox: Sandbox,
  runId: string,
): Promise<'killed' | 'quiet'> {
  for (let calm = 0; calm < 3; ) {
    const ending = await Promise.race([runtime.ended(), sleep(150, undefined)]);
    if (ending === 'killed') return ending;
    if (ending !== undefined) throw ended(`with exit code ${ending}`);
    const [{ done }, readiness] = await Promise.all([dayProgress(sandbox, runId), runtime.readiness()]);
    calm = done && readiness?.ok && readiness.open === 0 ? calm + 1 : 0;
  }
  return 'quiet';
}

function ended(how: string): FinanceError {
  return new FinanceError('RUN_UNEXPECTED', { message: `The runtime ended ${how}.` });
}
