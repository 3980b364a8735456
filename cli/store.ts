import { resolve } from 'node:path';
import { retain } from '../engine';
import { copyStore } from '../engine/copy';
import { FinanceError } from '../errors';
import { configOf, retentionOf, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';
import { backUp, drill, restore } from './backup';

const OPTIONS = {
  ...COMMON,
  from: { type: 'string' },
  to: { type: 'string' },
  'dry-run': { type: 'boolean' },
  apply: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values'];
/** What a command did: facts for `--json`, the same in words, the exit code. */
interface Answer {
  facts: object;
  words: string[];
  code?: number;
}

const COMMANDS: Record<string, (values: Values) => Promise<Answer>> = {
  backup: runBackup,
  restore: runRestore,
  drill: runDrill,
  retain: runRetain,
  migrate: runMigrate,
};

/** `ledgerway store backup | restore | drill | retain | migrate`. */
export async function store(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, OPTIONS);
  const command = COMMANDS[positionals[0] ?? ''];
  if (!command || positionals.length > 1)
    throw invalid(`Say: ledgerway store ${Object.keys(COMMANDS).join(' | ')}`);
  const { facts, words, code = 0 } = await command(values);
  if (values.json) console.log(JSON.stringify(facts));
  else for (const line of words) console.log(line);
  return code;
}

const IN_POSTGRES = 'The documents are in Postgres: back them up with pg_dump, restore them with pg_restore.';

async function runBackup(values: Values): Promise<Answer> {
  const config = configOf(values);
  const to = resolve(wanted('to', values.to));
  const { files, ...facts } = await backUp(config, to);
  const count = Object.keys(files).length;
  const words = [
    `${count} files are in ${to}; it holds secrets.`,
    facts.store === 'postgres'
      ? IN_POSTGRES
      : `recovery point ${facts.recoveryPoint ?? 'none: an empty store'}`,
  ];
  return { facts: { to, ...facts, files: count }, words };
}

async function runRestore(values: Values): Promise<Answer> {
  const data = resolve(wanted('data', values.data));
  const facts = await restore(resolve(wanted('from', values.from)), data);
  const point = facts.store === 'postgres' ? IN_POSTGRES : `recovery point ${facts.recoveryPoint}`;
  const words = [
    `${facts.files} files are in ${data}, in ${facts.seconds} s.`,
    point,
    'What came after it comes again from its sources; targets are asked before anything is sent again.',
  ];
  return { facts: { data, ...facts }, words };
}

async function runDrill(values: Values): Promise<Answer> {
  const { audit, ...times } = await drill(configOf(values));
  const words = [
    `backup ${times.backupSeconds} s, restore ${times.seconds} s, recovery point ${times.recoveryPoint}`,
    audit
      ? `The restored audit chain ${audit.ok ? 'verifies' : 'does NOT verify'}: ${audit.events} events, ${audit.rows} rows.`
      : IN_POSTGRES,
    ...(audit?.findings ?? []),
  ];
  return { facts: { ...times, audit }, words, code: audit?.ok === false ? 1 : 0 };
}

async function runRetain(values: Values): Promise<Answer> {
  if (values.apply === values['dry-run']) throw invalid('Say either --dry-run or --apply.');
  const config = configOf(values);
  const policy = retentionOf(config.dataDir);
  if (!policy)
    throw invalid('There is no retention policy: LEDGERWAY_RETENTION, or retention.json in the data folder.');
  const apply = values.apply === true;
  const store = await storeOf(config, !apply);
  try {
    const facts = await retain(store, policy, { apply, actor: 'ledgerway store retain' });
    const due = Object.entries(facts.due).map(
      ([name, count]) => `${name}: ${count} documents are over their time`,
    );
    const { documents, bodies, steps } = facts;
    const done = apply
      ? `Erased: ${bodies} bodies and ${steps} steps of ${documents} documents.`
      : 'Nothing was erased.';
    return { facts: { applied: apply, ...facts }, words: [...due, done] };
  } finally {
    await store.close();
  }
}

async function runMigrate(values: Values): Promise<Answer> {
  const from = wanted('from', values.from);
  const to = values.to ?? process.env.LEDGERWAY_STORE;
  if (!from.startsWith('sqlite:') || !/^postgres(ql)?:\/\//.test(to ?? ''))
    throw invalid('Say: --from sqlite:FILE --to postgres://… (or LEDGERWAY_STORE in place of --to).');
  const started = performance.now();
  const { tables, audit } = await copyStore(resolve(from.slice('sqlite:'.length)), to!);
  const seconds = Math.round(performance.now() - started) / 1000;
  const rows = Object.values(tables).reduce((sum, count) => sum + count, 0);
  const words = [
    `${rows} rows of ${Object.keys(tables).length} tables are in Postgres, in ${seconds} s.`,
    `The audit chain verifies there: ${audit.events} events, ${audit.rows} rows.`,
    'Start the runtime with LEDGERWAY_STORE, and keep the old file away from it.',
  ];
  return { facts: { tables, audit, seconds }, words };
}

function wanted(name: string, value: string | undefined): string {
  if (value) return value;
  throw invalid(`--${name} is missing.`);
}

function invalid(message: string): FinanceError {
  return new FinanceError('CONFIG_INVALID', { message });
}
