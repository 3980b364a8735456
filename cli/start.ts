import { COMMON, readOptions } from './arguments';
import { BUNDLED_DAY, openSession, runDay, type Session } from './session';
import { tableOf } from './table';
import { tie } from './tie';

const LIMIT_MS = 55_000;

/** `ledgerway start`: runtime, sandbox, template and the bundled day; stays up until it is told to end. */
export async function start(args: string[]): Promise<number> {
  const { values } = readOptions(args, COMMON);
  const session = await openSession({ ...values, logLevel: process.env.LEDGERWAY_LOG_LEVEL ?? 'error' });
  console.log('Ledgerway is up; the sandbox billing system sends a day of signed events …');
  const calm = await runDay(session, BUNDLED_DAY, LIMIT_MS);
  const result = await tie(session.sandbox, session.runtime.store);
  console.log(`\n${tableOf(result)}\n`);
  if (!calm) console.log('Some documents are still under way; the figures above are those of now.');
  for (const difference of result.differences) console.log(`does not tie: ${difference}`);
  console.log(addresses(session));
  if (values.json)
    console.log(JSON.stringify({ url: session.runtime.url, odoo: session.sandbox.odoo, ...result.total }));
  await endOf(session);
  return 0;
}

function addresses({ runtime, sandbox, config }: Session): string {
  return [
    `editor         ${runtime.url}/   (user ${config.login.user}, one-time password ${config.login.password})`,
    `console        ${runtime.url}/console/   (the same login)`,
    `Odoo's ledger  ${sandbox.odoo}/ledger`,
    `data           ${config.dataDir}`,
    'Ctrl-C ends it; the next start goes on from here.',
  ].join('\n');
}

/** Drains and ends on SIGINT or SIGTERM. */
async function endOf(session: Session): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await session.stop();
}
