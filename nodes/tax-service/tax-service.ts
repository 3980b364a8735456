import { httpJson, ratesTable, type TaxEngine } from '../../connectors/tax';
import { knowSecret } from '../../engine';
import { FinanceError } from '../../errors';
import { money, type RatesTable } from '../../finance';
import type { TaxServiceNode } from '../kit/config-nodes';
import { jsonField, optionalField, requiredField } from '../kit/fields';
import { migrate } from '../kit/migrate';
import type { NodeConfig, RedApi } from '../kit/red';

interface TaxServiceConfig extends NodeConfig {
  engine?: 'rates' | 'http';
  url?: string;
  /** JSON: a {@link RatesTable}. */
  rates?: unknown;
  roundingMode?: 'round_per_line' | 'round_globally';
  /** Decimal, in the document's currency. */
  tolerance?: string;
  fallback?: 'hold' | 'provisional';
}

/** A tax engine: a table of dated rates, or a service with a JSON API. */
export = (RED: RedApi): void => {
  RED.nodes.registerType(
    'ledgerway-tax-service',
    function (this: TaxServiceNode, given: TaxServiceConfig) {
      RED.nodes.createNode(this, given);
      const config = migrate(given);
      const secret = this.credentials?.secret;
      knowSecret(secret);
      this.mode = config.roundingMode === 'round_globally' ? 'round_globally' : 'round_per_line';
      this.fallback = config.fallback === 'provisional' ? 'provisional' : 'hold';
      this.tolerance = optionalField(config.tolerance) ?? '0.02';
      let engine: TaxEngine | undefined;
      this.engine = () => {
        if (!money.isDecimal(this.tolerance))
          throw new FinanceError('CONFIG_INVALID', {
            message: 'The field tolerance is not a decimal number.',
          });
        engine ??= makeEngine(config, secret);
        return engine;
      };
      this.target = config.engine === 'http' ? (optionalField(config.url) ?? '') : 'rates-table';
    },
    { credentials: { secret: { type: 'password' } } },
  );
};

/** @throws CONFIG_INVALID, CONFIG_SECRET_MISSING */
function makeEngine(config: TaxServiceConfig, secret: string | undefined): TaxEngine {
  if (config.engine === 'http')
    return httpJson({ baseUrl: requiredField(config.url, 'url'), apiKey: secret ?? '' });
  return ratesTable(readTable(config.rates));
}

/** @throws CONFIG_INVALID */
function readTable(value: unknown): RatesTable {
  const table = jsonField(value, 'rates', undefined) as Partial<RatesTable> | undefined;
  const whole =
    typeof table?.name === 'string' && typeof table.version === 'string' && Array.isArray(table.rates);
  if (whole && table.rates?.every(isRate)) return table as RatesTable;
  throw new FinanceError('CONFIG_INVALID', {
    message: 'The field rates is not a table of rates: it needs name, version and rates.',
  });
}

const isRate = (rate: Partial<RatesTable['rates'][number]> | null): boolean =>
  typeof rate?.rate === 'string' &&
  money.isDecimal(rate.rate) &&
  [rate.name, rate.category, rate.country, rate.from].every((text) => typeof text === 'string');
