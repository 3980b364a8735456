import { FinanceError } from '../../errors';
import type { Address, Decimal, Invoice, InvoiceLine, Party, TaxSubtotal } from '../documents';
import { element, text, writeXml, type XmlElement } from './xml';

/** BT-24 */
export const CUSTOMIZATION = 'urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0';
/** BT-23 */
export const PROFILE = 'urn:fdc:peppol.eu:2017:poacc:billing:01:1.0';

const NAMESPACE = 'urn:oasis:names:specification:ubl:schema:xsd:';

type Amount = (name: string, value: Decimal | undefined) => XmlElement | undefined;

const amountsIn =
  (currency: string): Amount =>
  (name, value) =>
    text(name, value, { currencyID: currency });

const vatScheme = (): XmlElement => element('cac:TaxScheme', [text('cbc:ID', 'VAT')]);

function address(
  name: string,
  { line1, line2, city, postalCode, subdivision, country }: Address,
): XmlElement {
  return element(name, [
    text('cbc:StreetName', line1),
    text('cbc:AdditionalStreetName', line2),
    text('cbc:CityName', city),
    text('cbc:PostalZone', postalCode),
    text('cbc:CountrySubentity', subdivision),
    element('cac:Country', [text('cbc:IdentificationCode', country)]),
  ]);
}

function party(role: string, given: Party): XmlElement {
  const { endpoint, vatId, email } = given;
  return element(role, [
    element('cac:Party', [
      endpoint && text('cbc:EndpointID', endpoint.id, { schemeID: endpoint.scheme }),
      given.id !== undefined && element('cac:PartyIdentification', [text('cbc:ID', given.id)]),
      element('cac:PartyName', [text('cbc:Name', given.name)]),
      address('cac:PostalAddress', given.address),
      vatId !== undefined && element('cac:PartyTaxScheme', [text('cbc:CompanyID', vatId), vatScheme()]),
      element('cac:PartyLegalEntity', [
        text('cbc:RegistrationName', given.name),
        text('cbc:CompanyID', given.registrationId),
      ]),
      email !== undefined && element('cac:Contact', [text('cbc:ElectronicMail', email)]),
    ]),
  ]);
}

/** Outside the scope of VAT there is no rate (BR-O-05). */
function category(
  name: string,
  { category: id, rate }: Pick<TaxSubtotal, 'category' | 'rate'>,
  reason: (XmlElement | undefined)[],
): XmlElement {
  return element(name, [
    text('cbc:ID', id),
    id === 'O' ? undefined : text('cbc:Percent', rate),
    ...reason,
    vatScheme(),
  ]);
}

function taxTotal({ taxes, totals }: Invoice, amount: Amount): XmlElement {
  return element('cac:TaxTotal', [
    amount('cbc:TaxAmount', totals.tax),
    ...taxes.map((tax) =>
      element('cac:TaxSubtotal', [
        amount('cbc:TaxableAmount', tax.base),
        amount('cbc:TaxAmount', tax.amount),
        category('cac:TaxCategory', tax, [
          text('cbc:TaxExemptionReasonCode', tax.exemptionCode),
          text('cbc:TaxExemptionReason', tax.exemptionReason),
        ]),
      ]),
    ),
  ]);
}

function monetaryTotal({ totals }: Invoice, amount: Amount): XmlElement {
  return element('cac:LegalMonetaryTotal', [
    amount('cbc:LineExtensionAmount', totals.lines),
    amount('cbc:TaxExclusiveAmount', totals.net),
    amount('cbc:TaxInclusiveAmount', totals.gross),
    amount('cbc:PrepaidAmount', totals.paid),
    amount('cbc:PayableAmount', totals.due),
  ]);
}

function invoiceLine(line: InvoiceLine, kind: Invoice['kind'], amount: Amount): XmlElement {
  const [name, quantity] =
    kind === 'invoice'
      ? ['cac:InvoiceLine', 'cbc:InvoicedQuantity']
      : ['cac:CreditNoteLine', 'cbc:CreditedQuantity'];
  return element(name!, [
    text('cbc:ID', line.id),
    text(quantity!, line.quantity, { unitCode: line.unit }),
    amount('cbc:LineExtensionAmount', line.netAmount),
    line.period &&
      element('cac:InvoicePeriod', [
        text('cbc:StartDate', line.period.start),
        text('cbc:EndDate', line.period.end),
      ]),
    element('cac:Item', [
      text('cbc:Description', line.description),
      text('cbc:Name', line.name),
      line.itemId !== undefined && element('cac:SellersItemIdentification', [text('cbc:ID', line.itemId)]),
      category('cac:ClassifiedTaxCategory', line.tax, []),
    ]),
    element('cac:Price', [amount('cbc:PriceAmount', line.unitPrice)]),
  ]);
}

/** The head differs in order between the two: a credit note has its tax point before its type, and no due date. */
function head(invoice: Invoice): (XmlElement | undefined)[] {
  const issued = text('cbc:IssueDate', invoice.issueDate);
  const taxPoint = text('cbc:TaxPointDate', invoice.taxPointDate);
  const note = text('cbc:Note', invoice.note);
  if (invoice.kind === 'credit_note') return [issued, taxPoint, text('cbc:CreditNoteTypeCode', '381'), note];
  return [issued, text('cbc:DueDate', invoice.dueDate), text('cbc:InvoiceTypeCode', '380'), note, taxPoint];
}

function references({ orderReference, precedingInvoice }: Invoice): (XmlElement | undefined)[] {
  const { number, issueDate } = precedingInvoice ?? {};
  const preceding =
    number === undefined
      ? undefined
      : element('cac:BillingReference', [
          element('cac:InvoiceDocumentReference', [text('cbc:ID', number), text('cbc:IssueDate', issueDate)]),
        ]);
  const order =
    orderReference === undefined
      ? undefined
      : element('cac:OrderReference', [text('cbc:ID', orderReference)]);
  return [order, preceding];
}

function delivery({ delivery: given }: Invoice): XmlElement | undefined {
  const { country, date } = given ?? {};
  if (country === undefined && date === undefined) return undefined;
  return element('cac:Delivery', [
    text('cbc:ActualDeliveryDate', date),
    country === undefined
      ? undefined
      : element('cac:DeliveryLocation', [
          element('cac:Address', [element('cac:Country', [text('cbc:IdentificationCode', country)])]),
        ]),
  ]);
}

/** BT-9 of a credit note has its only place in the payment means; code 1 says that no instrument is agreed. */
function payment({ kind, dueDate, paymentTerms }: Invoice): (XmlElement | undefined)[] {
  const means =
    kind === 'credit_note' && dueDate !== undefined
      ? element('cac:PaymentMeans', [text('cbc:PaymentMeansCode', '1'), text('cbc:PaymentDueDate', dueDate)])
      : undefined;
  return [
    means,
    paymentTerms === undefined ? undefined : element('cac:PaymentTerms', [text('cbc:Note', paymentTerms)]),
  ];
}

/**
 * The invoice as UBL 2.1 `Invoice` (380) or `CreditNote` (381) in the profile of Peppol BIS Billing 3. The same
 * invoice always gives the same bytes. Rules are for `checkInvoice` and `checkPeppol`; this only refuses what cannot
 * be written.
 * @param seller the legal entity's, where the invoice does not name its own
 * @throws FinanceError EINVOICE_INVALID without a number or a seller, or on a character that XML cannot carry
 */
export function toUbl(invoice: Invoice, seller?: Party): string {
  const from = invoice.seller ?? seller;
  if (!from) throw new FinanceError('EINVOICE_INVALID', { message: 'The invoice has no seller (BG-4).' });
  if (!invoice.number)
    throw new FinanceError('EINVOICE_INVALID', { message: 'The invoice has no number (BT-1).' });
  const amount = amountsIn(invoice.currency);
  const type = invoice.kind === 'invoice' ? 'Invoice' : 'CreditNote';
  return writeXml(
    element(
      type,
      [
        text('cbc:CustomizationID', CUSTOMIZATION),
        text('cbc:ProfileID', PROFILE),
        text('cbc:ID', invoice.number),
        ...head(invoice),
        text('cbc:DocumentCurrencyCode', invoice.currency),
        text('cbc:BuyerReference', invoice.buyerReference),
        ...references(invoice),
        party('cac:AccountingSupplierParty', from),
        party('cac:AccountingCustomerParty', invoice.buyer),
        delivery(invoice),
        ...payment(invoice),
        taxTotal(invoice, amount),
        monetaryTotal(invoice, amount),
        ...invoice.lines.map((line) => invoiceLine(line, invoice.kind, amount)),
      ],
      {
        xmlns: `${NAMESPACE}${type}-2`,
        'xmlns:cac': `${NAMESPACE}CommonAggregateComponents-2`,
        'xmlns:cbc': `${NAMESPACE}CommonBasicComponents-2`,
      },
    ),
  );
}
