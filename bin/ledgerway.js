#!/usr/bin/env node
// The `ledgerway` command. In the repository it builds first when a source is newer than the build.
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { spawnSync } = require('node:child_process');
const { root, findNode, runUnderNode24 } = require('./node24.js');

const main = join(root, 'dist', 'cli', 'main.js');
const build = join(root, 'scripts', 'build.js');
const node = findNode();
if (node && existsSync(build)) {
  const built = spawnSync(node, [build, '--if-stale'], { stdio: ['ignore', process.stderr, process.stderr] });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
runUnderNode24(main, process.argv.slice(2));
