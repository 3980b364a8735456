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

/** Who pauses and resumes targets here. */
const ACTOR = 'odoo-check';
const DAY_MS = 86_400_000;
/** Time for the flows to get going before Odoo is asked. */
const SETTLING_MS = 5_000;
/** A check gives up sooner than a posting. */
const TIMEOUT_MS = 30_000;

/**
 * Whether the runtime checks its connections, and what it does about a job that Odoo would do a second time: only say
 * so (`warn`), or keep every step from that Odoo until the setting is switched off (`strict`).
 */
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
 * Checks the connections of the deployed flows some seconds after each deploy, and once a day in one of the runtimes:
 * findings go to the log with their code, and the last check stays in the store ({@link checkCursor}). Strict ones pause
 * an Odoo that would do a job a second time: documents for it wait, and intake goes on.
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
    private readonly options: { strict?: boolean; clock?: () => Date } = {},
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
    const checks: { connection: OdooConnection; kept: KeptCheck }[] = [];
    for (const connection of odooConnections(this.dataDir)) {
      const kept = await this.check(store, connection);
      if (this.ended.signal.aborted) return;
      this.tell(kept);
      await store.setCursor({ name: checkCursor(connection.id), value: JSON.stringify(kept) });
      checks.push({ connection, kept });
    }
    if (!this.options.strict) return;
    // several connections may lead to one Odoo
    const byTarget = Map.groupBy(checks, ({ connection }) => targetOf(connection));
    for (const [target, its] of byTarget)
      if (target !== undefined)
        await this.holdBack(
          store,
          target,
          its.map(({ kept }) => kept),
        );
  }

  /** Pauses the target of doubled jobs; what was paused so is resumed when all its connections are in order. */
  private async holdBack(store: Store, target: string, checks: readonly KeptCheck[]): Promise<void> {
    const doubled = checks.flatMap(({ refusals }) =>
      refusals.filter(({ code }) => code === 'ODOO_AUTOMATION'),
    );
    const now = (await store.targets()).find(({ name }) => name === target);
    const isPaused = Number(now?.paused ?? 0) === 1;
    if (doubled.length > 0 && !isPaused) {
      const reason = doubled.map(({ message }) => message).join(' ');
      await store.pauseTarget({ target, paused: true, actor: ACTOR, reason });
      this.log.error(
        { target, code: 'ODOO_AUTOMATION' },
        'nothing is sent to this Odoo until that is put right',
      );
    }
    if (doubled.length > 0 || !isPaused || now?.actor !== ACTOR || checks.some(({ error }) => error)) return;
    await store.pauseTarget({ target, paused: false, actor: ACTOR, reason: 'The setting is switched off.' });
    this.log.warn({ target }, 'this Odoo no longer does a job of the flows: it is used again');
  }

  private async check(store: Store, connection: OdooConnection): Promise<KeptCheck> {
    const now = this.options.clock?.() ?? new Date();
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
      // an outage is told by the breaker of the target; a refused key by nobody else
      const level = ERRORS[error.code].kind === 'unavailable' ? 'warn' : 'error';
      this.log[level](facts(error), `The odoo connection cannot be checked: ${error.message}`);
      return;
    }
    for (const refusal of refusals) this.log.error(facts(refusal), refusal.message);
    for (const warning of warnings) this.log.warn(facts(warning), warning.message);
  }
}

/** The target as steps name it; nothing where the connection is not configured to its end. */
function targetOf({ options }: OdooConnection): string | undefined {
  try {
    const { url, database } = options();
    return `${url.replace(/\/+$/, '')}/${database}`;
  } catch {
    return undefined;
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
