import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { tie } from '../../cli/tie';
import { seedOf } from '../support/seed';
import { invoiceEvents, Stack, type StripeEvent } from '../support/stack';

/** A clear error, and nothing lost: each case on a running stack, with real HTTP and a real store. */
describe('Bad input', () => {
  let stack: Stack;
  let events: StripeEvent[];
  before(async () => {
    stack = await Stack.start();
    events = invoiceEvents('bad-input', 40);
  });
  after(() => stack.stop());

  const next = () => structuredClone(events.shift()!);

  /** Sends one changed event; gives the codes of the exceptions that it brought. */
  async function codesOf(
    change: (event: StripeEvent, invoice: Record<string, unknown>) => void,
  ): Promise<string[]> {
    const before = await stack.exceptionCodes();
    const event = next();
    change(event, event.data.object);
    assert.equal(await stack.send(JSON.stringify(event)), 200);
    await stack.quiet();
    const after = await stack.exceptionCodes();
    for (const code of before) after.splice(after.indexOf(code), 1);
    return after;
  }

  describe('of the event', () => {
    it('malformed JSON with a right signature: stored, held, answered 2xx', async () => {
      const before = await stack.exceptionCodes();
      assert.equal(await stack.send('{"id": "evt_1", "type": '), 200);
      await stack.quiet();
      assert.deepEqual(await stack.exceptionCodes(), [...before, 'SOURCE_UNPARSABLE'].sort());
    });

    it('a wrong signature: 401, and no document', async () => {
      const before = await stack.runtime.read((store) => store.deliveries());
      assert.equal(await stack.send(JSON.stringify(next()), 'whsec_wrong'), 401);
      assert.equal((await stack.runtime.read((store) => store.deliveries())).length, before.length);
    });

    it('a body of 10 MB: 413, and no document', async () => {
      const event = next();
      event.padding = 'x'.repeat(10 * 1024 * 1024);
      const status = await stack.send(JSON.stringify(event)).catch(() => 413);
      assert.equal(status, 413);
      assert.equal((await stack.runtime.readiness())?.ok, true);
    });

    it('a missing field of the event', async () => {
      const before = await stack.exceptionCodes();
      const { id: _, ...event } = next();
      assert.equal(await stack.send(JSON.stringify(event)), 200);
      await stack.quiet();
      assert.deepEqual(await stack.exceptionCodes(), [...before, 'SOURCE_EVENT_INVALID'].sort());
    });

    it('an account that leads to no entity', async () => {
      assert.deepEqual(await codesOf((event) => Object.assign(event, { account: 'acct_unknown' })), [
        'SOURCE_UNROUTED',
      ]);
    });

    it('a test-mode event at a live entity', async () => {
      assert.deepEqual(await codesOf((event) => Object.assign(event, { livemode: false })), [
        'SOURCE_TEST_MODE',
      ]);
    });
  });

  describe('of the invoice', () => {
    it('a wrong type', async () => {
      assert.deepEqual(await codesOf((_, invoice) => Object.assign(invoice, { lines: 'none' })), [
        'MAP_INPUT_INVALID',
      ]);
    });

    it('a missing field', async () => {
      assert.deepEqual(await codesOf((_, invoice) => void delete invoice.currency), ['MAP_INPUT_INVALID']);
    });

    it('an unknown currency', async () => {
      assert.deepEqual(await codesOf((_, invoice) => Object.assign(invoice, { currency: 'xqz' })), [
        'DOCUMENT_CURRENCY_UNKNOWN',
      ]);
    });

    it('too many decimals', async () => {
      const [code] = await codesOf((_, invoice) =>
        Object.assign(invoice, { total: (invoice.total as number) + 0.5 }),
      );
      assert.ok(code === 'DOCUMENT_PRECISION' || code === 'MAP_INPUT_INVALID', code);
    });

    it('lines that do not add up', async () => {
      const [code] = await codesOf((_, invoice) =>
        Object.assign(invoice, { total: (invoice.total as number) + 1 }),
      );
      assert.equal(code, 'DOCUMENT_UNBALANCED');
    });

    it('a tax code without an entry names the entry that is missing', async () => {
      const codes = await codesOf((_, invoice) => {
        const text = JSON.stringify(invoice.lines).replaceAll(/txr_(de|us)_\w+/g, 'txr_new_one');
        invoice.lines = JSON.parse(text) as unknown;
      });
      assert.deepEqual(codes, ['MAP_UNMAPPED']);
      const open = await stack.runtime.read((store) => store.exceptions());
      assert.match(
        open.filter(({ code }) => code === 'MAP_UNMAPPED').at(-1)!.cause,
        /map tax code txr_new_one for entity acme_/,
      );
    });
  });

  describe('of the counterparties', () => {
    async function postedAfter(work: () => Promise<void>): Promise<void> {
      const count = async () =>
        Object.values(await stack.quiet()).reduce((sum, { posted }) => sum + posted, 0);
      const before = await count();
      const exceptions = await stack.exceptionCodes();
      await work();
      assert.equal((await count()) - before, 1);
      assert.deepEqual(await stack.exceptionCodes(), exceptions, 'no exception came of it');
    }

    it('Odoo down for a while: taken in, posted when it is back', () =>
      postedAfter(async () => {
        await stack.fault('odoo', { match: {}, mode: 'http-502', times: 1000 });
        assert.equal(await stack.send(JSON.stringify(next())), 200);
        await new Promise((resolve) => setTimeout(resolve, 3000));
        await stack.heal('odoo');
      }));

    it('Odoo commits and the answer is lost: one move', () =>
      postedAfter(async () => {
        await stack.fault('odoo', {
          match: { model: 'account.move', method: 'load' },
          mode: 'drop-after-commit',
          times: 1,
        });
        await stack.fault('odoo', {
          match: { model: 'account.move', method: 'action_post' },
          mode: 'drop-after-commit',
          times: 1,
        });
        assert.equal(await stack.send(JSON.stringify(next())), 200);
      }));

    it('the tax service answers 500: retried', () =>
      postedAfter(async () => {
        await stack.fault('tax', { fault: 'status', status: 500, at: '*', times: 2 });
        const german = events.findIndex(({ account }) => account === 'acct_de');
        assert.equal(await stack.send(JSON.stringify(events.splice(german, 1)[0])), 200);
      }));

    it('the e-invoice network takes the document and its answer is lost: one document there', () =>
      postedAfter(async () => {
        const documents = async () =>
          ((await (await fetch(`${stack.sandbox.clearance}/_sandbox/documents`)).json()) as unknown[]).length;
        const before = await documents();
        await stack.fault('clearance', { fault: 'drop-after-commit', at: 'submit', times: 1 });
        const withEndpoint = events.findIndex((event) => JSON.stringify(event).includes('peppol'));
        assert.equal(await stack.send(JSON.stringify(events.splice(withEndpoint, 1)[0])), 200);
        await stack.quiet();
        assert.equal((await documents()) - before, 1);
      }));
  });

  it('thousands of mutated events: each ends in a posting or a named exception, and the tie holds', async function () {
    this.timeout(600_000);
    const seed = seedOf('LEDGERWAY_FUZZ_SEED');
    console.log(`      seed ${seed}`);
    const sources = invoiceEvents(`mutations-${seed}`, 60);
    const bodies = fc.sample(mutatedBody(sources), {
      numRuns: Number(process.env.LEDGERWAY_FUZZ_EVENTS ?? 3000),
      seed,
    });
    const known = await stack.runtime.read((store) => store.deliveries());
    const answered = known.flatMap(({ count }) => Array.from({ length: count }, () => ({})));
    const statuses = new Map<number, number>();
    for (let from = 0; from < bodies.length; from += 25) {
      await Promise.all(
        bodies.slice(from, from + 25).map(async (body) => {
          const status = await stack.send(body);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === 200) answered.push({});
        }),
      );
    }
    assert.deepEqual([...statuses.keys()], [200], `seed ${seed}`);
    await stack.quiet(300_000);
    const { differences, total } = await stack.runtime.read((store) => tie(stack.sandbox, store, answered));
    assert.deepEqual(differences, [], `seed ${seed}`);
    assert.ok(
      total.posted > bodies.length / 3 && total.exceptions > bodies.length / 10,
      JSON.stringify(total),
    );
    const codes = await stack.exceptionCodes();
    const counts = new Map(codes.map((code) => [code, codes.filter((other) => other === code).length]));
    console.log(
      `      ${total.posted} posted, held: ${[...counts].map(([code, n]) => `${code} ${n}`).join(', ')}`,
    );
    const unexpected = (await stack.runtime.read((store) => store.exceptions({ limit: 10_000 }))).filter(
      ({ code }) => code === 'RUN_UNEXPECTED',
    );
    assert.deepEqual(
      unexpected.map(({ cause }) => cause),
      [],
      `seed ${seed}`,
    );
  });
});

/** A good event about an object of its own, with one to three members replaced, removed or doubled. */
function mutatedBody(sources: StripeEvent[]): fc.Arbitrary<string> {
  const wild = fc.oneof(
    fc.constantFrom(
      null,
      '',
      'x',
      -1,
      0,
      0.5,
      1e21,
      true,
      [],
      {},
      '1e400',
      '\u0000',
      '<&>"',
      'NaN',
      '2026-02-30',
    ),
    fc.string({ maxLength: 30, unit: 'binary' }),
    fc.integer(),
  );
  const change = fc.record({
    place: fc.nat(),
    action: fc.constantFrom('replace', 'remove', 'double'),
    value: wild,
  });
  let serial = 0;
  return fc
    .tuple(fc.nat({ max: sources.length - 1 }), fc.array(change, { minLength: 0, maxLength: 3 }))
    .map(([index, changes]) => {
      const event = structuredClone(sources[index]!);
      serial++;
      event.id = `evt_m${serial}`;
      event.data.object.id = `in_m${serial}`;
      event.data.object.number = `M-${serial}`;
      for (const { place, action, value } of changes) mutate(event, place, action, value);
      return JSON.stringify(event);
    });
}

function mutate(event: object, place: number, action: string, value: unknown): void {
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const visit = (holder: Record<string, unknown>) => {
    for (const [key, member] of Object.entries(holder)) {
      places.push({ holder, key });
      if (typeof member === 'object' && member !== null) visit(member as Record<string, unknown>);
    }
  };
  visit(event as Record<string, unknown>);
  const { holder, key } = places[place % places.length]!;
  if (action === 'remove') delete holder[key];
  else if (action === 'double' && Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
  else holder[key] = value;
}
