import {
  type EventPointers,
  type EventReader,
  readerOf,
  type Scheme,
  schemeOf,
} from '../../connectors/webhooks';
import { FinanceError } from '../../errors';
import { jsonField, numberField, optionalField, rowsField, textMapField, textsField } from '../kit/fields';
import type { NodeConfig } from '../kit/red';
import type { IntakeRules, Route } from './intake';

export interface WebhookInConfig extends NodeConfig {
  path?: string;
  store?: string;
  scheme?: string;
  /** JSON: options of the scheme; `event` holds the pointers into events of a declared source. */
  schemeOptions?: unknown;
  system?: string;
  toleranceSeconds?: number | string;
  bodyLimit?: string;
  kinds?: unknown;
  ignore?: unknown;
  routes?: unknown;
  backfillUrl?: string;
  backfillMinutes?: number | string;
}

/** A configuration that was read and checked. */
export interface WebhookRules extends IntakeRules {
  scheme: Scheme;
  read: EventReader;
  toleranceSeconds: number;
  bodyLimit: string;
  backfill?: { url: string; minutes: number };
}

/** @throws CONFIG_INVALID */
export function readRules(config: WebhookInConfig): WebhookRules {
  const { event, ...options } = optionsOf(config);
  const name = config.scheme || 'stripe';
  const system = optionalField(config.system) ?? (name === 'stripe' ? 'stripe' : '');
  if (!/^[a-z0-9_-]+$/.test(system))
    throw new FinanceError('CONFIG_INVALID', { message: 'The field system is not a name like "stripe".' });
  const bodyLimit = optionalField(config.bodyLimit) ?? '1mb';
  if (!/^\d+(\.\d+)? ?(b|kb|mb|gb)?$/i.test(bodyLimit))
    throw new FinanceError('CONFIG_INVALID', { message: 'The field bodyLimit is not a size like "1mb".' });
  const url = optionalField(config.backfillUrl);
  return {
    system,
    scheme: schemeOf(name === 'hmac' ? { ...options, scheme: name } : name),
    read: readerFor(name, event, system, name === 'standard-webhooks' || options.idHeader !== undefined),
    toleranceSeconds: numberField(config.toleranceSeconds, 'toleranceSeconds', 300, 1),
    bodyLimit,
    kinds: textMapField(config.kinds, 'kinds'),
    ignore: textsField(config.ignore, 'ignore'),
    routes: rowsField(config.routes, 'routes').map(routeOf),
    ...(url && {
      backfill: { url, minutes: numberField(config.backfillMinutes, 'backfillMinutes', 15, 0.01) },
    }),
  };
}

function optionsOf({ schemeOptions }: WebhookInConfig): Record<string, unknown> {
  const options = jsonField(schemeOptions, 'schemeOptions', {});
  if (typeof options === 'object' && options !== null && !Array.isArray(options))
    return options as Record<string, unknown>;
  throw new FinanceError('CONFIG_INVALID', { message: 'The field schemeOptions is not a JSON object.' });
}

/** Stripe's events are known; those of a declared source say where their fields are. */
function readerFor(scheme: string, event: unknown, system: string, signsId: boolean): EventReader {
  if (event === undefined && scheme === 'stripe') return readerOf('stripe');
  if (typeof event === 'object' && event !== null && !signsId && !('eventId' in event))
    throw new FinanceError('CONFIG_INVALID', {
      message:
        'The events have no id: say where it is in the body, or in which header the signature covers it.',
    });
  if (typeof event === 'object' && event !== null) return readerOf({ system, ...event } as EventPointers);
  throw new FinanceError('CONFIG_INVALID', {
    message: 'The field schemeOptions needs "event": where the fields of an event are, as JSON pointers.',
  });
}

function routeOf(row: Record<string, unknown>): Route {
  const { account, livemode, entity, mode } = row;
  const known = mode === undefined || mode === 'live' || mode === 'test';
  if (typeof entity !== 'string' || entity === '' || !known)
    throw new FinanceError('CONFIG_INVALID', {
      message: 'A route of the field routes needs an entity and a mode, live or test.',
    });
  return {
    account: optionalField(account),
    livemode:
      livemode === undefined || livemode === '' ? undefined : livemode === true || livemode === 'true',
    entity,
    mode: mode ?? 'live',
  };
}
