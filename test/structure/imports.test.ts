import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** The repository; tests run from dist/test/structure. */
const ROOT = resolve(__dirname, '..', '..', '..');

/** Who may import whom, besides itself. */
const MAY: Record<string, string[]> = {
  errors: [],
  finance: ['errors'],
  engine: ['errors'],
  connectors: ['finance', 'errors'],
  nodes: ['engine', 'connectors', 'finance', 'errors'],
  console: ['engine', 'finance', 'errors'],
  runtime: ['engine', 'connectors', 'finance', 'errors', 'console', 'cli', 'settings'],
  cli: ['engine', 'finance', 'connectors', 'runtime', 'errors'],
  sandbox: ['errors', 'finance'],
};

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:from\s+|import\s*\(\s*|require\s*\(\s*|import\s+)['"](\.[^'"]+)['"]/g);
  return [...found].map(([, path]) => relative(ROOT, resolve(dirname(file), path!)));
}

describe('Who may import whom', () => {
  for (const [folder, allowed] of Object.entries(MAY)) {
    const files = (() => {
      try {
        return sources(folder);
      } catch {
        return [];
      }
    })();
    if (files.length === 0) continue;
    it(`${folder} → ${allowed.join(', ') || 'nothing'}`, () => {
      const breaches = files.flatMap((file) =>
        importsOf(file)
          .filter((path) => ![folder, ...allowed].includes(path.split('/')[0]!))
          .map((path) => `${relative(ROOT, file)} imports ${path}`),
      );
      assert.deepEqual(breaches, []);
    });
  }

  it('every folder with code has a rule', () => {
    const folders = readdirSync(ROOT, { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() &&
          !['dist', 'node_modules', 'test', 'bench', 'examples', 'bin', 'scripts'].includes(entry.name),
      )
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.') && sources(name).length > 0);
    assert.deepEqual(
      folders.filter((name) => !(name in MAY)),
      [],
    );
  });

  it('the rule is one that can be broken: a breach is found', () => {
    const sample = "import { x } from '../nodes/kit';\nconst y = await import('../sandbox/odoo');";
    const found = [...sample.matchAll(/(?:from\s+|import\s*\(\s*)['"](\.[^'"]+)['"]/g)].map(
      ([, path]) => path,
    );
    assert.deepEqual(found, ['../nodes/kit', '../sandbox/odoo']);
  });
});
