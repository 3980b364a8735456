// The one build step: TypeScript to dist/, then what tsc does not copy: editor HTML, locales and icons beside
// each node, migrations' and mappings' JSON, and flows/ both to dist/flows and to the package's examples/.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const root = path.join(__dirname, '..');
const dist = path.join(root, 'dist');
const stamp = path.join(dist, '.built');
const web = path.join(root, 'console', 'web');
const SOURCES = [
  'errors',
  'finance',
  'engine',
  'connectors',
  'nodes',
  'console',
  'runtime',
  'sandbox',
  'flows',
  'cli',
  'icons',
  'test',
  'bench',
  'scripts',
  'settings.ts',
  'index.ts',
  'tsconfig.json',
  'package.json',
].map((name) => path.join(root, name));

function* files(place) {
  if (!fs.existsSync(place)) return;
  if (fs.statSync(place).isFile()) return yield place;
  for (const entry of fs.readdirSync(place, { withFileTypes: true })) {
    const full = path.join(place, entry.name);
    if (entry.isDirectory()) yield* files(full);
    else yield full;
  }
}

function isFresh() {
  if (!fs.existsSync(stamp)) return false;
  const built = fs.statSync(stamp).mtimeMs;
  for (const source of SOURCES)
    for (const file of files(source)) if (fs.statSync(file).mtimeMs > built) return false;
  return true;
}

function copy(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(from, to);
}

/** Runs a tool of node_modules. @returns whether it succeeded */
function node(tool, ...args) {
  const file = path.join(root, 'node_modules', ...tool.split('/'));
  return spawnSync(process.execPath, [file, ...args], { stdio: 'inherit', cwd: root }).status === 0;
}

const compile = () =>
  node('typescript/bin/tsc', '-p', root, ...process.argv.slice(2).filter((a) => a !== '--if-stale'));

/** Everything in the source folders that is not TypeScript stands at the same place below dist/. */
function copyAssets() {
  for (const folder of [
    'finance',
    'engine',
    'connectors',
    'nodes',
    'console',
    'runtime',
    'sandbox',
    'flows',
    'cli',
    'test',
  ])
    for (const file of files(path.join(root, folder)))
      if (!/\.ts$/.test(file) && !file.startsWith(web))
        copy(file, path.join(dist, path.relative(root, file)));
}

/** The console's pages: checked, then bundled to dist/console/public where a source is newer than the bundle. */
function bundlePages() {
  const pages = path.join(dist, 'console', 'public');
  const index = path.join(pages, 'index.html');
  const built = fs.existsSync(index) ? fs.statSync(index).mtimeMs : 0;
  if (![...files(web)].some((file) => fs.statSync(file).mtimeMs > built)) return true;
  return (
    node('typescript/bin/tsc', '-p', web) && node('vite/bin/vite.js', 'build', web, '--logLevel', 'warn')
  );
}

/** Node-RED looks for icons in a folder `icons` beside each node's file. */
function copyIcons() {
  for (const icon of files(path.join(root, 'icons'))) {
    const node = path.basename(icon, '.svg');
    const place = path.join(dist, 'nodes', node);
    if (fs.existsSync(place)) copy(icon, path.join(place, 'icons', path.basename(icon)));
  }
}

/** Import → Examples shows every template, and every node's example flow. */
function copyExamples() {
  const examples = path.join(root, 'examples');
  for (const kind of ['flows', 'nodes']) {
    const folder = path.join(root, kind);
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
      const flow = path.join(folder, name, kind === 'flows' ? 'flow.json' : 'example.json');
      const group = kind === 'flows' ? 'templates' : 'nodes';
      if (fs.existsSync(flow)) copy(flow, path.join(examples, group, `${name}.json`));
    }
  }
}

if (process.argv.includes('--if-stale') && isFresh()) process.exit(0);
fs.mkdirSync(dist, { recursive: true });
const started = new Date();
const compiled = compile();
copyAssets();
copyIcons();
copyExamples();
if (!bundlePages() || !compiled) process.exit(1);
fs.writeFileSync(stamp, '');
fs.utimesSync(stamp, started, started);
