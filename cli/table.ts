import type { Tie } from './tie';

const COLUMNS: [string, (figures: Tie['total']) => number][] = [
  ['received', ({ received }) => received],
  ['posted', ({ posted }) => posted],
  ['e-invoices accepted', ({ einvoicesAccepted }) => einvoicesAccepted],
  ['duplicates ignored', ({ duplicates }) => duplicates],
  ['exceptions held', ({ exceptions, conflicts, postedHeld }) => exceptions + conflicts + postedHeld],
  ['skipped', ({ skipped }) => skipped],
];

/** The figures as a table for the terminal, a row an entity. */
export function tableOf({ entities, total }: Tie): string {
  const rows: string[][] = [['entity', ...COLUMNS.map(([title]) => title)]];
  for (const [name, figures] of [...Object.entries(entities), ['total', total] as const])
    rows.push([name || '(no entity)', ...COLUMNS.map(([, value]) => String(value(figures)))]);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return rows.map(line).join('\n');
}
