import type { Invoice, InvoiceLine, Party } from '../../../finance/documents';
import type { LegalEntity } from '../../../finance/entity';

const SELLER: Party = { name: 'Ledgerway Demo GmbH', vatId: 'DE123456788', address: { country: 'DE' } };

/** The German demonstration company. */
export const entity = (changes: Partial<LegalEntity> = {}): LegalEntity => ({
  key: 'acme_de',
  name: 'Ledgerway Demo GmbH',
  odooCompany: 1,
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  mode: 'test',
  numbering: 'odoo',
  mapping: 'stripe',
  seller: SELLER,
  kinds: {},
  ...changes,
});

export const buyer = (changes: Partial<Party> = {}): Party => ({
  id: 'cus_1',
  name: 'Mustermann Handel GmbH',
  vatId: 'DE136695976',
  email: 'rechnung@mustermann.example',
  address: { line1: 'Hauptstr. 1', postalCode: '10115', city: 'Berlin', country: 'DE' },
  ...changes,
});

export const line = (changes: Partial<InvoiceLine> = {}): InvoiceLine => ({
  id: '1',
  name: 'Subscription',
  quantity: '1',
  unit: 'C62',
  unitPrice: '100.00',
  netAmount: '100.00',
  tax: { category: 'S', rate: '19', amount: '19.00' },
  posting: { account: '8400', taxes: ['USt 19%'] },
  ...changes,
});

/** 100.00 net, 19 % tax, of 2 November 2026, source id `in_<n>`. */
export function invoice(n: number | string, changes: Partial<Invoice> = {}): Invoice {
  return {
    schema: 'invoice/1',
    kind: 'invoice',
    entity: 'acme_de',
    source: { system: 'stripe', id: `in_${n}`, number: `S-${n}` },
    direction: 'customer',
    number: `S-${n}`,
    issueDate: '2026-11-02',
    dueDate: '2026-12-02',
    currency: 'EUR',
    buyer: buyer(),
    lines: [line()],
    taxes: [{ category: 'S', rate: '19', base: '100.00', amount: '19.00' }],
    totals: { lines: '100.00', net: '100.00', tax: '19.00', gross: '119.00', due: '119.00' },
    posting: { journal: 'INV' },
    ...changes,
  };
}

/** The same invoice with another tax of the source's. */
export function withTax(document: Invoice, tax: string, gross: string): Invoice {
  return {
    ...document,
    lines: document.lines.map((one) => ({ ...one, tax: { ...one.tax, amount: tax } })),
    taxes: document.taxes.map((subtotal) => ({ ...subtotal, amount: tax })),
    totals: { ...document.totals, tax, gross, due: gross },
  };
}
