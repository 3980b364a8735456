import { Gauge, type Registry } from 'prom-client';
import type { Host, Pulse } from '../../engine';
import { isFeed } from '../feeds';
import { BoundedLabel } from './bounded';

const SECOND = 1_000;
const BREAKER = { closed: 0, 'half open': 1, open: 2 } as const;

/** What several values are together that share a label because there are too many for labels of their own. */
type Merge = 'sum' | 'max';
const gauge = (help: string, merge: Merge, ...labels: string[]) => ({ help, merge, labels });

/** Name (after `ledgerway_`) → meaning, and labels. */
const GAUGES = {
  intake_paused: gauge('1 while the runtime takes nothing in: it starts or drains', 'max'),
  redis_up: gauge('1 while Redis, where it is configured, can be reached', 'max', 'store'),
  store_up: gauge('1 while the store answered the last reading', 'max', 'store'),
  open_documents: gauge('Documents that count toward the high-water mark', 'sum', 'store'),
  leases: gauge('Documents in flight in this process', 'sum', 'store'),
  backlog_documents: gauge('Documents that are not settled', 'sum', 'store', 'pipeline', 'state'),
  backlog_oldest_seconds: gauge('Age of the oldest of them', 'max', 'store', 'pipeline', 'state'),
  exceptions_open: gauge('Open exceptions', 'sum', 'store', 'entity', 'class'),
  exceptions_oldest_seconds: gauge('Age of the oldest open exception', 'max', 'store', 'entity', 'class'),
  exceptions_amount: gauge(
    'Amount at risk in open exceptions, to be shown only',
    'sum',
    'store',
    'entity',
    'currency',
  ),
  feed_age_seconds: gauge('Time since a feed moved', 'max', 'store', 'feed'),
  pipeline_paused: gauge('1 while an operator has paused a pipeline', 'max', 'store', 'pipeline'),
  target_paused: gauge('1 while an operator has paused a target', 'max', 'target'),
  target_breaker_state: gauge('Breaker of a target: 0 closed, 1 half open, 2 open', 'max', 'target'),
  target_steps_running: gauge('Steps of this process that run at a target', 'sum', 'target'),
  target_steps_queued: gauge('Steps of this process that wait for a slot', 'sum', 'target'),
  target_documents_waiting: gauge(
    'Documents that wait for a target which is down or paused',
    'sum',
    'target',
  ),
} as const satisfies Record<string, { help: string; merge: Merge; labels: string[] }>;

type Name = keyof typeof GAUGES;
type Labels = Record<string, string>;

/** Reads the state of a runtime into gauges; what is gone since the last reading is gone from them. */
export class StateGauges {
  private readonly bounds: Record<string, BoundedLabel> = {
    store: new BoundedLabel(10),
    pipeline: new BoundedLabel(100),
    entity: new BoundedLabel(100),
    class: new BoundedLabel(20),
    currency: new BoundedLabel(30),
    target: new BoundedLabel(50),
    feed: new BoundedLabel(200),
  };
  private readonly gauges: Record<Name, Gauge<string>>;
  /** What is read so far, by name and labels. */
  private readonly read = new Map<string, { name: Name; labels: Labels; value: number }>();

  constructor(register: Registry) {
    this.gauges = Object.fromEntries(
      Object.entries(GAUGES).map(([name, { help, labels }]) => [
        name,
        new Gauge({ name: `ledgerway_${name}`, help, labelNames: labels, registers: [register] }),
      ]),
    ) as Record<Name, Gauge<string>>;
  }

  /** What the process knows by itself, and what its stores said last. */
  set(host: Host, pulses: ReadonlyMap<string, Pulse>): void {
    this.read.clear();
    this.put('intake_paused', {}, host.paused ? 1 : 0);
    for (const name of host.storeNames()) {
      const store = { store: name };
      const pulse = pulses.get(name);
      this.put('store_up', store, pulse ? 1 : 0);
      if (host.redis) this.put('redis_up', store, host.redis === 'up' ? 1 : 0);
      this.put('leases', store, host.leases(name).count());
      this.put('open_documents', store, host.store(name).open);
      if (pulse) this.putPulse(pulse, store);
    }
    this.putTargets(host, [...pulses.values()]);
    for (const each of Object.values(this.gauges)) each.reset();
    for (const { name, labels, value } of this.read.values()) this.gauges[name].set(labels, value);
  }

  private putPulse({ at, backlog, exceptions, feeds, paused }: Pulse, store: Labels): void {
    const age = (since: number) => Math.max(0, at - since) / SECOND;
    for (const { pipeline, state, documents, oldestAt } of backlog) {
      this.put('backlog_documents', { ...store, pipeline, state }, documents);
      this.put('backlog_oldest_seconds', { ...store, pipeline, state }, age(oldestAt));
    }
    for (const { entity, class: kind, count, amounts, oldestAt } of exceptions) {
      this.put('exceptions_open', { ...store, entity, class: kind }, count);
      this.put('exceptions_oldest_seconds', { ...store, entity, class: kind }, age(oldestAt));
      for (const [currency, amount] of Object.entries(amounts))
        this.put('exceptions_amount', { ...store, entity, currency }, Number(amount));
    }
    for (const { name: feed, lastAt } of feeds.filter(isFeed))
      this.put('feed_age_seconds', { ...store, feed }, age(lastAt));
    for (const pipeline of paused.pipelines) this.put('pipeline_paused', { ...store, pipeline }, 1);
  }

  private putTargets(host: Host, pulses: readonly Pulse[]): void {
    for (const target of Object.keys(host.targets.list())) {
      const { breaker, slots } = host.targets.of(target);
      this.put('target_breaker_state', { target }, BREAKER[breaker.state]);
      this.put('target_steps_running', { target }, slots.inUse);
      this.put('target_steps_queued', { target }, slots.waiting);
      this.put('target_paused', { target }, 0);
    }
    for (const { delayed, paused } of pulses) {
      for (const { name: target } of paused.targets) this.put('target_paused', { target }, 1);
      for (const { target, documents } of delayed)
        this.put('target_documents_waiting', { target }, documents);
    }
  }

  private put(name: Name, given: Labels, value: number): void {
    const labels = Object.fromEntries(
      Object.entries(given).map(([label, text]) => [label, this.bounds[label]?.of(text) ?? text]),
    );
    const key = JSON.stringify([name, labels]);
    const known = this.read.get(key)?.value;
    const sum = GAUGES[name].merge === 'sum';
    const together = known === undefined ? value : sum ? known + value : Math.max(known, value);
    this.read.set(key, { name, labels, value: together });
  }
}
