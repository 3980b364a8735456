import type { OdooSeed, SeedAccount } from '../../../sandbox/odoo';

export const WIRE_KEY = 'SECRET-API-KEY';

/** Ids that differ between the recorded databases. */
export interface WireIds {
  user: number;
  usd: number;
  eur: number;
  partner: number;
  income: number;
  other: number;
  /** The second company's. */
  income2: number;
  journal2: number;
}

export const WIRE_IDS: Record<'16.0' | '17.0' | '19.0', WireIds> = {
  '16.0': { user: 6, usd: 2, eur: 126, partner: 8, income: 37, other: 40, income2: 71, journal2: 8 },
  '17.0': { user: 6, usd: 1, eur: 126, partner: 8, income: 24, other: 27, income2: 71, journal2: 8 },
  '19.0': { user: 5, usd: 1, eur: 126, partner: 7, income: 26, other: 29, income2: 71, journal2: 13 },
};

const BILLING = ['account.group_account_invoice'];

function accountsOf(ids: WireIds): SeedAccount[] {
  const row = (
    id: number,
    code: string,
    name: string,
    type: string,
    company = 1,
    reconcile?: boolean,
  ): SeedAccount => ({
    id,
    code,
    name,
    type,
    company,
    reconcile,
  });
  return [
    row(6, '121000', 'Account Receivable', 'asset_receivable'),
    row(14, '211000', 'Account Payable', 'liability_payable'),
    row(1, '101401', 'Bank', 'asset_cash'),
    row(2, '101402', 'Bank Suspense Account', 'asset_current'),
    row(3, '101403', 'Outstanding Receipts', 'asset_current', 1, true),
    row(4, '101404', 'Outstanding Payments', 'asset_current', 1, true),
    row(10, '251000', 'Tax Received', 'liability_current'),
    row(11, '441000', 'Foreign Exchange Gain', 'income_other'),
    row(12, '641000', 'Foreign Exchange Loss', 'expense'),
    row(13, '600000', 'Expenses', 'expense'),
    row(ids.income, '400000', 'Product Sales', 'income'),
    row(ids.other, '620000', 'Bank Fees', 'expense'),
    row(60, '121000', 'Account Receivable', 'asset_receivable', 2),
    row(ids.income2, '400000', 'Product Sales', 'income', 2),
  ];
}

/** The recorded databases' companies, users and charts, with the ids that the calls name. */
export function wireSeed(version: '16.0' | '17.0' | '19.0'): OdooSeed {
  const ids = WIRE_IDS[version];
  const isNew = version === '19.0';
  const invoices = isNew ? 'Sales' : 'Customer Invoices';
  return {
    currencies: [
      { id: ids.usd, name: 'USD', symbol: '$', position: 'before' },
      { id: ids.eur, name: 'EUR', symbol: '€' },
      { id: 150, name: 'GBP', symbol: '£', active: false },
    ],
    countries: [{ id: 233, code: 'US', name: 'United States' }],
    companies: [
      {
        id: 1,
        name: 'My Company',
        currency: 'USD',
        country: 'US',
        suspense: '101402',
        outstandingReceipts: '101403',
        outstandingPayments: '101404',
        exchangeGain: '441000',
        exchangeLoss: '641000',
        exchangeJournal: 'EXCH',
      },
      { id: 2, name: 'Second Company', currency: 'EUR', country: 'US' },
    ],
    rates: [{ currency: 'EUR', company: 1, date: '2026-01-01', rate: '0.8' }],
    accounts: accountsOf(ids),
    taxes: [{ id: 1, name: '15%', amount: '15', use: 'sale', company: 1, account: '251000' }],
    journals: [
      { id: 1, code: 'INV', name: invoices, type: 'sale', company: 1, account: '400000' },
      { id: 2, code: 'BILL', name: 'Vendor Bills', type: 'purchase', company: 1, account: '600000' },
      { id: 3, code: 'MISC', name: 'Miscellaneous Operations', type: 'general', company: 1 },
      { id: 4, code: 'EXCH', name: 'Exchange Difference', type: 'general', company: 1 },
      { id: 6, code: 'BNK1', name: 'Bank', type: 'bank', company: 1, account: '101401' },
      { id: ids.journal2, code: 'INV', name: invoices, type: 'sale', company: 2, account: '400000' },
    ],
    partners: isNew
      ? partnersOf19()
      : [
          partner(1, 'My Company'),
          partner(3, 'Administrator'),
          partner(8, 'Customer'),
          { ...partner(11, 'C2-only Customer'), company: 2 },
        ],
    externalIds: [{ id: 2, externalId: 'base.main_company', model: 'res.company', recordId: 1 }],
    serverActions: [{ id: 328, name: 'Load and post', does: 'load_and_post' }],
    users: [
      {
        id: 2,
        name: 'Administrator',
        login: 'admin',
        apiKeys: isNew ? [] : [WIRE_KEY],
        groups: ['base.group_system'],
        companies: [1, 2],
      },
      {
        id: ids.user,
        name: 'Integration',
        login: 'integration',
        apiKeys: [WIRE_KEY],
        groups: isNew ? ['account.group_account_user'] : BILLING,
        companies: [1, 2],
      },
      ...(isNew
        ? []
        : [
            {
              id: 7,
              name: 'Integ Co1 only',
              login: 'co1',
              apiKeys: [WIRE_KEY],
              groups: BILLING,
              companies: [1],
            },
            {
              id: 8,
              name: 'Accountant',
              login: 'accountant',
              apiKeys: [WIRE_KEY],
              groups: ['account.group_account_user'],
              companies: [1, 2],
            },
          ]),
    ],
  };
}

const partner = (id: number, name: string) => ({ id, name });

/** Named so that their order by name is the recorded one. */
function partnersOf19() {
  const order = [3, 10, 7, 8, 13, 12, 11, 1, 14, 6, 9];
  return order.map((id, at) => partner(id, `Partner ${String(at).padStart(2, '0')}`));
}
