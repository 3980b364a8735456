import { configOf, startRuntime } from '../runtime';
import { COMMON, readOptions } from './arguments';

/** `ledgerway run`: the runtime alone, as in production; drains on SIGTERM. @throws what the store was lost by */
export async function run(args: string[]): Promise<number> {
  const { values } = readOptions(args, COMMON);
  const config = configOf(values);
  const runtime = await startRuntime(config);
  const oneTime = process.env.LEDGERWAY_ADMIN_PASSWORD ? '' : `, one-time password ${config.login.password}`;
  console.log(
    values.json
      ? JSON.stringify({ url: runtime.url })
      : `Ledgerway is up at ${runtime.url}/ (user ${config.login.user}${oneTime})`,
  );
  const told = new Promise<undefined>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(undefined));
  });
  const lost = await Promise.race([told, runtime.lost]);
  if (lost) throw lost;
  return (await runtime.stop()) ? 0 : 1;
}
