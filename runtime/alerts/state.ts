import type { Rule, Severity } from './config';

const MINUTE_MS = 60_000;
/** What stopped is over when it stays away so long; what comes and goes is one alert. */
const RESOLVE_MS = 5 * MINUTE_MS;
/** What a flow raised, and neither repeats nor resolves, is over after a day. */
const FORGET_MS = 24 * 60 * MINUTE_MS;
/** Older messages are given up first. */
const LARGEST_OUTBOX = 200;

/** That a rule, or a node of a flow, has something to say. */
export interface Finding {
  rule: string;
  severity: Severity;
  /** One line. */
  title: string;
  /** What is known besides, a line each. */
  lines: string[];
  count: number;
  /** Currency → exact sum at risk, decimal strings. */
  amounts: Record<string, string>;
  /** Milliseconds since the epoch. */
  since: number;
}

/** How and to whom the findings of a rule are told. */
export type Telling = Pick<Rule, 'windowMinutes' | 'escalateAfterMinutes'> & {
  routes: readonly string[];
  escalateTo?: readonly string[];
};

/** An alert that is not over. */
export interface Active extends Finding {
  /** Raised by a flow: it stays until the flow resolves it. */
  raised: boolean;
  firstAt: number;
  seenAt: number;
  toldAt: number;
  /** How many there were when it was told last. */
  told: number;
  /** Who heard of it, and hears when it is over. */
  routes: string[];
  acknowledged?: { by: string; at: number };
  escalatedAt?: number;
}

export type Status = 'firing' | 'update' | 'escalated' | 'resolved';

export interface Message extends Finding {
  status: Status;
  at: number;
}

/** A message on its way to a route. */
export interface Outgoing {
  id: string;
  route: string;
  message: Message;
  attempts: number;
  /** When it may be sent; later while somebody is at it. */
  dueAt: number;
}

/** All that alerts remember, one value of the store. */
export interface AlertState {
  active: Record<string, Active>;
  outbox: Outgoing[];
  /** Of the last message. */
  serial: number;
}

export const noAlerts = (): AlertState => ({ active: {}, outbox: [], serial: 0 });

/** The alert of a rule, whatever its name: `constructor` is one too. */
const alertOf = ({ active }: AlertState, rule: string): Active | undefined =>
  Object.hasOwn(active, rule) ? active[rule] : undefined;

/** Copies a state before it is changed, so that a change that is lost to another runtime leaves no trace. */
const copyOf = (state: AlertState): AlertState => structuredClone(state);

/**
 * The state after a look at the rules: new findings are told at once, what goes on once a window and only where it
 * grew, what stayed away is told to be over, and what nobody acknowledged in time goes to the next in line.
 */
export function afterLook(
  before: AlertState,
  findings: readonly Finding[],
  tellingOf: (rule: string) => Telling,
  now: number,
): AlertState {
  const state = copyOf(before);
  for (const finding of findings) tell(state, { ...finding, raised: false }, tellingOf(finding.rule), now);
  for (const alert of Object.values(state.active)) {
    if (now - alert.seenAt >= (alert.raised ? FORGET_MS : RESOLVE_MS)) end(state, alert, now);
    else escalate(state, alert, tellingOf(alert.rule), now);
  }
  return state;
}

/** The state after a node of a flow raised an alert; how often it did counts up. */
export function afterRaise(before: AlertState, finding: Finding, telling: Telling, now: number): AlertState {
  const state = copyOf(before);
  const count = (alertOf(state, finding.rule)?.count ?? 0) + finding.count;
  tell(state, { ...finding, count, raised: true }, telling, now);
  return state;
}

/** The state after an alert is said to be over. */
export function afterResolve(before: AlertState, rule: string, now: number): AlertState {
  const state = copyOf(before);
  const alert = alertOf(state, rule);
  if (alert) end(state, alert, now);
  return state;
}

/** The state after somebody took an alert on: it does not escalate any more. */
export function afterAcknowledge(before: AlertState, rule: string, by: string, now: number): AlertState {
  const state = copyOf(before);
  const alert = alertOf(state, rule);
  if (alert) alert.acknowledged ??= { by, at: now };
  return state;
}

function tell(
  state: AlertState,
  finding: Finding & { raised: boolean },
  telling: Telling,
  now: number,
): void {
  const known = alertOf(state, finding.rule);
  if (!known) {
    const routes = [...telling.routes];
    const alert = { ...finding, firstAt: now, seenAt: now, toldAt: now, told: finding.count, routes };
    state.active[finding.rule] = alert;
    send(state, alert, 'firing', routes, now);
    return;
  }
  if (now - known.seenAt >= MINUTE_MS || finding.count !== known.count)
    Object.assign(known, finding, { seenAt: now });
  const windowMs = (telling.windowMinutes ?? 60) * MINUTE_MS;
  if (now - known.toldAt < windowMs || finding.count <= known.told) return;
  send(state, known, 'update', known.routes, now);
  Object.assign(known, { toldAt: now, told: finding.count });
}

function escalate(state: AlertState, alert: Active, telling: Telling, now: number): void {
  const { escalateAfterMinutes, escalateTo = telling.routes } = telling;
  if (escalateAfterMinutes === undefined || alert.acknowledged || alert.escalatedAt !== undefined) return;
  if (now - alert.firstAt < escalateAfterMinutes * MINUTE_MS) return;
  alert.escalatedAt = now;
  send(state, alert, 'escalated', escalateTo, now);
  alert.routes = [...new Set([...alert.routes, ...escalateTo])];
}

function end(state: AlertState, alert: Active, now: number): void {
  delete state.active[alert.rule];
  send(state, alert, 'resolved', alert.routes, now);
}

function send(
  state: AlertState,
  { rule, severity, title, lines, count, amounts, since }: Finding,
  status: Status,
  routes: readonly string[],
  now: number,
): void {
  const message = { status, rule, severity, title, lines, count, amounts, since, at: now };
  for (const route of routes) {
    state.serial++;
    const id = `alert_${state.serial}_${now.toString(36)}`;
    state.outbox.push({ id, route, message, attempts: 0, dueAt: now });
  }
  state.outbox.splice(0, state.outbox.length - LARGEST_OUTBOX);
}
