import type { TaxDecision } from '../../finance/documents';
import { decideTax } from '../../finance/tax';
import type { RatesTable } from '../../finance/tax-rates';
import type { TaxCall, TaxEngine } from './engine';

export interface RatesTableOptions {
  now?: () => Date;
  /** The table stands in for an engine that is down: its decisions say so. */
  fallback?: boolean;
}

/**
 * A table of dated rates as an engine. It decides the same again and keeps nothing: the step that asked records the
 * decision, and a repeat after a crash changes nothing anywhere.
 */
export function ratesTable(table: RatesTable, options: RatesTableOptions = {}): TaxEngine {
  const { now = () => new Date(), fallback = false } = options;
  const decide = async (
    { invoice, mode, seller, code }: TaxCall,
    phase: TaxDecision['phase'],
  ): Promise<TaxDecision> =>
    decideTax(invoice, table, {
      mode,
      seller,
      phase,
      fallback,
      decidedAt: now().toISOString(),
      ...(phase !== 'quote' && { code }),
    });
  return {
    name: `rates-table/${table.name}`,
    keepsRecords: false,
    quote: (call) => decide(call, 'quote'),
    commit: (call) => decide(call, 'commit'),
    adjust: (call) => decide(call, 'adjust'),
    void: (call) => decide(call, 'void'),
    lookup: async () => undefined,
  };
}
