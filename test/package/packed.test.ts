import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manifest, manifest, ROOT } from './definitions';

/** What Node-RED tells of one node set. */
interface NodeSet {
  id: string;
  module: string;
  types: string[];
  enabled: boolean;
  loaded?: boolean;
  err?: string;
}

/** Loads the package as Node-RED does, in a process of its own; prints the node sets and the types that registered. */
const LOADER = `
const registry = require('@node-red/registry');
const { userDir } = process.env;
const registered = [];
const settings = {
  userDir, coreNodesDir: userDir + '/none', version: process.env.redVersion, available: () => false,
  get: () => undefined, set: async () => {}, autoInstallModules: false,
};
const nodes = { registerType: (set, type) => registered.push(type), createNode() {}, getNode() {}, eachNode() {} };
const util = require('@node-red/util');
util.log.init({ logging: { console: { level: 'off' } } });
const runtime = { settings, nodes, hooks: util.hooks, util: util.util, version: async () => settings.version,
  events: util.events, plugins: registry, library: {}, nodeApp: { use() {} }, adminApp: {}, server: {}, adminApi: null };
util.i18n.init(settings);
registry.init(runtime);
registry.load().then(() => {
  const sets = registry.getNodeList().filter(({ module }) => module === process.env.module);
  process.stdout.write(JSON.stringify({ sets, registered }));
  process.exit(0);
});
`;

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledgerway-packed-'));
  const home = join(folder, 'node_modules', '@ledgerway', 'node-red');
  let files: string[] = [];
  let packed: Manifest;

  before(() => {
    const made = spawnSync(process.execPath, [join(ROOT, 'scripts', 'pack.js'), '--no-build'], {
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stderr);
    const archive = made.stdout.trim().split('\n').at(-1)!;
    mkdirSync(join(folder, 'node_modules', '@ledgerway'), { recursive: true });
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' });
    assert.equal(unpacked.status, 0, unpacked.stderr);
    renameSync(join(folder, 'package'), home);
    // what npm would install beside it
    for (const name of Object.keys(manifest().dependencies))
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    files = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1));
    packed = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Manifest;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('carries no tests, no Node-RED, no Node binary, and nothing for developers', () => {
    assert.deepEqual(
      files.filter((file) => /^dist\/(test|bench)\/|node_modules|\.map$/.test(file)),
      [],
    );
    for (const field of ['devDependencies', 'optionalDependencies', 'scripts'])
      assert.ok(!(field in packed), field);
    const size = files.reduce((sum, file) => sum + readFileSync(join(home, file)).length, 0);
    assert.ok(size < 8_000_000, `${size} bytes unpacked`);
  });

  it('carries each node with dialog, icon, help and labels, the resources, and the examples', () => {
    const names = Object.keys(packed['node-red'].nodes).map((type) => type.replace('ledgerway-', ''));
    const wanted = names.flatMap((name) => [
      ...['.js', '.html'].map((end) => `dist/nodes/${name}/${name}${end}`),
      ...['en-US', 'de'].flatMap((language) =>
        ['.json', '.html'].map((end) => `dist/nodes/${name}/locales/${language}/${name}${end}`),
      ),
      `dist/nodes/${name}/icons/${name}.svg`,
      `examples/nodes/${name}.json`,
    ]);
    wanted.push(
      'examples/templates/billing-invoice.json',
      'dist/flows/billing-invoice/flow.json',
      'bin/ledgerway.js',
    );
    wanted.push('resources/rules.js', 'resources/form.js', 'resources/form.css', 'resources/sidebar.js');
    wanted.push('dist/console/sidebar/sidebar.html', 'dist/console/public/index.html');
    assert.deepEqual(
      wanted.filter((file) => !files.includes(file)),
      [],
    );
  });

  it('registers every node in the registry of Node-RED, without error', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', LOADER], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, userDir: folder, module: packed.name, redVersion: '5.0.7' },
    });
    assert.equal(status, 0, stderr);
    const { sets, registered } = JSON.parse(stdout) as { sets: NodeSet[]; registered: string[] };
    const types = Object.keys(packed['node-red'].nodes).sort();
    assert.deepEqual(
      sets.filter(({ err, loaded }) => err || loaded === false).map(({ id, err }) => `${id}: ${err}`),
      [],
    );
    assert.deepEqual(sets.flatMap((set) => set.types).sort(), types);
    assert.deepEqual(registered.sort(), types);
  });
});
