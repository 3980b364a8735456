import { find, localName, NotWellFormed, readXml } from './xml';

/** A problem that the network names. */
export interface Message {
  code: string;
  text: string;
}

/** What an access point reads of a UBL document: not its amounts, but who sends what to whom. */
export interface Envelope {
  /** `Invoice` or `CreditNote`. */
  root: string;
  number: string;
  /** UNCL1001, e.g. `380`. */
  typeCode: string;
  /** Peppol participants, `scheme:value`. */
  sender: string;
  receiver: string;
  /** `seller VAT id/type/number` */
  naturalKey: string;
}

const PARTY = { sender: 'AccountingSupplierParty/Party', receiver: 'AccountingCustomerParty/Party' };

/** The envelope, or why the document is refused at the door. */
export function readEnvelope(xml: string): Envelope | Message[] {
  try {
    return envelopeOf(xml);
  } catch (error) {
    if (!(error instanceof NotWellFormed)) throw error;
    return [{ code: 'XML', text: `The document is not well-formed: ${error.message}.` }];
  }
}

function envelopeOf(xml: string): Envelope | Message[] {
  const document = readXml(xml);
  const root = localName(document);
  if (root !== 'Invoice' && root !== 'CreditNote')
    return [{ code: 'UBL', text: `The root is ${root}; expected is Invoice or CreditNote.` }];
  const text = (path: string): string => find(document, path)?.text ?? '';
  const participant = (party: string): string => {
    const endpoint = find(document, `${party}/EndpointID`);
    const scheme = endpoint?.attributes.schemeID ?? '';
    return /^\d{4}$/.test(scheme) && endpoint?.text ? `${scheme}:${endpoint.text}` : '';
  };
  const number = text('ID');
  const typeCode = text(`${root}TypeCode`);
  const [sender, receiver] = [participant(PARTY.sender), participant(PARTY.receiver)];
  const seller = text(`${PARTY.sender}/PartyTaxScheme/CompanyID`) || sender;
  const missing: Message[] = [];
  if (!number) missing.push({ code: 'BR-02', text: 'The document has no number (cbc:ID).' });
  if (!typeCode) missing.push({ code: 'BR-04', text: `The document has no cbc:${root}TypeCode.` });
  if (!sender) missing.push({ code: 'PEPPOL-EN16931-R020', text: 'The seller has no electronic address.' });
  if (!receiver) missing.push({ code: 'PEPPOL-EN16931-R010', text: 'The buyer has no electronic address.' });
  if (missing.length > 0) return missing;
  return { root, number, typeCode, sender, receiver, naturalKey: `${seller}/${typeCode}/${number}` };
}
