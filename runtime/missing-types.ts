import { existsSync, readFileSync } from 'node:fs';

/** Types that are part of the flow format and no nodes. */
const STRUCTURE = /^(tab|group|subflow|subflow:.*)$/;

/** A set of nodes as the registry lists it; one that is disabled or failed to load is listed too. */
export interface NodeSet {
  types: string[];
  enabled?: boolean;
  err?: unknown;
}

/** The node types that a flow file uses and that are not there to run, sorted. */
export async function missingTypes(
  flowFile: string,
  nodes: { getNodeList(options: object): Promise<NodeSet[]> },
): Promise<string[]> {
  if (!existsSync(flowFile)) return [];
  const flow = JSON.parse(readFileSync(flowFile, 'utf8')) as { type?: string }[];
  const loaded = (await nodes.getNodeList({})).filter(({ enabled, err }) => enabled !== false && !err);
  const known = new Set(loaded.flatMap(({ types }) => types));
  const used = new Set(flow.map(({ type }) => type ?? ''));
  return [...used].filter((type) => type && !STRUCTURE.test(type) && !known.has(type)).sort();
}
