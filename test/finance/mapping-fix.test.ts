import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  fixedMapping,
  type MappingDocument,
  type MappingFix,
  mappingHash,
  missingEntry,
} from '../../finance';

const FLOW = join(__dirname, '..', '..', '..', 'flows', 'billing-invoice', 'mappings');
const mapping = (name: string) =>
  JSON.parse(readFileSync(join(FLOW, `${name}.json`), 'utf8')) as MappingDocument;

const PEOPLE = { author: 'carla', approvedBy: 'ben' };
const DETAILS = { table: 'taxCodes', value: 'txr_x', entity: 'acme_de' };

describe('Putting a mapping right', () => {
  const de = mapping('acme_de');
  const source = mapping('stripe-invoice');
  const known = [de, source, mapping('acme_us')];
  const value = de.tables!.taxCodes!.entries.txr_de_19;

  const fix = (more: Partial<MappingFix> = {}): MappingFix => ({
    mapping: 'acme_de',
    version: 1,
    hash: mappingHash(de),
    table: 'taxCodes',
    key: 'txr_x',
    value,
    ...more,
  });

  it('says which entry is missing, and what others have', () => {
    const missing = missingEntry(DETAILS, known);
    assert.ok(missing);
    assert.deepEqual(
      [missing.mapping, missing.version, missing.hash, missing.table, missing.label, missing.key],
      ['acme_de', 1, mappingHash(de), 'taxCodes', 'tax code', 'txr_x'],
    );
    assert.deepEqual(missing.suggestions[0], value);
  });

  it('says nothing where no table of the entity is meant, or the entry is there by now', () => {
    assert.equal(missingEntry({ ...DETAILS, entity: 'acme_xx' }, known), undefined);
    assert.equal(missingEntry({ ...DETAILS, table: 'constructor' }, known), undefined);
    assert.equal(missingEntry({ ...DETAILS, value: 'txr_de_19' }, known), undefined);
    for (const details of [undefined, null, {}, { table: 'taxCodes' }])
      assert.equal(missingEntry(details, known), undefined);
  });

  it('the entity’s own mapping goes before the source’s', () => {
    const shared = { ...source, tables: { ...source.tables, taxCodes: de.tables!.taxCodes! } };
    assert.equal(missingEntry(DETAILS, [shared, de])?.mapping, 'acme_de');
    assert.equal(missingEntry(DETAILS, [shared])?.mapping, shared.mapping);
  });

  it('makes the next version: one entry more, two names, nothing else', () => {
    const draft: MappingDocument = { ...de, version: 4, status: 'draft' };
    const next = fixedMapping(de, fix(), PEOPLE, [...known, draft]);
    assert.deepEqual(
      [next.version, next.status, next.author, next.approvedBy],
      [5, 'approved', 'carla', 'ben'],
    );
    assert.deepEqual(next.tables!.taxCodes!.entries.txr_x, value);
    const { txr_x: _added, ...rest } = next.tables!.taxCodes!.entries;
    assert.deepEqual(rest, de.tables!.taxCodes!.entries);
    const { version, author, approvedBy, tables, ...others } = next;
    for (const [name, member] of Object.entries(others))
      assert.deepEqual(member, de[name as keyof MappingDocument]);
    assert.equal('txr_x' in de.tables!.taxCodes!.entries, false, 'what it is made from stays');
    assert.ok(version && author && approvedBy && tables);
  });

  it('refuses one person for both, and a version that is not in use any more', () => {
    const code = (expected: string, made: () => unknown) => assert.throws(made, { code: expected });
    code('DECISION_SECOND_PERSON', () =>
      fixedMapping(de, fix(), { author: 'ann', approvedBy: ' ANN' }, known),
    );
    code('DECISION_VOID', () => fixedMapping(de, fix({ hash: 'other' }), PEOPLE, known));
    code('DECISION_VOID', () => fixedMapping(de, fix({ mapping: 'acme_us' }), PEOPLE, known));
  });

  it('refuses a value that expressions could not read, an entry that is there, and a table that is not', () => {
    const refused: Partial<MappingFix>[] = [
      { value: 'USt 19%' },
      { value: { tax: 'USt 19%' } },
      { value: { ...(value as object), rate: 19 } },
      { value: null },
      { key: 'txr_de_19' },
      { table: 'none' },
      { table: 'constructor' },
    ];
    for (const one of refused)
      assert.throws(
        () => fixedMapping(de, fix(one), PEOPLE, known),
        { code: 'CONFIG_INVALID' },
        JSON.stringify(one),
      );
  });

  it('refuses where a later version waits for its first day: it would lose the one or the other', () => {
    const later: MappingDocument = { ...de, version: 2, validFrom: '2030-01-01' };
    assert.throws(() => fixedMapping(de, fix(), PEOPLE, [...known, later]), /version 2 waits/);
  });
});
