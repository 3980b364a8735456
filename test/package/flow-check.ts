import { type Definition, type FlowNode, folderOf, loadDefinitions, lookUp, messagesOf } from './definitions';

/** Node types of Node-RED itself that our flows use, with their number of outputs; undefined where they tell it. */
const CORE: Record<string, number | undefined> = {
  tab: undefined,
  group: undefined,
  comment: 0,
  debug: 0,
  inject: 1,
  catch: 1,
  switch: undefined,
  change: 1,
  'http request': 1,
};
const EVERYWHERE = new Set(['id', 'type', 'z', 'g', 'x', 'y', 'wires']);

/**
 * Everything that is wrong with a flow file: unknown types, wires and references that lead nowhere, properties that
 * are missing, unknown or not valid, secrets.
 */
export function problemsOf(flow: readonly FlowNode[]): string[] {
  const definitions = loadDefinitions(flow);
  const byId = new Map(flow.map((node) => [node.id, node]));
  const problems = flow.flatMap((node) => {
    const definition = definitions.get(node.type);
    const known = definition !== undefined || node.type in CORE;
    const own = known ? [] : ['its type is not known'];
    const all = [...own, ...placeProblems(node, byId), ...wireProblems(node, byId, definition)];
    if (definition) all.push(...propertyProblems(node, byId, definition));
    return all.map((problem) => `${node.id}: ${problem}`);
  });
  if (byId.size < flow.length) problems.push('two nodes have one id');
  return problems;
}

function placeProblems(node: FlowNode, byId: Map<string, FlowNode>): string[] {
  const problems: string[] = [];
  if (node.z !== undefined && byId.get(node.z)?.type !== 'tab') problems.push(`there is no tab ${node.z}`);
  const group = node.g === undefined ? undefined : byId.get(node.g);
  if (node.g !== undefined && !(group?.nodes as string[] | undefined)?.includes(node.id))
    problems.push(`the group ${node.g} does not list it`);
  const members = node.type === 'group' ? (node.nodes as string[]) : [];
  for (const id of members)
    if (byId.get(id)?.g !== node.id) problems.push(`its member ${id} is not there, or not of it`);
  if ('credentials' in node) problems.push('it carries credentials');
  return problems;
}

function wireProblems(node: FlowNode, byId: Map<string, FlowNode>, definition?: Definition): string[] {
  const targets = (node.wires ?? []).flat();
  const lost = targets.filter((id) => byId.get(id)?.z !== node.z || byId.get(id)?.wires === undefined);
  const outputs = definition ? definition.outputs : (CORE[node.type] ?? (node.outputs as number | undefined));
  const problems = lost.map((id) => `its wire to ${id} leads nowhere`);
  if (outputs && node.wires?.length !== outputs) problems.push(`it has ${outputs} outputs`);
  return problems;
}

function propertyProblems(node: FlowNode, byId: Map<string, FlowNode>, { defaults }: Definition): string[] {
  const unknown = Object.keys(node).filter((name) => !EVERYWHERE.has(name) && !(name in defaults));
  const missing = Object.keys(defaults).filter((name) => !(name in node));
  const problems = [
    ...unknown.map((name) => `the property ${name} is not known`),
    ...missing.map((name) => `the property ${name} is missing`),
  ];
  const messages = messagesOf(folderOf(node.type), 'en-US');
  const self = { ...node, _: (key: string) => lookUp(messages, key) ?? key };
  for (const [name, { type, validate }] of Object.entries(defaults)) {
    const ids = type ? [node[name]].flat().filter((id) => typeof id === 'string') : [];
    for (const id of ids) {
      const target = byId.get(id);
      if (target?.type !== type?.replace('[]', ''))
        problems.push(`${name} refers to ${id}, which is no ${type}`);
      else if (target?.z !== undefined && target.z !== node.z)
        problems.push(`${name} refers to ${id} of another tab`);
    }
    const verdict = isEnvironment(node[name]) ? true : validate?.call(self, node[name], {});
    if (verdict !== undefined && verdict !== true) problems.push(`${name}: ${String(verdict)}`);
  }
  return problems;
}

const isEnvironment = (value: unknown): boolean =>
  typeof value === 'string' && /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(value);
