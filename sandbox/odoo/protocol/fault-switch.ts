import { isStruct, type Value } from '../core/value';

export const FAULT_MODES = [
  'delay',
  'fail-before',
  'fail-after-commit',
  'drop-before',
  'drop-after-commit',
  'serialization',
  'connection-lost',
  'http-502',
  'html',
] as const;
export type FaultMode = (typeof FAULT_MODES)[number];

/** A fault that the sandbox shows on demand. */
export interface FaultRule {
  id: number;
  match: { model?: string; method?: string };
  mode: FaultMode;
  delayMs: number;
  /** How often it still strikes; absent = without end. */
  times?: number;
  /** 0 to 1; absent = always. */
  probability?: number;
  seed: number;
}

/** Faults on demand: which call they strike, how and how often. */
export class FaultSwitch {
  private rules: FaultRule[] = [];
  private nextId = 1;

  /** @returns the rule, or what is wrong with it. */
  add(body: Value): FaultRule | string {
    if (!isStruct(body)) return 'a fault is an object';
    const { match, mode, delayMs, times, probability, seed } = body;
    if (!FAULT_MODES.includes(mode as FaultMode)) return `mode is one of ${FAULT_MODES.join(', ')}`;
    const where = isStruct(match) ? match : {};
    const rule: FaultRule = {
      id: this.nextId++,
      match: {
        ...(typeof where.model === 'string' ? { model: where.model } : {}),
        ...(typeof where.method === 'string' ? { method: where.method } : {}),
      },
      mode: mode as FaultMode,
      delayMs: typeof delayMs === 'number' && delayMs >= 0 ? delayMs : 0,
      ...(typeof times === 'number' ? { times } : {}),
      ...(typeof probability === 'number' ? { probability } : {}),
      seed: typeof seed === 'number' ? seed : 1,
    };
    this.rules.push(rule);
    return rule;
  }

  list(): FaultRule[] {
    return this.rules.map((rule) => ({ ...rule }));
  }

  clear(): void {
    this.rules = [];
  }

  /** The first rule that strikes this call; its count goes down. */
  strike(model: string, method: string): FaultRule | undefined {
    const struck = this.rules.find((rule) => matches(rule, model, method) && falls(rule));
    if (struck?.times !== undefined) {
      struck.times -= 1;
      if (struck.times <= 0) this.rules = this.rules.filter((rule) => rule !== struck);
    }
    return struck;
  }
}

function matches({ match }: FaultRule, model: string, method: string): boolean {
  return (
    (match.model === undefined || match.model === model) &&
    (match.method === undefined || match.method === method)
  );
}

/** A seeded draw (a linear congruence), so that a run can be repeated. */
function falls(rule: FaultRule): boolean {
  if (rule.probability === undefined) return true;
  rule.seed = (Math.imul(rule.seed, 1664525) + 1013904223) >>> 0;
  return rule.seed / 2 ** 32 < rule.probability;
}
