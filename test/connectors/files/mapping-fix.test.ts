import { strict as assert } from 'node:assert';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyFix, type MappingFolder, openMappingFolder } from '../../../connectors/files';
import { type MappingFix, mappingHash } from '../../../finance';

const FLOW = join(__dirname, '..', '..', '..', '..', 'flows', 'billing-invoice', 'mappings');
const PEOPLE = { author: 'carla', approvedBy: 'ben' };
const DAY = '2026-11-02';

describe('A fix of a mapping in its folder', () => {
  let path: string;
  let folder: MappingFolder;
  let fix: MappingFix;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'ledgerway-mappings-'));
    cpSync(FLOW, path, { recursive: true });
    folder = openMappingFolder(path);
    const base = folder.latest('acme_de', DAY);
    const value = base.tables!.taxCodes!.entries.txr_de_19;
    const { mapping, version } = base;
    fix = { mapping, version, hash: mappingHash(base), table: 'taxCodes', key: 'txr_x', value };
  });
  afterEach(() => {
    chmodSync(path, 0o700);
    rmSync(path, { recursive: true });
  });

  const files = () => readdirSync(path).filter((name) => name.endsWith('.json') || name.endsWith('.new'));

  it('is a file more, in use at once; the version before stays for replays', () => {
    const before = folder.latest('acme_de', DAY);
    const text = readFileSync(join(path, 'acme_de.json'), 'utf8');
    const written = applyFix(folder, fix, PEOPLE, DAY);
    assert.equal(folder.latest('acme_de', DAY).version, 2);
    assert.equal(mappingHash(folder.latest('acme_de', DAY)), mappingHash(written));
    const used = { name: 'acme_de', version: 1, hash: mappingHash(before) };
    assert.deepEqual(folder.pinned(used), before);
    assert.ok(files().includes('acme_de.v2.json'));
    assert.equal(readFileSync(join(path, 'acme_de.json'), 'utf8'), text);
    assert.deepEqual(folder.problems(), []);
    assert.equal(
      openMappingFolder(path).latest('acme_de', DAY).approvedBy,
      'ben',
      'another process reads it',
    );
  });

  it('done twice is done once', () => {
    const first = applyFix(folder, fix, PEOPLE, DAY);
    const count = files().length;
    assert.deepEqual(applyFix(folder, fix, PEOPLE, DAY), first);
    assert.deepEqual(applyFix(openMappingFolder(path), fix, PEOPLE, DAY), first);
    assert.equal(files().length, count);
  });

  it('of a version that another fix has replaced is void', () => {
    applyFix(folder, fix, PEOPLE, DAY);
    assert.throws(() => applyFix(folder, { ...fix, key: 'txr_y' }, PEOPLE, DAY), { code: 'DECISION_VOID' });
  });

  it('never writes over a file', () => {
    writeFileSync(join(path, 'acme_de.v2.json'), 'mine');
    assert.throws(() => applyFix(folder, fix, PEOPLE, DAY), /acme_de\.v2\.json is there already/);
    assert.equal(readFileSync(join(path, 'acme_de.v2.json'), 'utf8'), 'mine');
    assert.deepEqual(
      files().filter((name) => name.endsWith('.new')),
      [],
    );
  });
});
