import { connectOdoo } from '../../connectors/odoo';
import { Host, openSqliteStore } from '../../engine';
import type { LegalEntity } from '../../finance';
import { readRules } from '../../nodes/odoo-watch/config';
import { poll } from '../../nodes/odoo-watch/poll';
import { DEMO_LOGIN } from '../../sandbox/odoo';

/** What a process that watches is told. */
export interface WatchOrders {
  /** File of the store. */
  file: string;
  /** Address of Odoo. */
  url: string;
}

/** Watches partners until nothing is new, or for ever with a dot for each state, without a flow around it. */
export async function watchPartners({ file, url }: WatchOrders, forever: boolean): Promise<string[]> {
  const store = await openSqliteStore({ file });
  const host = new Host({ default: store });
  await host.flowsStarted();
  const { database, login, apiKey } = DEMO_LOGIN;
  const client = connectOdoo({ url, database, login, secret: () => apiKey });
  const fields = '["name","email"]';
  const rules = readRules({ id: '', type: '', what: 'custom', model: 'res.partner', fields, kind: 'party' });
  const entity = { key: 'acme_de', odooCompany: 1 } as LegalEntity;
  const { signal } = new AbortController();
  const tell = () => void process.stdout.write(forever ? '.' : '');
  const look = () => poll({ host, store, client, target: url, entity, rules, signal, tell });
  while ((await look()) > 0 || forever) await new Promise((done) => setTimeout(done, 5));
  const states: string[] = [];
  for (const { id: documentId } of (await store.documents({ limit: 10_000 })).reverse()) {
    const { bodies } = await store.trace({ documentId });
    const { id, record } = JSON.parse(bodies[0]?.text ?? '{}') as { id: number; record: { email: string } };
    states.push(`${id} ${record.email}`);
  }
  client.close();
  await host.close();
  return states;
}

if (require.main === module) void watchPartners(JSON.parse(process.argv[2] ?? '{}') as WatchOrders, true);
