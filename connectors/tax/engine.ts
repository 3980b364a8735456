import type { Invoice, Party, TaxDecision, TaxEngineMode } from '../../finance/documents';

/** One question to a tax engine. */
export interface TaxCall {
  invoice: Invoice;
  mode: TaxEngineMode;
  /** The legal entity, where the invoice does not name its seller. */
  seller?: Party;
  /** Stable key under which the engine knows the record; a quote makes no record. */
  code: string;
}

/**
 * A tax engine in two phases. `commit`, `adjust` and `void` may be repeated: the same code with the same content gives
 * the same record. All methods throw FinanceError TAX_*.
 */
export interface TaxEngine {
  readonly name: string;
  /** The engine keeps records of its own, so that `lookup` can settle a doubt. */
  readonly keepsRecords: boolean;
  quote(call: TaxCall): Promise<TaxDecision>;
  commit(call: TaxCall): Promise<TaxDecision>;
  /** Replaces the content of a committed record. */
  adjust(call: TaxCall): Promise<TaxDecision>;
  void(call: TaxCall): Promise<TaxDecision>;
  /**
   * The record under the code, if it has this very content; its `phase` says how far it is. `undefined`: send again,
   * which is safe.
   */
  lookup(call: TaxCall): Promise<TaxDecision | undefined>;
}
