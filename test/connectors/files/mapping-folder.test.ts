import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openMappingFolder } from '../../../connectors/files';
import { type MappingDocument, mappingHash } from '../../../finance';

const mapping = (version: number, more: Partial<MappingDocument> = {}): MappingDocument => ({
  mapping: 'shop',
  version,
  status: 'approved',
  author: 'ann',
  approvedBy: 'ben',
  input: { type: 'object' },
  output: { schema: 'invoice/1' },
  ...more,
});

const used = (document: MappingDocument) => ({
  name: document.mapping,
  version: document.version,
  hash: mappingHash(document),
});

describe('A folder of mappings', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-mappings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const put = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  const noticed = () => new Promise((done) => setTimeout(done, 550));

  it('gives the highest approved version that is valid on the day', () => {
    put('a.json', mapping(1));
    put('b.json', mapping(2));
    put('c.json', mapping(3, { validFrom: '2027-01-01' }));
    put('d.json', mapping(4, { status: 'draft', approvedBy: undefined }));
    const source = openMappingFolder(folder);
    assert.equal(source.latest('shop', '2026-11-21').version, 2);
    assert.equal(source.latest('shop', '2027-01-01').version, 3);
    assert.throws(() => source.latest('other', '2026-11-21'), { code: 'MAP_NOT_FOUND' });
    assert.deepEqual(source.problems(), []);
  });

  it('notices files that change, come and go', async () => {
    put('a.json', mapping(1));
    const source = openMappingFolder(folder);
    put('a.json', mapping(2));
    put('b.json', mapping(1, { mapping: 'bank' }));
    await noticed();
    assert.equal(source.latest('shop', '2026-11-21').version, 2);
    assert.equal(source.latest('bank', '2026-11-21').version, 1);
    rmSync(join(folder, 'b.json'));
    await noticed();
    assert.throws(() => source.latest('bank', '2026-11-21'), { code: 'MAP_NOT_FOUND' });
  });

  it('keeps every approved version for replays, over a restart too', async () => {
    put('a.json', mapping(1));
    const before = openMappingFolder(folder);
    put('a.json', mapping(2));
    await noticed();
    assert.deepEqual(before.pinned(used(mapping(1))), mapping(1));
    const after = openMappingFolder(folder);
    assert.deepEqual(after.pinned(used(mapping(1))), mapping(1));
    assert.equal(after.list().length, 1);
    assert.throws(() => after.pinned(used(mapping(9))), { code: 'MAP_NOT_FOUND' });
  });

  it('does not believe a kept version that somebody changed', () => {
    put('a.json', mapping(1));
    openMappingFolder(folder);
    const [kept] = readdirSync(join(folder, 'versions'));
    writeFileSync(
      join(folder, 'versions', kept!),
      JSON.stringify(mapping(1, { output: { schema: 'payment/1' } })),
    );
    rmSync(join(folder, 'a.json'));
    assert.throws(() => openMappingFolder(folder).pinned(used(mapping(1))), { code: 'MAP_NOT_FOUND' });
  });

  it('a file that is not right is named, the others go on, and what it held before stays in use', async () => {
    put('a.json', mapping(1));
    put('bad.json', '{');
    put('self.json', mapping(1, { mapping: 'self', approvedBy: 'ann' }));
    put('twin.json', mapping(1));
    const source = openMappingFolder(folder);
    assert.deepEqual(
      source.problems().map(({ file, error }) => [file, error.code]),
      [
        ['bad.json', 'CONFIG_INVALID'],
        ['self.json', 'CONFIG_INVALID'],
        ['twin.json', 'CONFIG_INVALID'],
      ],
    );
    put('a.json', '{ half a mapp');
    await noticed();
    assert.equal(source.latest('shop', '2026-11-21').version, 1);
    assert.equal(source.problems()[0]?.file, 'a.json');
  });

  it('says so where there is no folder', () => {
    assert.throws(() => openMappingFolder(join(folder, 'none')), { code: 'CONFIG_INVALID' });
  });
});
