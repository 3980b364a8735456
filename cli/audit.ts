import type { AuditVerification, Store } from '../engine';
import { SqliteConnection } from '../engine/sqlite/worker';
import { FinanceError } from '../errors';
import { configOf, layoutOf, storeOf } from '../runtime';
import { COMMON, readOptions } from './arguments';

/**
 * `ledgerway audit verify`: checks the hash chain, every row that it vouches for, every stored body, and the
 * database file itself. It only reads, so it may run beside a runtime.
 */
export async function audit(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, COMMON);
  if (positionals[0] !== 'verify')
    throw new FinanceError('CONFIG_INVALID', { message: 'Say: ledgerway audit verify --data DIR' });
  const config = configOf(values);
  const { ok, events, rows, findings } = config.storeUrl
    ? await verifyStore(await storeOf(config, true))
    : verifyFile(layoutOf(config.dataDir).store);
  for (const finding of findings) console.error(finding);
  if (values.json) console.log(JSON.stringify({ ok, events, rows, findings }));
  else
    console.log(
      ok
        ? `The audit chain verifies: ${events} events, ${rows} rows.`
        : `The audit chain does NOT verify: ${findings.length} findings.`,
    );
  return ok ? 0 : 1;
}

async function verifyStore(store: Store): Promise<AuditVerification> {
  try {
    return await store.audit();
  } finally {
    await store.close();
  }
}

function verifyFile(file: string): AuditVerification {
  let connection: SqliteConnection | undefined;
  try {
    connection = new SqliteConnection({ file, readOnly: true });
    const damage = connection.integrity();
    const [answer] = connection.run([{ id: 1, name: 'audit', input: undefined }]).answers;
    if (answer && 'error' in answer)
      return { ok: false, events: 0, rows: 0, findings: [...damage, answer.error.message] };
    const verified = answer!.result as AuditVerification;
    return {
      ...verified,
      ok: verified.ok && damage.length === 0,
      findings: [...damage, ...verified.findings],
    };
  } catch (error) {
    if (error instanceof FinanceError) throw error;
    return {
      ok: false,
      events: 0,
      rows: 0,
      findings: [`the database file is damaged: ${(error as Error).message}`],
    };
  } finally {
    connection?.close();
  }
}
