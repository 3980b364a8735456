import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Invoice } from '../../finance/documents';
import { CUSTOMIZATION, checkInvoice, checkPeppol, PROFILE, toUbl } from '../../finance/en16931';
import { BUYER, invoiceOf, lineOf, SELLER, validInvoices } from './documents';
import { at, type Read, readXml, textAt } from './xml-reader';

/** The order of UBL 2.1 for what may be written, by parent element. */
const ORDER: Record<string, string> = {
  Invoice: `cbc:CustomizationID cbc:ProfileID cbc:ID cbc:IssueDate cbc:DueDate cbc:InvoiceTypeCode cbc:Note
    cbc:TaxPointDate cbc:DocumentCurrencyCode cbc:BuyerReference cac:OrderReference cac:BillingReference
    cac:AccountingSupplierParty cac:AccountingCustomerParty cac:Delivery cac:PaymentMeans cac:PaymentTerms cac:TaxTotal
    cac:LegalMonetaryTotal cac:InvoiceLine`,
  CreditNote: `cbc:CustomizationID cbc:ProfileID cbc:ID cbc:IssueDate cbc:TaxPointDate cbc:CreditNoteTypeCode cbc:Note
    cbc:DocumentCurrencyCode cbc:BuyerReference cac:OrderReference cac:BillingReference cac:AccountingSupplierParty
    cac:AccountingCustomerParty cac:Delivery cac:PaymentMeans cac:PaymentTerms cac:TaxTotal cac:LegalMonetaryTotal
    cac:CreditNoteLine`,
  'cac:Party': `cbc:EndpointID cac:PartyIdentification cac:PartyName cac:PostalAddress cac:PartyTaxScheme
    cac:PartyLegalEntity cac:Contact`,
  'cac:PostalAddress': `cbc:StreetName cbc:AdditionalStreetName cbc:CityName cbc:PostalZone cbc:CountrySubentity
    cac:Country`,
  'cac:PartyTaxScheme': 'cbc:CompanyID cac:TaxScheme',
  'cac:PartyLegalEntity': 'cbc:RegistrationName cbc:CompanyID',
  'cac:InvoiceDocumentReference': 'cbc:ID cbc:IssueDate',
  'cac:Delivery': 'cbc:ActualDeliveryDate cac:DeliveryLocation',
  'cac:PaymentMeans': 'cbc:PaymentMeansCode cbc:PaymentDueDate',
  'cac:TaxTotal': 'cbc:TaxAmount cac:TaxSubtotal',
  'cac:TaxSubtotal': 'cbc:TaxableAmount cbc:TaxAmount cac:TaxCategory',
  'cac:TaxCategory': 'cbc:ID cbc:Percent cbc:TaxExemptionReasonCode cbc:TaxExemptionReason cac:TaxScheme',
  'cac:ClassifiedTaxCategory': 'cbc:ID cbc:Percent cac:TaxScheme',
  'cac:LegalMonetaryTotal': `cbc:LineExtensionAmount cbc:TaxExclusiveAmount cbc:TaxInclusiveAmount cbc:PrepaidAmount
    cbc:PayableAmount`,
  'cac:InvoiceLine':
    'cbc:ID cbc:InvoicedQuantity cbc:LineExtensionAmount cac:InvoicePeriod cac:Item cac:Price',
  'cac:CreditNoteLine':
    'cbc:ID cbc:CreditedQuantity cbc:LineExtensionAmount cac:InvoicePeriod cac:Item cac:Price',
  'cac:InvoicePeriod': 'cbc:StartDate cbc:EndDate',
  'cac:Item': 'cbc:Description cbc:Name cac:SellersItemIdentification cac:ClassifiedTaxCategory',
};

function assertOrder(element: Read): void {
  const order = ORDER[element.name]?.split(/\s+/);
  const places = element.children.map((child) => (order ? order.indexOf(child.name) : 0));
  assert.ok(
    !places.includes(-1),
    `${element.name} may not hold ${element.children.map((child) => child.name).join(', ')}`,
  );
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    `order below ${element.name}`,
  );
  element.children.forEach(assertOrder);
}

/** Every optional term at once. */
const FULL: Invoice = invoiceOf(
  [
    lineOf({ description: 'A & B', itemId: 'prod_1', period: { start: '2026-11-01', end: '2026-11-30' } }),
    lineOf({ id: 'il_2', tax: { category: 'AE', rate: '0' } }),
  ],
  {
    note: 'Tom & "Jerry" <b>',
    taxPointDate: '2026-11-20',
    orderReference: 'PO-9',
    precedingInvoice: { sourceId: 'in_0', number: 'RE-0', issueDate: '2026-10-01' },
    paymentTerms: '14 days',
    delivery: { date: '2026-11-19', country: 'DE' },
    buyer: {
      ...BUYER,
      email: 'a@b.example',
      registrationId: 'HRB 9',
      address: { ...BUYER.address, line2: '2. OG', subdivision: 'HH' },
    },
  },
);

describe('UBL', () => {
  for (const kind of ['invoice', 'credit_note'] as const)
    it(`${kind}: everything stands in the order of UBL 2.1`, () => {
      const root = readXml(toUbl({ ...FULL, kind }, SELLER));
      assertOrder(root);
      const type = kind === 'invoice' ? 'Invoice' : 'CreditNote';
      assert.equal(root.name, type);
      assert.equal(root.attributes.xmlns, `urn:oasis:names:specification:ubl:schema:xsd:${type}-2`);
      assert.equal(textAt(root, 'cbc:CustomizationID'), CUSTOMIZATION);
      assert.equal(textAt(root, 'cbc:ProfileID'), PROFILE);
      assert.equal(textAt(root, `cbc:${type}TypeCode`), kind === 'invoice' ? '380' : '381');
      assert.equal(textAt(root, 'cbc:Note'), FULL.note);
      const due =
        kind === 'invoice'
          ? textAt(root, 'cbc:DueDate')
          : textAt(root, 'cac:PaymentMeans', 'cbc:PaymentDueDate');
      assert.equal(due, FULL.dueDate);
      assert.equal(textAt(root, 'cac:BillingReference', 'cac:InvoiceDocumentReference', 'cbc:ID'), 'RE-0');
      assert.equal(
        at(root, 'cac:AccountingSupplierParty', 'cac:Party', 'cbc:EndpointID')[0]?.attributes.schemeID,
        '9930',
      );
    });

  it('any valid invoice is clean, well-formed, in order, and says the amounts of the model', () => {
    fc.assert(
      fc.property(validInvoices, (invoice) => {
        assert.deepEqual([...checkInvoice(invoice, SELLER), ...checkPeppol(invoice, SELLER)], []);
        const xml = toUbl(invoice, SELLER);
        assert.equal(toUbl(structuredClone(invoice), SELLER), xml);
        const root = readXml(xml);
        assertOrder(root);
        const total = (name: string): string | undefined =>
          textAt(root, 'cac:LegalMonetaryTotal', `cbc:${name}`);
        assert.deepEqual(
          {
            lines: total('LineExtensionAmount'),
            net: total('TaxExclusiveAmount'),
            gross: total('TaxInclusiveAmount'),
            due: total('PayableAmount'),
          },
          {
            lines: invoice.totals.lines,
            net: invoice.totals.net,
            gross: invoice.totals.gross,
            due: invoice.totals.due,
          },
        );
        assert.equal(textAt(root, 'cac:TaxTotal', 'cbc:TaxAmount'), invoice.totals.tax);
        const [line, quantity] =
          invoice.kind === 'invoice'
            ? ['cac:InvoiceLine', 'cbc:InvoicedQuantity']
            : ['cac:CreditNoteLine', 'cbc:CreditedQuantity'];
        assert.deepEqual(
          at(root, line!).map((each) => [
            textAt(each, quantity!),
            textAt(each, 'cac:Price', 'cbc:PriceAmount'),
            textAt(each, 'cbc:LineExtensionAmount'),
            textAt(each, 'cac:Item', 'cbc:Name'),
          ]),
          invoice.lines.map((each) => [each.quantity, each.unitPrice, each.netAmount, each.name]),
        );
        for (const amount of xml.matchAll(/<cbc:\w*Amount( currencyID="(\w+)")?>/g))
          assert.equal(amount[2], invoice.currency);
        assert.equal(
          textAt(root, 'cac:AccountingCustomerParty', 'cac:Party', 'cac:PartyName', 'cbc:Name'),
          invoice.buyer.name,
        );
      }),
    );
  });

  it('outside the scope of VAT there is no rate', () => {
    const invoice = invoiceOf([lineOf({ tax: { category: 'O', rate: '0' } })], {});
    const root = readXml(toUbl(invoice, SELLER));
    assert.deepEqual(at(root, 'cac:TaxTotal', 'cac:TaxSubtotal', 'cac:TaxCategory', 'cbc:Percent'), []);
  });

  it('refuses characters that XML cannot carry, with their place', () => {
    for (const [bad, shown] of [
      ['\u0000', 'U+0000'],
      ['\u001b', 'U+001B'],
      ['\uffff', 'U+FFFF'],
      ['\ud800', 'U+D800'],
    ] as const)
      assert.throws(() => toUbl(invoiceOf([lineOf({ name: `x${bad}` })]), SELLER), {
        code: 'EINVOICE_INVALID',
        message: `cbc:Name holds the character ${shown}, which XML cannot carry.`,
      });
    const endpoint = { scheme: '0088"><x/>', id: '1' };
    const root = readXml(toUbl(invoiceOf([lineOf()], { buyer: { ...BUYER, endpoint } }), SELLER));
    assert.equal(
      at(root, 'cac:AccountingCustomerParty', 'cac:Party', 'cbc:EndpointID')[0]?.attributes.schemeID,
      endpoint.scheme,
    );
  });

  it('needs a number and a seller', () => {
    assert.throws(() => toUbl(invoiceOf([lineOf()], { number: undefined }), SELLER), {
      code: 'EINVOICE_INVALID',
    });
    assert.throws(() => toUbl(invoiceOf([lineOf()])), { code: 'EINVOICE_INVALID' });
    assert.equal(textAt(readXml(toUbl(invoiceOf([lineOf()], { seller: SELLER }))), 'cbc:ID'), 'RE-1');
  });
});
