import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { invoiceOf, lineOf } from '../finance/documents';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

const INVOICE = invoiceOf([lineOf()]);
const OTHER = invoiceOf([lineOf({ unitPrice: '200.00' })]);

describe('idempotency guard', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open({ graceMs: 60_000 });
    await bench.load([
      ENTITY,
      { ...PIPELINE_IN, wires: [['guard']] },
      node('guard', 'idempotency-guard', { wires: [['new'], ['duplicate'], ['conflict']] }),
      node('new', 'helper'),
      node('duplicate', 'helper'),
      node('conflict', 'helper'),
      node('out', 'pipeline-out', { wires: [['done']] }),
      node('done', 'helper'),
    ]);
  });
  afterEach(() => bench.close());

  const event = (document: object, id: string) => bench.receive(document, { lane: id });

  it('Guard: the event metadata is not part of the content', async () => {
    await event({ ...INVOICE, source: { ...INVOICE.source, eventId: 'evt_1' } }, 'a');
    await bench.message('new');
    const second = await event({ ...INVOICE, source: { ...INVOICE.source, eventId: 'evt_2' } }, 'b');
    const { duplicate } = await bench.message('duplicate');
    assert.equal((duplicate as { of: string }).of, bench.at('new')[0]?.ledgerway?.documentId);
    const row = await bench.store.documentRow({ documentId: second });
    assert.deepEqual([row.state, row.outcome], ['settled', 'duplicate']);
  });

  it('Guard: other content waits while the first is open, and is a conflict once that is completed', async () => {
    await event(INVOICE, 'a');
    const first = await bench.message('new');
    const second = await event(OTHER, 'b');
    await bench.state(second, 'waiting');
    assert.equal(bench.at('conflict').length, 0);
    bench.send('out', first);
    await bench.state(second, 'held');
    const third = await event(OTHER, 'c');
    const { conflict } = await bench.message('conflict');
    assert.deepEqual(conflict, { of: first.ledgerway?.documentId });
    await bench.state(third, 'held');
    assert.deepEqual(await bench.codes(), ['DOCUMENT_CONFLICT', 'DOCUMENT_CONFLICT']);
  });

  it('a message without a canonical document is refused', async () => {
    const documentId = await event({ id: 'in_1' }, 'a');
    await bench.until(async () => (await bench.store.documentRow({ documentId })).error !== null);
    const { error } = await bench.store.documentRow({ documentId });
    assert.equal(JSON.parse(error!).code, 'RUN_NO_DOCUMENT');
  });

  it('works in an ordinary flow: new, then duplicate, then conflict', async () => {
    bench.send('guard', { payload: INVOICE });
    const first = await bench.message('new');
    assert.equal(first.ledgerway, undefined);
    bench.send('guard', { payload: INVOICE });
    await bench.message('duplicate');
    bench.send('guard', { payload: OTHER });
    await bench.message('conflict');
  });
});
