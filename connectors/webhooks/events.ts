import Ajv from 'ajv';
import { FinanceError } from '../../errors';

/** A verified event, read as far as intake needs it; what it means is the mapping's concern. */
export interface SourceEvent {
  system: string;
  /** Account or tenant at the source; routes to a legal entity. */
  account?: string;
  livemode: boolean;
  eventId: string;
  type: string;
  /** RFC 3339 */
  occurredAt: string;
  /** The business object, e.g. `in_1`. */
  objectId: string;
  objectKind: string;
  /** Ordering key: the business object itself; a credit note has its own, so that it never blocks its invoice. */
  lane: string;
  body: Record<string, unknown>;
}

/** Where a declared source keeps the fields, as JSON pointers (RFC 6901) into the body. */
export interface EventPointers {
  system: string;
  /** Where left out, the id that the signature covers. */
  eventId?: string;
  type: string;
  occurredAt: string;
  objectId: string;
  /** A pointer, or a fixed kind as `=invoice`. */
  objectKind: string;
  account?: string;
  /** Where left out, every event is live. */
  livemode?: string;
  /** Where left out, the object's id. */
  lane?: string;
  /** How `occurredAt` is written; `rfc3339` where left out. */
  timeUnit?: 'seconds' | 'milliseconds' | 'rfc3339';
}

/** Reads one parsed body. */
export type EventReader = (body: Record<string, unknown>, signedId?: string) => SourceEvent;

const pointer = { type: 'string', pattern: '^/' };
const isPointers = new Ajv({ allErrors: true }).compile<EventPointers>({
  type: 'object',
  additionalProperties: false,
  required: ['system', 'type', 'occurredAt', 'objectId', 'objectKind'],
  properties: {
    system: { type: 'string', pattern: '^[a-z0-9_-]+$' },
    eventId: pointer,
    type: pointer,
    occurredAt: pointer,
    objectId: pointer,
    objectKind: { type: 'string', pattern: '^[/=].' },
    account: pointer,
    livemode: pointer,
    lane: pointer,
    timeUnit: { enum: ['seconds', 'milliseconds', 'rfc3339'] },
  },
});

const lacking = (where: string, what: string) =>
  new FinanceError('SOURCE_EVENT_INVALID', {
    message: `The event has no ${what} at ${where}.`,
    details: { pointer: where },
  });

function at(body: unknown, path: string): unknown {
  let value = body;
  for (const part of path.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A text that is not empty; numbers that are ids are taken as they stand. */
function textAt(body: unknown, path: string): string {
  const value = at(body, path);
  if (typeof value === 'string' && value !== '') return value;
  if (Number.isSafeInteger(value)) return String(value);
  throw lacking(path, 'text');
}

function timeAt(body: unknown, path: string, unit: NonNullable<EventPointers['timeUnit']>): string {
  const value = at(body, path);
  const milliseconds =
    unit === 'rfc3339'
      ? Date.parse(String(value))
      : Number(value ?? Number.NaN) * (unit === 'seconds' ? 1000 : 1);
  const time = new Date(milliseconds);
  if (Number.isNaN(time.getTime())) throw lacking(path, `time (${unit})`);
  return time.toISOString();
}

function flagAt(body: unknown, path: string): boolean {
  const value = at(body, path);
  if (typeof value === 'boolean') return value;
  throw lacking(path, 'true or false');
}

function readPointers(
  pointers: EventPointers,
  body: Record<string, unknown>,
  signedId?: string,
): SourceEvent {
  const { objectKind, account, livemode, lane, timeUnit = 'rfc3339' } = pointers;
  const objectId = textAt(body, pointers.objectId);
  return {
    system: pointers.system,
    account: account && textAt(body, account),
    livemode: livemode === undefined || flagAt(body, livemode),
    eventId: pointers.eventId ? textAt(body, pointers.eventId) : (signedId ?? noId()),
    type: textAt(body, pointers.type),
    occurredAt: timeAt(body, pointers.occurredAt, timeUnit),
    objectId,
    objectKind: objectKind.startsWith('=') ? objectKind.slice(1) : textAt(body, objectKind),
    lane: lane ? textAt(body, lane) : objectId,
    body,
  };
}

function noId(): never {
  throw new FinanceError('SOURCE_EVENT_INVALID', {
    message: 'The event has no id: neither its body nor its signature names one.',
  });
}

/** Event object of Stripe (docs.stripe.com/api/events/object); `account` is there for connected accounts only. */
const STRIPE: EventPointers = {
  system: 'stripe',
  eventId: '/id',
  type: '/type',
  occurredAt: '/created',
  objectId: '/data/object/id',
  objectKind: '/data/object/object',
  livemode: '/livemode',
  timeUnit: 'seconds',
};

function readStripe(body: Record<string, unknown>): SourceEvent {
  return readPointers(body.account === undefined ? STRIPE : { ...STRIPE, account: '/account' }, body);
}

/**
 * The reader of a source: `stripe`, or the pointers of a declared one.
 *
 * @throws FinanceError CONFIG_INVALID
 */
export function readerOf(config: 'stripe' | EventPointers): EventReader {
  if (config === 'stripe') return readStripe;
  if (isPointers(config)) return (body, signedId) => readPointers(config, body, signedId);
  const first = isPointers.errors?.[0];
  throw new FinanceError('CONFIG_INVALID', {
    message: `Webhook events: ${first?.instancePath || 'pointers'} ${first?.message}`,
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The event in a verified body.
 *
 * @param signedId the id that the signature covers, where the scheme has one
 * @throws FinanceError SOURCE_UNPARSABLE where it is not UTF-8 or not a JSON object, SOURCE_EVENT_INVALID where a
 * field is missing (`details.pointer`)
 */
export function parseEvent(reader: EventReader, rawBody: Buffer, signedId?: string): SourceEvent {
  let body: unknown;
  try {
    body = JSON.parse(utf8.decode(rawBody));
  } catch (error) {
    throw new FinanceError('SOURCE_UNPARSABLE', { cause: error });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new FinanceError('SOURCE_UNPARSABLE', { message: 'The signed body is not a JSON object.' });
  return reader(body as Record<string, unknown>, signedId);
}
