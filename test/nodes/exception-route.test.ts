import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FinanceError } from '../../errors';
import type { Message } from '../../nodes/kit/red';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

describe('exception route', () => {
  let bench: Bench;
  let msg: Message;

  async function load(mode: string): Promise<void> {
    bench = await Bench.open({ graceMs: 60_000 });
    await bench.load([
      ENTITY,
      { ...PIPELINE_IN, wires: [['taken']] },
      node('taken', 'helper'),
      node('exceptions', 'exception-route', { mode, wires: [['retried'], ['held'], ['rejected']] }),
      node('retried', 'helper'),
      node('held', 'helper'),
      node('rejected', 'helper'),
    ]);
    await bench.receive({ id: 'in_1' });
    msg = await bench.message('taken');
  }

  beforeEach(() => load('by kind'));
  afterEach(() => bench.close());

  const fail = (error: unknown) => bench.send('exceptions', { ...msg, error });
  const row = () => bench.store.documentRow({ documentId: msg.ledgerway!.documentId });

  it('retries what is transient, with backoff', async () => {
    fail(new FinanceError('ODOO_SERIALIZATION').toJSON());
    await bench.message('retried');
    assert.equal((await row()).attempts, 1);
    // and it comes again by itself
    await bench.message('taken', 2);
    assert.equal(bench.at('taken')[1]?.ledgerway?.attempt, 2);
  });

  it('waits as long as the other side asked', async () => {
    const before = Date.now();
    fail(new FinanceError('EINVOICE_THROTTLED', { retryAfterMs: 60_000 }).toJSON());
    await bench.message('retried');
    assert.ok(Number((await row()).due) >= before + 60_000);
  });

  it('holds what needs a person, with cause, hint, step and owner', async () => {
    const error = new FinanceError('MAP_UNMAPPED', { message: 'map tax code txr_9 for entity acme_de' });
    fail({ ...error.toJSON(), step: 'canonical map' });
    await bench.message('held');
    const [exception] = await bench.store.exceptions({});
    assert.deepEqual(
      [exception?.class, exception?.cause, exception?.step, exception?.owner],
      ['unmapped', 'map tax code txr_9 for entity acme_de', 'canonical map', 'ar'],
    );
    assert.match(exception!.hint, /Add the missing entry/);
  });

  it('holds what a target rejected, and says so on the third output', async () => {
    fail(new FinanceError('EINVOICE_REJECTED', { message: 'BR-01' }).toJSON());
    await bench.message('rejected');
    assert.equal((await row()).state, 'held');
    assert.equal(bench.at('held').length, 0);
  });

  it('takes an error from Catch: the cause is the whole error, its class is not part of the text', async () => {
    const cause = new FinanceError('ODOO_UNAVAILABLE', { kind: 'invalid', message: 'gone for good' });
    const source = { id: 'x', type: 'ledgerway-odoo-post', name: 'odoo post' };
    fail({ message: 'Error: gone for good', source, code: 'ODOO_UNAVAILABLE', cause });
    await bench.message('held');
    const [exception] = await bench.store.exceptions({});
    assert.deepEqual(
      [exception?.class, exception?.cause, exception?.step],
      ['invalid', 'gone for good', 'odoo post'],
    );
  });

  it('takes an error from Catch whose cause did not survive: the code tells the kind', async () => {
    fail({
      message: 'FinanceError: later',
      source: { name: '', type: 'ledgerway-odoo-post' },
      code: 'ODOO_SERIALIZATION',
    });
    await bench.message('retried');
    assert.equal(JSON.parse((await row()).error!).message, 'later');
  });

  it('takes the error of any other node', async () => {
    fail({
      message: "TypeError: Cannot read properties of undefined (reading 'x')",
      source: { type: 'function' },
    });
    await bench.message('held');
    const [exception] = await bench.store.exceptions({});
    assert.deepEqual(
      [exception?.code, exception?.cause, exception?.step],
      ['RUN_UNEXPECTED', "Cannot read properties of undefined (reading 'x')", 'function'],
    );
  });

  it('drops what is decided already', async () => {
    fail(new FinanceError('MAP_UNMAPPED').toJSON());
    await bench.message('held');
    fail(new FinanceError('MAP_UNMAPPED').toJSON());
    await new Promise((done) => setTimeout(done, 100));
    assert.equal(bench.at('held').length, 1);
    assert.equal((await bench.codes()).length, 1);
  });

  it('holds everything where it is set so', async () => {
    await bench.close();
    await load('hold');
    fail(new FinanceError('ODOO_SERIALIZATION').toJSON());
    await bench.message('held');
    assert.equal((await row()).state, 'held');
  });
});
