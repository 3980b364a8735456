import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseEvent, readerOf } from '../../../connectors/webhooks';
import { type ErrorCode, isFinanceError } from '../../../errors';

const failsWith = (code: ErrorCode) => (error: unknown) => isFinanceError(error) && error.code === code;
const stripe = readerOf('stripe');
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

const EVENT = {
  id: 'evt_1',
  object: 'event',
  account: 'acct_de',
  livemode: true,
  type: 'credit_note.created',
  created: 1795176000,
  data: { object: { id: 'cn_1', object: 'credit_note', invoice: 'in_1' } },
};

describe('source events', () => {
  it('of Stripe are read; a credit note keeps to its own lane', () => {
    assert.deepEqual(parseEvent(stripe, bytes(EVENT)), {
      system: 'stripe',
      account: 'acct_de',
      livemode: true,
      eventId: 'evt_1',
      type: 'credit_note.created',
      occurredAt: '2026-11-20T12:00:00.000Z',
      objectId: 'cn_1',
      objectKind: 'credit_note',
      lane: 'cn_1',
      body: EVENT,
    });
  });

  it("come without an account from an account of one's own", () => {
    const { account: _, ...own } = EVENT;
    assert.equal(parseEvent(stripe, bytes(own)).account, undefined);
  });

  it('that are not a JSON object in UTF-8 are unparsable', () => {
    for (const body of [
      '',
      '{"id":',
      '[]',
      'null',
      '7',
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    ])
      assert.throws(() => parseEvent(stripe, Buffer.from(body)), failsWith('SOURCE_UNPARSABLE'));
  });

  it('that lack a promised field say which', () => {
    for (const missing of ['id', 'livemode', 'type', 'created', 'data'] as const) {
      const { [missing]: _, ...rest } = EVENT;
      assert.throws(
        () => parseEvent(stripe, bytes(rest)),
        (error) =>
          isFinanceError(error) &&
          error.code === 'SOURCE_EVENT_INVALID' &&
          String(error.details?.pointer).startsWith(`/${missing}`),
      );
    }
  });

  it('of any bytes are read or refused by name, never anything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((v) => JSON.stringify({ ...EVENT, data: v })),
        ),
        (text) => {
          try {
            parseEvent(stripe, Buffer.from(text));
          } catch (error) {
            assert.ok(isFinanceError(error) && error.code.startsWith('SOURCE_'), String(error));
          }
        },
      ),
    );
  });

  it('of a declared source are read by JSON pointers', () => {
    const read = readerOf({
      system: 'shop',
      eventId: '/meta/id',
      type: '/meta/type',
      occurredAt: '/meta/at',
      objectId: '/order/a~1b',
      objectKind: '=invoice',
      lane: '/order/0',
    });
    const body = {
      meta: { id: 42, type: 'paid', at: '2026-11-20T13:00:00+01:00' },
      order: { 'a/b': 'o-1', 0: 'lane-9' },
    };
    const event = parseEvent(read, bytes(body));
    assert.equal(event.eventId, '42');
    assert.equal(event.occurredAt, '2026-11-20T12:00:00.000Z');
    assert.deepEqual(
      [event.objectId, event.objectKind, event.lane, event.livemode],
      ['o-1', 'invoice', 'lane-9', true],
    );
    assert.throws(() => readerOf({ system: 'shop' } as never), failsWith('CONFIG_INVALID'));
  });

  it('never take a field from the prototype', () => {
    const read = readerOf({
      system: 's',
      eventId: '/constructor/name',
      type: '/t',
      occurredAt: '/at',
      objectId: '/o',
      objectKind: '=x',
    });
    assert.throws(
      () => parseEvent(read, bytes({ t: 't', at: '2026-01-01', o: 'o' })),
      failsWith('SOURCE_EVENT_INVALID'),
    );
  });
});
