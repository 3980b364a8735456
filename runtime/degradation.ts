import type { Host, Log, Pulse } from '../engine';
import { overdueSchedules } from './feeds';
import { readPulses } from './pulses';

/** Something that does not work as it should, while intake goes on; times in milliseconds since the epoch. */
export interface Degradation {
  what: 'target' | 'pipeline' | 'schedule' | 'redis' | 'store';
  name: string;
  state: 'down' | 'paused' | 'overdue';
  /** Where it is known. */
  since?: number;
  /** Documents that wait for it, and when the first of them came. */
  waiting: number;
  oldestAt?: number;
}

/** A schedule may be late by so much: a turn takes its time, and clocks differ. */
const OVERDUE_MS = 5 * 60_000;

/** Names of those that are not up. */
export const degradedTargets = (targets: Readonly<Record<string, 'up' | 'degraded'>>): string[] =>
  Object.keys(targets).filter((name) => targets[name] === 'degraded');

/**
 * What is delayed, and since when: Odoo, tax and e-invoice network (targets that are down or paused), pipelines that
 * are paused, schedules that nobody runs, Redis, stores that do not answer. Empty where all is well.
 */
export async function degradations(host: Host, log: Log): Promise<Degradation[]> {
  const pulses = await readPulses(host, log);
  const found: Degradation[] = [];
  for (const name of host.storeNames()) {
    const pulse = pulses.get(name);
    if (!pulse) found.push({ what: 'store', name, state: 'down', waiting: 0 });
    else found.push(...ofPipelines(pulse), ...ofSchedules(host, name, pulse));
  }
  found.push(...ofTargets(host, [...pulses.values()]));
  if (host.redis === 'away') found.push({ what: 'redis', name: 'redis', state: 'down', waiting: 0 });
  return found;
}

function ofTargets(host: Host, pulses: readonly Pulse[]): Degradation[] {
  const paused = new Map(
    pulses.flatMap((pulse) => pulse.paused.targets.map(({ name, since }) => [name, since] as const)),
  );
  const delayed = new Map(
    pulses.flatMap((pulse) => pulse.delayed.map((each) => [each.target, each] as const)),
  );
  const known = host.targets.list();
  const down = degradedTargets(known);
  return [...new Set([...paused.keys(), ...down, ...delayed.keys()])].sort().map((name) => {
    const isPaused = paused.has(name);
    const wait = delayed.get(name);
    const openSince = name in known ? host.targets.of(name).breaker.since : undefined;
    const since = paused.get(name) ?? openSince ?? wait?.oldestAt;
    return {
      what: 'target',
      name,
      state: isPaused ? 'paused' : 'down',
      since,
      waiting: wait?.documents ?? 0,
      oldestAt: wait?.oldestAt,
    };
  });
}

function ofPipelines({ paused, backlog }: Pulse): Degradation[] {
  return paused.pipelines.map((name) => {
    const ready = backlog.find(({ pipeline, state }) => pipeline === name && state === 'ready');
    return {
      what: 'pipeline',
      name,
      state: 'paused',
      waiting: ready?.documents ?? 0,
      oldestAt: ready?.oldestAt,
    };
  });
}

function ofSchedules(host: Host, store: string, { feeds, at }: Pulse): Degradation[] {
  return overdueSchedules(feeds, host.scheduleNames(store), at, OVERDUE_MS).map(({ name, since }) => ({
    what: 'schedule',
    name,
    state: 'overdue',
    since,
    waiting: 0,
  }));
}
