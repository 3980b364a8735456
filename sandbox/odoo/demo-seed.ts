import type { OdooSeed, SeedAccount } from './seed';

/** Login and API key of the demonstration's integration user. */
export const DEMO_LOGIN = {
  database: 'ledger',
  login: 'integration',
  apiKey: 'demo-integration-key',
  uid: 6,
} as const;
/** Login and password of the demonstration's administrator. */
export const DEMO_ADMIN = { database: 'ledger', login: 'admin', password: 'admin', uid: 2 } as const;

const accounts = (
  company: number,
  rows: Array<[id: number, code: string, name: string, type: string, reconcile?: boolean]>,
): SeedAccount[] =>
  rows.map(([id, code, name, type, reconcile]) => ({ id, code, name, type, company, reconcile }));

const GERMAN = accounts(1, [
  [1, '1200', 'Bank', 'asset_cash'],
  [2, '1201', 'Bank-Zwischenkonto', 'asset_current'],
  [3, '1202', 'Ausstehende Eingänge', 'asset_current', true],
  [4, '1203', 'Ausstehende Ausgänge', 'asset_current', true],
  [5, '1360', 'Geldtransit Stripe', 'asset_current', true],
  [6, '1400', 'Forderungen aus Lieferungen und Leistungen', 'asset_receivable'],
  [7, '1571', 'Abziehbare Vorsteuer 7 %', 'asset_current'],
  [8, '1576', 'Abziehbare Vorsteuer 19 %', 'asset_current'],
  [9, '1600', 'Verbindlichkeiten aus Lieferungen und Leistungen', 'liability_payable'],
  [10, '1771', 'Umsatzsteuer 7 %', 'liability_current'],
  [11, '1776', 'Umsatzsteuer 19 %', 'liability_current'],
  [12, '0990', 'Passive Rechnungsabgrenzung', 'liability_current'],
  [13, '2150', 'Aufwendungen aus Kursdifferenzen', 'expense'],
  [14, '2660', 'Erträge aus Kursdifferenzen', 'income_other'],
  [15, '4970', 'Nebenkosten des Geldverkehrs', 'expense'],
  [16, '4980', 'Rundungsdifferenzen', 'expense'],
  [17, '8300', 'Erlöse 7 % USt', 'income'],
  [18, '8336', 'Erlöse aus im anderen EU-Land steuerpflichtigen Leistungen', 'income'],
  [19, '8400', 'Erlöse 19 % USt', 'income'],
  [20, '4900', 'Sonstige betriebliche Aufwendungen', 'expense'],
  [21, '1500', 'Sonstige Vermögensgegenstände', 'asset_current', true],
  [22, '1710', 'Erhaltene Anzahlungen', 'liability_current', true],
]);

const AMERICAN = accounts(2, [
  [41, '101401', 'Bank', 'asset_cash'],
  [42, '101402', 'Bank Suspense Account', 'asset_current'],
  [43, '101403', 'Outstanding Receipts', 'asset_current', true],
  [44, '101404', 'Outstanding Payments', 'asset_current', true],
  [45, '101500', 'Stripe Clearing', 'asset_current', true],
  [46, '121000', 'Account Receivable', 'asset_receivable'],
  [47, '211000', 'Account Payable', 'liability_payable'],
  [48, '251000', 'Sales Tax Payable', 'liability_current'],
  [49, '252000', 'Deferred Revenue', 'liability_current'],
  [50, '400000', 'Product Sales', 'income'],
  [51, '441000', 'Foreign Exchange Gain', 'income_other'],
  [52, '641000', 'Foreign Exchange Loss', 'expense'],
  [53, '620000', 'Bank Fees', 'expense'],
  [54, '649000', 'Rounding', 'expense'],
  [55, '600000', 'Expenses', 'expense'],
]);

const COUNTRIES = [
  { id: 1, code: 'DE', name: 'Germany' },
  { id: 2, code: 'US', name: 'United States' },
  { id: 3, code: 'FR', name: 'France' },
  { id: 4, code: 'IT', name: 'Italy' },
  { id: 5, code: 'PL', name: 'Poland' },
  { id: 6, code: 'BE', name: 'Belgium' },
  { id: 7, code: 'NL', name: 'Netherlands' },
  { id: 8, code: 'AT', name: 'Austria' },
  { id: 9, code: 'GB', name: 'United Kingdom' },
  { id: 10, code: 'CH', name: 'Switzerland' },
  { id: 11, code: 'ES', name: 'Spain' },
  { id: 12, code: 'JP', name: 'Japan' },
];

/** Two companies, as `npm start` and the tests meet them: a German one in EUR and an American one in USD. */
export function demoSeed(): OdooSeed {
  return {
    currencies: [
      { id: 1, name: 'EUR', symbol: '€' },
      { id: 2, name: 'USD', symbol: '$', position: 'before' },
      { id: 3, name: 'GBP', symbol: '£', position: 'before' },
      { id: 4, name: 'CHF', symbol: 'CHF' },
      { id: 5, name: 'JPY', symbol: '¥', position: 'before', digits: 0 },
      { id: 6, name: 'SEK', symbol: 'kr', active: false },
    ],
    countries: COUNTRIES,
    companies: [
      {
        id: 1,
        name: 'Ledgerway Demo GmbH',
        currency: 'EUR',
        country: 'DE',
        vat: 'DE123456788',
        suspense: '1201',
        outstandingReceipts: '1202',
        outstandingPayments: '1203',
        exchangeGain: '2660',
        exchangeLoss: '2150',
        exchangeJournal: 'EXCH',
      },
      {
        id: 2,
        name: 'Ledgerway Demo Inc.',
        currency: 'USD',
        country: 'US',
        suspense: '101402',
        outstandingReceipts: '101403',
        outstandingPayments: '101404',
        exchangeGain: '441000',
        exchangeLoss: '641000',
        exchangeJournal: 'EXCH',
      },
    ],
    rates: [
      { currency: 'USD', company: 1, date: '2026-01-01', rate: '1.1' },
      { currency: 'GBP', company: 1, date: '2026-01-01', rate: '0.85' },
      { currency: 'CHF', company: 1, date: '2026-01-01', rate: '0.95' },
      { currency: 'JPY', company: 1, date: '2026-01-01', rate: '160' },
      { currency: 'EUR', company: 2, date: '2026-01-01', rate: '0.9' },
      { currency: 'GBP', company: 2, date: '2026-01-01', rate: '0.77' },
    ],
    accounts: [...GERMAN, ...AMERICAN],
    taxes: [
      { id: 1, name: 'USt 19%', amount: '19', use: 'sale', company: 1, account: '1776' },
      { id: 2, name: 'USt 7%', amount: '7', use: 'sale', company: 1, account: '1771' },
      { id: 3, name: 'USt 0% Reverse Charge', amount: '0', use: 'sale', company: 1 },
      { id: 4, name: 'VSt 19%', amount: '19', use: 'purchase', company: 1, account: '1576' },
      { id: 5, name: 'VSt 7%', amount: '7', use: 'purchase', company: 1, account: '1571' },
      { id: 6, name: 'USt 0% Export', amount: '0', use: 'sale', company: 1 },
      { id: 11, name: 'Sales Tax 8.875%', amount: '8.875', use: 'sale', company: 2, account: '251000' },
      { id: 12, name: 'Sales Tax 0%', amount: '0', use: 'sale', company: 2 },
    ],
    journals: [
      { id: 1, code: 'INV', name: 'Kundenrechnungen', type: 'sale', company: 1, account: '8400' },
      { id: 2, code: 'BILL', name: 'Lieferantenrechnungen', type: 'purchase', company: 1, account: '4900' },
      { id: 3, code: 'MISC', name: 'Sonstige Buchungen', type: 'general', company: 1 },
      { id: 4, code: 'EXCH', name: 'Kursdifferenzen', type: 'general', company: 1 },
      { id: 5, code: 'BNK1', name: 'Bank', type: 'bank', company: 1, account: '1200' },
      { id: 6, code: 'STRP', name: 'Stripe-Rechnungen', type: 'sale', company: 1, account: '8400' },
      { id: 7, code: 'PSP', name: 'Stripe', type: 'bank', company: 1, account: '1360', outstanding: '1360' },
      { id: 11, code: 'INV', name: 'Customer Invoices', type: 'sale', company: 2, account: '400000' },
      { id: 12, code: 'BILL', name: 'Vendor Bills', type: 'purchase', company: 2, account: '600000' },
      { id: 13, code: 'MISC', name: 'Miscellaneous Operations', type: 'general', company: 2 },
      { id: 14, code: 'EXCH', name: 'Exchange Difference', type: 'general', company: 2 },
      { id: 15, code: 'BNK1', name: 'Bank', type: 'bank', company: 2, account: '101401' },
      { id: 16, code: 'STRP', name: 'Stripe Invoices', type: 'sale', company: 2, account: '400000' },
    ],
    partners: [
      { id: 1, name: 'Ledgerway Demo GmbH', country: 'DE' },
      { id: 2, name: 'Ledgerway Demo Inc.', country: 'US' },
      {
        id: 7,
        name: 'Mustermann Handel GmbH',
        country: 'DE',
        vat: 'DE136695976',
        email: 'rechnung@mustermann.example',
      },
      { id: 8, name: 'Acme Corp.', country: 'US', email: 'ap@acme.example' },
    ],
    paymentTerms: [
      { id: 1, name: 'Immediate Payment', days: 0 },
      { id: 2, name: '30 Days', days: 30 },
    ],
    analyticAccounts: [
      { id: 1, name: 'Subscriptions', code: 'SUB', company: 1 },
      { id: 2, name: 'Services', code: 'SRV', company: 1 },
    ],
    externalIds: [
      { externalId: 'base.main_company', model: 'res.company', recordId: 1 },
      ...COUNTRIES.map(({ id, code }) => ({
        externalId: `base.${code.toLowerCase()}`,
        model: 'res.country',
        recordId: id,
      })),
      { externalId: 'base.EUR', model: 'res.currency', recordId: 1 },
      { externalId: 'base.USD', model: 'res.currency', recordId: 2 },
    ],
    users: [
      {
        id: DEMO_ADMIN.uid,
        name: 'Administrator',
        login: DEMO_ADMIN.login,
        password: DEMO_ADMIN.password,
        groups: ['base.group_system'],
        companies: [1, 2],
      },
      {
        id: DEMO_LOGIN.uid,
        name: 'Integration',
        login: DEMO_LOGIN.login,
        apiKeys: [DEMO_LOGIN.apiKey],
        groups: ['account.group_account_invoice', 'base.group_partner_manager'],
        companies: [1, 2],
      },
    ],
  };
}
