import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditVerification, openSqliteStore } from '../engine';
import { FinanceError } from '../errors';
import { installTemplate, layoutOf } from '../runtime';
import { COMMON, readOptions, wholeNumber } from './arguments';
import { dayProgress, sendDay } from './billing-day';
import { seeded } from './random';
import { credentialsOf, environmentOf, type Sandbox, startSandbox } from './sandbox';
import { sandboxFolder } from './session';
import { type Tie, tie } from './tie';

/** What a chaos run found. */
interface ChaosResult {
  lost: number;
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
    if (values.json) console.log(JSON.stringify(result));
    else
      console.log(
        `lost ${result.lost}, duplicates ${result.duplicates}, kills ${result.kills}, seed ${seed}, ${result.seconds} s`,
      );
    return result.ties &&
      result.auditOk &&
      result.lost === 0 &&
      result.duplicates === 0 &&
      result.kills === kills
      ? 0
      : 1;
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
  installTemplate(data, 'billing-invoice', credentialsOf(sandbox));
  const port = await freePort();
  const env = {
    ...process.env,
    ...environmentOf(sandbox),
    LEDGERWAY_LOG_LEVEL: 'error',
    LEDGERWAY_ADMIN_PASSWORD: `chaos-${seed}`,
  };
  const runId = `chaos-${seed}-${documents}`;
  await sendDay(sandbox, `http://127.0.0.1:${port}`, { runId, seed: `chaos-${seed}`, documents });
  const draw = seeded(seed);
  // About 22 boundaries lie on the way of a document; the kills are spread over four fifths of the run.
  const span = Math.max(20, Math.floor((documents * 22 * 0.8) / Math.max(1, kills)));
  let struck = 0;
  for (; struck < kills; struck++) {
    const killAt = 1 + Math.floor(draw() * 2 * span);
    const ended = await runUntilKilledOrQuiet({
      data,
      port,
      env: { ...env, LEDGERWAY_KILL_AT: String(killAt) },
      sandbox,
      runId,
    });
    if (ended === 'quiet') break;
  }
  const last = await runUntilKilledOrQuiet({ data, port, env, sandbox, runId });
  if (last !== 'quiet')
    throw new FinanceError('RUN_UNEXPECTED', { message: 'The runtime ended without being told to.' });
  const { result, audit } = await readBack(sandbox, data);
  return {
    lost: result.lost,
    duplicates: Math.max(0, result.total.odooMoves - result.total.posted),
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

interface RuntimeRun {
  data: string;
  port: number;
  env: NodeJS.ProcessEnv;
  sandbox: Sandbox;
  runId: string;
}

/** Runs the runtime until it is killed, or until the day is done and nothing is open. */
async function runUntilKilledOrQuiet({
  data,
  port,
  env,
  sandbox,
  runId,
}: RuntimeRun): Promise<'killed' | 'quiet'> {
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', process.argv[1]!, 'run', '--data', data, '--port', String(port)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    },
  );
  const exited = new Promise<'killed'>((resolve, reject) =>
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed');
      else
        reject(
          new FinanceError('RUN_UNEXPECTED', {
            message: `The runtime ended with ${signal ?? `exit code ${code}`}.`,
          }),
        );
    }),
  );
  exited.catch(() => undefined);
  const ended = await Promise.race([exited, untilQuiet(child, port, sandbox, runId)]);
  if (ended === 'killed') return ended;
  child.kill('SIGTERM');
  await exited.catch(() => undefined);
  return ended;
}

/** Nothing open for two looks in a row; asked of the runtime's own readiness page, as an operator would. */
async function untilQuiet(
  child: ChildProcess,
  port: number,
  sandbox: Sandbox,
  runId: string,
): Promise<'quiet'> {
  for (let calm = 0; calm < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (child.exitCode !== null || child.signalCode !== null) return await new Promise(() => undefined);
    calm = (await isQuiet(port, sandbox, runId)) ? calm + 1 : 0;
  }
  return 'quiet';
}

async function isQuiet(port: number, sandbox: Sandbox, runId: string): Promise<boolean> {
  try {
    const { done } = await dayProgress(sandbox, runId);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2000) });
    const { stores } = (await answer.json()) as { stores: Record<string, { open?: number }> };
    return done && answer.ok && Object.values(stores).every(({ open }) => open === 0);
  } catch {
    return false;
  }
}

async function readBack(sandbox: Sandbox, data: string): Promise<{ result: Tie; audit: AuditVerification }> {
  const store = await openSqliteStore({ file: layoutOf(data).store, readOnly: true });
  try {
    return { result: await tie(sandbox, store), audit: await store.audit() };
  } finally {
    await store.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
