import { type Decimal, sum } from './core/value';
import { type LedgerMove, ledgerOf, trialBalance } from './ledger';
import type { Odoo } from './odoo';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --line: #e2e6ec; --page: #f6f7f9; --card: #fff; --good: #0b7a53; --wait: #8a5a00; --gone: #8b95a5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #98a2b3; --line: #2b3340; --page: #12161c; --card: #1a2028; --good: #4cc38a; --wait: #e0ac4d; --gone: #6f7a8a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 74rem; padding: 2rem 1.5rem 4rem; background: var(--page); color: var(--ink); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; } h3 { font-size: .8rem; margin: 1.5rem 0 .5rem; color: var(--soft); font-weight: 600; letter-spacing: .04em; text-transform: uppercase; }
p { margin: .25rem 0 0; color: var(--soft); }
table { width: 100%; border-collapse: collapse; } th, td { padding: .35rem .75rem; text-align: left; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; } tfoot td { font-weight: 600; }
.lines { table-layout: fixed; min-width: 48rem; } .lines th:nth-child(1) { width: 36%; } .lines th:nth-child(2), .lines th:nth-child(3) { width: 17%; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 0 0 .75rem; overflow-x: auto; }
.head { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding: .6rem .75rem; }
.head b { font-size: 1rem; } .head .sum { margin-left: auto; font-weight: 600; }
.state { font-weight: 600; } .posted { color: var(--good); } .draft { color: var(--wait); } .cancel { color: var(--gone); }
code { font: 12px/1.4 ui-monospace, SFMono-Regular, Menlo, monospace; color: var(--soft); overflow-wrap: anywhere; } .soft { color: var(--soft); }
`;

const MARKS: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (mark) => MARKS[mark] ?? mark);

/** Moves shown of a company, the newest first; the trial balance counts them all. */
const SHOWN = 200;

const KINDS: Record<string, string> = {
  entry: 'Journal entry',
  out_invoice: 'Customer invoice',
  out_refund: 'Credit note',
  in_invoice: 'Vendor bill',
  in_refund: 'Vendor credit note',
  out_receipt: 'Sales receipt',
  in_receipt: 'Purchase receipt',
};

/** The books for people: per company the trial balance, then each move with its lines and its external key. */
export function ledgerPage(odoo: Odoo): string {
  const { moves } = ledgerOf(odoo);
  const companies = odoo.db.all('res.company').sort((a, b) => a.id - b.id);
  const sections = companies.map((company) => {
    const own = moves.filter((move) => move.company.id === company.id);
    const currency = odoo.db.get('res.currency', Number(company.currency_id))?.name;
    return companySection(String(company.name), String(currency), own);
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Ledger – sandbox Odoo ${odoo.version}</title><style>${STYLE}</style></head>
<body><h1>Ledger</h1><p>Sandbox Odoo ${odoo.version}, database ${escapeHtml(odoo.database)}. A stand-in for tests; nothing here is a real booking.</p>
${sections.join('\n')}
</body></html>
`;
}

function companySection(name: string, currency: string, moves: LedgerMove[]): string {
  const posted = moves.filter(({ state }) => state === 'posted').length;
  const shown = moves.slice(-SHOWN).reverse();
  const more = moves.length > shown.length ? `, the last ${shown.length} shown` : '';
  const list = shown.length > 0 ? shown.map(moveCard).join('\n') : '<p>No moves yet.</p>';
  return `<h2>${escapeHtml(name)} <span class="soft">${escapeHtml(currency)}</span></h2>
<h3>Trial balance of posted moves</h3>
${trialTable(moves)}
<h3>Moves: ${posted} posted of ${moves.length}${more}</h3>
${list}`;
}

const number = (amount: Decimal | string): string => {
  const [whole = '', cents] = (typeof amount === 'string' ? amount : amount.toFixed(2)).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
  return cents === undefined ? grouped : `${grouped}.${cents}`;
};
const blankZero = (amount: string): string => (/^-?0(\.0+)?$/.test(amount) ? '' : number(amount));

function trialTable(moves: LedgerMove[]): string {
  const rows = trialBalance(moves);
  if (rows.length === 0) return '<p>Nothing posted yet.</p>';
  const body = rows
    .map(
      ({ account, accountName, debit, credit }) =>
        `<tr><td>${escapeHtml(account)}</td><td>${escapeHtml(accountName)}</td><td class="n">${number(debit)}</td><td class="n">${number(credit)}</td><td class="n">${number(debit.minus(credit))}</td></tr>`,
    )
    .join('');
  const [debit, credit] = [sum(rows.map((row) => row.debit)), sum(rows.map((row) => row.credit))];
  return `<div class="card"><table><thead><tr><th>Account</th><th>Name</th><th class="n">Debit</th><th class="n">Credit</th><th class="n">Balance</th></tr></thead>
<tbody>${body}</tbody><tfoot><tr><td colspan="2">Total</td><td class="n">${number(debit)}</td><td class="n">${number(credit)}</td><td class="n">${number(debit.minus(credit))}</td></tr></tfoot></table></div>`;
}

function moveCard(move: LedgerMove): string {
  const key = move.externalId
    ? `<code title="external key">${escapeHtml(move.externalId)}</code>`
    : '<span class="soft">no external key</span>';
  const about = [KINDS[move.moveType] ?? move.moveType, move.date, move.partner, move.ref]
    .filter((part) => part !== null)
    .map((part) => escapeHtml(String(part)));
  const paid = ['paid', 'partial', 'reversed'].includes(move.paymentState) ? `, ${move.paymentState}` : '';
  const tax = /^-?0(\.0+)?$/.test(move.amountTax)
    ? ''
    : ` <span class="soft">of which tax ${number(move.amountTax)}</span>`;
  const total = `${number(move.amountTotal)} ${escapeHtml(move.currency)}${tax}`;
  const lines = move.lines
    .map((line) => {
      const foreign =
        line.currency === move.company.currency
          ? ''
          : `${number(line.amountCurrency)} ${escapeHtml(line.currency)}`;
      return `<tr><td>${escapeHtml(line.account)} <span class="soft">${escapeHtml(line.accountName)}</span></td><td>${escapeHtml(line.label)}</td><td>${escapeHtml(line.taxes.join(', '))}</td><td class="n">${foreign}</td><td class="n">${blankZero(line.debit)}</td><td class="n">${blankZero(line.credit)}</td></tr>`;
    })
    .join('');
  return `<div class="card"><div class="head"><b>${escapeHtml(move.name ?? `Draft ${move.id}`)}</b><span class="state ${escapeHtml(move.state)}">${escapeHtml(move.state)}${paid}</span><span>${about.join(' · ')}</span>${key}<span class="sum">${total}</span></div>
<table class="lines"><thead><tr><th>Account</th><th>Label</th><th>Taxes</th><th class="n">In currency</th><th class="n">Debit</th><th class="n">Credit</th></tr></thead><tbody>${lines}</tbody></table></div>`;
}
