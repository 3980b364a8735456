import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMON, readOptions, wholeNumber } from './arguments';
import { BUNDLED_DAY, openSession, runDay } from './session';
import { tableOf } from './table';
import { tie } from './tie';

/**
 * `ledgerway demo`: the bundled day from its first event to the last posting, without staying up. Exit code 0
 * only if numbers and amounts tie with the sandbox's own ledgers and the audit chain verifies.
 */
export async function demo(args: string[]): Promise<number> {
  const { values } = readOptions(args, {
    ...COMMON,
    documents: { type: 'string' },
    seed: { type: 'string' },
    'limit-seconds': { type: 'string' },
  });
  const temporary = values.data === undefined;
  const data = values.data ?? mkdtempSync(join(tmpdir(), 'ledgerway-demo-'));
  const limitMs = wholeNumber('limit-seconds', values['limit-seconds'], 120, 1) * 1000;
  const session = await openSession({
    ...values,
    data,
    port: values.port ?? '0',
    logLevel: process.env.LEDGERWAY_LOG_LEVEL ?? 'error',
  });
  try {
    const calm = await runDay(session, dayOf(values), limitMs);
    const result = await tie(session.sandbox, session.runtime.store);
    if (!calm) result.differences.push('the day did not end in time');
    const audit = await session.runtime.store.audit();
    const { differences, entities, total, lost } = result;
    if (!values.json) console.log(`${tableOf(result)}\n`);
    for (const difference of [...differences, ...audit.findings]) console.error(difference);
    if (values.json)
      console.log(
        JSON.stringify({
          ...total,
          lost,
          auditOk: audit.ok,
          ties: differences.length === 0,
          differences,
          entities,
        }),
      );
    return differences.length === 0 && audit.ok ? 0 : 1;
  } finally {
    await session.stop();
    if (temporary) rmSync(data, { recursive: true, force: true });
  }
}

function dayOf({ seed, documents }: { seed?: string; documents?: string }): {
  runId: string;
  seed: string;
  documents?: number;
} {
  if (seed === undefined && documents === undefined) return BUNDLED_DAY;
  const day = {
    runId: `demo-${seed ?? BUNDLED_DAY.seed}-${documents ?? ''}`,
    seed: seed ?? BUNDLED_DAY.seed,
  };
  return documents === undefined ? day : { ...day, documents: wholeNumber('documents', documents, 60, 1) };
}
