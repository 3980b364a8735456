import Big from 'big.js';
import type { CanonicalDocument, Currency, Day, Decimal } from './documents';

/** What people know a document by. */
export interface Headline {
  /** Its own day: of issue, of the payment, of the entry. */
  date?: Day;
  /** Gross of an invoice; the debit side of an entry; negative where money left the bank. */
  amount?: Decimal;
  currency?: Currency;
  number?: string;
}

/** The day, the amount and the number of a canonical document; nothing for what has none (a party, evidence). */
export function headlineOf(document: CanonicalDocument): Headline {
  if (!('schema' in document)) return {};
  switch (document.schema) {
    case 'invoice/1':
      return {
        date: document.issueDate,
        amount: document.totals.gross,
        currency: document.currency,
        number: document.number,
      };
    case 'payment/1':
    case 'refund/1':
    case 'payout/1':
    case 'bank_transaction/1':
      return { date: document.date, amount: document.amount, currency: document.currency };
    case 'journal_entry/1': {
      const debit = document.lines.reduce((sum, line) => sum.plus(line.debit), new Big(0));
      return { date: document.date, amount: debit.toFixed(), currency: document.currency };
    }
    case 'tax_decision/1':
      return { date: document.rateDate, amount: document.totalTax, currency: document.currency };
    case 'einvoice_submission/1':
      return { number: document.number };
    case 'party/1':
    case 'product/1':
      return {};
  }
}
