import { createHmac } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RuntimeProcess } from '../../cli/runtime-process';
import { type Sandbox, startSandbox } from '../../cli/sandbox';
import { connectOdoo, type Domain, type OdooRecord, searchRead } from '../../connectors/odoo';
import type { Store } from '../../engine';
import { installTemplate, layoutOf, storeOf } from '../../runtime';
import { signatureOf } from '../../sandbox/billing';
import { DEMO_ADMIN, type LedgerMove } from '../../sandbox/odoo';

const FLOWS = resolve(__dirname, '..', '..', '..', 'flows');

interface TemplateNode {
  id: string;
  type: string;
  path?: string;
  scheme?: string;
  /** Event type → kind, of a webhook node. */
  kinds?: unknown;
}

export interface RunOptions {
  /** Of the sandbox, e.g. `16.0`. */
  odooVersion?: string;
  /** A template that is imported into the same flows. */
  beside?: string;
}

/** A posted move, without what differs from run to run. */
export interface PostedMove {
  company: string;
  journal: string;
  type: string;
  ref: string | null;
  partner: string | null;
  currency: string;
  total: string;
  residual: string;
  paymentState: string;
  lines: { account: string; debit: string; credit: string; partner?: string; reconciled?: boolean }[];
}

/** A packaged template, installed in a folder of its own, beside its sandbox; the runtime is a process. */
export class TemplateRun {
  private constructor(
    readonly name: string,
    readonly folder: string,
    readonly sandbox: Sandbox,
    readonly runtime: RuntimeProcess,
  ) {}

  /** @param prepare what there is at the counterparties before the runtime starts */
  static async start(
    name: string,
    prepare?: (run: TemplateRun) => Promise<void>,
    { odooVersion = '17.0', beside }: RunOptions = {},
  ): Promise<TemplateRun> {
    const folder = mkdtempSync(join(tmpdir(), `ledgerway-${name}-`));
    const sandbox = await startSandbox(join(folder, 'sandbox'), {}, ['--odoo-version', odooVersion]);
    const flow = [...flowOf(name), ...(beside ? importedFlow(beside) : [])];
    installTemplate(folder, name, credentialsOf(flow, sandbox));
    const run = new TemplateRun(name, folder, sandbox, await RuntimeProcess.prepare(folder, sandbox));
    try {
      if (beside) run.add(flow, beside);
      await prepare?.(run);
      run.runtime.start();
      await run.runtime.ready();
      return run;
    } catch (error) {
      await run.stop();
      throw error;
    }
  }

  /** The flow of two templates, and the mappings of the second one too. */
  private add(flow: TemplateNode[], beside: string): void {
    const { flows, mappings } = layoutOf(this.folder);
    writeFileSync(flows, JSON.stringify(flow));
    cpSync(join(FLOWS, beside, 'mappings'), mappings, { recursive: true });
  }

  /** Changes a node as an integrator does; before the runtime starts. */
  configure(id: string, values: object): void {
    const { flows } = layoutOf(this.folder);
    const nodes = JSON.parse(readFileSync(flows, 'utf8')) as TemplateNode[];
    const changed = nodes.map((node) => (node.id === id ? { ...node, ...values } : node));
    writeFileSync(flows, JSON.stringify(changed));
  }

  /** A JSON file of the template. */
  file<Shape>(name: string): Shape {
    return JSON.parse(readFileSync(join(FLOWS, this.name, name), 'utf8')) as Shape;
  }

  /** Sends events as their source does, rightly signed, and waits until nothing is open. */
  async feed(events: readonly object[]): Promise<void> {
    await this.deliver(events);
    await this.quiet();
  }

  /** Sends events, and waits for nothing but their receipts. */
  async deliver(events: readonly object[]): Promise<void> {
    for (const event of events) await this.send(event);
  }

  /** State of each document of a kind, in the order in which they came. */
  async states(kind: string): Promise<string[]> {
    const documents = await this.runtime.read((store) => store.documents({ limit: 100 }));
    const wanted = documents.filter((each) => each.kind === kind).reverse();
    return wanted.map(({ state }) => state);
  }

  /** The same facts once more, told by events of their own, and by the same ones. */
  async feedAgain(events: readonly { id: string }[]): Promise<void> {
    await this.feed([...events, ...events.map((event) => ({ ...event, id: `${event.id}_again` }))]);
  }

  private async send(event: object): Promise<void> {
    const body = JSON.stringify(event);
    const intake = this.intakeOf(event);
    const secret = this.sandbox.secrets.webhookSecret;
    const signature: Record<string, string> =
      intake?.scheme === 'hmac'
        ? { 'x-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
        : { 'stripe-signature': signatureOf(body, secret) };
    const headers = { 'content-type': 'application/json', ...signature };
    const answer = await fetch(`${this.runtime.url}${intake?.path}`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`${intake?.path} answered ${answer.status}: ${await answer.text()}`);
  }

  /** The webhook that takes events of this type, or else the first one. */
  private intakeOf({ type: wanted }: { type?: string }): TemplateNode | undefined {
    const nodes = JSON.parse(readFileSync(layoutOf(this.folder).flows, 'utf8')) as TemplateNode[];
    const intakes = nodes.filter(({ type }) => type === 'ledgerway-webhook-in');
    return intakes.find(({ kinds }) => Object.hasOwn(Object(kinds), wanted ?? '')) ?? intakes[0];
  }

  /** Waits until nothing is open, twice in a row. */
  async quiet(limitMs = 30_000): Promise<void> {
    const until = Date.now() + limitMs;
    for (let calm = 0; calm < 2; ) {
      if (Date.now() > until) throw new Error(`still open: ${await this.openOnes()}`);
      const readiness = await this.runtime.readiness();
      calm = readiness?.ok && readiness.open === 0 ? calm + 1 : 0;
      await sleep(100);
    }
  }

  private openOnes(): Promise<string> {
    return this.runtime.read(async (store) => JSON.stringify(await store.documents({ limit: 5 })));
  }

  /** Waits until something holds. */
  async until(holds: () => Promise<boolean>, what: string, limitMs = 20_000): Promise<void> {
    for (const until = Date.now() + limitMs; !(await holds()); await sleep(100))
      if (Date.now() > until) throw new Error(`${what} did not come to be in ${limitMs} ms`);
  }

  /** What people decide about held documents: with the runtime stopped, since it owns its store. */
  async decide(work: (store: Store) => Promise<void>): Promise<void> {
    await this.runtime.stop();
    const store = await storeOf({ dataDir: this.folder });
    try {
      await work(store);
    } finally {
      await store.close();
    }
    this.runtime.start();
    await this.runtime.ready();
    await this.quiet();
  }

  /** Entity and code of each open exception, sorted. */
  async exceptions(): Promise<string[]> {
    const open = await this.runtime.read((store) => store.exceptions());
    return open.map(({ entity, code }) => `${entity} ${code}`).sort();
  }

  /** All posted moves of all companies, by company, type and reference. */
  async posted(): Promise<PostedMove[]> {
    const answer = await fetch(`${this.sandbox.odoo}/_sandbox/ledger`);
    const { moves } = (await answer.json()) as { moves: LedgerMove[] };
    return moves
      .filter(({ state }) => state === 'posted')
      .map(postedMove)
      .sort((a, b) => orderOf(a).localeCompare(orderOf(b)));
  }

  /** Records of Odoo, as an administrator sees them. */
  async records(model: string, domain: Domain, fields: string[], archived = false): Promise<OdooRecord[]> {
    const client = this.odoo();
    try {
      return await searchRead(client, model, domain, fields, { archived });
    } finally {
      client.close();
    }
  }

  /** A connection of an administrator: people work in Odoo, too. */
  odoo() {
    const { database, login, password } = DEMO_ADMIN;
    return connectOdoo({ url: this.sandbox.odoo, database, login, secret: () => password });
  }

  async stop(): Promise<void> {
    await this.runtime.stop();
    await this.sandbox.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const flowOf = (name: string): TemplateNode[] =>
  JSON.parse(readFileSync(join(FLOWS, name, 'flow.json'), 'utf8')) as TemplateNode[];

/** A template as it is imported: every node gets an id of its own. */
function importedFlow(name: string): TemplateNode[] {
  const nodes = flowOf(name);
  const ids = new Set(nodes.map(({ id }) => id));
  const renamed = (_key: string, value: unknown): unknown =>
    typeof value === 'string' && ids.has(value) ? `${name}-${value}` : value;
  return JSON.parse(JSON.stringify(nodes), renamed) as TemplateNode[];
}

/** What each node of a template needs to reach its counterparty of the sandbox. */
function credentialsOf(flow: TemplateNode[], { secrets }: Sandbox): Record<string, Record<string, string>> {
  const byType: Record<string, Record<string, string>> = {
    'ledgerway-webhook-in': { secrets: secrets.webhookSecret, backfillKey: secrets.billingKey },
    'ledgerway-odoo-connection': { secret: secrets.odooKey },
    'ledgerway-tax-service': { secret: secrets.taxKey },
    'ledgerway-einvoice-channel': { secret: secrets.clearanceKey },
    'ledgerway-api-call': { secret: secrets.crmKey },
    'http request': { password: secrets.billingKey },
  };
  return Object.fromEntries(
    flow.flatMap(({ id, type }) => {
      const credentials = byType[type];
      return credentials ? [[id, credentials]] : [];
    }),
  );
}

const orderOf = ({ company, type, ref }: PostedMove): string => `${company} ${type} ${ref}`;

function postedMove(move: LedgerMove): PostedMove {
  const { company, journal, moveType, ref, partner, currency, amountTotal, amountResidual } = move;
  return {
    company: company.name,
    journal,
    type: moveType,
    ref,
    partner,
    currency,
    total: amountTotal,
    residual: amountResidual,
    paymentState: move.paymentState,
    lines: move.lines.map((line) => ({
      account: line.account,
      debit: line.debit,
      credit: line.credit,
      ...(line.partner !== null && { partner: line.partner }),
      ...(line.reconciled && { reconciled: true }),
    })),
  };
}
