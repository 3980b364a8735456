import assert from 'node:assert/strict';
import { isFinanceError, type StoredError } from '../../errors';
import { hashOf } from '../../finance/canonical';
import {
  checkMapping,
  type MappingDocument,
  mapDocument,
  mappingHash,
  pickMapping,
  selects,
} from '../../finance/mapping';

const CONTEXT = {
  documentId: 'doc-1',
  receivedAt: '2026-11-20T23:30:00Z',
  entity: 'acme_de',
  timeZone: 'Europe/Berlin',
};

/** A payment with one field under test; the rest is constant, so that every expression ends in a valid document. */
function mappingOf(expression: string, more: Partial<MappingDocument> = {}): MappingDocument {
  return {
    mapping: 'probe',
    version: 1,
    status: 'approved',
    author: 'ann',
    approvedBy: 'bob',
    input: { type: 'object' },
    output: {
      schema: 'payment/1',
      kind: 'payment',
      entity: 'acme_de',
      source: { system: 'test', id: '1' },
      direction: 'inbound',
      date: '2026-11-21',
      currency: 'EUR',
      amount: '1.00',
      allocations: [],
      reference: expression,
    },
    ...more,
  };
}

async function result(
  expression: string,
  input: unknown = {},
  more: Partial<MappingDocument> = {},
): Promise<unknown> {
  const { document } = await mapDocument(input, [mappingOf(expression, more)], CONTEXT);
  return (document as { reference?: string }).reference;
}

async function failure(run: Promise<unknown>): Promise<StoredError> {
  try {
    await run;
  } catch (error) {
    assert.ok(isFinanceError(error), String(error));
    return error.toJSON();
  }
  assert.fail('nothing was thrown');
}

describe('mapping', () => {
  describe('expressions', () => {
    it('are what starts with =, all else is constant', async () => {
      assert.equal(await result('plain $text'), 'plain $text');
      assert.equal(await result('=a & "-" & b.c', { a: 'x', b: { c: 'y' } }), 'x-y');
      assert.equal(await result('=null'), undefined);
      assert.equal(await result('=missing.field'), undefined);
    });

    it('calculate money exactly', async () => {
      assert.equal(await result('=$fromMinor(11900, "eur")'), '119.00');
      assert.equal(await result('=$fromMinor(11000, "jpy")'), '11000');
      assert.equal(await result('=$sum(xs)', { xs: Array(10).fill('0.1') }), '1.0');
      assert.equal(await result('=$sum(xs)', { xs: ['7.25'] }), '7.25');
      assert.equal(await result('=$roundMoney($percentOf("99.95", "8.875"), "USD")'), '8.87');
      assert.equal(await result('=$decimal(rate)', { rate: 8.875 }), '8.875');
      assert.equal((await failure(result('=$add("1.00", 0.1)'))).code, 'DOCUMENT_AMOUNT');
    });

    it('see the day of the entity, not of the machine', async () => {
      assert.equal(await result('=$day(1795217400)'), '2026-11-21');
      assert.equal(await result('=$dayOf("2026-11-20T22:59:59Z")'), '2026-11-20');
      assert.equal(await result('=$dayOf("2026-11-20T23:00:00Z")'), '2026-11-21');
      const { document } = await mapDocument({}, [mappingOf('=$day(1795217400)')], {
        ...CONTEXT,
        timeZone: 'America/New_York',
      });
      assert.equal((document as { reference?: string }).reference, '2026-11-20');
      assert.equal((await failure(result('=$dayOf("2026-11-20T23:00:00")'))).code, 'MAP_EXPRESSION');
    });

    it('have no clock and no dice of their own', async () => {
      assert.equal(await result('=$now()'), '2026-11-20T23:30:00.000Z');
      assert.equal(await result('=$string($millis())'), '1795217400000');
      // a picture without a date takes today's: the document's
      assert.equal(
        await result('=$fromMillis($toMillis("10:15", "[H01]:[m01]"))'),
        '2026-11-20T10:15:00.000Z',
      );
      const dice = '=$string($random()) & " " & $string($random())';
      const [first, second] = [await result(dice), await result(dice)];
      assert.equal(first, second);
      const [a, b] = String(first).split(' ').map(Number);
      assert.ok(a !== b && a! >= 0 && a! < 1);
      const { document } = await mapDocument({}, [mappingOf(dice)], { ...CONTEXT, documentId: 'doc-2' });
      assert.notEqual((document as { reference?: string }).reference, first);
      for (const each of ['=$shuffle([1,2])[0]', '=$eval("1")', '=$now("[Y]")'])
        assert.equal((await failure(result(each))).code, 'MAP_EXPRESSION', each);
    });

    it('keep the time of their own document when many run at once', async () => {
      const mapping = mappingOf(
        '=$now() & $fromMillis($toMillis("10:15", "[H01]:[m01]"), "[D01]") & $string($sum([1..2000].$string($)))',
      );
      const days = Array.from({ length: 12 }, (_, index) => String(index + 10));
      const seen = await Promise.all(
        days.map((day) => mapDocument({}, [mapping], { ...CONTEXT, receivedAt: `2026-11-${day}T08:00:00Z` })),
      );
      assert.deepEqual(
        seen.map(({ document }) => (document as { reference?: string }).reference),
        days.map((day) => `2026-11-${day}T08:00:00.000Z${day}2001000`),
      );
    });
  });

  describe('tables', () => {
    const tables = { taxCodes: { label: 'tax code', entries: { txr_1: 'USt 19%' } } };

    it('give the entry, or the default', async () => {
      assert.equal(await result('=$lookup("taxCodes", code)', { code: 'txr_1' }, { tables }), 'USt 19%');
      const withDefault = { taxCodes: { ...tables.taxCodes, default: 'none' } };
      assert.equal(
        await result('=$lookup("taxCodes", code)', { code: 'x' }, { tables: withDefault }),
        'none',
      );
    });

    it('say in plain words what is not mapped', async () => {
      for (const value of ['txr_x', '__proto__', 'constructor']) {
        const error = await failure(result('=$lookup("taxCodes", code)', { code: value }, { tables }));
        assert.equal(error.code, 'MAP_UNMAPPED');
        assert.equal(error.kind, 'unmapped');
        assert.equal(error.message, `map tax code ${value} for entity acme_de`);
        assert.deepEqual(error.details, { table: 'taxCodes', value, entity: 'acme_de' });
      }
      assert.equal(
        (await failure(result('=$lookup("taxCodes", code)', {}, { tables }))).message,
        'map tax code (none) for entity acme_de',
      );
      assert.equal((await failure(result('=$lookup("nowhere", "a")'))).code, 'MAP_EXPRESSION');
    });

    it('are those of the entity before those of the source', async () => {
      const source = mappingOf('=$lookup("taxCodes", code)', { tables });
      const entity = mappingOf('', {
        mapping: 'acme_de',
        output: { $extend: '=$' },
        tables: { taxCodes: { label: 'tax code', entries: { txr_1: 'own' } } },
      });
      const { document, used } = await mapDocument({ code: 'txr_1' }, [source, entity], CONTEXT);
      assert.equal((document as { reference?: string }).reference, 'own');
      assert.deepEqual(used, [
        { name: 'probe', version: 1, hash: mappingHash(source) },
        { name: 'acme_de', version: 1, hash: mappingHash(entity) },
      ]);
    });
  });

  describe('limits', () => {
    const wild: Record<string, string> = {
      'an endless loop': '=($f := function($n) { $f($n + 1) }; $f(0))',
      'an endless recursion': '=($f := function($n) { 1 + $f($n + 1) }; $f(0))',
      'a long sequence': '=$count([1..9999999])',
      'a wide pad': '=$pad("x", 999999999)',
      'a long text': '=($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f("x", 20))',
      'a pattern that backtracks': `=$string($contains("${'a'.repeat(40)}!", /^(a+)+$/))`,
      'a function as a value': '=$sum',
      'a syntax error': '=(((',
      'a type error': '=1 + "a"',
      'an error of its own': '=$error("no")',
    };
    for (const [what, expression] of Object.entries(wild))
      it(`end ${what} in MAP_EXPRESSION that names the place`, async () => {
        const started = performance.now();
        const error = await failure(result(expression));
        assert.equal(error.code, 'MAP_EXPRESSION', error.message);
        assert.match(error.message, /\/output\/reference|\$pad/);
        assert.ok(performance.now() - started < 9_000);
      }).timeout(15_000);

    it('let other work have its turn', async () => {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      await failure(result(wild['an endless loop']!)).finally(() => clearInterval(timer));
      assert.ok(turns > 20, `only ${turns} turns`);
    }).timeout(15_000);

    it('count for the whole document', async () => {
      const mapping = mappingOf('=$string($sum([1..100].($ + 1).$string($)))');
      const error = await failure(mapDocument({}, [mapping], CONTEXT, { steps: 200, milliseconds: 10_000 }));
      assert.match(error.message, /more than 200 steps/);
    });

    it('keep prototypes clean', async () => {
      const evil = JSON.parse(
        '{"a": {"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}}}',
      );
      const spread = mappingOf('', { output: { ...(mappingOf('').output as object), source: '=a' } });
      const error = await failure(mapDocument(evil, [spread], CONTEXT));
      assert.equal(error.code, 'MAP_EXPRESSION');
      assert.equal(
        await result('=$string({"__proto__": {"polluted": "yes"}}.polluted)'),
        await result('=$string(nothing)'),
      );
      const tree = JSON.parse('{"schema": "payment/1", "__proto__": {"polluted": "yes"}}');
      assert.equal(
        (await failure(mapDocument({}, [mappingOf('', { output: tree })], CONTEXT))).code,
        'CONFIG_INVALID',
      );
      assert.equal(({} as { polluted?: string }).polluted, undefined);
      for (const name of ['constructor', 'toString', '__proto__'])
        assert.equal(await result(`=$${name}`), undefined, name);
    });
  });

  describe('the tree', () => {
    const allocations = {
      $each: '=xs',
      $let: { factor: '=2' },
      $item: { $if: '=keep', sourceId: '=id & "-" & $string($index)', amount: '1.00' },
    };

    it('repeats, leaves out, and counts', async () => {
      const mapping = mappingOf('x', { output: { ...(mappingOf('x').output as object), allocations } });
      const { document } = await mapDocument(
        { xs: [{ id: 'a', keep: true }, { id: 'b' }, { id: 'c', keep: true }] },
        [mapping],
        CONTEXT,
      );
      assert.deepEqual((document as { allocations?: unknown }).allocations, [
        { sourceId: 'a-0', amount: '1.00' },
        { sourceId: 'c-2', amount: '1.00' },
      ]);
      const none = await mapDocument({}, [mapping], CONTEXT);
      assert.deepEqual((none.document as { allocations?: unknown }).allocations, []);
    });

    it('refuses operators it does not know', async () => {
      const output = { ...(mappingOf('x').output as object), source: { $foreach: '=x' } };
      assert.match(
        (await failure(mapDocument({}, [mappingOf('x', { output })], CONTEXT))).message,
        /\$foreach is not known/,
      );
    });
  });

  describe('approval and versions', () => {
    it('a draft does not run, and nobody approves his own', async () => {
      assert.equal((await failure(result('x', {}, { status: 'draft' }))).code, 'MAP_NOT_FOUND');
      const own = await failure(result('x', {}, { approvedBy: 'ann' }));
      assert.equal(own.code, 'CONFIG_INVALID');
      assert.match(own.message, /approved by its own author/);
      assert.throws(() => checkMapping(mappingOf('x', { approvedBy: undefined })), {
        code: 'CONFIG_INVALID',
      });
      assert.equal(checkMapping(mappingOf('x', { status: 'draft', approvedBy: undefined })).mapping, 'probe');
    });

    it("another entity's mapping does not run", async () => {
      assert.equal((await failure(result('x', {}, { entity: 'acme_us' }))).code, 'CONFIG_INVALID');
    });

    it('the highest approved version that is valid on the day is taken', () => {
      const all = [
        mappingOf('a', { version: 1 }),
        mappingOf('b', { version: 2, validFrom: '2026-06-01' }),
        mappingOf('c', { version: 3, validFrom: '2027-01-01' }),
        mappingOf('d', { version: 4, status: 'draft' }),
      ];
      assert.equal(pickMapping(all, 'probe', '2026-05-31').version, 1);
      assert.equal(pickMapping(all, 'probe', '2026-11-21').version, 2);
      assert.equal(pickMapping(all, 'probe', '2027-01-01').version, 3);
      assert.throws(() => pickMapping(all, 'other', '2026-11-21'), { code: 'MAP_NOT_FOUND' });
    });

    it('is hashed whole: another letter is another mapping', () => {
      assert.equal(mappingHash(mappingOf('a')), hashOf(mappingOf('a')));
      assert.notEqual(mappingHash(mappingOf('a')), mappingHash(mappingOf('b')));
    });

    it('a broken mapping is named with its place', () => {
      assert.throws(() => checkMapping({ ...mappingOf('x'), version: 0 }), /\/version/);
      assert.throws(
        () => checkMapping({ ...mappingOf('x'), tables: { t: { entries: {} } } }),
        /"label" is missing/,
      );
      assert.throws(() => checkMapping({ ...mappingOf('x'), input: { type: 'nonsense' } }), {
        code: 'CONFIG_INVALID',
      });
      assert.throws(() => checkMapping(null), { code: 'CONFIG_INVALID' });
    });
  });

  describe('borders', () => {
    it('input is held to its schema, with a pointer and without the value', async () => {
      const input = {
        type: 'object',
        properties: { n: { type: 'object', properties: { m: { type: 'integer' } } } },
      };
      const error = await failure(result('x', { n: { m: 'secret' } }, { input }));
      assert.equal(error.code, 'MAP_INPUT_INVALID');
      assert.match(error.message, /\/n\/m must be integer/);
      assert.ok(!JSON.stringify(error).includes('secret'));
    });

    it('output is held to the canonical schema', async () => {
      const output = {
        ...(mappingOf('x').output as object),
        amount: '=12.5',
        date: '21.11.2026',
        extra: 'x',
      };
      const error = await failure(mapDocument({}, [mappingOf('x', { output })], CONTEXT));
      assert.equal(error.code, 'MAP_OUTPUT_INVALID');
      const violations = error.details?.violations as { pointer: string; message: string }[];
      const said = violations.map(({ pointer, message }) => `${pointer} ${message}`);
      assert.ok(
        said.includes('/amount must be a decimal number of zero or more in a string'),
        said.join('\n'),
      );
      assert.ok(said.includes('/date must be a day as YYYY-MM-DD'));
      assert.ok(said.includes('/ "extra" is not a known field'));
      const other = { ...(mappingOf('x').output as object), entity: 'acme_us' };
      assert.match(
        (await failure(mapDocument({}, [mappingOf('x', { output: other })], CONTEXT))).message,
        /of entity acme_us/,
      );
    });

    it('select says which events a mapping wants', async () => {
      const mapping = mappingOf('x', { select: '=type = "invoice.finalized"' });
      assert.equal(await selects(mapping, { type: 'invoice.finalized' }, CONTEXT), true);
      assert.equal(await selects(mapping, { type: 'invoice.paid' }, CONTEXT), false);
      assert.equal(await selects(mapping, {}, CONTEXT), false);
      assert.equal(await selects(mappingOf('x'), {}, CONTEXT), true);
    });
  });
});
