import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { backupSqlite, storePoint } from '../engine/sqlite/backup';
import { SqliteConnection } from '../engine/sqlite/worker';
import type { AuditVerification } from '../engine/verify';
import { FinanceError } from '../errors';
import { layoutOf, type RuntimeConfig } from '../runtime';

/** What `manifest.json` of a backup says. */
export interface Manifest {
  format: 1;
  createdAt: string;
  /** Where the store lies: in this backup, or in Postgres, whose own tools back it up. */
  store: 'sqlite' | 'postgres';
  /** Time of the last audit event in the backup: what came after it is not in it. */
  recoveryPoint: string | null;
  /** Path below `data/` → size in bytes and SHA-256 in hex. */
  files: Record<string, { bytes: number; sha256: string }>;
}

/** What a restore reached. */
export interface Restored {
  recoveryPoint: string | null;
  /** Time it took. */
  seconds: number;
  files: number;
  store: Manifest['store'];
}

const MANIFEST = 'manifest.json';
/** Beside these: the store's own files, what the sandbox keeps, what npm can fetch again. */
const LEFT_OUT = /^(store\.db.*|sandbox|node-red\/node_modules)$/;

/**
 * Backs up a data folder beside the runtime that uses it: the store as it is at one moment, flows, credentials,
 * mappings, keys. The folder comes into being whole or not at all.
 * @throws STORE_NOT_EMPTY where `to` is there already, STORE_NOT_FOUND where there is nothing to back up
 */
export async function backUp(
  { dataDir, storeUrl }: Pick<RuntimeConfig, 'dataDir' | 'storeUrl'>,
  to: string,
): Promise<Manifest> {
  const target = resolve(to);
  if (existsSync(target))
    throw new FinanceError('STORE_NOT_EMPTY', { message: `${target} is there already.` });
  if (target.startsWith(dataDir + sep))
    throw new FinanceError('CONFIG_INVALID', { message: 'A backup lies outside the data folder.' });
  if (!existsSync(dataDir))
    throw new FinanceError('STORE_NOT_FOUND', { message: `There is no folder ${dataDir}.` });
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const folder = join(partial, 'data');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const manifest: Manifest = {
    format: 1,
    createdAt: new Date().toISOString(),
    store: storeUrl ? 'postgres' : 'sqlite',
    recoveryPoint: null,
    files: {},
  };
  if (!storeUrl) {
    const store = layoutOf(folder).store;
    const { lastEventAt } = await backupSqlite(layoutOf(dataDir).store, store);
    chmodSync(store, 0o600);
    if (lastEventAt !== undefined) manifest.recoveryPoint = new Date(lastEventAt).toISOString();
  }
  for (const file of filesOf(dataDir, LEFT_OUT)) copy(join(dataDir, file), join(folder, file));
  for (const file of filesOf(folder)) manifest.files[file] = await factsOf(join(folder, file));
  writeFileSync(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  renameSync(partial, target);
  return manifest;
}

/**
 * Puts a backup into an empty data folder, after every file of it was verified; the store comes last.
 * @throws STORE_NOT_EMPTY, STORE_DAMAGED naming the file
 */
export async function restore(from: string, dataDir: string): Promise<Restored> {
  const started = performance.now();
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0)
    throw new FinanceError('STORE_NOT_EMPTY', { message: `${dataDir} is not empty.` });
  const manifest = await verifiedManifest(from);
  const store = basename(layoutOf(dataDir).store);
  const files = Object.keys(manifest.files).sort((a, b) => Number(a === store) - Number(b === store));
  mkdirSync(dataDir, { recursive: true });
  for (const file of files) copy(join(from, 'data', file), join(dataDir, file));
  const recoveryPoint = manifest.store === 'sqlite' ? pointOf(layoutOf(dataDir).store) : null;
  const seconds = Math.round(performance.now() - started) / 1000;
  return { recoveryPoint, seconds, files: files.length, store: manifest.store };
}

/** Backs up, restores into a folder of its own, verifies what came, and throws it away. */
export async function drill(
  config: Pick<RuntimeConfig, 'dataDir' | 'storeUrl'>,
): Promise<Restored & { backupSeconds: number; audit: AuditVerification | null }> {
  const folder = mkdtempSync(join(tmpdir(), 'ledgerway-drill-'));
  try {
    const started = performance.now();
    await backUp(config, join(folder, 'backup'));
    const backupSeconds = Math.round(performance.now() - started) / 1000;
    const restored = await restore(join(folder, 'backup'), join(folder, 'data'));
    const audit = restored.store === 'sqlite' ? verify(layoutOf(join(folder, 'data')).store) : null;
    return { ...restored, backupSeconds, audit };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opened as its owner, so that a store of an older version is brought up to date first. */
function verify(file: string): AuditVerification {
  const connection = new SqliteConnection({ file, readOnly: false });
  try {
    const damage = connection.integrity();
    const [answer] = connection.run([{ id: 1, name: 'audit', input: undefined }]).answers;
    if (!answer || 'error' in answer)
      return { ok: false, events: 0, rows: 0, findings: [...damage, answer?.error.message ?? 'no answer'] };
    const audit = answer.result as AuditVerification;
    return { ...audit, ok: audit.ok && damage.length === 0, findings: [...damage, ...audit.findings] };
  } finally {
    connection.close();
  }
}

function pointOf(store: string): string | null {
  const { lastEventAt } = storePoint(store);
  return lastEventAt === undefined ? null : new Date(lastEventAt).toISOString();
}

/** Paths of the files below a folder, with `/` between their parts. */
function filesOf(folder: string, leftOut?: RegExp, below = ''): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = below ? `${below}/${name}` : name;
    if (leftOut?.test(path)) return [];
    const stat = statSync(join(folder, path), { throwIfNoEntry: false });
    if (stat?.isDirectory()) return filesOf(folder, leftOut, path);
    return stat?.isFile() ? [path] : [];
  });
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  copyFileSync(from, to);
  chmodSync(to, statSync(from).mode & 0o777);
}

async function factsOf(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { bytes: statSync(file).size, sha256: hash.digest('hex') };
}

/** @throws STORE_DAMAGED where a file is missing, changed, or not of the backup */
async function verifiedManifest(from: string): Promise<Manifest> {
  const manifest = readManifest(join(from, MANIFEST));
  const data = resolve(from, 'data');
  const there = new Set(existsSync(data) ? filesOf(data) : []);
  for (const [file, { bytes, sha256 }] of Object.entries(manifest.files)) {
    if (!there.delete(file)) throw damaged(`${file} is missing`);
    const found = await factsOf(join(data, file));
    if (found.bytes !== bytes || found.sha256 !== sha256) throw damaged(`${file} was changed`);
  }
  const [stranger] = there;
  if (stranger !== undefined) throw damaged(`${stranger} is not of the backup`);
  return manifest;
}

function readManifest(file: string): Manifest {
  if (!existsSync(file)) throw damaged(`there is no ${relative(process.cwd(), file)}`);
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Partial<Manifest>;
    const { format, store, files } = manifest;
    if (format === 1 && (store === 'sqlite' || store === 'postgres') && files && typeof files === 'object')
      return manifest as Manifest;
  } catch {
    // said below
  }
  throw damaged('its manifest is not readable');
}

function damaged(what: string): FinanceError {
  return new FinanceError('STORE_DAMAGED', { message: `The backup is damaged: ${what}.` });
}
