import { fstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FinanceError } from '../errors';
import { BILLING_API_KEY, BILLING_WEBHOOK_SECRET, startBilling } from './billing';
import { CLEARANCE_TOKEN, startClearance } from './clearance';
import { CRM_API_KEY, startCrm } from './crm';
import { DEMO_LOGIN, demoSeed, startOdoo } from './odoo';
import { startTax, TAX_API_KEY } from './tax';

const VERSIONS = ['16.0', '17.0', '19.0'] as const;
const COSTS = ['none', 'odoo17'] as const;

interface Settings {
  /** Folder of the data files; memory where left out. */
  data?: string;
  /** odoo, tax, clearance, billing, crm; 0 takes a free one. */
  ports: number[];
  odooVersion: (typeof VERSIONS)[number];
  odooCost: (typeof COSTS)[number];
}

const invalid = (message: string) => new FinanceError('CONFIG_INVALID', { message });

function readSettings(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      data: { type: 'string' },
      ports: { type: 'string', default: '0,0,0,0,0' },
      'odoo-version': { type: 'string', default: '17.0' },
      'odoo-cost': { type: 'string', default: 'none' },
    },
  });
  const ports = values.ports.split(',').map(Number);
  if (ports.length !== 5 || ports.some((port) => !Number.isInteger(port) || port < 0 || port > 65_535))
    throw invalid('--ports takes five ports: odoo,tax,clearance,billing,crm');
  const odooVersion = VERSIONS.find((version) => version === values['odoo-version']);
  if (!odooVersion) throw invalid(`--odoo-version is one of ${VERSIONS.join(', ')}`);
  const odooCost = COSTS.find((cost) => cost === values['odoo-cost']);
  if (!odooCost) throw invalid(`--odoo-cost is one of ${COSTS.join(', ')}`);
  return { data: values.data, ports, odooVersion, odooCost };
}

/** A closed pipe means that the parent is gone; a terminal or /dev/null says nothing. */
function onParentGone(then: () => void): void {
  const stdin = fstatSync(0);
  if (!stdin.isFIFO() && !stdin.isSocket()) return;
  process.stdin.on('end', then).on('close', then).on('error', then).resume();
}

async function main(): Promise<void> {
  const { data, ports, odooVersion, odooCost } = readSettings(process.argv.slice(2));
  if (data) mkdirSync(data, { recursive: true });
  const [odooPort, taxPort, clearancePort, billingPort, crmPort] = ports;
  const file = (name: string) => data && join(data, `${name}.db`);
  const running: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(started: T): T => {
    running.push(started);
    return started;
  };

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await Promise.allSettled(running.map((each) => each.close()));
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  onParentGone(() => void stop());

  const odoo = keep(
    await startOdoo({
      port: odooPort,
      version: odooVersion,
      costModel: odooCost,
      dataFile: file('odoo'),
      database: DEMO_LOGIN.database,
      seed: demoSeed(),
    }),
  );
  const tax = keep(await startTax({ port: taxPort, dataFile: file('tax') }));
  const clearance = keep(await startClearance({ port: clearancePort, dataFile: file('clearance') }));
  const billing = keep(await startBilling({ port: billingPort, dataFile: file('billing') }));
  const crm = keep(await startCrm({ port: crmPort, dataFile: file('crm') }));
  const secrets = {
    odooDatabase: DEMO_LOGIN.database,
    odooLogin: DEMO_LOGIN.login,
    odooKey: DEMO_LOGIN.apiKey,
    taxKey: TAX_API_KEY,
    clearanceKey: CLEARANCE_TOKEN,
    billingKey: BILLING_API_KEY,
    crmKey: CRM_API_KEY,
    webhookSecret: BILLING_WEBHOOK_SECRET,
  };
  const addresses = {
    odoo: odoo.url,
    tax: tax.url,
    clearance: clearance.url,
    billing: billing.url,
    crm: crm.url,
  };
  process.stdout.write(`${JSON.stringify({ ...addresses, secrets })}\n`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
