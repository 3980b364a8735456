import { DEMO_ADMIN, DEMO_LOGIN } from '../../../sandbox/odoo';
import type { Value, Values } from '../../../sandbox/odoo/core/value';

/** The context of create-or-get. */
export const KEEP = { mode: 'update', noupdate: true };

export class RpcError extends Error {
  constructor(
    readonly pythonName: string,
    message: string,
  ) {
    super(message);
  }
}

/** A bare JSON-RPC caller, so that these tests do not lean on the connector. */
export class Caller {
  constructor(
    private readonly url: string,
    private readonly uid: number = DEMO_LOGIN.uid,
    private readonly secret: string = DEMO_LOGIN.apiKey,
  ) {}

  static admin(url: string): Caller {
    return new Caller(url, DEMO_ADMIN.uid, DEMO_ADMIN.password);
  }

  async call<T = Value>(model: string, method: string, args: Value[], context?: Values): Promise<T> {
    const named = context ? [{ context }] : [];
    const params = {
      service: 'object',
      method: 'execute_kw',
      args: ['ledger', this.uid, this.secret, model, method, args, ...named],
    };
    const response = await fetch(`${this.url}/jsonrpc`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', method: 'call', id: 1, params }),
    });
    const answer = (await response.json()) as {
      result?: T;
      error?: { data: { name: string; message: string } };
    };
    if (answer.error) throw new RpcError(answer.error.data.name, answer.error.data.message);
    return answer.result as T;
  }

  read<T = Values>(model: string, ids: number[], fields: string[]): Promise<T[]> {
    return this.call(model, 'read', [ids, fields]);
  }
}

export interface Loaded {
  ids: number[] | false;
  messages: Array<{ message: string; record: number; rows: { from: number; to: number } }>;
}

const COLUMNS = [
  'id',
  'move_type',
  'partner_id/.id',
  'invoice_date',
  'ref',
  'journal_id/.id',
  'company_id/.id',
  'currency_id/.id',
];
const LINE_COLUMNS = ['name', 'quantity', 'price_unit', 'account_id/.id', 'tax_ids/.id'].map(
  (name) => `invoice_line_ids/${name}`,
);

export interface Draft {
  key: string;
  type?: string;
  journal?: number;
  company?: number;
  currency?: number;
  date?: string;
  partner?: number;
  lines: Array<{ quantity?: string; price: string; account?: number; taxes?: string }>;
}

/** `load` of invoices in create-or-get mode. */
export function loadInvoices(caller: Caller, drafts: Draft[], context: Values = KEEP): Promise<Loaded> {
  const rows = drafts.flatMap((draft) =>
    draft.lines.map((line, at) => {
      const {
        key,
        type = 'out_invoice',
        partner = 7,
        date = '2026-11-03',
        journal = 1,
        company = 1,
        currency = 1,
      } = draft;
      const head = [
        key,
        type,
        String(partner),
        date,
        key,
        String(journal),
        String(company),
        String(currency),
      ];
      const own = ['Line', line.quantity ?? '1', line.price, String(line.account ?? 19), line.taxes ?? ''];
      return [...(at === 0 ? head : head.map(() => '')), ...own];
    }),
  );
  return caller.call<Loaded>('account.move', 'load', [[...COLUMNS, ...LINE_COLUMNS], rows], context);
}

/** The ids of a load that must have worked. */
export async function loadedIds(caller: Caller, drafts: Draft[]): Promise<number[]> {
  const { ids, messages } = await loadInvoices(caller, drafts);
  if (!ids) throw new Error(JSON.stringify(messages));
  return ids;
}
