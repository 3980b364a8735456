import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fill } from '../../../cli/seed/seed';
import { ROLES } from '../../../console/api/permissions';
import { hashPassword, installTemplate, layoutOf } from '../../../runtime';
import type { FlowNode } from '../../package/definitions';
import { type Client, clientOf } from './client';

const MAIN = join(__dirname, '..', '..', '..', 'cli', 'main.js');
export const PASSWORD = 'correct horse battery';

/** The whole of it takes a minute to make; a fifth shows the same. */
const SIZE = process.env.LEDGERWAY_SEED_FULL
  ? { documents: 100_000, exceptions: 5_000 }
  : { documents: 20_000, exceptions: 5_000 };

/** The file of `LEDGERWAY_USERS`: a user of each role, by its name, and `clara`, a clerk of one entity. */
export async function writeUsers(file: string): Promise<void> {
  const scryptHash = await hashPassword(PASSWORD);
  const users = Object.keys(ROLES).map((role) => ({ user: role, scryptHash, roles: [role], entities: null }));
  const clara = { user: 'clara', scryptHash, roles: ['clerk'], entities: ['acme_de'], locale: 'de-DE' };
  const all = [...users.filter(({ user }) => user !== 'admin'), clara];
  writeFileSync(file, JSON.stringify(all));
}

/** The template without what has an effect: its pipelines complete what they lease as it is. */
function installPipelines(folder: string): void {
  installTemplate(folder, 'billing-invoice', {});
  const { flows } = layoutOf(folder);
  const kept = ['tab', 'legal-entity', 'document-store', 'pipeline-in', 'pipeline-out'];
  const nodes = (JSON.parse(readFileSync(flows, 'utf8')) as FlowNode[]).filter(({ type }) =>
    kept.includes(type.replace('ledgerway-', '')),
  );
  const out = (tab: unknown) =>
    nodes.find(({ type, z }) => type === 'ledgerway-pipeline-out' && z === tab)!.id;
  for (const node of nodes)
    if (node.type === 'ledgerway-pipeline-in')
      Object.assign(node, { kinds: [], requiredSteps: [], wires: [[out(node.z)]] });
  writeFileSync(flows, JSON.stringify(nodes));
}

/** A runtime on a store with half a year of documents whose every free text is hostile. */
export class Seeded {
  private constructor(
    readonly url: string,
    readonly size: typeof SIZE,
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<Seeded> {
    const folder = mkdtempSync(join(tmpdir(), 'ledgerway-seeded-'));
    const started = performance.now();
    fill(join(folder, 'store.db'), { ...SIZE, random: 1, hostile: true });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`      ${SIZE.documents} documents, ${SIZE.exceptions} exceptions: seeded in ${seconds} s`);
    installPipelines(folder);
    const users = join(folder, 'users.json');
    await writeUsers(users);
    const env = {
      ...process.env,
      LEDGERWAY_USERS: users,
      LEDGERWAY_ADMIN_PASSWORD: PASSWORD,
      LEDGERWAY_APPROVAL_ABOVE: '{"EUR": "15000", "USD": "15000", "CHF": "15000"}',
      LEDGERWAY_LOG_LEVEL: 'error',
      LEDGERWAY_ODOO_CHECK: 'off',
    };
    const args = [MAIN, 'run', '--data', folder, '--port', '0', '--json'];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    return new Seeded(url.replace(/\/$/, ''), SIZE, folder, child);
  }

  client(user: string): Promise<Client> {
    return clientOf(this.url, user, PASSWORD);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let seeded: Promise<Seeded> | undefined;
/** The one of this run of the tests, made when it is first asked for. */
export const theSeeded = (): Promise<Seeded> => {
  seeded ??= Seeded.start();
  return seeded;
};
after(async () => {
  await (await seeded)?.stop();
});
