import { domainOf } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import { sha256 } from '../../finance';
import { numberField, optionalField, requiredField, textsField } from '../kit/fields';
import type { NodeConfig } from '../kit/red';
import { PRESETS, type Preset } from './presets';

export interface OdooWatchConfig extends NodeConfig {
  entity?: string;
  connection?: string;
  store?: string;
  /** Name of a preset, or `custom` with model, domain, fields and once. */
  what?: string;
  model?: string;
  domain?: string;
  /** JSON: names of fields. */
  fields?: unknown;
  once?: boolean;
  /** A field of the record: what it names is the lane; empty for the record itself. */
  lane?: string;
  /** Kind of the documents that are received. */
  kind?: string;
  everySeconds?: number | string;
  overlapSeconds?: number | string;
  /** `YYYY-MM-DD`: older changes are not given. */
  since?: string;
}

/** A configuration that was read and checked. */
export interface WatchRules extends Omit<Preset, 'domain'> {
  domain: ReturnType<typeof domainOf>;
  kind: string;
  lane?: string;
  everyMs: number;
  overlapSeconds: number;
  since?: string;
  /** Tells one watch of a model from another. */
  identity: string;
}

/** @throws CONFIG_INVALID, MAP_EXPRESSION */
export function readRules(config: OdooWatchConfig): WatchRules {
  const preset = presetOf(config);
  const kind = requiredField(config.kind, 'kind');
  const since = optionalField(config.since);
  if (since !== undefined && !(/^\d{4}-\d\d-\d\d$/.test(since) && !Number.isNaN(Date.parse(since))))
    throw new FinanceError('CONFIG_INVALID', { message: 'The field since is not a day as YYYY-MM-DD.' });
  return {
    ...preset,
    domain: domainOf(preset.domain),
    kind,
    lane: optionalField(config.lane),
    everyMs: numberField(config.everySeconds, 'everySeconds', 30, 0.1) * 1000,
    overlapSeconds: numberField(config.overlapSeconds, 'overlapSeconds', 300, 1),
    since: since && `${since} 00:00:00`,
    identity: sha256(`${preset.domain}\n${since ?? ''}`).slice(0, 8),
  };
}

/** @throws CONFIG_INVALID */
function presetOf({ what = 'invoices', model, domain, fields, once }: OdooWatchConfig): Preset {
  const preset = Object.hasOwn(PRESETS, what) ? PRESETS[what] : undefined;
  if (preset) return preset;
  if (what !== 'custom')
    throw new FinanceError('CONFIG_INVALID', { message: `There is nothing named "${what}" to watch.` });
  const names = textsField(fields, 'fields');
  if (names.length === 0)
    throw new FinanceError('CONFIG_INVALID', { message: 'The field fields names no field of Odoo.' });
  return {
    model: requiredField(model, 'model'),
    domain: domain ?? '',
    fields: names,
    once: once === true,
  };
}
