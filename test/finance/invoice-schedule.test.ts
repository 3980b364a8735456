import assert from 'node:assert/strict';
import fc from 'fast-check';
import { externalKey } from '../../finance/canonical';
import { invoiceSchedule, isDeferred } from '../../finance/deferral';
import type { Invoice, InvoiceLine } from '../../finance/documents';
import { equals, fromMinor, negate, sub, sum } from '../../finance/money';
import { assertBalanced } from '../../finance/postings';
import { validateDocument } from '../../finance/validate';
import { invoice, line } from '../connectors/odoo/documents';

const net = ({ netAmount }: InvoiceLine) => netAmount;
const deferred = (id: string, netAmount: string, period?: InvoiceLine['period']): InvoiceLine =>
  line({
    id,
    netAmount,
    period,
    posting: { account: '0990', taxes: [], deferral: { account: '8400', journal: 'MISC' } },
  });

describe('the schedule of an invoice', () => {
  it('is of its deferred lines alone, each needs a period', () => {
    assert.equal(isDeferred(invoice(1)), false);
    assert.deepEqual(invoiceSchedule(invoice(1), 'EUR', net), []);
    const endless = invoice(2, { lines: [line(), deferred('2', '100.00')] });
    assert.throws(() => invoiceSchedule(endless, 'EUR', net), {
      code: 'MAP_OUTPUT_INVALID',
      message: /Line 2/,
    });
    validateDocument(endless);
  });

  it('moves just what was booked, from the account that it was booked on, in entries of their own keys', () => {
    const day = fc
      .integer({ min: 0, max: 700 })
      .map((n) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10));
    const lines = fc.array(fc.tuple(fc.integer({ min: -90_000, max: 90_000 }), day, day), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(
        lines,
        fc.constantFrom('invoice', 'credit_note'),
        fc.constantFrom('customer', 'vendor'),
        (rows, kind, direction) => {
          const made = rows.map(([minor, one, other], index) => {
            const [start = one, end = other] = [one, other].sort();
            return deferred(String(index), fromMinor(minor, 'EUR'), { start, end });
          });
          const document = invoice(1, {
            lines: made,
            kind: kind as Invoice['kind'],
            direction: direction as 'customer',
          });
          const entries = invoiceSchedule(document, 'EUR', net);
          for (const entry of entries) {
            assertBalanced(entry.lines);
            validateDocument(entry);
          }
          assert.equal(new Set(entries.map(externalKey)).size, entries.length);
          const moved = (account: string) =>
            sum(
              entries.flatMap((entry) =>
                entry.lines
                  .filter((each) => each.account === account)
                  .map(({ debit, credit }) => sub(debit, credit)),
              ),
            );
          const total = sum(made.map(net));
          // what is sold was in credit on the balance sheet: its release is a debit
          const release = (kind === 'invoice') === (direction === 'customer') ? total : negate(total);
          assert.ok(equals(moved('0990'), release), `${moved('0990')} ${release}`);
          assert.ok(equals(moved('8400'), negate(release)));
        },
      ),
    );
  });
});
