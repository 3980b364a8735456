import type { SourceEvent } from '../../connectors/webhooks';
import type { Store } from '../../engine';
import { FinanceError } from '../../errors';
import { sha256 } from '../../finance';

/** What `store.receive` takes. */
export type Received = Parameters<Store['receive']>[0];

/** Which account of the source belongs to which legal entity. */
export interface Route {
  account?: string;
  /** Where left out, the route takes both. */
  livemode?: boolean;
  /** Key of the legal entity. */
  entity: string;
  mode: 'live' | 'test';
}

export interface IntakeRules {
  /** Name of the source system. */
  system: string;
  /** Type of event → kind of document. */
  kinds: ReadonlyMap<string, string>;
  /** Types that are stored and skipped; `customer.*` means all that start so. */
  ignore: readonly string[];
  routes: readonly Route[];
}

export type Via = 'webhook' | 'backfill';

/** What is stored of an event, and where it goes. */
export function receivedOf(event: SourceEvent, rawBody: Buffer, rules: IntakeRules, via: Via): Received {
  const { account, livemode, eventId, type, occurredAt, objectId, objectKind } = event;
  const { system } = rules;
  const route = routeOf(event, rules.routes);
  const ignored = isIgnored(type, rules);
  return {
    receiveKey: `${system}/${account ?? ''}/${eventId}`,
    entity: route.entity,
    kind: rules.kinds.get(type) ?? type,
    lane: `${system}/${event.lane}`,
    source: {
      system,
      account: account ?? null,
      livemode,
      eventId,
      type,
      occurredAt,
      objectId,
      objectKind,
      via,
    },
    body: { mediaType: 'application/json', content: rawBody },
    ...(ignored && { skip: `events of type ${type} are ignored` }),
    ...(!ignored && route.refusal && { hold: route.refusal.toJSON() }),
  };
}

/** A signed body that is no event: its bytes are stored and wait for a person, so the sender need not repeat it. */
export function unreadable(
  error: FinanceError,
  rawBody: Buffer,
  mediaType: string,
  rules: IntakeRules,
): Received {
  const hash = sha256(rawBody);
  return {
    receiveKey: `${rules.system}//${hash}`,
    entity: '',
    kind: 'unknown',
    lane: `${rules.system}/${hash}`,
    source: { system: rules.system, sha256: hash, via: 'webhook' },
    body: { mediaType, content: rawBody },
    hold: error.toJSON(),
  };
}

function isIgnored(type: string, { kinds, ignore }: IntakeRules): boolean {
  if (kinds.has(type)) return false;
  return ignore.some((each) => (each.endsWith('*') ? type.startsWith(each.slice(0, -1)) : type === each));
}

function routeOf(
  { account, livemode }: SourceEvent,
  routes: readonly Route[],
): { entity: string; refusal?: FinanceError } {
  const ofAccount = routes.filter((route) => (route.account || undefined) === account);
  const exact = ofAccount.find((route) => route.livemode === undefined || route.livemode === livemode);
  const live = ofAccount.find(({ mode }) => mode === 'live');
  const route = exact ?? (livemode ? undefined : live);
  if (!route)
    return {
      entity: '',
      refusal: new FinanceError('SOURCE_UNROUTED', {
        message: `No route leads from ${livemode ? 'live' : 'test'} account ${account ?? '(none)'} to a legal entity.`,
      }),
    };
  if (livemode || route.mode !== 'live') return { entity: route.entity };
  return {
    entity: route.entity,
    refusal: new FinanceError('SOURCE_TEST_MODE', {
      message: `A test-mode event of account ${account ?? '(none)'} came to the live entity ${route.entity}.`,
    }),
  };
}
