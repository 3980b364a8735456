import { existsSync, readFileSync } from 'node:fs';

/** Types that are part of the flow format and no nodes. */
const STRUCTURE = /^(tab|group|subflow|subflow:.*)$/;

/** The node types that a flow file uses and the registry does not have, sorted. */
export async function missingTypes(
  flowFile: string,
  nodes: { getNodeList(options: object): Promise<{ types: string[] }[]> },
): Promise<string[]> {
  if (!existsSync(flowFile)) return [];
  const flow = JSON.parse(readFileSync(flowFile, 'utf8')) as { type?: string }[];
  const known = new Set((await nodes.getNodeList({})).flatMap(({ types }) => types));
  const used = new Set(flow.map(({ type }) => type ?? ''));
  return [...used].filter((type) => type && !STRUCTURE.test(type) && !known.has(type)).sort();
}
