import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FinanceError } from '../errors';
import type { Credentials } from '../runtime';

/** What the sandbox tells of itself when it is up. */
export interface SandboxAddresses {
  odoo: string;
  tax: string;
  clearance: string;
  billing: string;
  crm: string;
  secrets: {
    odooDatabase: string;
    odooLogin: string;
    odooKey: string;
    taxKey: string;
    clearanceKey: string;
    billingKey: string;
    crmKey: string;
    webhookSecret: string;
  };
}

/** The sandbox counterparties, a process of their own: they outlive kills of the runtime. */
export interface Sandbox extends SandboxAddresses {
  stop(): Promise<void>;
}

const MAIN = join(__dirname, '..', 'sandbox', 'main.js');
/** In the order of the ports. */
const COUNTERPARTIES = ['odoo', 'tax', 'clearance', 'billing', 'crm'] as const;

/**
 * Starts the sandbox on a folder. Its ports are kept there, so that a second start has the same addresses.
 * @param options further options of its command line, e.g. `--odoo-version 16.0`
 * @throws CONFIG_INVALID where it does not come up
 */
export async function startSandbox(
  dataDir: string,
  env: NodeJS.ProcessEnv = {},
  options: string[] = [],
): Promise<Sandbox> {
  mkdirSync(dataDir, { recursive: true });
  const portsFile = join(dataDir, 'ports.json');
  const kept = existsSync(portsFile) ? (JSON.parse(readFileSync(portsFile, 'utf8')) as number[]) : [];
  const ports = COUNTERPARTIES.map((_name, at) => kept[at] ?? 0);
  const args = [MAIN, '--data', dataDir, '--ports', ports.join(','), ...options];
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
    detached: true,
  });
  const addresses = await firstLine(child);
  const taken = COUNTERPARTIES.map((name) => Number(new URL(addresses[name]).port));
  writeFileSync(portsFile, JSON.stringify(taken));
  return { ...addresses, stop: () => end(child) };
}

async function firstLine(child: ChildProcess): Promise<SandboxAddresses> {
  return await new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new FinanceError('CONFIG_INVALID', { message: `The sandbox did not start (exit ${code}).` })),
    );
    createInterface({ input: child.stdout! }).once('line', (line) => {
      try {
        resolve(JSON.parse(line) as SandboxAddresses);
      } catch (cause) {
        reject(new FinanceError('CONFIG_INVALID', { message: `The sandbox said: ${line}`, cause }));
      }
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

/** The environment that the template's config nodes read their addresses from. */
export function environmentOf(sandbox: SandboxAddresses): Record<string, string> {
  return {
    LEDGERWAY_ODOO_URL: sandbox.odoo,
    LEDGERWAY_ODOO_DB: sandbox.secrets.odooDatabase,
    LEDGERWAY_ODOO_LOGIN: sandbox.secrets.odooLogin,
    LEDGERWAY_TAX_URL: sandbox.tax,
    LEDGERWAY_EINVOICE_URL: sandbox.clearance,
    LEDGERWAY_BILLING_URL: sandbox.billing,
    LEDGERWAY_CRM_URL: sandbox.crm,
  };
}

/** The credentials of the template's nodes, by node id. */
export function credentialsOf({ secrets }: SandboxAddresses): Credentials {
  const odoo = { secret: secrets.odooKey };
  const tax = { secret: secrets.taxKey };
  const einvoice = { secret: secrets.clearanceKey };
  return {
    'billing-webhook': { secrets: secrets.webhookSecret, backfillKey: secrets.billingKey },
    'de-odoo': odoo,
    'us-odoo': odoo,
    'de-tax': tax,
    'us-tax': tax,
    'de-einvoice': einvoice,
    'us-einvoice': einvoice,
  };
}
