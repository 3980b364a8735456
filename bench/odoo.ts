import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  Batcher,
  connectOdoo,
  findOrCreateCustomer,
  lookupsOf,
  type OdooClient,
  type OdooOptions,
  type OdooRecord,
  postDocument,
  searchRead,
  type Writer,
} from '../connectors/odoo';
import { FinanceError } from '../errors';
import { externalKey, type Invoice, type LegalEntity, money, type Party } from '../finance';

const USAGE = `usage: bench:odoo [--json] [--n 100] [--url URL --db DATABASE --user LOGIN --key KEY] [--company 1] [--workers 2]
Posts invoices three ways: per document (authenticate, search, create, post), exactly once one by one, in
micro-batches. Without --url against the sandbox Odoo with the measured costs of a real Odoo 17.`;

/** Invoices a second. */
export interface Figures {
  /** Each document authenticates, searches its partner, creates and posts; one after the other, on N/20 documents. */
  perDocument: number;
  /** Exactly once, a call for each record, as many at once as the server has workers. */
  single: number;
  /** Exactly once in micro-batches. */
  batched: number;
  /** batched ÷ perDocument */
  ratio: number;
  /** Wall time of `batched` ÷ what its calls cost an Odoo with these workers; only with the sandbox's cost model. */
  overhead?: number;
}

const CUSTOMERS = 10;
const COMPANY_OF_SANDBOX = { db: 'ledger', user: 'integration', key: 'demo-integration-key' };

/** Milliseconds of a call and of each record in it: the costs that the sandbox is told to take. */
const COSTS: Readonly<Record<string, { call: number; record: number }>> = {
  load: { call: 135, record: 40 },
  action_post: { call: 76, record: 28 },
};
const OTHER = { call: 35, record: 0 };

/** What an invoice needs to know of the Odoo it goes to. */
interface Place {
  entity: LegalEntity;
  journal: string;
  account: string;
  tax: { name: string; rate: string };
  /** The same as ids of Odoo. */
  ids: { company: number; journal: number; account: number; tax: number };
}

/** @throws FinanceError ODOO_*; CONFIG_INVALID on unknown or missing options */
export async function main(args: readonly string[]): Promise<Figures> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      n: { type: 'string', default: '100' },
      url: { type: 'string' },
      db: { type: 'string', default: COMPANY_OF_SANDBOX.db },
      user: { type: 'string', default: COMPANY_OF_SANDBOX.user },
      key: { type: 'string', default: COMPANY_OF_SANDBOX.key },
      company: { type: 'string', default: '1' },
      workers: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) throw new FinanceError('CONFIG_INVALID', { message: USAGE });
  const [count, workers, company] = [values.n, values.workers, values.company].map(wholeNumber);
  const sandbox = values.url === undefined ? await startSandbox(workers as number) : undefined;
  const options: OdooOptions = {
    url: values.url ?? sandbox?.url ?? '',
    database: values.db,
    login: values.user,
    secret: () => values.key,
    concurrency: workers,
  };
  try {
    const figures = await measure(options, Number(company), Number(count), sandbox !== undefined);
    print(figures, values.json);
    return figures;
  } finally {
    sandbox?.process.kill('SIGTERM');
  }
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new FinanceError('CONFIG_INVALID', { message: `"${text}" is not a number above zero.\n${USAGE}` });
}

function print(figures: Figures, isJson: boolean): void {
  if (isJson) {
    console.log(JSON.stringify(figures));
    return;
  }
  const { perDocument, single, batched, ratio, overhead } = figures;
  console.log(
    `per document  ${perDocument} /s\nsingle        ${single} /s\nbatched       ${batched} /s\nratio         ${ratio}`,
  );
  if (overhead !== undefined) console.log(`overhead      ${overhead} × the time that Odoo takes`);
}

/** The sandbox Odoo as its own process, so that its work is not ours. */
async function startSandbox(workers: number): Promise<{ process: ChildProcess; url: string }> {
  const script = join(__dirname, '..', 'sandbox', 'odoo', 'main.js');
  const args = [script, '--port', '0', '--version', '17.0', '--cost', 'odoo17', '--workers', String(workers)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the sandbox stopped with ${code}`)));
    child.stdout.on('data', (text: Buffer) => {
      const [, found] = /listens on (\S+?);/.exec(text.toString()) ?? [];
      if (found) resolve(found);
    });
  });
  return { process: child, url };
}

async function measure(
  options: OdooOptions,
  company: number,
  count: number,
  isModelled: boolean,
): Promise<Figures> {
  const client = connectOdoo(options);
  const tally = new Tally(client);
  try {
    const place = await placeOf(client, company);
    const run = process.pid.toString(36) + Date.now().toString(36);
    await prime(client, place);
    const naive = documents(place, `${run}n`, Math.max(1, Math.round(count / 20)));
    const perDocument = await timed(naive.length, () => postNaively(options, place, naive));
    const single = await timed(count, () => postOnce(client, place, documents(place, `${run}s`, count)));
    const together = documents(place, `${run}b`, count);
    const writer = new Batcher(tally);
    const batched = await timed(count, () => postOnce(tally, place, together, count, writer));
    return {
      perDocument: rounded(perDocument.rate),
      single: rounded(single.rate),
      batched: rounded(batched.rate),
      ratio: rounded(batched.rate / perDocument.rate),
      ...(isModelled && { overhead: rounded(batched.ms / (tally.costMs / client.concurrency)) }),
    };
  } finally {
    client.close();
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

async function timed(count: number, work: () => Promise<void>): Promise<{ rate: number; ms: number }> {
  const started = performance.now();
  await work();
  const ms = performance.now() - started;
  return { rate: (count * 1000) / ms, ms };
}

/** A client that adds up what its calls cost the server. */
class Tally implements OdooClient {
  readonly url: string;
  readonly database: string;
  readonly concurrency: number;
  costMs = 0;

  constructor(private readonly client: OdooClient) {
    this.url = client.url;
    this.database = client.database;
    this.concurrency = client.concurrency;
  }

  version(): ReturnType<OdooClient['version']> {
    return this.client.version();
  }

  call(...args: Parameters<OdooClient['call']>): Promise<unknown> {
    const [, method, input] = args;
    const rows = (input?.named?.data as string[][] | undefined)?.filter(([key]) => key !== '');
    const { call, record } = COSTS[method] ?? OTHER;
    this.costMs += call + record * (rows?.length ?? input?.ids?.length ?? 1);
    return this.client.call(...args);
  }

  close(): void {
    this.client.close();
  }
}

/** The first sales journal, income account and percentage tax of the company, whatever its chart. */
async function placeOf(client: OdooClient, id: number): Promise<Place> {
  const company = await lookupsOf(client).company(id);
  const shared = (await lookupsOf(client).fields('account.account')).has('company_ids');
  const first = async (model: string, domain: [string, string, unknown][], fields: string[]) => {
    const [row] = await searchRead(client, model, domain, fields, { company: id, limit: 1, order: 'id' });
    if (row) return row;
    throw new FinanceError('ODOO_LOOKUP', {
      message: `The company ${company.name} has no fitting ${model}.`,
    });
  };
  const ours: [string, string, unknown] = ['company_id', '=', id];
  const journal = await first('account.journal', [['type', '=', 'sale'], ours], ['code']);
  const account = await first(
    'account.account',
    [
      ['account_type', '=', 'income'],
      [shared ? 'company_ids' : 'company_id', 'in', [id]],
    ],
    ['code'],
  );
  const tax: OdooRecord = await first(
    'account.tax',
    [['type_tax_use', '=', 'sale'], ['amount_type', '=', 'percent'], ['amount', '>', 0], ours],
    ['name', 'amount'],
  );
  const entity: LegalEntity = {
    key: 'bench',
    name: company.name,
    odooCompany: id,
    currency: company.currency.code,
    timeZone: 'UTC',
    mode: 'test',
    numbering: 'odoo',
    mapping: 'bench',
    seller: { name: company.name, address: { country: 'DE' } },
    kinds: {},
  };
  const rate = money.fromNumber(Number(tax.amount));
  return {
    entity,
    journal: String(journal.code),
    account: String(account.code),
    tax: { name: String(tax.name), rate },
    ids: { company: id, journal: Number(journal.id), account: Number(account.id), tax: Number(tax.id) },
  };
}

const customer = (index: number): Party => ({
  id: `bench_${index}`,
  name: `Bench Customer ${index}`,
  email: `bench_${index}@customers.example`,
  address: { country: 'DE' },
});

/** The customers are there before the clock runs, for all three ways. */
async function prime(client: OdooClient, { entity }: Place): Promise<void> {
  const company = await lookupsOf(client).company(entity.odooCompany);
  const place = { entity: entity.key, system: 'bench', company, prefix: 'ledgerway' };
  for (let index = 0; index < CUSTOMERS; index += 1)
    await findOrCreateCustomer(client, customer(index), place);
}

/** Invoices of two lines with one tax. */
function documents({ entity, journal, account, tax }: Place, run: string, count: number): Invoice[] {
  const { currency } = entity;
  const issueDate = new Date().toISOString().slice(0, 10);
  const posting = { account, taxes: [tax.name] };
  const nets = ['100.00', '49.90'].map((net) => money.formatMoney(money.roundMoney(net, currency), currency));
  const lines = nets.map((net, index) => ({
    id: String(index + 1),
    name: `Line ${index + 1}`,
    quantity: '1',
    unit: 'C62',
    unitPrice: net,
    netAmount: net,
    tax: { category: 'S' as const, rate: tax.rate },
    posting,
  }));
  const net = money.sum(nets);
  const amount = money.roundMoney(money.percentOf(net, tax.rate), currency);
  const gross = money.add(net, amount);
  return Array.from({ length: count }, (_, index) => ({
    schema: 'invoice/1',
    kind: 'invoice',
    entity: entity.key,
    source: { system: 'bench', id: `${run}_${index}` },
    direction: 'customer',
    number: `${run}-${index}`,
    issueDate,
    currency,
    buyer: customer(index % CUSTOMERS),
    lines,
    taxes: [{ category: 'S', rate: tax.rate, base: net, amount }],
    totals: { lines: net, net, tax: amount, gross, due: gross },
    posting: { journal },
  }));
}

/** Exactly once; a call for each record, or in batches. */
async function postOnce(
  client: OdooClient,
  { entity }: Place,
  list: readonly Invoice[],
  atOnce = client.concurrency,
  writer?: Writer,
): Promise<void> {
  const waiting = list.values();
  const worker = async (): Promise<void> => {
    for (const document of waiting)
      await postDocument(client, document, { entity, externalKey: externalKey(document), writer });
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** As a client does that knows nothing of the last document when the next one comes. */
async function postNaively(options: OdooOptions, { ids }: Place, list: readonly Invoice[]): Promise<void> {
  const context = { allowed_company_ids: [ids.company] };
  for (const { buyer, issueDate, lines, number } of list) {
    const client = connectOdoo({ ...options, protocol: 'jsonrpc' });
    const [partner] = await searchRead(client, 'res.partner', [['email', '=', buyer.email]], ['name']);
    const invoice_line_ids = lines.map(({ name, quantity, unitPrice }) => [
      0,
      0,
      {
        name,
        quantity: Number(quantity),
        price_unit: Number(unitPrice),
        account_id: ids.account,
        tax_ids: [[6, 0, [ids.tax]]],
      },
    ]);
    const vals = {
      move_type: 'out_invoice',
      partner_id: partner?.id,
      journal_id: ids.journal,
      invoice_date: issueDate,
      ref: number,
      invoice_line_ids,
    };
    const made = await client.call('account.move', 'create', { named: { vals_list: [vals] }, context });
    const id = Array.isArray(made) ? Number(made[0]) : Number(made);
    await client.call('account.move', 'action_post', { ids: [id], context });
    client.close();
  }
}

if (require.main === module)
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
