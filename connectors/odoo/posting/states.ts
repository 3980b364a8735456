import { FinanceError } from '../../../errors';
import type { OdooClient } from '../client';
import { lookupsOf } from '../lookups';
import type { RecordState } from '../moves/differences';
import { readMoves } from '../moves/read';
import { amountOf, idOf, type OdooRecord, searchRead, textOf } from '../records';
import type { BankLineState, PaymentState, PostedModel } from './kinds';

const STATES: Readonly<Record<string, RecordState['state']>> = {
  draft: 'draft',
  posted: 'posted',
  // 18 and newer, of payments
  in_process: 'posted',
  paid: 'posted',
  cancel: 'cancel',
  canceled: 'cancel',
  rejected: 'cancel',
};

/** A state of any model and version as one of three. @throws FinanceError ODOO_BAD_ANSWER */
export function stateOf(value: unknown): RecordState['state'] {
  const state = STATES[String(value)];
  if (state) return state;
  throw new FinanceError('ODOO_BAD_ANSWER', { message: 'A record has a state that none has.' });
}

const currencyOf = (row: OdooRecord): string =>
  Array.isArray(row.currency_id) ? String(row.currency_id[1]) : '';

/** Accounting dates of the entries, which a lock date moves while the record keeps its own. */
async function datesOf(
  client: OdooClient,
  rows: readonly OdooRecord[],
  company: number,
): Promise<Map<number, string | undefined>> {
  const moves = rows.flatMap(({ move_id }) => idOf(move_id) ?? []);
  if (moves.length === 0) return new Map();
  const entries = await searchRead(client, 'account.move', [['id', 'in', moves]], ['date'], { company });
  return new Map(entries.map(({ id, date }) => [Number(id), textOf(date)]));
}

async function readPayments(
  client: OdooClient,
  ids: readonly number[],
  company: number,
): Promise<Map<number, PaymentState>> {
  const text = (await lookupsOf(client).fields('account.payment')).has('memo') ? 'memo' : 'ref';
  const fields = `name state payment_type partner_type partner_id journal_id company_id currency_id amount date ${text} destination_account_id move_id`;
  const rows = await searchRead(client, 'account.payment', [['id', 'in', ids]], fields.split(' '), {
    company,
  });
  const dates = await datesOf(client, rows, company);
  return new Map(
    rows.map((row): [number, PaymentState] => [
      Number(row.id),
      {
        id: Number(row.id),
        name: textOf(row.name),
        state: stateOf(row.state),
        date: dates.get(idOf(row.move_id) ?? 0) ?? textOf(row.date),
        paymentType: textOf(row.payment_type) ?? '',
        partnerType: textOf(row.partner_type) ?? '',
        partnerId: idOf(row.partner_id),
        journalId: idOf(row.journal_id),
        companyId: idOf(row.company_id),
        currency: currencyOf(row),
        amount: amountOf(row.amount, currencyOf(row)),
        text: textOf(row[text]),
        counterpartAccountId: idOf(row.destination_account_id),
        moveId: idOf(row.move_id),
      },
    ]),
  );
}

const BANK_FIELDS = 'journal_id company_id currency_id amount date payment_ref ref move_id'.split(' ');

async function readBankLines(
  client: OdooClient,
  ids: readonly number[],
  company: number,
): Promise<Map<number, BankLineState>> {
  const rows = await searchRead(client, 'account.bank.statement.line', [['id', 'in', ids]], BANK_FIELDS, {
    company,
  });
  const moves = rows.flatMap(({ move_id }) => idOf(move_id) ?? []);
  const entries = await searchRead(client, 'account.move', [['id', 'in', moves]], ['name', 'state', 'date'], {
    company,
  });
  const byId = new Map(entries.map((entry) => [Number(entry.id), entry]));
  return new Map(
    rows.map((row): [number, BankLineState] => {
      const entry = byId.get(idOf(row.move_id) ?? 0);
      const state: BankLineState = {
        id: Number(row.id),
        name: textOf(entry?.name),
        state: stateOf(entry?.state),
        date: textOf(entry?.date),
        journalId: idOf(row.journal_id),
        companyId: idOf(row.company_id),
        currency: currencyOf(row),
        amount: amountOf(row.amount, currencyOf(row)),
        text: textOf(row.payment_ref),
        reference: textOf(row.ref),
        moveId: idOf(row.move_id),
      };
      return [state.id, state];
    }),
  );
}

type Reader = (
  client: OdooClient,
  ids: readonly number[],
  company: number,
) => Promise<Map<number, RecordState>>;

/** Reads records of a model, all in one or two calls; those that are gone are left out. */
export const READERS: Readonly<Record<PostedModel, Reader>> = {
  'account.move': readMoves,
  'account.payment': readPayments,
  'account.bank.statement.line': readBankLines,
};
