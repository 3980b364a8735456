import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../errors';
import { checkMapping } from '../../finance';
import { type FlowNode, loadDefinitions, ROOT, readJson, readText } from './definitions';

const TEMPLATES = readdirSync(join(ROOT, 'flows'));
const DEFINITIONS = loadDefinitions();

/** Nodes of the flow that a person must give a secret. */
const wantsSecret = ({ type, engine, authentication }: FlowNode): boolean =>
  DEFINITIONS.get(type)?.credentials !== undefined && engine !== 'rates' && authentication !== 'none';

for (const template of TEMPLATES)
  describe(`the template ${template}`, () => {
    const folder = ['flows', template];
    const flow = readJson<FlowNode[]>(...folder, 'flow.json');
    const readme = readText(...folder, 'README.md');

    it('comes with sample input and what becomes of it', () => {
      for (const file of ['sample-input.json', 'expected-postings.json'])
        assert.ok(existsSync(join(ROOT, ...folder, file)), file);
    });

    it('names in its README every node that wants a credential, and every variable', () => {
      const ids = flow.filter(wantsSecret).map(({ id }) => id);
      const variables = new Set(JSON.stringify(flow).match(/LEDGERWAY_[A-Z_]+/g));
      for (const name of [...ids, ...variables]) assert.ok(readme.includes(`\`${name}\``), name);
    });

    it('tells of exceptions by their codes', () => {
      const rows = readme.split('\n').filter((line) => /^\| `[A-Z]+_[A-Z_]+`/.test(line));
      const codes = rows.flatMap((row) =>
        [...row.split('|')[1]!.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code!),
      );
      const ours = codes.filter((code) => !code.startsWith('LEDGERWAY_'));
      assert.ok(ours.length > 0);
      assert.deepEqual(
        ours.filter((code) => !(code in ERRORS)),
        [],
      );
    });

    it('leads every failure and everything unforeseen to an exception route of its tab', () => {
      const routes = new Map(
        flow.filter(({ type }) => type === 'ledgerway-exception-route').map(({ id, z }) => [id, z]),
      );
      const tabs = flow.filter(({ type }) => type === 'ledgerway-pipeline-in').map(({ z }) => z);
      for (const tab of tabs) {
        const caught = flow.find(({ type, z }) => type === 'catch' && z === tab);
        assert.equal(routes.get(caught?.wires?.[0]?.[0] ?? ''), tab, String(tab));
      }
      const failing = flow.filter(
        ({ type, z }) =>
          tabs.includes(z) &&
          DEFINITIONS.get(type)?.inputs === 1 &&
          /post|map$|call|read|upsert|mirror|party|reconcile|submit/.test(type),
      );
      for (const { id, z, wires } of failing) assert.equal(routes.get(wires?.[1]?.[0] ?? ''), z, id);
    });

    it('brings mappings that are approved, and all that its nodes name', () => {
      const place = join(ROOT, ...folder, 'mappings');
      const files = existsSync(place) ? readdirSync(place) : [];
      for (const file of files) checkMapping(readJson(...folder, 'mappings', file));
      const entities = new Map(flow.map(({ id, mapping }) => [id, mapping as string]));
      const maps = flow.filter(({ type }) => type === 'ledgerway-canonical-map');
      const named = maps.flatMap(({ entity, source }) => [
        ...Object.values(source as Record<string, string>),
        entities.get(entity as string)!,
      ]);
      for (const name of named) assert.ok(files.includes(`${name}.json`), name);
    });
  });
