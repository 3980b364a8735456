import { parseArgs } from 'node:util';
import { FinanceError } from '../../errors';
import { demoSeed, startOdoo } from '.';

const VERSIONS = ['16.0', '17.0', '19.0'] as const;

/** `node dist/sandbox/odoo/main.js --port 8069 --data odoo.db --version 17.0`: the demonstration's Odoo as a process. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8069' },
      host: { type: 'string', default: '127.0.0.1' },
      data: { type: 'string' },
      version: { type: 'string', default: '17.0' },
      workers: { type: 'string', default: '2' },
      cost: { type: 'string', default: 'none' },
    },
  });
  const version = VERSIONS.find((known) => known === values.version);
  const costModel = (['none', 'odoo17'] as const).find((known) => known === values.cost);
  if (!version || !costModel)
    throw new FinanceError('CONFIG_INVALID', {
      message: `--version is one of ${VERSIONS.join(', ')}; --cost is none or odoo17.`,
    });
  const { host, data: dataFile } = values;
  const odoo = await startOdoo({
    host,
    port: Number(values.port),
    version,
    dataFile,
    seed: demoSeed(),
    workers: Number(values.workers),
    costModel,
  });
  console.log(`Sandbox Odoo ${version} listens on ${odoo.url}; its books are at ${odoo.url}/ledger`);
  const stop = () => void odoo.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
