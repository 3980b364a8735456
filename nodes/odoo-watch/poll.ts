import {
  type Change,
  lookupsOf,
  type OdooClient,
  type WatchCursor,
  type WatchQuery,
  watchChanges,
} from '../../connectors/odoo';
import type { Host, Store } from '../../engine';
import { FinanceError } from '../../errors';
import { hashOf, type LegalEntity, sha256 } from '../../finance';
import type { WatchRules } from './config';

/** What `store.receive` takes, and what it says. */
type Received = Parameters<Store['receive']>[0];
export type Receipt = Awaited<ReturnType<Store['receive']>> & Pick<Received, 'entity' | 'kind' | 'source'>;

export interface PollInput {
  host: Host;
  store: Store;
  client: OdooClient;
  /** `<url>/<database>` */
  target: string;
  entity: LegalEntity;
  rules: WatchRules;
  signal: AbortSignal;
  /** Told of each document that is new. */
  tell(receipt: Receipt): void;
}

/** The name in the store under which a watch stands; a node that is drawn anew goes on with it. */
export const watchName = (
  target: string,
  { key }: LegalEntity,
  { model, kind, identity }: WatchRules,
): string => `watch/${target}/${key}/${kind}/${model}/${identity}`;

/**
 * Receives what changed in Odoo since the cursor. Each change has a key of its own, so that the cursor may be
 * committed behind the documents: killed in between, the same changes come again and are known.
 * @returns how many documents are new
 * @throws FinanceError of Odoo and of the store (STORE_FULL); the cursor stays behind what was received
 */
export async function poll(input: PollInput): Promise<number> {
  const { host, store, client, rules, signal, tell } = input;
  const name = watchName(input.target, input.entity, rules);
  const text = await store.getCursor({ name });
  const cursor = text === undefined ? undefined : (JSON.parse(text) as WatchCursor);
  let received = 0;
  let uncommitted = 0;
  let last = cursor;
  const commit = async (): Promise<void> => {
    if (last) await store.setCursor({ name, value: JSON.stringify(last) });
    uncommitted = 0;
  };
  for await (const page of watchChanges(client, await queryOf(input), cursor)) {
    for (const group of groupsOf(page.changes, rules)) {
      if (signal.aborted || host.paused) return received;
      const receipts = await Promise.all(group.map((change) => receive(change, input)));
      const fresh = receipts.filter(({ status }) => status !== 'duplicate');
      for (const receipt of fresh) tell(receipt);
      received += fresh.length;
    }
    last = page.cursor;
    uncommitted += Math.max(1, page.changes.length);
    // A cursor holds what was given of the last minutes: a large one is not written for each page.
    if (uncommitted >= Object.keys(last.given).length) await commit();
  }
  if (uncommitted > 0) await commit();
  return received;
}

/** So many changes are received at once: one commit takes them all. */
const AT_ONCE = 50;

/** Changes that may come at once: those of one lane come one after the other. */
function groupsOf(changes: readonly Change[], rules: WatchRules): Change[][] {
  const groups: Change[][] = [];
  let lanes = new Set<string>();
  for (const change of changes) {
    const group = groups.at(-1);
    const lane = laneOf(change.record, rules);
    if (group && group.length < AT_ONCE && !lanes.has(lane)) group.push(change);
    else {
      groups.push([change]);
      lanes = new Set();
    }
    lanes.add(lane);
  }
  return groups;
}

/** The record itself, or what one of its fields names: all invoices of one customer, say. */
function laneOf(record: Change['record'], { model, lane }: WatchRules): string {
  const value = lane === undefined ? undefined : record[lane];
  const named = Array.isArray(value) ? value[0] : value;
  return named ? `odoo/${model}/${lane}/${String(named)}` : `odoo/${model}/${record.id}`;
}

async function receive(change: Change, input: PollInput): Promise<Receipt> {
  const document = documentOf(change, input);
  const { entity, kind, source } = document;
  return { ...(await input.store.receive(document)), entity, kind, source };
}

async function queryOf({ client, entity, rules }: PollInput): Promise<WatchQuery> {
  const { model, domain, fields, lane, since, overlapSeconds } = rules;
  const { odooCompany: company } = entity;
  const known = await lookupsOf(client).fields(model);
  if (lane !== undefined && !known.has(lane))
    throw new FinanceError('ODOO_MODEL', { message: `This Odoo knows no field ${lane} of ${model}.` });
  const wanted = new Set(lane === undefined ? fields : [...fields, lane]);
  return {
    model,
    domain: await domain({ company, entity: entity.key }),
    fields: [...wanted].filter((field) => known.has(field)),
    company,
    since,
    overlapSeconds,
  };
}

/** A link is `[id, name]`, and a partner that is renamed makes no other invoice. */
const withoutNames = (content: Omit<Change['record'], 'write_date'>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(content).map(([field, value]) => {
      const isLink = Array.isArray(value) && value.length === 2 && typeof value[1] === 'string';
      return [field, isLink ? value[0] : value];
    }),
  );

function documentOf({ record, key, at }: Change, { target, entity, rules }: PollInput): Received {
  const { model, kind, once } = rules;
  const { write_date: _at, ...content } = record;
  const state = once ? `${record.id}/${hashOf(withoutNames(content)).slice(0, 32)}` : key;
  const writeDate = `${at.replace(' ', 'T')}Z`;
  return {
    receiveKey: `odoo/${sha256(target).slice(0, 16)}/${entity.key}/${kind}/${model}/${state}`,
    entity: entity.key,
    kind,
    lane: laneOf(record, rules),
    source: { system: 'odoo', model, id: String(record.id), writeDate, target, via: 'watch' },
    body: {
      mediaType: 'application/json',
      content: JSON.stringify({ model, id: record.id, writeDate, record: content }),
    },
    // nobody was answered: a known key is no redelivery
    fetched: true,
  };
}
