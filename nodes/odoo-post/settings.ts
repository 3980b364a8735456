import type { PostableDocument } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import type { PaymentPosting } from '../../finance';
import { money } from '../../finance';
import { numberField, optionalField } from '../kit/fields';
import type { NodeConfig } from '../kit/red';
import type { Mode } from './migrate';

export interface OdooPostConfig extends NodeConfig {
  entity?: string;
  connection?: string;
  mode?: Mode;
  /** How long a document waits for what it refers to. */
  referenceDays?: number | string;
  /** Id, or external id, of the server action that loads and posts in one transaction. */
  serverAction?: string;
  /** What payments are settled by where their mapping does not say. */
  tolerance?: string;
  writeOffAccount?: string;
  overpaymentAccount?: string;
  settlementJournal?: string;
}

type Terms = Partial<Omit<PaymentPosting, 'journal'>>;

export interface OdooPostSettings {
  mode: Mode;
  days: number;
  serverAction?: string;
  terms: Terms;
}

/** @throws CONFIG_INVALID */
export function settingsOf(config: OdooPostConfig): OdooPostSettings {
  const { mode = 'post' } = config;
  if (!['post', 'dryRun', 'shadow'].includes(mode))
    throw new FinanceError('CONFIG_INVALID', { message: `The mode ${String(mode)} is not known.` });
  const terms = {
    tolerance: toleranceOf(config.tolerance),
    writeOffAccount: optionalField(config.writeOffAccount),
    overpaymentAccount: optionalField(config.overpaymentAccount),
    settlementJournal: optionalField(config.settlementJournal),
  };
  return {
    mode,
    days: numberField(config.referenceDays, 'referenceDays', 7),
    serverAction: optionalField(config.serverAction),
    terms: Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined)),
  };
}

function toleranceOf(value: unknown): string | undefined {
  const text = optionalField(value);
  if (text === undefined || /^\d+(\.\d+)?$/.test(text)) return text && money.plain(text);
  throw new FinanceError('CONFIG_INVALID', { message: 'The field tolerance is not an amount.' });
}

/** The document with the terms of this node, where its mapping says none. */
export function withTerms<Document extends PostableDocument>(document: Document, terms: Terms): Document {
  const isPayment = document.kind === 'payment' || document.kind === 'refund';
  if (!isPayment || !document.posting) return document;
  return { ...document, posting: { ...terms, ...document.posting } };
}
