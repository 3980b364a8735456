import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { knowSecret } from '../../engine';
import { FinanceError } from '../../errors';
import { ALERT_CONFIG } from './schema';

export type Severity = 'critical' | 'warning' | 'info';

/** What of the documents a rule looks at; what is left out is not limited. */
export interface Which {
  entities?: string[];
  kinds?: string[];
  pipelines?: string[];
  /** Decimal string; documents whose amount is not known are left out. */
  minAmount?: string;
  currency?: string;
  /** Fires from so many on; 1 where left out. */
  minCount?: number;
}

/** What a rule looks for. */
export type Watch =
  | ({
      type: 'exceptions';
      classes?: string[];
      codes?: string[];
      olderThanMinutes?: number;
      dueWithinMinutes?: number;
    } & Which)
  | ({ type: 'delayed'; olderThanMinutes: number } & Which)
  | { type: 'pipeline-stalled'; afterMinutes: number; pipelines?: string[] }
  | { type: 'breaker-open'; afterMinutes: number; targets?: string[] }
  | { type: 'key-expiry'; withinDays: number }
  | { type: 'feed-stale'; afterMinutes: number; feeds?: string[] }
  | { type: 'tie-broken'; entities?: string[] };

export type Rule = Watch & {
  name: string;
  severity: Severity;
  /** Names of routes; all of them where left out. */
  routes?: string[];
  /** One message a window: what comes meanwhile is told with the next; 60 where left out. */
  windowMinutes?: number;
  /** Told to `escalateTo` as well where nobody acknowledged it in time. */
  escalateAfterMinutes?: number;
  escalateTo?: string[];
};

/** Where messages go. */
export type Route =
  | { type: 'webhook'; url: string; secret: string }
  | { type: 'slack'; url: string }
  | { type: 'email'; to: string[]; from: string; smtp: string };

export interface AlertConfig {
  routes: Record<string, Route>;
  rules: Rule[];
}

/** What is watched where nobody says otherwise: by what it costs the business, not by how loud it fails. */
export const DEFAULT_RULES: readonly Rule[] = [
  {
    name: 'settlements-failed',
    type: 'exceptions',
    kinds: ['payout', 'bank_transaction'],
    severity: 'critical',
    escalateAfterMinutes: 60,
  },
  {
    name: 'in-doubt',
    type: 'exceptions',
    classes: ['in_doubt'],
    severity: 'critical',
    escalateAfterMinutes: 60,
  },
  { name: 'high-amount', type: 'exceptions', minAmount: '10000', severity: 'warning' },
  {
    name: 'deadline-missed',
    type: 'exceptions',
    dueWithinMinutes: 0,
    severity: 'warning',
    windowMinutes: 240,
  },
  {
    name: 'exceptions-ageing',
    type: 'exceptions',
    olderThanMinutes: 1440,
    severity: 'info',
    windowMinutes: 1440,
  },
  {
    name: 'documents-delayed',
    type: 'delayed',
    olderThanMinutes: 60,
    severity: 'warning',
    windowMinutes: 240,
  },
  { name: 'pipeline-stalled', type: 'pipeline-stalled', afterMinutes: 30, severity: 'warning' },
  { name: 'target-down', type: 'breaker-open', afterMinutes: 5, severity: 'warning' },
  { name: 'key-expiry', type: 'key-expiry', withinDays: 14, severity: 'warning', windowMinutes: 1440 },
  { name: 'feed-stale', type: 'feed-stale', afterMinutes: 15, severity: 'warning', windowMinutes: 240 },
  { name: 'figures-do-not-tie', type: 'tie-broken', severity: 'critical' },
];

const validate = new Ajv({ discriminator: true }).compile<Partial<AlertConfig>>(ALERT_CONFIG);

/**
 * Rules and routes: LEDGERWAY_ALERTS (JSON, or the path of a file), else the default rules and no route but the log.
 * A text that is wholly `${NAME}` is taken from the environment; secrets and addresses that are secrets stand there.
 * @throws CONFIG_INVALID naming the field
 */
export function alertConfig(given: string | undefined = process.env.LEDGERWAY_ALERTS): AlertConfig {
  if (!given?.trim()) return { routes: {}, rules: [...DEFAULT_RULES] };
  const text = given.trimStart().startsWith('{') ? given : readFile(given);
  const config = fromEnvironment(parse(text));
  if (!validate(config)) {
    const [error] = validate.errors ?? [];
    throw invalid(`${error?.instancePath || 'the whole'} ${error?.message}`);
  }
  const { routes = {}, rules = [...DEFAULT_RULES] } = config;
  for (const route of Object.values(routes)) hideSecrets(route);
  assertNames(routes, rules);
  return { routes, rules };
}

const invalid = (what: string, cause?: unknown): FinanceError =>
  new FinanceError('CONFIG_INVALID', { message: `LEDGERWAY_ALERTS: ${what}.`, cause });

function readFile(name: string): string {
  try {
    return readFileSync(resolve(name), 'utf8');
  } catch (cause) {
    throw invalid('the file cannot be read', cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the cause would quote the text, and secrets with it
    throw invalid('it is not JSON');
  }
}

function fromEnvironment(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromEnvironment);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fromEnvironment(member)]));
  const name = typeof value === 'string' ? /^\$\{([A-Za-z_]\w*)\}$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  const found = process.env[name];
  if (found) return found;
  throw invalid(`the environment variable ${name} is not set`);
}

function hideSecrets(route: Route): void {
  if (route.type === 'webhook') knowSecret(route.secret);
  if (route.type === 'slack') knowSecret(new URL(route.url).pathname);
  if (route.type === 'email') knowSecret(decodeURIComponent(new URL(route.smtp).password));
}

function assertNames(routes: AlertConfig['routes'], rules: readonly Rule[]): void {
  const seen = new Set<string>();
  for (const { name, routes: to = [], escalateTo = [] } of rules) {
    if (seen.has(name)) throw invalid(`two rules are named ${name}`);
    seen.add(name);
    const unknown = [...to, ...escalateTo].find((route) => !Object.hasOwn(routes, route));
    if (unknown) throw invalid(`the rule ${name} names the route ${unknown}, which is not there`);
  }
}
