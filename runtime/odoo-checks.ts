import type { Logger } from 'pino';
import {
  checkRights,
  connectOdoo,
  expiringKeys,
  type Finding,
  type OdooOptions,
  type RightsReport,
} from '../connectors/odoo';
import type { Host, Store } from '../engine';
import { ERRORS, FinanceError, toFinanceError } from '../errors';
import { type OdooConnection, odooConnections } from './odoo-connections';

/** What was found out about a connection. */
export interface ConnectionCheck {
  connection: string;
  name: string;
  url: string;
  database: string;
  /** Of Odoo, e.g. `19.0`. */
  version: string;
  protocol: string;
  report: RightsReport;
}

/** What is kept of a check in the store, for people to see. */
export interface KeptCheck extends Pick<RightsReport, 'warnings' | 'refusals' | 'keys'> {
  /** RFC 3339 */
  at: string;
  /** Of the connection. */
  name: string;
  /** Why Odoo could not be asked; what stands beside it was known before. */
  error?: Finding;
}

/** Name of the store's cursor that keeps the last check of a connection. */
export const checkCursor = (connection: string): string => `odoo-check:${connection}`;

const DAY_MS = 86_400_000;
/** Time for the flows to get going before Odoo is asked. */
const SETTLING_MS = 5_000;
/** A check gives up sooner than a posting. */
const TIMEOUT_MS = 30_000;

/** Whether the runtime checks its connections, and what it does about a job that would be done twice. */
export type CheckMode = 'off' | 'warn' | 'strict';

/** LEDGERWAY_ODOO_CHECK; `warn` by default. @throws CONFIG_INVALID */
export function checkModeOf(text = process.env.LEDGERWAY_ODOO_CHECK || 'warn'): CheckMode {
  if (text === 'off' || text === 'warn' || text === 'strict') return text;
  throw new FinanceError('CONFIG_INVALID', {
    message: `LEDGERWAY_ODOO_CHECK is off, warn or strict, not "${text}".`,
  });
}

/**
 * Asks an Odoo what its user may do, for what the deployed nodes need; changes nothing.
 * @param signal gives up
 * @throws CONFIG_INVALID, CONFIG_SECRET_MISSING, ODOO_UNAUTHORIZED and those of a call
 */
export async function checkConnection(
  { id, name, use, options }: OdooConnection,
  { now = new Date(), signal }: { now?: Date; signal?: AbortSignal } = {},
): Promise<ConnectionCheck> {
  const given = options();
  const client = connectOdoo({ timeoutMs: TIMEOUT_MS, ...given });
  const close = () => client.close();
  signal?.addEventListener('abort', close);
  try {
    const { serverVersion, major } = await client.version();
    const report = await checkRights(client, use, now);
    const { url, database } = client;
    const protocol = protocolOf(given, major);
    return { connection: id, name, url, database, version: serverVersion, protocol, report };
  } finally {
    signal?.removeEventListener('abort', close);
    close();
  }
}

function protocolOf({ protocol = 'auto' }: OdooOptions, major: number): string {
  if (protocol !== 'auto') return protocol;
  return major >= 19 ? 'json2' : 'jsonrpc';
}

/**
 * Refuses to start where Odoo would do a job of the deployed nodes a second time. An Odoo that does not answer is no
 * reason: intake goes on, and the check comes again.
 * @throws ODOO_AUTOMATION naming the settings
 */
export async function refuseAutomation(dataDir: string, log: Logger): Promise<void> {
  for (const connection of odooConnections(dataDir)) {
    const checked = await checkConnection(connection).catch((err: unknown) => {
      log.warn({ err, connection: connection.name }, 'the odoo connection cannot be checked');
    });
    const doubled = checked?.report.refusals.filter(({ code }) => code === 'ODOO_AUTOMATION') ?? [];
    if (doubled.length > 0)
      throw new FinanceError('ODOO_AUTOMATION', {
        message: `${connection.name}: ${doubled.map(({ message }) => message).join(' ')}`,
      });
  }
}

/**
 * Checks the connections of the deployed flows some seconds after each deploy, and once a day in one of the runtimes:
 * findings go to the log with their code, and the last check stays in the store ({@link checkCursor}).
 */
export class OdooChecks {
  private readonly stopDaily: () => void;
  private readonly ended = new AbortController();
  private soon?: NodeJS.Timeout;
  private running?: Promise<void>;

  constructor(
    private readonly host: Host,
    private readonly dataDir: string,
    private readonly log: Logger,
    private readonly clock = () => new Date(),
  ) {
    const work = () => this.run();
    this.stopDaily = host.every('default', { name: 'odoo-checks', everyMs: DAY_MS, work });
  }

  /** The flows were started. */
  deployed(): void {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => void this.run(), SETTLING_MS);
    this.soon.unref();
  }

  /** All connections, one after the other; a run that is under way is joined. What fails is logged. */
  run(): Promise<void> {
    this.running ??= this.checkAll()
      .catch((err: unknown) => {
        if (!this.ended.signal.aborted) this.log.error({ err }, 'the odoo connections cannot be checked');
      })
      .finally(() => {
        this.running = undefined;
      });
    return this.running;
  }

  async end(): Promise<void> {
    clearTimeout(this.soon);
    this.stopDaily();
    this.ended.abort();
    await this.running;
  }

  private async checkAll(): Promise<void> {
    const store = this.host.store();
    for (const connection of odooConnections(this.dataDir)) {
      const kept = await this.check(store, connection);
      if (this.ended.signal.aborted) return;
      this.tell(kept);
      await store.setCursor({ name: checkCursor(connection.id), value: JSON.stringify(kept) });
    }
  }

  private async check(store: Store, connection: OdooConnection): Promise<KeptCheck> {
    const now = this.clock();
    const known = { at: now.toISOString(), name: connection.name };
    try {
      const { report } = await checkConnection(connection, { now, signal: this.ended.signal });
      const { warnings, refusals, keys } = report;
      return { ...known, warnings, refusals, keys };
    } catch (caught) {
      const { code, message } = toFinanceError(caught);
      const before = await lastCheck(store, connection.id);
      const expired = code === 'ODOO_UNAUTHORIZED' ? expiringKeys(before?.keys ?? [], now, { days: -1 }) : [];
      const why = expired.map(({ name, expires }) => ` The key "${name}" expired on ${expires}.`).join('');
      const { warnings = [], refusals = [], keys = [] } = before ?? {};
      return { ...known, warnings, refusals, keys, error: { code, message: message + why } };
    }
  }

  private tell({ name: connection, warnings, refusals, error }: KeptCheck): void {
    const facts = ({ code }: Finding) => ({ connection, code, hint: ERRORS[code].hint });
    if (error) {
      this.log.error(facts(error), `The odoo connection cannot be checked: ${error.message}`);
      return;
    }
    for (const refusal of refusals) this.log.error(facts(refusal), refusal.message);
    for (const warning of warnings) this.log.warn(facts(warning), warning.message);
  }
}

/** What the last check of a connection said, if there was one. */
export async function lastCheck(
  store: Pick<Store, 'getCursor'>,
  connection: string,
): Promise<KeptCheck | undefined> {
  const value = await store.getCursor({ name: checkCursor(connection) });
  return value === undefined ? undefined : (JSON.parse(value) as KeptCheck);
}
