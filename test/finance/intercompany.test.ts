import { strict as assert } from 'node:assert';
import {
  type BillRules,
  checkEntry,
  checkInvoice,
  type EntryRules,
  isEntity,
  type LegalEntity,
  mirrorEntry,
  mirroredAmount,
  mirrorInvoice,
  type Pair,
  type PairedDocument,
  pairReport,
  validateDocument,
} from '../../finance';
import { entity, invoice } from '../connectors/odoo/documents';
import { entry } from '../connectors/odoo/kinds';

const from: LegalEntity = entity();
const to: LegalEntity = entity({
  key: 'acme_us',
  name: 'Ledgerway Demo Inc.',
  currency: 'USD',
  odooCompany: 2,
  seller: { name: 'Ledgerway Demo Inc.', address: { country: 'US' } },
});
const RULES: BillRules = {
  journal: 'BILL',
  accounts: new Map([['8400', '600000']]),
  taxes: new Map([['S 19', []]]),
  elimination: 'IC',
};

describe('The mirror of an invoice', () => {
  const original = invoice('ic1', { buyer: to.seller, exchangeRate: '1' });

  it('is the bill of the one that buys: same lines, amounts and number, own accounts, marked for elimination', () => {
    const mirror = mirrorInvoice(original, { from, to }, 'INV/2026/1', RULES);
    validateDocument(mirror, 'MAP_OUTPUT_INVALID');
    checkInvoice(mirror);
    assert.deepEqual(
      [mirror.entity, mirror.direction, mirror.number, mirror.seller?.name, mirror.totals],
      ['acme_us', 'vendor', 'INV/2026/1', 'Ledgerway Demo GmbH', original.totals],
    );
    assert.deepEqual(mirror.source, {
      system: 'intercompany',
      account: 'acme_de',
      id: 'acme_de/stripe/in_ic1',
      number: 'INV/2026/1',
    });
    assert.deepEqual(mirror.lines[0]?.posting, { account: '600000', taxes: [], analytic: { IC: '100' } });
    assert.equal(mirror.exchangeRate, undefined);
  });

  it('of a credit note refers to the mirror of what it corrects', () => {
    const note = { ...original, kind: 'credit_note' as const, precedingInvoice: { sourceId: 'in_ic1' } };
    const mirror = mirrorInvoice(note, { from, to }, 'R1', RULES);
    assert.equal(
      mirror.precedingInvoice?.sourceId,
      mirrorInvoice(original, { from, to }, 'I1', RULES).source.id,
    );
  });

  it('names what is not mapped; * stands for all others', () => {
    const unmapped = { ...RULES, accounts: new Map<string, string>() };
    assert.throws(() => mirrorInvoice(original, { from, to }, 'I1', unmapped), {
      code: 'MAP_UNMAPPED',
      message: 'Map account 8400 for the mirror in entity acme_us.',
    });
    const others = { ...RULES, accounts: new Map([['*', '600000']]) };
    assert.equal(mirrorInvoice(original, { from, to }, 'I1', others).lines[0]?.posting?.account, '600000');
  });

  it('is made for the entity itself only: by VAT id where both have one, else by name', () => {
    assert.ok(isEntity(from.seller, from));
    assert.ok(isEntity({ ...from.seller, name: 'Other name' }, from));
    assert.ok(!isEntity({ ...from.seller, vatId: 'DE999999999' }, from));
    // what a person wrote otherwise is no stranger: its mirror would be missing in silence
    assert.ok(isEntity({ ...from.seller, vatId: 'de 123 456 788' }, from));
    assert.ok(isEntity({ name: ' ledgerway  Demo Inc.', address: { country: 'US' } }, to));
    assert.ok(isEntity(to.seller, to));
    assert.ok(!isEntity(undefined, to));
  });
});

describe('The mirror of an entry', () => {
  const rules: EntryRules = {
    journal: 'MISC',
    due: new Map([['1360', { dueTo: '211000', counterpart: '600000' }]]),
    elimination: 'IC',
    rate: '0.9',
  };
  const original = entry('ic1', {
    lines: [
      { account: '1360', label: 'Paid for the US', debit: '100.01', credit: '0.00', partner: to.seller },
      { account: '1360', label: 'Not theirs', debit: '7.00', credit: '0.00', partner: invoice(1).buyer },
      { account: '1200', label: 'Bank', debit: '0.00', credit: '107.01' },
    ],
  });

  it('takes due-from lines of the other entity as due-to, on the opposite side, in both currencies', () => {
    const mirror = mirrorEntry(original, { from, to }, rules)!;
    validateDocument(mirror, 'MAP_OUTPUT_INVALID');
    checkEntry(mirror, 'USD');
    assert.equal(mirroredAmount(mirror), '100.01');
    assert.deepEqual(
      mirror.lines.map(({ account, debit, credit, homeDebit, homeCredit, partner, analytic }) => [
        account,
        debit,
        credit,
        homeDebit,
        homeCredit,
        partner?.name,
        analytic,
      ]),
      [
        ['600000', '100.01', '0.00', '111.12', '0.00', 'Ledgerway Demo GmbH', { IC: '100' }],
        ['211000', '0.00', '100.01', '0.00', '111.12', 'Ledgerway Demo GmbH', { IC: '100' }],
      ],
    );
  });

  it('is none where nothing is between the two', () => {
    assert.equal(mirrorEntry(entry(1), { from, to }, rules), undefined);
  });
});

describe('The pair report', () => {
  const side = (key: string, more: Partial<PairedDocument> = {}): PairedDocument => ({
    documentId: `doc_${key}`,
    entity: key,
    kind: 'invoice',
    state: 'settled',
    outcome: 'completed',
    booked: { amount: '119.00', currency: 'EUR' },
    ...more,
  });
  const pair = (more: Partial<Pair> = {}): Pair => ({
    amount: '119.00',
    currency: 'EUR',
    from: side('acme_de'),
    to: side('acme_us'),
    isPart: false,
    ...more,
  });

  it('proves that both sides have the same', () => {
    const report = pairReport([
      pair(),
      pair({ isPart: true, from: side('acme_de', { booked: { amount: '500.00', currency: 'EUR' } }) }),
    ]);
    assert.equal(report.equal, true);
    assert.deepEqual(report.balances, [
      {
        from: 'acme_de',
        to: 'acme_us',
        currency: 'EUR',
        pairs: 2,
        fromAmount: '238.00',
        toAmount: '238.00',
        difference: '0.00',
      },
    ]);
  });

  it('names each document that stands alone, and why', () => {
    const unbooked = { booked: undefined, outcome: undefined };
    const report = pairReport([
      pair({ to: side('acme_us', { ...unbooked, state: 'held', code: 'DOCUMENT_APPROVAL' }) }),
      pair({
        to: side('acme_us', { ...unbooked, state: 'held', code: 'ODOO_LOOKUP', cause: 'No account 1.' }),
      }),
      pair({ to: side('acme_us', { ...unbooked, state: 'retry' }) }),
      pair({ to: side('acme_us', { ...unbooked, state: 'settled', outcome: 'rejected' }) }),
      pair({ to: side('acme_us', { booked: { amount: '118.00', currency: 'EUR' } }) }),
    ]);
    assert.equal(report.equal, false);
    assert.deepEqual(
      report.unpaired.map(({ why }) => why),
      [
        'waits for an approval of acme_us',
        'held in acme_us: ODOO_LOOKUP – No account 1.',
        'not booked yet in acme_us: retry',
        'rejected in acme_us',
        'acme_us has booked 118.00 instead of 119.00 EUR',
      ],
    );
    assert.deepEqual(
      report.balances.map(({ fromAmount, toAmount, difference }) => [fromAmount, toAmount, difference]),
      [['595.00', '118.00', '477.00']],
    );
  });
});
