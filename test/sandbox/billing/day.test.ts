import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DEMO_DAY, type Delivery, dayOfEvents } from '../../../sandbox/billing';

interface TaxAmount {
  amount: number;
  tax_rate: string;
  taxable_amount: number;
}
interface Line {
  amount: number;
  quantity: number;
  discount_amounts: { amount: number }[];
  tax_amounts: TaxAmount[];
  tax_rates: { percentage: number }[];
  price?: { unit_amount: number };
  unit_amount?: number;
}
interface Billed {
  object: 'invoice' | 'credit_note';
  id: string;
  invoice?: string;
  currency: string;
  subtotal: number;
  total: number;
  total_excluding_tax: number;
  total_discount_amounts?: { amount: number }[];
  total_tax_amounts?: TaxAmount[];
  discount_amounts?: { amount: number }[];
  tax_amounts?: TaxAmount[];
  metadata: Record<string, string>;
  lines: { data: Line[] };
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
const minor = (amount: string) => Number(amount.replace('.', ''));
const eventOf = (delivery: Delivery) => JSON.parse(delivery.body) as { id: string; data: { object: Billed } };
const billed = (day: Delivery[]) =>
  day
    .filter((d) => d.amounts && !d.malformed && !d.signedBody)
    .map((d) => ({ delivery: d, object: eventOf(d).data.object }));
const days = fc.record({ seed: fc.string({ minLength: 1 }), documents: fc.integer({ min: 4, max: 60 }) });
const dayOf = (part: { seed: string; documents: number }) => dayOfEvents({ ...DEMO_DAY, ...part });

/** amount × percent, half up, by decimal digits. */
function taxOf(taxable: number, percent: number): number {
  const scaled = BigInt(taxable) * BigInt(Math.round(percent * 1000));
  return Number((scaled + 50_000n) / 100_000n);
}

describe('a day of the billing sandbox', () => {
  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(dayOfEvents(DEMO_DAY), dayOfEvents(DEMO_DAY));
    assert.notDeepEqual(dayOfEvents(DEMO_DAY), dayOfEvents({ ...DEMO_DAY, seed: 'other' }));
  });

  it('has amounts that tie in every invoice and credit note', () => {
    fc.assert(
      fc.property(days, (part) => {
        for (const { delivery, object } of billed(dayOf(part))) {
          const lines = object.lines.data;
          const discounts = object.total_discount_amounts ?? object.discount_amounts ?? [];
          const taxes = object.total_tax_amounts ?? object.tax_amounts ?? [];
          assert.equal(object.subtotal, sum(lines.map((l) => l.amount)));
          assert.equal(object.total_excluding_tax, object.subtotal - sum(discounts.map((d) => d.amount)));
          assert.equal(object.total, object.total_excluding_tax + sum(taxes.map((t) => t.amount)));
          assert.equal(object.total_excluding_tax, sum(taxes.map((t) => t.taxable_amount)));
          for (const line of lines) {
            const taxable = line.amount - sum(line.discount_amounts.map((d) => d.amount));
            assert.equal(line.amount, line.quantity * (line.price?.unit_amount ?? line.unit_amount!));
            assert.equal(line.tax_amounts[0]!.taxable_amount, taxable);
            assert.equal(line.tax_amounts[0]!.amount, taxOf(taxable, line.tax_rates[0]!.percentage));
          }
          assert.equal(minor(delivery.amounts!.total), object.total);
          assert.equal(minor(delivery.amounts!.net) + minor(delivery.amounts!.tax), object.total);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('gives e-invoices whose tax by rate is exact (BR-CO-17)', () => {
    for (const { object } of billed(dayOf({ seed: 'rates', documents: 300 }))) {
      if (!object.metadata.peppol_endpoint) continue;
      for (const tax of object.total_tax_amounts ?? object.tax_amounts ?? []) {
        const percent = { txr_de_19: 19, txr_unmapped: 19, txr_de_7: 7, txr_de_rc: 0 }[tax.tax_rate];
        assert.equal(tax.amount, taxOf(tax.taxable_amount, percent!), tax.tax_rate);
      }
    }
  });

  it('expects as many documents as asked for, whatever else it sends', () => {
    fc.assert(
      fc.property(days, (part) => {
        const day = dayOf(part);
        const posted = day.filter((d) => d.expected === 'posted');
        assert.equal(posted.length, part.documents);
        assert.equal(new Set(posted.map((d) => d.objectId)).size, part.documents, 'each fact is posted once');
        assert.equal(new Set(day.map((d) => d.key)).size, day.length);
      }),
      { numRuns: 25 },
    );
  });

  it('never waits in a circle, and lets duplicates and conflicts come behind their first', () => {
    const day = dayOf({ seed: 'order', documents: 200 });
    const done = new Set<string>();
    for (let left = day; left.length > 0; ) {
      const free = left.filter((d) => d.after.every((key) => done.has(key)));
      assert.ok(free.length > 0);
      for (const d of free) done.add(d.key);
      left = left.filter((d) => !done.has(d.key));
    }
    const first = new Map(day.filter((d) => d.expected === 'posted').map((d) => [d.objectId, d]));
    for (const again of day.filter((d) => ['duplicate', 'conflict'].includes(d.expected)))
      assert.deepEqual(again.after, [first.get(again.objectId)!.key]);
  });

  it('nothing happens before what it stands behind: the list of events tells the same order as the webhooks', () => {
    for (const seed of ['a', 'b', 'c', 'd']) {
      const keys = new Set<string>();
      for (const { key, after } of dayOfEvents({ ...DEMO_DAY, seed })) {
        assert.ok(
          after.every((before) => keys.has(before)),
          `${seed} ${key}`,
        );
        keys.add(key);
      }
    }
  });

  it('holds every oddity, and credit notes before and after their invoices', () => {
    const day = dayOfEvents(DEMO_DAY);
    const byLabel = Map.groupBy(day, (d) => d.expected);
    assert.deepEqual(
      new Set(byLabel.keys()),
      new Set(['posted', 'duplicate', 'conflict', 'exception', 'skipped', 'refused']),
    );
    assert.deepEqual(
      new Set(byLabel.get('conflict')!.map((d) => d.account)),
      new Set(['acct_de', 'acct_us']),
    );
    assert.equal(byLabel.get('refused')!.length, 1);
    assert.notEqual(byLabel.get('refused')![0]!.body, byLabel.get('refused')![0]!.signedBody);
    assert.equal(day.filter((d) => !d.livemode).length, 2);
    assert.equal(day.filter((d) => d.malformed).length, 1);
    assert.throws(() => JSON.parse(day.find((d) => d.malformed)!.body));
    assert.ok(day.some((d) => d.body.includes('"txr_unmapped"') && d.expected === 'exception'));

    const duplicates = byLabel.get('duplicate')!.map((d) => [d, first(day, d.objectId)] as const);
    assert.ok(duplicates.some(([d, original]) => d.eventId === original.eventId && d.body === original.body));
    assert.ok(duplicates.some(([d, original]) => d.eventId !== original.eventId));

    const notes = day.filter((d) => d.type === 'credit_note.created' && d.expected === 'posted');
    const invoiceOf = (note: Delivery) => first(day, eventOf(note).data.object.invoice!);
    assert.ok(
      notes.some((note) => invoiceOf(note).after.includes(note.key)),
      'one comes before its invoice',
    );
    assert.ok(
      notes.some((note) => note.holdMs > 0),
      'one comes late',
    );
  });

  it('covers the taxes of both entities', () => {
    const day = billed(dayOfEvents(DEMO_DAY)).flatMap(({ object }) =>
      object.lines.data.flatMap((l) => l.tax_amounts),
    );
    const rates = new Set(day.map((t) => t.tax_rate));
    for (const rate of ['txr_de_19', 'txr_de_7', 'txr_de_rc', 'txr_us_ny', 'txr_us_exempt'])
      assert.ok(rates.has(rate), rate);
  });
});

function first(day: Delivery[], objectId: string): Delivery {
  return day.find((d) => d.objectId === objectId && d.expected === 'posted')!;
}
