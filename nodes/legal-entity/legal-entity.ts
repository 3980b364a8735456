import { FinanceError, toFinanceError } from '../../errors';
import {
  type KindPolicy,
  type LegalEntity,
  type Party,
  type RatePolicy,
  validateLegalEntity,
} from '../../finance';
import type { EntityNode } from '../kit/config-nodes';
import { optionalField, rowsField } from '../kit/fields';
import { migrate } from '../kit/migrate';
import type { NodeConfig, RedApi } from '../kit/red';
import { nextTimeOfDay } from '../kit/time-of-day';

interface LegalEntityConfig extends NodeConfig {
  key?: string;
  companyName?: string;
  odooCompany?: number | string;
  currency?: string;
  timeZone?: string;
  mode?: string;
  numbering?: string;
  mapping?: string;
  cutOver?: string;
  sellerVatId?: string;
  sellerRegistrationId?: string;
  sellerLine1?: string;
  sellerCity?: string;
  sellerPostalCode?: string;
  sellerCountry?: string;
  sellerEmail?: string;
  sellerEndpointScheme?: string;
  sellerEndpointId?: string;
  /** JSON: {@link KindRow}s. */
  kinds?: unknown;
  /** Whose exchange rates are booked; empty: Odoo's, unchecked. */
  ratesFrom?: string;
  /** Percent. */
  ratesTolerance?: string;
  /** JSON: rows of currency, date and rate. */
  ratesTable?: unknown;
  /** JSON: rows of plan and fallback. */
  dimensions?: unknown;
}

/** What the editor keeps of one kind of document. */
interface KindRow {
  kind?: string;
  owner?: string;
  timing?: string;
  batchAt?: string;
  approval?: boolean;
  exceptionOwner?: string;
  serviceHours?: number | string;
  latePosting?: string;
}

export = (RED: RedApi): void => {
  RED.nodes.registerType('ledgerway-legal-entity', function (this: EntityNode, given: LegalEntityConfig) {
    RED.nodes.createNode(this, given);
    const config = migrate(given);
    const read = once(() => readConfig(config));
    this.entity = () => read().entity;
    this.batchAt = (kind) => read().batches.get(kind);
    try {
      read();
    } catch (error) {
      this.error(toFinanceError(error).message);
    }
  });
};

interface Read {
  entity: LegalEntity;
  batches: Map<string, string>;
}

/** @throws CONFIG_INVALID */
function readConfig(config: LegalEntityConfig): Read {
  const rows = rowsField(config.kinds, 'kinds') as KindRow[];
  const kinds = Object.fromEntries(rows.map((row) => [row.kind ?? '', policyOf(row)]));
  const name = optionalField(config.companyName) ?? optionalField(config.name) ?? config.key;
  const entity = validateLegalEntity(
    present({
      key: config.key,
      name,
      odooCompany: Number(config.odooCompany),
      currency: config.currency,
      timeZone: config.timeZone,
      mode: config.mode,
      numbering: config.numbering,
      mapping: config.mapping,
      cutOver: optionalField(config.cutOver),
      seller: sellerOf(config, name ?? ''),
      dimensions: filled(rowsField(config.dimensions, 'dimensions')),
      rates: ratesOf(config),
      kinds,
    }),
  );
  const timeless = rows.find(({ timing, batchAt }) => timing === 'batch' && !batchAt);
  if (timeless)
    throw new FinanceError('CONFIG_INVALID', {
      message: `Documents of kind ${timeless.kind} are taken in batches: say at what time.`,
    });
  const batched = rows.filter(({ timing, batchAt }) => timing === 'batch' && batchAt);
  for (const { batchAt } of batched) nextTimeOfDay(0, batchAt!, entity.timeZone);
  return { entity, batches: new Map(batched.map(({ kind, batchAt }) => [kind ?? '', batchAt!])) };
}

function policyOf(row: KindRow): KindPolicy {
  const { owner, timing, approval, exceptionOwner, serviceHours, latePosting } = row;
  const hours = serviceHours === undefined || serviceHours === '' ? undefined : Number(serviceHours);
  return present({
    owner: owner ?? '',
    timing: timing as KindPolicy['timing'],
    approval: approval === true,
    exceptionOwner: optionalField(exceptionOwner),
    serviceHours: hours,
    latePosting: optionalField(latePosting) as KindPolicy['latePosting'],
  });
}

/** The schema of an entity checks what the rows hold. */
function ratesOf(config: LegalEntityConfig): RatePolicy | undefined {
  const from = optionalField(config.ratesFrom);
  if (from === undefined) return undefined;
  const table = filled(rowsField(config.ratesTable, 'ratesTable'));
  const tolerance = optionalField(config.ratesTolerance) ?? '0';
  return present({ from, tolerance, table }) as unknown as RatePolicy;
}

const filled = <Row>(rows: Row[]): Row[] | undefined => (rows.length > 0 ? rows : undefined);

function sellerOf(config: LegalEntityConfig, name: string): Party {
  const scheme = optionalField(config.sellerEndpointScheme);
  const id = optionalField(config.sellerEndpointId);
  return present({
    name,
    vatId: optionalField(config.sellerVatId),
    registrationId: optionalField(config.sellerRegistrationId),
    email: optionalField(config.sellerEmail),
    address: present({
      line1: optionalField(config.sellerLine1),
      city: optionalField(config.sellerCity),
      postalCode: optionalField(config.sellerPostalCode),
      country: config.sellerCountry ?? '',
    }),
    endpoint: scheme && id ? { scheme, id } : undefined,
  });
}

/** Without the members that are not there. */
const present = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value;

function once<Result>(make: () => Result): () => Result {
  let made: { result: Result } | undefined;
  return () => {
    made ??= { result: make() };
    return made.result;
  };
}
