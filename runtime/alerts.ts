import { Counter, Gauge, type Registry } from 'prom-client';
import type { Host, Log, Store } from '../engine';
import { toFinanceError } from '../errors';
import { type AlertConfig, alertConfig, type Route, type Severity } from './alerts/config';
import { Heads } from './alerts/heads';
import { sendOver } from './alerts/routes';
import { type Facts, look } from './alerts/rules';
import {
  type Active,
  type AlertState,
  afterAcknowledge,
  afterLook,
  afterRaise,
  afterResolve,
  type Finding,
  noAlerts,
  type Outgoing,
  type Telling,
} from './alerts/state';
import { redact } from './redact';

/** Name of the store's cursor that keeps what alerts remember. */
const CURSOR = 'alerts';
const LOOK_MS = 30_000;
/** The figures are read through the whole store: not at each look. */
const TIES_MS = 600_000;
/** Nobody else sends a message that somebody is at. */
const SENDING_MS = 60_000;
const SECOND_TRY_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;
const GIVE_UP_MS = 86_400_000;
/** The route that is always there. */
const LOG = 'log';

/** What a node of a flow raises. */
export interface Raised {
  /** One name is one alert. */
  name: string;
  severity: Severity;
  title: string;
  lines?: string[];
}

export interface AlertsOptions {
  host: Host;
  log: Log;
  config?: AlertConfig;
  registry?: Registry;
  /** Milliseconds since the epoch. */
  clock?: () => number;
  everyMs?: number;
}

/**
 * Looks at the rules in one of the runtimes, and tells people by the routes. What was told is remembered in the store:
 * a restart repeats nothing, and a message that could not be sent is sent later.
 */
export class Alerts {
  private readonly config: AlertConfig;
  private readonly store: Store;
  private readonly clock: () => number;
  private readonly stopLooking: () => void;
  private readonly sent?: Counter<'route' | 'outcome'>;
  private readonly firing?: Gauge<'severity'>;
  private untied: { at: number; entities: string[] } = { at: Number.NEGATIVE_INFINITY, entities: [] };
  private readonly heads = new Heads();
  private sending: Promise<void> = Promise.resolve();
  private changing: Promise<unknown> = Promise.resolve();
  private ended = false;

  constructor(private readonly options: AlertsOptions) {
    const { host, registry, everyMs = LOOK_MS } = options;
    this.config = options.config ?? alertConfig();
    this.clock = options.clock ?? Date.now;
    this.store = host.store();
    if (registry) {
      const registers = [registry];
      this.sent = new Counter({
        name: 'ledgerway_alerts_sent_total',
        help: 'Messages of alerts, by route and whether they were sent, failed or given up',
        labelNames: ['route', 'outcome'],
        registers,
      });
      this.firing = new Gauge({
        name: 'ledgerway_alerts_active',
        help: 'Alerts that are not over, as of the last look of this runtime',
        labelNames: ['severity'],
        registers,
      });
    }
    this.stopLooking = host.every('default', { name: 'alerts', everyMs, work: () => this.look() });
  }

  /** Those that are not over. */
  async active(): Promise<Active[]> {
    return Object.values((await this.read()).state.active);
  }

  /** Looks at all rules once, and sends what is to be sent. */
  async look(): Promise<void> {
    const findings = await this.findings();
    const state = await this.change((before) =>
      afterLook(before, findings, (rule) => this.tellingOf(rule), this.clock()),
    );
    this.count(state);
    await this.deliver();
  }

  /** Raises an alert; it is in the store when the promise resolves. */
  async raise({ name, severity, title, lines = [] }: Raised): Promise<void> {
    const now = this.clock();
    const rule = flowRule(name);
    const finding = clean({ rule, severity, title, lines, count: 1, amounts: {}, since: now });
    await this.change((before) => afterRaise(before, finding, this.tellingOf(rule), now));
    void this.deliver();
  }

  /** Says that an alert which a flow raised is over. */
  async resolve(name: string): Promise<void> {
    await this.change((before) => afterResolve(before, flowRule(name), this.clock()));
    void this.deliver();
  }

  /**
   * Somebody takes an alert on: it does not escalate.
   * @param rule as {@link active} names it
   * @returns whether there is such an alert
   */
  async acknowledge(rule: string, by: string): Promise<boolean> {
    const { active } = await this.change((before) => afterAcknowledge(before, rule, by, this.clock()));
    return Object.hasOwn(active, rule);
  }

  /** Resolves when what was due is sent, or put off. */
  async idle(): Promise<void> {
    await this.sending;
  }

  /** Ends after the message that is being sent; the others are sent after the next start. */
  async end(): Promise<void> {
    this.ended = true;
    this.stopLooking();
    await this.sending;
  }

  private async findings(): Promise<Finding[]> {
    const { host, log } = this.options;
    const pulse = await host.reader().pulse();
    const heads = this.heads.look(pulse);
    const facts: Facts = { host, store: 'default', pulse, heads, untied: () => this.untiedEntities() };
    const findings: Finding[] = [];
    for (const rule of this.config.rules) {
      try {
        const finding = await look(rule, facts);
        if (finding) findings.push(clean(finding));
      } catch (err) {
        log.error({ err, rule: rule.name }, 'a rule of the alerts cannot be looked at');
      }
    }
    return findings;
  }

  /** Everything that was received is somewhere, or it is an alert. */
  private async untiedEntities(): Promise<string[]> {
    const now = this.clock();
    if (now - this.untied.at < TIES_MS) return this.untied.entities;
    const figures = await this.options.host.reader().figures();
    const entities = Object.entries(figures).flatMap(([entity, of]) => {
      const { received, posted, duplicates, conflicts, exceptions, skipped, rejected, open } = of;
      const known = posted + duplicates + conflicts + exceptions + skipped + rejected + open;
      return received === known ? [] : [`${entity || 'no entity'}: received ${received}, known ${known}`];
    });
    this.untied = { at: now, entities };
    return entities;
  }

  /** Without any route the log hears of it. */
  private tellingOf(name: string): Telling {
    const all = Object.keys(this.config.routes);
    const rule = this.config.rules.find((each) => each.name === name);
    const {
      routes = all.length > 0 ? all : [LOG],
      windowMinutes,
      escalateAfterMinutes,
      escalateTo,
    } = rule ?? {};
    return { routes, windowMinutes, escalateAfterMinutes, escalateTo };
  }

  private async read(): Promise<{ text: string | undefined; state: AlertState }> {
    const text = await this.store.getCursor({ name: CURSOR });
    return { text, state: text === undefined ? noAlerts() : (JSON.parse(text) as AlertState) };
  }

  /** Changes what is remembered, one change after the other. */
  private change(to: (before: AlertState) => AlertState): Promise<AlertState> {
    const changed = this.changing.then(() => this.swap(to));
    this.changing = changed.catch(() => undefined);
    return changed;
  }

  /** Where another runtime changed it meanwhile, it is done over. */
  private async swap(to: (before: AlertState) => AlertState): Promise<AlertState> {
    for (;;) {
      const { text, state } = await this.read();
      const next = to(state);
      const changed = JSON.stringify(next);
      if (changed === text || (text === undefined && changed === JSON.stringify(noAlerts()))) return next;
      if (await this.store.swapCursor({ name: CURSOR, from: text, to: changed })) return next;
    }
  }

  /** Sends what is due, after what is being sent. */
  private deliver(): Promise<void> {
    const { log } = this.options;
    this.sending = this.sending
      .then(() => this.sendDue())
      .catch((err: unknown) => log.error({ err }, 'alerts cannot be sent'));
    return this.sending;
  }

  /** One message after the other. */
  private async sendDue(): Promise<void> {
    while (!this.ended) {
      const taken = await this.take();
      if (!taken) return;
      const outcome = await this.attempt(taken);
      this.sent?.inc({ route: taken.route, outcome });
      await this.change((before) => afterSending(before, taken, outcome, this.clock()));
    }
  }

  /** The next message that is due: for a while nobody else sends it. */
  private async take(): Promise<Outgoing | undefined> {
    let taken: Outgoing | undefined;
    await this.change((before) => {
      const now = this.clock();
      const state = structuredClone(before);
      taken = state.outbox.find(({ dueAt }) => dueAt <= now);
      if (taken) taken.dueAt = now + SENDING_MS;
      return state;
    });
    return taken;
  }

  private async attempt(outgoing: Outgoing): Promise<Outcome> {
    const { log } = this.options;
    const { route: name, message } = outgoing;
    const { rule, severity, status, title, count } = message;
    const facts = { alert: rule, severity, status, count, route: name };
    if (name === LOG) {
      log[severity === 'info' || status === 'resolved' ? 'info' : 'warn'](facts, `alert ${status}: ${title}`);
      return 'sent';
    }
    const route: Route | undefined = this.config.routes[name];
    // A route that was taken out of the configuration: nobody is there to hear of it.
    if (!route) return 'given up';
    try {
      await sendOver(route, outgoing);
      return 'sent';
    } catch (caught) {
      const { code, message: why } = toFinanceError(caught);
      const over = this.clock() - message.at >= GIVE_UP_MS;
      log[over ? 'error' : 'warn']({ ...facts, code }, `an alert was not sent: ${why}`);
      return over ? 'given up' : 'failed';
    }
  }

  private count({ active }: AlertState): void {
    this.firing?.reset();
    for (const { severity } of Object.values(active)) this.firing?.inc({ severity });
  }
}

type Outcome = 'sent' | 'failed' | 'given up';

const flowRule = (name: string): string => `flow:${name}`;

/** What may leave the house: causes quote documents. */
function clean(finding: Finding): Finding {
  return { ...finding, title: redact(finding.title), lines: finding.lines.map(redact) };
}

function afterSending(before: AlertState, { id }: Outgoing, outcome: Outcome, now: number): AlertState {
  const state = structuredClone(before);
  const outgoing = state.outbox.find((each) => each.id === id);
  if (outgoing && outcome === 'failed') {
    outgoing.dueAt = now + Math.min(SECOND_TRY_MS * 2 ** outgoing.attempts, LONGEST_PAUSE_MS);
    outgoing.attempts++;
  } else state.outbox = state.outbox.filter((each) => each.id !== id);
  return state;
}
