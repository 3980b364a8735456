import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isFinanceError } from '../../errors';
import type { LegalEntity } from '../../finance/entity';
import {
  validateDocument,
  validateInvoice,
  validateLegalEntity,
  validateParty,
} from '../../finance/validate';
import { BUYER, invoiceOf, lineOf, SELLER, validInvoices } from './documents';

const ENTITY: LegalEntity = {
  key: 'acme_de',
  name: 'Ledgerway Demo GmbH',
  odooCompany: 1,
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  mode: 'live',
  numbering: 'source',
  mapping: 'acme_de',
  seller: SELLER,
  kinds: { invoice: { owner: 'stripe', timing: 'real-time', approval: false } },
};

function message(run: () => unknown, code: string): string {
  try {
    run();
  } catch (error) {
    assert.ok(isFinanceError(error));
    assert.equal(error.code, code);
    return error.message;
  }
  assert.fail('nothing was thrown');
}

describe('schemas', () => {
  it('take every invoice that the rules take', () => {
    fc.assert(fc.property(validInvoices, (invoice) => assert.equal(validateInvoice(invoice), invoice)));
  });

  it('say in words and pointers what is wrong, without the value', () => {
    const invoice = invoiceOf([lineOf()]);
    const line = invoice.lines[0]!;
    const said = (broken: unknown) => message(() => validateDocument(broken), 'MAP_OUTPUT_INVALID');
    assert.match(
      said({ ...invoice, lines: [{ ...line, netAmount: 100 }] }),
      /\/lines\/0\/netAmount must be a decimal number in a string/,
    );
    assert.match(said({ ...invoice, currency: 'eur' }), /\/currency must be an ISO 4217 code in capitals/);
    assert.match(said({ ...invoice, issueDate: '2026-02-30' }), /\/issueDate must be a day as YYYY-MM-DD/);
    assert.match(said({ ...invoice, kind: 'receipt' }), /\/kind must be one of invoice, credit_note/);
    assert.match(said({ ...invoice, lines: [] }), /\/lines must NOT have fewer than 1 items/);
    assert.match(
      said({ ...invoice, buyer: { ...BUYER, address: {} } }),
      /\/buyer\/address "country" is missing/,
    );
    assert.match(said({ ...invoice, secret: 'hunter2' }), /"secret" is not a known field/);
    assert.doesNotMatch(said({ ...invoice, currency: 'hunter2' }), /hunter2/);
    assert.match(said({ ...invoice, lines: Array(9).fill({}) }), /and \d+ more/);
  });

  it('know their documents by name only', () => {
    for (const each of [
      null,
      1,
      [],
      {},
      { schema: 'invoice/2' },
      { schema: '__proto__' },
      { schema: 'party' },
    ])
      assert.match(
        message(() => validateDocument(each), 'MAP_OUTPUT_INVALID'),
        /\/schema must be one of invoice\/1/,
      );
    assert.match(
      message(() => validateDocument({}, 'MAP_INPUT_INVALID'), 'MAP_INPUT_INVALID'),
      /schema/,
    );
  });

  it('take an e-invoice submission and a party', () => {
    const submission = {
      schema: 'einvoice_submission/1',
      kind: 'einvoice_submission',
      entity: 'acme_de',
      source: { system: 'stripe', id: 'in_1' },
      channel: 'clearance',
      naturalKey: 'DE811111111+380+RE-1',
      number: 'RE-1',
      sha256: 'a'.repeat(64),
      transport: 'submitted',
      messages: [],
    };
    assert.equal(validateDocument(submission), submission);
    assert.match(
      message(() => validateDocument({ ...submission, sha256: 'A' }), 'MAP_OUTPUT_INVALID'),
      /SHA-256 in hex/,
    );
    assert.equal(validateParty(BUYER), BUYER);
  });

  it('hold a legal entity to its key, its kinds and a time zone that exists', () => {
    assert.equal(validateLegalEntity(ENTITY), ENTITY);
    const said = (more: object) =>
      message(() => validateLegalEntity({ ...ENTITY, ...more }), 'CONFIG_INVALID');
    assert.match(said({ timeZone: 'Europe/Bärlin' }), /\/timeZone must be an IANA time zone/);
    assert.match(said({ key: 'Acme DE' }), /\/key must be a key of small letters/);
    assert.match(said({ kinds: { invioce: ENTITY.kinds.invoice } }), /"invioce" is not a known field/);
    assert.match(said({ mode: 'prod' }), /\/mode must be one of live, test/);
  });
});
