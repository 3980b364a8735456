import assert from 'node:assert/strict';
import { headlineOf, type JournalEntry, type Party, type Payment } from '../../finance';

const source = { system: 'erp', id: 'x1' };

describe('headline of a document', () => {
  it('is the day, the amount and the currency of money that moved', () => {
    const payment: Payment = {
      schema: 'payment/1',
      kind: 'payment',
      entity: 'acme_de',
      source,
      direction: 'inbound',
      date: '2025-03-31',
      currency: 'EUR',
      amount: '119.00',
      allocations: [],
    };
    assert.deepEqual(headlineOf(payment), { date: '2025-03-31', amount: '119.00', currency: 'EUR' });
  });

  it('of an entry is its debit side, exact', () => {
    const line = { account: '1', label: 'a' };
    const entry: JournalEntry = {
      schema: 'journal_entry/1',
      kind: 'journal_entry',
      entity: 'acme_de',
      source,
      date: '2025-03-31',
      currency: 'EUR',
      lines: [
        { ...line, debit: '0.1', credit: '0' },
        { ...line, debit: '0.2', credit: '0' },
        { ...line, debit: '0', credit: '0.3' },
      ],
      posting: { journal: 'MISC' },
    };
    assert.equal(headlineOf(entry).amount, '0.3');
  });

  it('of a party is empty', () => {
    const party: Party = { name: 'A', address: { country: 'DE' } };
    assert.deepEqual(headlineOf(party), {});
  });
});
