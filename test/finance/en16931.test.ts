import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Invoice, InvoiceLine, Party, TaxCategory } from '../../finance/documents';
import { assertClean, checkInvoice, checkPeppol } from '../../finance/en16931';
import { add } from '../../finance/money';
import { BUYER, invoiceOf, lineOf, SELLER, validInvoices } from './documents';

const CLEAN = invoiceOf([lineOf(), lineOf({ id: 'il_2', tax: { category: 'S', rate: '7' } })]);

const rules = (invoice: Invoice, seller: Party | undefined = SELLER): string[] => [
  ...new Set(checkInvoice(invoice, seller).map(({ rule }) => rule)),
];
const withLine = (more: Partial<InvoiceLine>): Invoice => ({
  ...CLEAN,
  lines: [{ ...CLEAN.lines[0]!, ...more }, CLEAN.lines[1]!],
});

const REASON = { exemptionReason: 'a reason' };

/** A clean invoice with one line of a category that is not taxed. */
function untaxed(category: TaxCategory, more: Partial<Invoice> = {}): Invoice {
  const made = invoiceOf([lineOf({ tax: { category, rate: '0' } })], more);
  return { ...made, taxes: made.taxes.map((tax) => ({ ...tax, ...(category === 'Z' ? {} : REASON) })) };
}

const patched = (invoice: Invoice, tax: Partial<Invoice['taxes'][number]>): Invoice => ({
  ...invoice,
  taxes: [{ ...invoice.taxes[0]!, ...tax }, ...invoice.taxes.slice(1)],
});

describe('EN 16931', () => {
  it('finds nothing in a clean invoice', () => {
    assert.deepEqual(checkInvoice(CLEAN, SELLER), []);
    assert.deepEqual(checkPeppol(CLEAN, SELLER), []);
    fc.assert(fc.property(validInvoices, (invoice) => assert.deepEqual(checkInvoice(invoice, SELLER), [])));
  });

  describe('mandatory terms', () => {
    const empty = '' as string;
    const noTotals = (term: string): Invoice => ({ ...CLEAN, totals: { ...CLEAN.totals, [term]: '0.00' } });
    const broken: [string, Invoice, (Party | undefined)?][] = [
      ['BR-02', { ...CLEAN, number: undefined }],
      ['BR-03', { ...CLEAN, issueDate: empty }],
      ['BR-06', CLEAN, { ...SELLER, name: ' ' }],
      ['BR-07', { ...CLEAN, buyer: { ...BUYER, name: empty } }],
      ['BR-09', CLEAN, { ...SELLER, address: { country: empty } }],
      ['BR-11', { ...CLEAN, buyer: { ...BUYER, address: { country: empty } } }],
      ['BR-21', withLine({ id: empty })],
      ['BR-23', withLine({ unit: empty })],
      ['BR-25', withLine({ name: empty })],
      ['BR-27', withLine({ unitPrice: '-100.00' })],
      ['BR-30', withLine({ period: { start: '2026-11-02', end: '2026-11-01' } })],
      ['BR-55', { ...CLEAN, precedingInvoice: { sourceId: 'in_0' } }],
      ['BR-CO-25', { ...CLEAN, dueDate: undefined }],
      ['BR-CO-10', noTotals('lines')],
    ];
    for (const [rule, invoice, seller] of broken)
      it(rule, () =>
        assert.ok(rules(invoice, seller ?? SELLER).includes(rule), rules(invoice, seller ?? SELLER).join()),
      );

    it('BR-06, BR-08, BR-09 and BR-CO-26 without a seller', () => {
      const found = checkInvoice(CLEAN).map(({ rule }) => rule);
      for (const rule of ['BR-06', 'BR-08', 'BR-09', 'BR-CO-26', 'BR-S-02'])
        assert.ok(found.includes(rule), rule);
    });

    it('BR-16 without lines', () => {
      assert.ok(rules({ ...CLEAN, lines: [] }).includes('BR-16'));
    });

    it('BR-CO-9: a VAT identifier starts with its country', () => {
      const of = (vatId: string): boolean =>
        rules({ ...CLEAN, buyer: { ...BUYER, vatId } }).includes('BR-CO-9');
      for (const good of [
        'DE136695976',
        'EL123456789',
        'ATU13585627',
        'NL004495445B01',
        'XI123456789',
        'IE6388047V',
        'GB123456789',
      ])
        assert.ok(!of(good), good);
      for (const bad of ['136695976', 'ZZ136695976', 'de136695976', 'D1', '']) assert.ok(of(bad), bad);
    });
  });

  describe('sums, exact to the cent', () => {
    const RULES = {
      lines: 'BR-CO-10',
      net: 'BR-CO-13',
      tax: 'BR-CO-14',
      gross: 'BR-CO-15',
      due: 'BR-CO-16',
    } as const;
    for (const [term, rule] of Object.entries(RULES))
      for (const cent of ['0.01', '-0.01'])
        it(`${rule}: ${cent} at ${term}`, () => {
          const key = term as keyof typeof RULES;
          const found = checkInvoice(
            { ...CLEAN, totals: { ...CLEAN.totals, [key]: add(CLEAN.totals[key], cent) } },
            SELLER,
          );
          assert.ok(
            found.some((each) => each.rule === rule),
            found.map((each) => each.rule).join(),
          );
        });

    it('BR-CO-16 takes off what is prepaid', () => {
      const totals = { ...CLEAN.totals, paid: '26.00', due: '200.00' };
      assert.deepEqual(rules({ ...CLEAN, totals }), []);
      assert.deepEqual(rules({ ...CLEAN, totals: { ...totals, due: '226.00' } }), ['BR-CO-16']);
    });

    it('BR-CO-17: the tax is base times rate, half up', () => {
      const half = invoiceOf([lineOf({ unitPrice: '0.50', tax: { category: 'S', rate: '7' } })]);
      assert.equal(half.taxes[0]?.amount, '0.04');
      assert.deepEqual(rules(half), []);
      assert.deepEqual(rules(patched(half, { amount: '0.03' })), ['BR-CO-14', 'BR-CO-17']);
    });

    it('BR-DEC: two decimals at most', () => {
      const kuwait = invoiceOf([lineOf({ unitPrice: '1.005', netAmount: '1.005' })], { currency: 'KWD' });
      assert.ok(rules(kuwait).includes('BR-DEC-23'));
    });
  });

  describe('VAT categories', () => {
    const CODES: [TaxCategory, string][] = [
      ['Z', 'Z'],
      ['E', 'E'],
      ['AE', 'AE'],
      ['K', 'IC'],
      ['G', 'G'],
      ['O', 'O'],
    ];
    const delivery = { date: '2026-11-20', country: 'AT' };
    for (const [category, code] of CODES) {
      const bare = category === 'O';
      const seller = bare ? { ...SELLER, vatId: undefined } : SELLER;
      const clean = untaxed(category, {
        ...(bare ? { buyer: { ...BUYER, vatId: undefined } } : {}),
        ...(category === 'K' ? { delivery } : {}),
      });
      const first = clean.lines[0]!;

      it(`${category} is clean`, () => assert.deepEqual(rules(clean, seller), []));
      it(`BR-${code}-01: one breakdown`, () => {
        assert.ok(rules({ ...clean, taxes: [] }, seller).includes(`BR-${code}-01`));
        assert.ok(
          rules({ ...clean, taxes: [...clean.taxes, ...clean.taxes] }, seller).includes(`BR-${code}-01`),
        );
      });
      it(`BR-${code}-02: identifiers`, () => {
        const turned = bare ? rules(clean, SELLER) : rules(clean, { ...SELLER, vatId: undefined });
        assert.deepEqual(turned, [`BR-${code}-02`]);
      });
      it(`BR-${code}-05: the rate is zero`, () => {
        const lines = [{ ...first, tax: { ...first.tax, rate: '19' } }];
        assert.ok(rules({ ...clean, lines }, seller).includes(`BR-${code}-05`));
      });
      it(`BR-${code}-08: the base is the sum of the lines`, () =>
        assert.deepEqual(rules(patched(clean, { base: '99.99' }), seller), [`BR-${code}-08`]));
      it(`BR-${code}-09: the tax is zero`, () =>
        assert.ok(rules(patched(clean, { amount: '0.01' }), seller).includes(`BR-${code}-09`)));
      it(`BR-${code}-10: the reason`, () => {
        const turned = category === 'Z' ? REASON : { exemptionReason: undefined };
        assert.deepEqual(rules(patched(clean, turned), seller), [`BR-${code}-10`]);
      });
    }

    it('BR-S: a rate above zero, one breakdown a rate, no reason', () => {
      assert.ok(rules(withLine({ tax: { category: 'S', rate: '0' } })).includes('BR-S-05'));
      assert.ok(rules({ ...CLEAN, taxes: [CLEAN.taxes[0]!, CLEAN.taxes[0]!] }).includes('BR-S-01'));
      assert.deepEqual(rules(patched(CLEAN, REASON)), ['BR-S-10']);
      assert.deepEqual(rules(CLEAN, { ...SELLER, vatId: undefined }), ['BR-S-02']);
      assert.ok(rules(patched(CLEAN, { base: '99.99' })).includes('BR-S-08'));
    });

    it('BR-AE-02 takes a registration of the buyer, BR-IC-02 does not', () => {
      const buyer = { ...BUYER, vatId: undefined, registrationId: 'FN 1' };
      assert.deepEqual(rules(untaxed('AE', { buyer })), []);
      assert.deepEqual(rules(untaxed('K', { buyer, delivery })), ['BR-IC-02']);
    });

    it('BR-IC-11, BR-IC-12: when and where to', () => {
      assert.deepEqual(rules(untaxed('K')), ['BR-IC-11', 'BR-IC-12']);
    });

    it('BR-O-11: outside the scope stands alone', () => {
      const mixed = invoiceOf([lineOf(), lineOf({ id: 'il_2', tax: { category: 'O', rate: '0' } })]);
      assert.ok(rules(mixed).includes('BR-O-11'));
    });

    it('BR-CO-18: there is a breakdown', () => {
      assert.ok(rules({ ...CLEAN, taxes: [] }).includes('BR-CO-18'));
    });
  });

  it('Peppol asks for a reference, both addresses, and price times quantity', () => {
    const of = (invoice: Invoice, seller = SELLER): string[] =>
      checkPeppol(invoice, seller).map(({ rule }) => rule.slice(-4));
    assert.deepEqual(of({ ...CLEAN, buyerReference: undefined }), ['R003']);
    assert.deepEqual(of({ ...CLEAN, buyerReference: undefined, orderReference: 'PO' }), []);
    assert.deepEqual(of({ ...CLEAN, buyer: { ...BUYER, endpoint: undefined } }), ['R010']);
    assert.deepEqual(of(CLEAN, { ...SELLER, endpoint: undefined }), ['R020']);
    assert.deepEqual(of(withLine({ quantity: '3' })), ['R120']);
  });

  it('becomes one error for a step that must not go on', () => {
    assert.doesNotThrow(() => assertClean([]));
    assert.throws(() => assertClean(checkInvoice({ ...CLEAN, number: undefined, issueDate: '' }, SELLER)), {
      code: 'EINVOICE_INVALID',
      message: 'BR-02 (BT-1): The invoice number is missing. (and 1 more)',
    });
  });
});
