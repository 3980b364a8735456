import type { Concerns, ConcernsInput, Host, Pulse } from '../../engine';
import { isFeed, overdueSchedules } from '../feeds';
import type { Rule, Watch } from './config';
import type { Finding } from './state';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What the rules look at. */
export interface Facts {
  host: Host;
  /** Name of the store. */
  store: string;
  pulse: Pulse;
  /** Pipeline → since when its first ready document is the same. */
  heads: ReadonlyMap<string, number>;
  /** Entities whose figures do not add up. */
  untied(): Promise<string[]>;
}

type Found = Omit<Finding, 'rule' | 'severity'>;

/** What a rule has to say; undefined where all is well. */
export async function look(rule: Rule, facts: Facts): Promise<Finding | undefined> {
  const found = await find(rule, facts);
  return found && { rule: rule.name, severity: rule.severity, ...found };
}

async function find(rule: Rule, facts: Facts): Promise<Found | undefined> {
  const { pulse, host, store } = facts;
  switch (rule.type) {
    case 'exceptions':
    case 'delayed':
      return ofConcerns(rule, await host.reader(store).concerns(concernsOf(rule)), pulse.at);
    case 'pipeline-stalled':
      return stalled(rule, facts);
    case 'breaker-open':
      return targetsDown(rule, host, pulse.at);
    case 'key-expiry':
      return expiringKeys(rule, pulse);
    case 'feed-stale':
      return staleFeeds(rule, facts);
    case 'tie-broken':
      return broken(rule, await facts.untied(), pulse.at);
  }
}

type Of<Type extends Watch['type']> = Extract<Rule, { type: Type }>;

function concernsOf(rule: Of<'exceptions'> | Of<'delayed'>): ConcernsInput {
  const { entities, kinds, pipelines, minAmount, currency, olderThanMinutes } = rule;
  const olderThanMs = olderThanMinutes === undefined ? undefined : olderThanMinutes * MINUTE_MS;
  const which = { entities, kinds, pipelines, minAmount, currency, olderThanMs };
  if (rule.type === 'delayed') return { what: 'delayed', ...which };
  const { classes, codes, dueWithinMinutes } = rule;
  const dueWithinMs = dueWithinMinutes === undefined ? undefined : dueWithinMinutes * MINUTE_MS;
  return { what: 'exceptions', ...which, classes, codes, dueWithinMs };
}

function ofConcerns(
  rule: Of<'exceptions'> | Of<'delayed'>,
  { count, amounts, oldestAt, first }: Concerns,
  at: number,
): Found | undefined {
  if (count < (rule.minCount ?? 1)) return undefined;
  const what = rule.type === 'exceptions' ? 'open' : 'under way';
  const noun = count === 1 ? 'document' : 'documents';
  return {
    title: `${count} ${noun} ${what}, the oldest for ${duration(at - (oldestAt ?? at))}`,
    lines: first.map(({ documentId, entity, kind, number, amount, currency, cause }) =>
      [
        entity || 'no entity',
        kind,
        number ?? documentId,
        amount && `${amount} ${currency ?? ''}`.trim(),
        cause,
      ]
        .filter(Boolean)
        .join(' · '),
    ),
    count,
    amounts,
    since: oldestAt ?? at,
  };
}

/** Documents that are ready, and nobody takes the first of them. */
function stalled(
  { afterMinutes, pipelines }: Of<'pipeline-stalled'>,
  { pulse: { backlog, at }, heads }: Facts,
): Found | undefined {
  const still = backlog
    .filter(({ pipeline, state }) => state === 'ready' && (!pipelines || pipelines.includes(pipeline)))
    .map(({ pipeline, documents }) => ({
      name: pipeline,
      since: heads.get(pipeline) ?? at,
      more: `${documents} ready`,
    }));
  const late = still.filter(({ since }) => at - since >= afterMinutes * MINUTE_MS);
  return several('pipeline', 'stalled', at, late);
}

function targetsDown(
  { afterMinutes, targets }: Of<'breaker-open'>,
  host: Host,
  at: number,
): Found | undefined {
  const names = Object.keys(host.targets.list()).filter((name) => !targets || targets.includes(name));
  const down = names.flatMap((name) => {
    const { since } = host.targets.of(name).breaker;
    return since !== undefined && at - since >= afterMinutes * MINUTE_MS ? [{ name, since }] : [];
  });
  return several('target', 'down', at, down);
}

/** Keys of Odoo connections, as the last check of the runtime found them. */
function expiringKeys({ withinDays }: Of<'key-expiry'>, { feeds, at }: Pulse): Found | undefined {
  const soon = feeds
    .filter(({ name }) => name.startsWith('odoo-check:'))
    .flatMap(({ value }) => {
      const { name = '', keys = [] } = JSON.parse(value) as {
        name?: string;
        keys?: { name: string; expires?: string }[];
      };
      return keys.map((key) => ({ connection: name, ...key }));
    })
    .filter(({ expires }) => expires && Date.parse(expires) - at <= withinDays * DAY_MS);
  if (soon.length === 0) return undefined;
  return {
    title: `${soon.length} ${soon.length === 1 ? 'key expires' : 'keys expire'} within ${withinDays} days`,
    lines: soon.map(({ connection, name, expires }) => `${connection} · ${name} · ${expires}`),
    count: soon.length,
    amounts: {},
    since: at,
  };
}

/** Schedules that did not run when they were due, and cursors that are named and did not move. */
function staleFeeds({ afterMinutes, feeds: names = [] }: Of<'feed-stale'>, facts: Facts): Found | undefined {
  const { pulse, host, store } = facts;
  const graceMs = afterMinutes * MINUTE_MS;
  const overdue = overdueSchedules(pulse.feeds, host.scheduleNames(store), pulse.at, graceMs);
  const still = pulse.feeds
    .filter((feed) => isFeed(feed) && names.some((name) => matches(name, feed.name)))
    .filter(({ lastAt }) => pulse.at - lastAt >= graceMs)
    .map(({ name, lastAt }) => ({ name, since: lastAt }));
  return several('feed', 'stale', pulse.at, [...overdue, ...still]);
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

function broken({ entities }: Of<'tie-broken'>, untied: readonly string[], at: number): Found | undefined {
  const named = untied.filter((entity) => !entities || entities.includes(entity));
  if (named.length === 0) return undefined;
  const title = `The figures of ${named.length} ${named.length === 1 ? 'entity does' : 'entities do'} not tie`;
  return { title, lines: named, count: named.length, amounts: {}, since: at };
}

function several(
  what: string,
  how: string,
  at: number,
  list: readonly { name: string; since: number; more?: string }[],
): Found | undefined {
  if (list.length === 0) return undefined;
  return {
    title: `${list.length} ${what}${list.length === 1 ? '' : 's'} ${how}`,
    lines: list.map(({ name, since, more }) =>
      [name, `for ${duration(at - since)}`, more].filter(Boolean).join(' · '),
    ),
    count: list.length,
    amounts: {},
    since: Math.min(...list.map(({ since }) => since)),
  };
}

function duration(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / MINUTE_MS);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}
