import { setTimeout as sleep } from 'node:timers/promises';
import { FinanceError } from '../errors';
import type { Store } from './store';
import type { Erased } from './transitions/retention';

/** How long the texts of documents are kept after they are settled; without entity or kind it covers all. */
export interface RetentionRule {
  entity?: string;
  kind?: string;
  /** Whole days since the document was settled. */
  days: number;
}

/** The first rule that covers a document counts; what none covers is kept. */
export interface RetentionPolicy {
  rules: RetentionRule[];
}

export interface RetentionResult extends Erased {
  /** Documents whose time is over, by entity and kind. */
  due: Record<string, number>;
}

/** Documents a transaction: it takes a few milliseconds, then whoever waits comes first. */
const PAGE = 20;
const PAUSE_MS = 10;

/**
 * A policy from JSON: `{"rules": [{"entity": "acme_de", "kind": "invoice", "days": 3650}, {"days": 730}]}`.
 * @throws CONFIG_INVALID saying what is wrong
 */
export function retentionPolicy(text: string): RetentionPolicy {
  const { rules } = objectOf(parsed(text), 'The retention policy', ['rules']);
  if (!Array.isArray(rules) || rules.length === 0)
    throw invalid('The retention policy wants a list "rules".');
  return { rules: rules.map(ruleOf) };
}

function ruleOf(given: unknown, index: number): RetentionRule {
  const place = `Rule ${index + 1} of the retention policy`;
  const { entity, kind, days } = objectOf(given, place, ['entity', 'kind', 'days']);
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 0)
    throw invalid(`${place}: "days" is a whole number.`);
  for (const [name, value] of Object.entries({ entity, kind }))
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw invalid(`${place}: "${name}" is a name.`);
  return { ...(entity ? { entity: String(entity) } : {}), ...(kind ? { kind: String(kind) } : {}), days };
}

/** A misspelt name would cover more than is meant. */
function objectOf(given: unknown, place: string, names: string[]): Record<string, unknown> {
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw invalid(`${place} is a JSON object.`);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`${place}: "${unknown}" is not known.`);
  return given as Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: 'The retention policy is not JSON.', cause });
  }
}

function invalid(message: string): FinanceError {
  return new FinanceError('CONFIG_INVALID', { message });
}

/**
 * Goes through the store page by page and erases what the policy no longer keeps; the file does not shrink, its
 * room is used again. Keys, hashes and the audit chain stay.
 * @param options.apply without it nothing is erased, only counted
 */
export async function retain(
  store: Store,
  policy: RetentionPolicy,
  options: { apply: boolean; actor: string; signal?: AbortSignal },
): Promise<RetentionResult> {
  const result: RetentionResult = { due: {}, documents: 0, bodies: 0, steps: 0 };
  for (let after: number | undefined = 0; after !== undefined && !options.signal?.aborted; ) {
    const page = await store.expired({ policy, after, limit: PAGE });
    for (const { entity, kind } of page.documents) {
      const name = `${entity} ${kind}`;
      result.due[name] = (result.due[name] ?? 0) + 1;
    }
    if (options.apply && page.documents.length > 0)
      await eraseMore(store, page.documents, options.actor, result);
    after = page.next;
    await sleep(PAUSE_MS);
  }
  return result;
}

async function eraseMore(store: Store, page: { id: string }[], actor: string, sum: Erased): Promise<void> {
  const documentIds = page.map(({ id }) => id);
  const erased = await store.eraseExpired({ documentIds, actor, reason: 'retention policy' });
  sum.documents += erased.documents;
  sum.bodies += erased.bodies;
  sum.steps += erased.steps;
}
