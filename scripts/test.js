// Runs everything: build, formatter and linter, then every test. The last line is the plain count.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const root = path.join(__dirname, '..');
process.chdir(root);

/** System programs that some tests need; without them those tests cannot run, and that is said loudly. */
const PROGRAMS = { chromium: ['/usr/bin/chromium'], 'redis-server': ['/usr/bin/redis-server'] };

/** The fast tests first; one mocha run each, so that one suite's servers never slow another's. */
const SUITES = [
  [
    'unit',
    [
      'dist/test/{structure,engine,finance,connectors,sandbox,runtime,cli,bench}/**/*.test.js',
      'dist/test/console/{,api/}*.test.js',
    ],
    60_000,
  ],
  ['nodes', ['dist/test/nodes/**/*.test.js'], 60_000],
  ['package', ['dist/test/package/**/*.test.js'], 180_000],
  ['console', ['dist/test/console/web/*.test.js'], 120_000],
  ['editor', ['dist/test/editor/**/*.test.js'], 180_000],
  ['end to end', ['dist/test/e2e/**/*.test.js'], 1_200_000],
];

const node = (...args) =>
  spawnSync(process.execPath, ['--enable-source-maps', '--disable-warning=ExperimentalWarning', ...args], {
    stdio: 'inherit',
  });

function must(what, result) {
  if (result.status === 0) return;
  console.error(`${what} failed`);
  process.exit(result.status ?? 1);
}

function missingPrograms() {
  return Object.entries(PROGRAMS)
    .filter(([, places]) => !places.some((place) => fs.existsSync(place)))
    .map(([name]) => name);
}

must('build', node('scripts/build.js'));
must('lint', node('node_modules/@biomejs/biome/bin/biome', 'check', '.'));

const only = process.argv[2];
const missing = missingPrograms();
let passed = 0;
let failed = 0;
let pending = 0;
for (const [name, patterns, timeout] of SUITES) {
  if (only && only !== name) continue;
  if (!patterns.some((pattern) => fs.globSync(pattern).length > 0)) continue;
  console.log(`\n=== ${name}`);
  const report = path.join(root, 'dist', `report-${name.replaceAll(' ', '-')}.json`);
  fs.rmSync(report, { force: true });
  const result = node(
    'node_modules/mocha/bin/mocha.js',
    '--exit',
    '--forbid-only',
    '--timeout',
    String(timeout),
    '--reporter',
    path.join(root, 'scripts', 'reporter.js'),
    '--reporter-option',
    `file=${report}`,
    ...patterns,
  );
  const stats = fs.existsSync(report)
    ? JSON.parse(fs.readFileSync(report, 'utf8'))
    : { passed: 0, failed: 1, pending: 0 };
  if (result.status !== 0 && stats.failed === 0) stats.failed = 1;
  passed += stats.passed;
  failed += stats.failed;
  pending += stats.pending;
}
if (process.env.CI && (missing.length > 0 || pending > 0)) failed += missing.length + pending;
if (missing.length > 0)
  console.log(
    `\nMISSING system programs: ${missing.join(', ')}. The tests that need them DID NOT RUN: apt-get install ${missing.join(' ')}`,
  );
console.log(`\n${passed} passed, ${failed} failed${pending ? `, ${pending} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
