#!/usr/bin/env node
// Finds a Node.js that is new enough and runs the given script under it.
// In the repository Node 24 comes from the registry (node-linux-<arch>) and is found by path, never through
// node_modules/.bin: npm 9 and 10 delete .bin/node when both architectures are listed.
'use strict';
const { existsSync } = require('node:fs');
const { dirname, join, delimiter } = require('node:path');
const { spawn } = require('node:child_process');

const root = join(__dirname, '..');
const major = Number(process.versions.node.split('.')[0]);

/** Path of a Node.js binary of major version 24 or above, or undefined. */
function findNode() {
  const pinned = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  return major >= 24 ? process.execPath : undefined;
}

/** Runs `script` with `args` under Node 24, with that Node first on PATH, and exits as it exits. */
function runUnderNode24(script, args) {
  const node = findNode();
  if (!node) {
    console.error(
      `ledgerway: NODE_TOO_OLD: Node.js 24 is needed and ${process.version} runs here. ` +
        'Run "npm ci" in the repository (it brings Node 24), or install Node.js 24.',
    );
    process.exit(1);
  }
  const child = spawn(
    node,
    ['--enable-source-maps', '--disable-warning=ExperimentalWarning', script, ...args],
    {
      stdio: 'inherit',
      env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

module.exports = { root, findNode, runUnderNode24 };

if (require.main === module) {
  const [script, ...args] = process.argv.slice(2);
  if (!script) {
    console.error('usage: node bin/node24.js SCRIPT [ARGUMENT …]');
    process.exit(2);
  }
  runUnderNode24(script, args);
}
