import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  type Anchor,
  type AuditVerification,
  anchorKey,
  exportAnchors,
  makeAnchors,
  newAnchorKey,
  readAnchors,
  type Store,
} from '../engine';
import { type Job, SqliteConnection } from '../engine/sqlite/worker';
import { FinanceError } from '../errors';
import { anchorsOf, configOf, layoutOf, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';

const OPTIONS = {
  ...COMMON,
  anchors: { type: 'string' },
  'public-key': { type: 'string' },
  key: { type: 'string' },
  to: { type: 'string' },
} as const;

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];

const COMMANDS: Record<string, (values: Values) => Promise<number>> = { verify, anchor, keygen };

/** `ledgerway audit verify | anchor | keygen`. */
export async function audit(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS);
  const command = COMMANDS[positionals[0] ?? ''];
  if (!command) throw invalid('Say: ledgerway audit verify | anchor | keygen');
  return await command(values);
}

/**
 * Checks the hash chain, every row that it vouches for, every stored body, the database file itself, and where they
 * are given the anchors. It only reads, so it may run beside a runtime.
 */
async function verify(values: Values): Promise<number> {
  const config = configOf(values);
  const given = anchorsToCheck(values);
  const started = performance.now();
  const verified = config.storeUrl
    ? await verifyStore(await storeOf(config, true), given.anchors)
    : verifyFile(layoutOf(config.dataDir).store, given.anchors);
  const seconds = Math.round(performance.now() - started) / 1000;
  const { events, rows } = verified;
  const findings = [...given.findings, ...verified.findings];
  const ok = findings.length === 0;
  for (const finding of findings) console.error(finding);
  const anchors = given.anchors.length;
  if (values.json) console.log(JSON.stringify({ ok, events, rows, anchors, seconds, findings }));
  else
    console.log(
      ok
        ? `The audit chain verifies: ${events} events, ${rows} rows, ${anchors} anchors.`
        : `The audit chain does NOT verify: ${findings.length} findings.`,
    );
  return ok ? 0 : 1;
}

function anchorsToCheck(values: Values): { anchors: Anchor[]; findings: string[] } {
  const { anchors, 'public-key': publicKey } = values;
  if (!anchors && !publicKey) return { anchors: [], findings: [] };
  if (!anchors || !publicKey) throw invalid('--anchors FILE and --public-key FILE belong together.');
  return readAnchors(textOf(anchors), anchorKey(textOf(publicKey), 'public'));
}

async function verifyStore(store: Store, anchors: Anchor[]): Promise<AuditVerification> {
  try {
    const verified = await store.audit();
    return { ...verified, findings: [...verified.findings, ...(await store.checkAnchors({ anchors }))] };
  } finally {
    await store.close();
  }
}

function verifyFile(file: string, anchors: Anchor[]): AuditVerification {
  let connection: SqliteConnection | undefined;
  try {
    connection = new SqliteConnection({ file, readOnly: true });
    const damage = connection.integrity();
    const verified = ask<AuditVerification>(connection, { id: 1, name: 'audit', input: undefined });
    const against = ask<string[]>(connection, { id: 2, name: 'checkAnchors', input: { anchors } });
    return { ...verified, findings: [...damage, ...verified.findings, ...against] };
  } catch (error) {
    if (error instanceof FinanceError && error.code !== 'STORE_UNAVAILABLE') throw error;
    const finding = `the database file is damaged: ${(error as Error).message}`;
    return { ok: false, events: 0, rows: 0, findings: [finding] };
  } finally {
    connection?.close();
  }
}

function ask<Result>(connection: SqliteConnection, job: Job): Result {
  const [answer] = connection.run([job]).answers;
  if (answer && 'error' in answer) throw FinanceError.fromJSON(answer.error);
  return answer!.result as Result;
}

/** Signs where the chains stand now, and brings it to a file or URL. It only reads the store. */
async function anchor(values: Values): Promise<number> {
  const place = anchorsOf(values);
  if (!place)
    throw invalid('Say --key FILE and --to FILE|URL, or set LEDGERWAY_ANCHOR_KEY and LEDGERWAY_ANCHORS.');
  const store = await storeOf(configOf(values), true);
  try {
    const anchors = await makeAnchors(store, place.key);
    await exportAnchors(anchors, place.to);
    const events = anchors.reduce((sum, { seq }) => sum + seq, 0);
    if (values.json) console.log(JSON.stringify({ anchors: anchors.length, events, to: place.to }));
    else console.log(`${anchors.length} anchors over ${events} events went to ${place.to}.`);
    return 0;
  } finally {
    await store.close();
  }
}

/** Makes a pair of keys: the private one at `--to`, the public one beside it. */
async function keygen(values: Values): Promise<number> {
  if (!values.to) throw invalid('--to FILE is missing.');
  const publicFile = `${values.to}.pub`;
  for (const file of [values.to, publicFile])
    if (existsSync(file)) throw new FinanceError('STORE_NOT_EMPTY', { message: `${file} is there already.` });
  const { privateKey, publicKey } = newAnchorKey();
  writeFileSync(values.to, privateKey, { mode: 0o600, flag: 'wx' });
  writeFileSync(publicFile, publicKey, { flag: 'wx' });
  if (values.json) console.log(JSON.stringify({ privateKey: values.to, publicKey: publicFile }));
  else console.log(`${values.to} signs (keep it with the runtime), ${publicFile} verifies (give it away).`);
  return 0;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `${file} cannot be read.`, cause });
  }
}

function invalid(message: string): FinanceError {
  return new FinanceError('CONFIG_INVALID', { message });
}
