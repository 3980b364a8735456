import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ERRORS, FinanceError, toFinanceError } from '../../errors';

const ROOT = resolve(__dirname, '..', '..', '..');

describe('The one table of errors', () => {
  it('is documented code by code in docs/errors.md', () => {
    const page = readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8');
    const missing = Object.entries(ERRORS).filter(
      ([code, row]) => !page.includes(`| \`${code}\` | ${row.kind} | ${row.title} | ${row.hint} |`),
    );
    assert.deepEqual(
      missing.map(([code]) => code),
      [],
      'run: npm run docs',
    );
  });

  it('every code is used by the product', () => {
    const text = ['finance', 'engine', 'connectors', 'nodes', 'console', 'runtime', 'cli', 'sandbox', 'bin']
      .flatMap((folder) => readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true }))
      .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join('\n');
    assert.deepEqual(
      Object.keys(ERRORS).filter((code) => !text.includes(code)),
      [],
    );
  });

  it('an error survives a Catch node, of which only message, code and cause are left', () => {
    const error = new FinanceError('ODOO_DATE_MOVED', { message: 'locked' });
    const caught = { message: error.message, code: error.code, cause: undefined };
    assert.deepEqual(
      [toFinanceError(caught).kind, toFinanceError(caught).message],
      ['locked_period', 'locked'],
    );
    assert.equal(toFinanceError({ message: 'x', cause: error }), error);
    assert.equal(toFinanceError(new TypeError('boom')).code, 'RUN_UNEXPECTED');
  });
});
