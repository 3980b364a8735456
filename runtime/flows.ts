import { existsSync, readFileSync } from 'node:fs';
import { FinanceError } from '../errors';
import { credentialSecret, layoutOf } from './config';
import { decryptCredentials } from './credentials';

/** A node of the deployed flows, as its file has it. */
export interface DeployedNode {
  id: string;
  type: string;
  /** Its tab; absent on config nodes. */
  z?: string;
  name?: string;
  /** Secrets of its credentials; empty where it has none. */
  credentials: Record<string, string>;
  [field: string]: unknown;
}

/**
 * The nodes of a data folder's flows with their credentials, without those that are switched off. References to the
 * environment stand as they are: see {@link fromEnvironment}.
 * @throws CONFIG_INVALID where the files cannot be read
 */
export function deployedNodes(dataDir: string): DeployedNode[] {
  const { flows, credentials: credentialFile } = layoutOf(dataDir);
  if (!existsSync(flows)) return [];
  const nodes = json(flows) as (Partial<DeployedNode> & { id: string; type: string })[];
  const credentials = existsSync(credentialFile)
    ? decryptCredentials(json(credentialFile), credentialSecret(dataDir))
    : {};
  const off = new Set(nodes.filter(({ disabled, d }) => disabled === true || d === true).map(({ id }) => id));
  return nodes
    .filter(({ id, z }) => !off.has(id) && !(z && off.has(z)))
    .map((node) => ({ ...node, credentials: credentials[node.id] ?? {} }));
}

function json(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `${file} cannot be read.`, cause });
  }
}

/**
 * A field of a node: `${NAME}` is taken from the environment, as Node-RED does.
 * @throws CONFIG_INVALID naming the variable that is not set
 */
export function fromEnvironment(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const name = /^\$\{([^}]+)\}$/.exec(text)?.[1];
  if (name === undefined) return text;
  const found = process.env[name];
  if (found !== undefined) return found;
  throw new FinanceError('CONFIG_INVALID', {
    message: `The flows need the environment variable ${name}, which is not set.`,
  });
}

/** A field that the editor keeps as JSON text or as it is; `fallback` where it is neither. */
export function fromJson<Value>(value: unknown, fallback: Value): Value {
  if (typeof value !== 'string') return (value as Value) ?? fallback;
  try {
    return (JSON.parse(value) as Value) ?? fallback;
  } catch {
    return fallback;
  }
}
