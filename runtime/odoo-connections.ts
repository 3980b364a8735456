import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ConnectionUse,
  DEFAULT_PREFIX,
  type Job,
  type ModelUse,
  type OdooOptions,
  type ProtocolName,
  secretSource,
} from '../connectors/odoo';
import { knowSecret } from '../engine';
import { FinanceError } from '../errors';
import type { DocumentKind } from '../finance';
import { layoutOf } from './config';
import { type DeployedNode, deployedNodes, fromEnvironment, fromJson } from './flows';

/** An `odoo-connection` of the deployed flows, and what the nodes that name it do. */
export interface OdooConnection {
  /** Id of the config node. */
  id: string;
  name: string;
  /** Module part of external ids. */
  prefix: string;
  use: ConnectionUse;
  /** @throws CONFIG_INVALID where the environment or the file of an authority is missing */
  options(): OdooOptions;
}

const CONNECTION = 'ledgerway-odoo-connection';
const ENTITY = 'ledgerway-legal-entity';
const SALES: DocumentKind[] = ['invoice', 'credit_note'];
/** Kinds that have a customer or supplier. */
const OF_PARTIES: ReadonlySet<DocumentKind> = new Set([...SALES, 'payment', 'refund', 'journal_entry']);

const reads = (...models: string[]): ModelUse[] =>
  models.filter(Boolean).map((model) => ({ model, operations: ['read'] as const }));

/** What a watch looks at by the name of its preset; others name their model. */
const WATCHED: Readonly<Record<string, string>> = {
  invoices: 'account.move',
  payments: 'account.move',
  periods: 'res.company',
};

/** What a node does with its connection; `kinds` are those of the pipelines on its tab. */
type UseOf = (
  node: DeployedNode,
  kinds: DocumentKind[],
) => Partial<Pick<ConnectionUse, 'kinds' | 'models' | 'jobs'>>;

const USES: Record<string, UseOf> = {
  // it makes the partners that Odoo does not have
  'ledgerway-odoo-post': (_node, kinds) => ({
    kinds: kinds.some((kind) => OF_PARTIES.has(kind)) ? [...kinds, 'party'] : kinds,
  }),
  'ledgerway-odoo-party': () => ({ kinds: ['party'] }),
  'ledgerway-odoo-upsert': ({ model }) => ({ kinds: [model === 'product' ? 'product' : 'party'] }),
  'ledgerway-odoo-read': ({ model }) => ({ models: reads(String(model ?? '')) }),
  'ledgerway-odoo-watch': ({ what = 'invoices', model }) => ({
    models: reads(WATCHED[String(what)] ?? String(model ?? '')),
  }),
  'ledgerway-odoo-reconcile': () => ({ kinds: ['payment', 'journal_entry'] }),
  'ledgerway-intercompany-mirror': () => ({ kinds: ['invoice', 'journal_entry'], jobs: ['intercompany'] }),
  'ledgerway-cost-allocation': () => ({ kinds: ['journal_entry'] }),
  'ledgerway-checkpoint': () => ({
    models: reads('account.move', 'account.payment', 'account.bank.statement.line'),
  }),
};

/**
 * The connections of a data folder's deployed flows.
 * @throws CONFIG_INVALID where its files cannot be read
 */
export function odooConnections(dataDir: string): OdooConnection[] {
  const nodes = deployedNodes(dataDir);
  const defers = mappingsDefer(layoutOf(dataDir).mappings);
  return nodes
    .filter(({ type }) => type === CONNECTION)
    .map((node) => ({
      id: node.id,
      name: node.name || node.id,
      prefix: fromEnvironment(node.prefix) || DEFAULT_PREFIX,
      use: useOf(node.id, nodes, defers),
      options: () => optionsOf(node),
    }));
}

/**
 * A connection by its id or name.
 * @throws CONFIG_INVALID with those that there are
 */
export function connectionNamed(connections: readonly OdooConnection[], wanted: string): OdooConnection {
  const byId = connections.filter(({ id }) => id === wanted);
  const found = byId.length > 0 ? byId : connections.filter(({ name }) => name === wanted);
  if (found.length === 1) return found[0]!;
  const list = connections.map(({ id, name }) => `${name} (${id})`).join(', ') || 'none';
  const message =
    found.length > 1
      ? `Several connections are named "${wanted}": say the id. There are ${list}.`
      : `The deployed flows have no odoo connection "${wanted}". There are ${list}.`;
  throw new FinanceError('CONFIG_INVALID', { message });
}

function optionsOf({ credentials, ...node }: DeployedNode): OdooOptions {
  const text = (field: string): string => fromEnvironment(node[field]).trim();
  const source = secretSource(fromEnvironment(credentials.secret));
  const url = text('url');
  if (!URL.canParse(url))
    throw new FinanceError('CONFIG_INVALID', { message: `"${url}" is not the address of an Odoo.` });
  const caFile = text('caFile');
  return {
    url,
    database: text('database'),
    login: text('login'),
    secret: () => {
      const secret = source();
      knowSecret(secret);
      return secret;
    },
    protocol: (text('protocol') || 'auto') as ProtocolName,
    ...(caFile && { ca: authorityIn(caFile) }),
  };
}

function authorityIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `The file ${file} cannot be read.`, cause });
  }
}

function useOf(connection: string, nodes: DeployedNode[], defers: boolean): ConnectionUse {
  const users = nodes.filter((node) => node.connection === connection && USES[node.type]);
  const companies = new Map(
    nodes.filter(({ type }) => type === ENTITY).map((node) => [node.id, Number(node.odooCompany)]),
  );
  const named = users.flatMap((node) => referencesOf(node).map((id) => companies.get(id)));
  const uses = users.map((node) => {
    const tab = nodes.filter(({ z }) => z !== undefined && z === node.z);
    const { jobs = [], ...use } = USES[node.type]!(node, kindsOn(tab));
    const deferrals: Job[] = defers && use.kinds?.includes('invoice') ? ['deferral'] : [];
    return { ...use, jobs: [...jobs, ...deferrals, ...jobsOn(tab)] };
  });
  return {
    companies: distinct(named.filter((id) => id !== undefined)),
    kinds: distinct(uses.flatMap(({ kinds = [] }) => kinds)),
    models: uses.flatMap(({ models = [] }) => models),
    jobs: distinct(uses.flatMap(({ jobs }) => jobs)),
  };
}

/** Ids that a node's fields hold, lists of them too. */
function referencesOf({ credentials: _credentials, ...fields }: DeployedNode): string[] {
  const values = Object.values(fields).flatMap((value) => {
    const list = fromJson<unknown>(value, value);
    return Array.isArray(list) ? list : [value];
  });
  return values.filter((value) => typeof value === 'string');
}

/** The kinds that the pipelines of a tab take; where they take all, those that it maps. */
function kindsOn(tab: DeployedNode[]): DocumentKind[] {
  const taken = tab
    .filter(({ type }) => type === 'ledgerway-pipeline-in')
    .flatMap(({ kinds }) => fromJson<DocumentKind[]>(kinds, []));
  const mapped = tab
    .filter(({ type }) => type === 'ledgerway-canonical-map')
    .flatMap(({ source }) => Object.keys(fromJson<object>(source, {})) as DocumentKind[]);
  return [taken, mapped, SALES].find((kinds) => kinds.length > 0) ?? [];
}

function jobsOn(tab: DeployedNode[]): Job[] {
  const types = new Set(tab.map(({ type }) => type));
  return types.has('ledgerway-einvoice-submit') ? ['einvoice'] : [];
}

/** Whether a mapping makes deferral schedules: the flows themselves do not show it. */
function mappingsDefer(folder: string): boolean {
  if (!existsSync(folder)) return false;
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .some((file) => readFileSync(join(folder, file), 'utf8').includes('"deferral"'));
}

const distinct = <Value>(values: readonly Value[]): Value[] => [...new Set(values)];
