import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FlowNode, folderOf, manifest, ROOT, readJson, readText } from './definitions';
import { problemsOf } from './flow-check';

const NODES = Object.keys(manifest()['node-red'].nodes).map(folderOf);
const TEMPLATES = readdirSync(join(ROOT, 'flows'));
const files: [string, string[]][] = [
  ...NODES.map((name): [string, string[]] => [`example of ${name}`, ['nodes', name, 'example.json']]),
  ...TEMPLATES.map((name): [string, string[]] => [`template ${name}`, ['flows', name, 'flow.json']]),
];

/** The template, with one node changed. */
function changed(id: string, change: (node: FlowNode) => void): FlowNode[] {
  const flow = readJson<FlowNode[]>('flows', 'billing-invoice', 'flow.json');
  const node = flow.find((each) => each.id === id);
  assert.ok(node, id);
  change(node);
  return flow;
}

describe('the packaged flows', () => {
  for (const [what, path] of files)
    it(`are without fault: ${what}`, () => assert.deepEqual(problemsOf(readJson<FlowNode[]>(...path)), []));

  it('tell by a comment what they are for', () => {
    for (const [what, path] of files)
      assert.ok(
        readJson<FlowNode[]>(...path).some(
          ({ type, info }) => type === 'comment' && String(info).length > 40,
        ),
        what,
      );
  });

  it('carry no secret and no address of one installation', () => {
    for (const [what, path] of files) {
      const text = readText(...path);
      assert.doesNotMatch(text, /whsec_|sk_live|sk_test|"secret"|"secrets"|password/i, what);
      const addresses = readJson<FlowNode[]>(...path).flatMap(({ url, backfillUrl }) => [url, backfillUrl]);
      for (const address of addresses) assert.match(String(address ?? ''), /^(\$\{[A-Z_]+\})?$/, what);
    }
  });
});

describe('the check of flows', () => {
  it('finds a wire that leads nowhere', () => {
    const flow = changed('de-map', (node) => (node.wires = [['nowhere'], []]));
    assert.deepEqual(problemsOf(flow), ['de-map: its wire to nowhere leads nowhere']);
  });

  it('finds a reference to the entity of another tab', () => {
    const flow = changed('de-post', (node) => (node.entity = 'us-entity'));
    assert.deepEqual(problemsOf(flow), ['de-post: entity refers to us-entity of another tab']);
  });

  it('finds a value that is not valid, in words', () => {
    const flow = changed('de-entity', (node) => (node.currency = 'EURO'));
    assert.ok(problemsOf(flow).some((problem) => /^de-entity: currency: The currency is not/.test(problem)));
  });

  it('finds an unknown type, a missing output, a forgotten property', () => {
    const flow = changed('de-guard', (node) => {
      node.wires = [['de-tax-call']];
      delete node.version;
    });
    flow.push({ id: 'x', type: 'ledgerway-elsewhere', z: 'tab-de', wires: [] });
    assert.deepEqual(problemsOf(flow), [
      'de-guard: it has 3 outputs',
      'de-guard: the property version is missing',
      'x: its type is not known',
    ]);
  });
});
