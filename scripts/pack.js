// Makes the palette package: a staged folder with what a Node-RED needs (no tests, no Node binary, no Node-RED), its
// package.json filtered, then `npm pack`. The path of the .tgz is the last line. `--no-build` takes dist/ as it is.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const root = path.join(__dirname, '..');
const CARRIED = ['dist', 'bin', 'examples', 'resources', 'README.md', 'LICENSE'];
const LEFT_OUT = [
  /^dist\/(test|bench)(\/|$)/,
  /^dist\/(report-.*\.json|\.built|.*\.tgz)$/,
  /\.map$/,
  /^dist\/nodes\/[^/]+\/example\.json$/,
];
const DROPPED_FIELDS = [
  'devDependencies',
  'optionalDependencies',
  'scripts',
  'private',
  'overrides',
  'allowScripts',
];

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (result.status === 0) return result.stdout ?? '';
  process.stderr.write(
    `${result.stderr ?? ''}${result.error?.message ?? ''}\n${command} ${args.join(' ')} failed\n`,
  );
  process.exit(1);
}

function stage(folder) {
  for (const name of CARRIED.filter((each) => fs.existsSync(path.join(root, each))))
    fs.cpSync(path.join(root, name), path.join(folder, name), {
      recursive: true,
      filter: (file) =>
        !LEFT_OUT.some((pattern) => pattern.test(path.relative(root, file).replaceAll('\\', '/'))),
    });
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const field of DROPPED_FIELDS) delete manifest[field];
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

if (!process.argv.includes('--no-build'))
  run(process.execPath, [path.join(__dirname, 'build.js'), '--if-stale'], { stdio: 'inherit' });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ledgerway-pack-'));
try {
  stage(folder);
  const target = path.join(root, 'dist');
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], {
      cwd: folder,
      shell: process.platform === 'win32',
    }),
  );
  console.log(path.join(target, packed.filename));
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
