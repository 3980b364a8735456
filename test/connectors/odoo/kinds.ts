import { externalKey } from '../../../finance/canonical';
import type {
  BankTransaction,
  Invoice,
  JournalEntry,
  Party,
  Payment,
  Payout,
  Refund,
} from '../../../finance/documents';
import { buyer, invoice, line } from './documents';

export const supplier: Party = {
  id: 'sup_1',
  name: 'Papier & Co. KG',
  vatId: 'DE129273398',
  address: { city: 'Hamburg', country: 'DE' },
};

/** A bill of 200.00 net with 19 %, of 2 November 2026. */
export const bill = (n: number | string, changes: Partial<Invoice> = {}): Invoice => ({
  ...invoice(`bill_${n}`),
  number: `R-${n}`,
  direction: 'vendor',
  buyer: buyer({ id: undefined, name: 'Ledgerway Demo GmbH', vatId: 'DE123456788', email: undefined }),
  seller: supplier,
  lines: [
    line({
      unitPrice: '200.00',
      netAmount: '200.00',
      tax: { category: 'S', rate: '19', amount: '38.00' },
      posting: { account: '4900', taxes: ['VSt 19%'] },
    }),
  ],
  taxes: [{ category: 'S', rate: '19', base: '200.00', amount: '38.00' }],
  totals: { lines: '200.00', net: '200.00', tax: '38.00', gross: '238.00', due: '238.00' },
  posting: { journal: 'BILL' },
  ...changes,
});

/** 119.00 received from the customer for one invoice. */
export const payment = (n: number | string, of: Invoice[], changes: Partial<Payment> = {}): Payment => ({
  schema: 'payment/1',
  kind: 'payment',
  entity: 'acme_de',
  source: { system: 'stripe', id: `ch_${n}` },
  direction: 'inbound',
  date: '2026-11-05',
  currency: 'EUR',
  amount: '119.00',
  allocations: of.map(({ source }) => ({ sourceId: source.id, amount: '119.00' })),
  payer: buyer(),
  reference: `P-${n}`,
  posting: { journal: 'BNK1' },
  ...changes,
});

export const refund = (n: number | string, of: Invoice[], changes: Partial<Refund> = {}): Refund => ({
  ...payment(n, of),
  schema: 'refund/1',
  kind: 'refund',
  source: { system: 'stripe', id: `re_${n}` },
  direction: 'outbound',
  ...changes,
});

export const entry = (n: number | string, changes: Partial<JournalEntry> = {}): JournalEntry => ({
  schema: 'journal_entry/1',
  kind: 'journal_entry',
  entity: 'acme_de',
  source: { system: 'files', id: `je_${n}` },
  date: '2026-11-04',
  currency: 'EUR',
  reference: `JE-${n}`,
  lines: [
    { account: '4970', label: 'Fees', debit: '10.50', credit: '0.00', analytic: { SUB: '100' } },
    { account: '1360', label: 'Stripe', debit: '0.00', credit: '10.50', partner: buyer() },
  ],
  posting: { journal: 'MISC' },
  ...changes,
});

export const bankLine = (n: number | string, changes: Partial<BankTransaction> = {}): BankTransaction => ({
  schema: 'bank_transaction/1',
  kind: 'bank_transaction',
  entity: 'acme_de',
  source: { system: 'bank', id: `tx_${n}` },
  date: '2026-11-06',
  currency: 'EUR',
  amount: '-42.10',
  text: `Transfer ${n}`,
  counterparty: { name: 'Papier & Co. KG', account: 'DE02120300000000202051' },
  reference: `E2E-${n}`,
  posting: { journal: 'BNK1' },
  ...changes,
});

export const payout = (n: number | string): Payout => ({
  schema: 'payout/1',
  kind: 'payout',
  entity: 'acme_de',
  source: { system: 'stripe', id: `po_${n}` },
  date: '2026-11-07',
  currency: 'EUR',
  amount: '115.30',
  items: [{ type: 'charge', sourceId: 'ch_1', amount: '119.00', fee: '3.70' }],
  posting: { journal: 'MISC', clearingAccount: '1360', transitAccount: '1202', feeAccount: '4970' },
});

export const keyed = externalKey;
