import type { Dimension } from './dimensions';
import type { Currency, Day, DocumentKind, Party } from './documents';
import type { RatePolicy } from './rates';

/** Rules of one kind of document for one legal entity. */
export interface KindPolicy {
  /** The system that owns documents of this kind; a write from any other is a conflict (DOCUMENT_OWNER). */
  owner: string;
  timing: 'real-time' | 'batch';
  approval: boolean;
  /** Who gets the exceptions. */
  exceptionOwner?: string;
  /**
   * What becomes of a document whose period is locked: `hold` (the default); booked on the first open day, its own
   * date kept; or so once a second person has approved the day (`approval`).
   */
  latePosting?: 'hold' | 'next-open-period' | 'approval';
  /** Hours within which an exception is to be resolved. */
  serviceHours?: number;
}

/** The company whose books are posted to. */
export interface LegalEntity {
  /** Key used in documents, external keys and configuration: `[a-z0-9_]+`. */
  key: string;
  name: string;
  /** Id of the company in Odoo (a branch is a company of its own there). */
  odooCompany: number;
  currency: Currency;
  /** IANA name, e.g. `Europe/Berlin`; decides the day of an instant. */
  timeZone: string;
  /** A test-mode event at a live entity is held. */
  mode: 'live' | 'test';
  /** Who numbers invoices: the number becomes BT-1 and Odoo's `name` alike. */
  numbering: 'source' | 'odoo';
  /** Name of the mapping that documents of this entity use. */
  mapping: string;
  /** BG-4 */
  seller: Party;
  /** Documents dated before are never posted. */
  cutOver?: Day;
  /** Analytic plans that every line of profit and loss must carry, besides those that Odoo wants. */
  dimensions?: Dimension[];
  /** Whose exchange rates are booked; Odoo's, unchecked, where it is left out. */
  rates?: RatePolicy;
  kinds: Partial<Record<DocumentKind, KindPolicy>>;
}
