import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import type { EInvoiceSubmission, Invoice } from '../../finance';
import { CLEARANCE_TOKEN, startClearance } from '../../sandbox/clearance';
import type { Running } from '../../sandbox/lib/server';
import { BUYER, invoiceOf, lineOf } from '../finance/documents';
import { Bench, ENTITY, node, PIPELINE_IN } from './bench';

const invoice = (more: Partial<Invoice> = {}): Invoice => invoiceOf([lineOf()], more);
const REJECTED = { ...BUYER, endpoint: { scheme: '9930', id: 'REJECT-1' } };
const UNREACHABLE = { ...BUYER, endpoint: undefined };

describe('einvoice submit', () => {
  let bench: Bench;
  let network: Running;
  afterEach(async () => {
    await bench.close();
    await network.close();
  });

  async function load(submit: object = {}): Promise<void> {
    network = await startClearance({ delayMs: 150 });
    bench = await Bench.open({ graceMs: 60_000 });
    const flow = [
      ENTITY,
      node('network', 'einvoice-channel', { channel: 'peppol-rest', url: network.url }),
      { ...PIPELINE_IN, wires: [['submit']] },
      node('submit', 'einvoice-submit', {
        entity: 'entity',
        channel: 'network',
        withoutEndpoint: 'skip',
        pollSeconds: 0.1,
        ...submit,
        wires: [['out'], ['failed', 'exceptions']],
      }),
      node('out', 'pipeline-out', { wires: [['done']] }),
      node('done', 'helper'),
      node('failed', 'helper'),
      node('exceptions', 'exception-route', { wires: [['retried'], ['held'], ['rejected']] }),
      node('retried', 'helper'),
      node('held', 'helper'),
      node('rejected', 'helper'),
    ];
    await bench.load(flow, { network: { secret: CLEARANCE_TOKEN } });
  }

  const fault = (body: object) =>
    fetch(`${network.url}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const documents = async () =>
    (await (await fetch(`${network.url}/_sandbox/documents`)).json()) as { sha256: string }[];

  it('Waiting: holds neither lease nor slot until the network has decided, then goes on', async () => {
    await load();
    const documentId = await bench.receive(invoice());
    await bench.until(async () => (await bench.kindsOfSteps(documentId))[0] === 'einvoice.submit pending');
    const waiting = await bench.store.documentRow({ documentId });
    assert.deepEqual([waiting.state, waiting.worker], ['waiting', null]);
    assert.equal(bench.host.leases().count(), 0);
    const submitted = (await bench.message('done')).einvoice as EInvoiceSubmission;
    assert.deepEqual([submitted.transport, submitted.number], ['accepted', 'RE-1']);
    assert.equal(submitted.naturalKey, 'DE811111111/380/RE-1');
    assert.equal((await documents())[0]?.sha256, submitted.sha256);
    const { steps } = await bench.store.trace({ documentId });
    const { sealed } = steps[0]!.request as unknown as { sealed: { bytes: string; sha256: string } };
    assert.match(sealed.bytes, /^<\?xml/);
    assert.equal(sealed.sha256, submitted.sha256);
    assert.doesNotMatch(JSON.stringify(steps), new RegExp(CLEARANCE_TOKEN));
    // a replay sends nothing, and says the same
    await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.deepEqual((await bench.message('done', 2)).einvoice, submitted);
    assert.equal((await documents()).length, 1);
  });

  for (const kind of ['drop-after-commit', 'drop'])
    it(`an answer that is lost (${kind}): looked up by its natural key, or sent again with the identical bytes`, async () => {
      await load();
      await fault({ fault: kind, at: 'submit' });
      await bench.receive(invoice());
      await bench.message('done');
      assert.equal(bench.at('retried').length, 1);
      assert.equal((await documents()).length, 1);
    });

  it('a question that gets no answer is asked again; what was submitted stays pending', async () => {
    await load();
    await fault({ fault: '500', at: 'status' });
    const documentId = await bench.receive(invoice());
    await bench.message('retried');
    assert.deepEqual(await bench.kindsOfSteps(documentId), ['einvoice.submit pending']);
    await bench.message('done');
    assert.equal((await documents()).length, 1);
  });

  it('a rejection is held with the words of the network', async () => {
    await load();
    const documentId = await bench.receive(invoice({ buyer: REJECTED }));
    await bench.message('rejected');
    const [exception] = await bench.store.exceptions({});
    assert.equal(exception?.code, 'EINVOICE_REJECTED');
    assert.ok(exception!.cause.length > 10, exception!.cause);
    assert.equal((await bench.store.documentRow({ documentId })).state, 'held');
  });

  it('check only: a good invoice passes and nothing is sent, with or without a number', async () => {
    await load({ mode: 'check' });
    await bench.receive(invoice());
    await bench.message('done');
    await bench.receive(invoice({ number: undefined, source: { ...invoice().source, id: 'in_unnumbered' } }));
    const { payload } = await bench.message('done', 2);
    assert.equal((payload as Invoice).number, undefined);
    assert.deepEqual(await documents(), []);
  });

  it('check only: what the network would refuse is held before it gets any further', async () => {
    await load({ mode: 'check' });
    const foreign = { ...BUYER, vatId: 'XX123' };
    const documentId = await bench.receive(invoice({ buyer: foreign }));
    await bench.message('held');
    assert.equal((await bench.store.exceptions())[0]?.code, 'EINVOICE_INVALID');
    assert.equal((await bench.store.documentRow({ documentId })).state, 'held');
    assert.deepEqual(await bench.kindsOfSteps(documentId), []);
  });

  it('an invoice that breaks a rule is not sent', async () => {
    await load();
    await bench.receive(invoice({ number: undefined }));
    await bench.message('held');
    assert.deepEqual(await bench.codes(), ['EINVOICE_INVALID']);
    assert.deepEqual(await documents(), []);
  });

  it('a buyer without an endpoint is skipped, or held', async () => {
    await load();
    await bench.receive(invoice({ buyer: UNREACHABLE }));
    assert.match(((await bench.message('done')).einvoice as { skipped: string }).skipped, /no endpoint/);
    await bench.close();
    await network.close();
    await load({ withoutEndpoint: 'hold' });
    await bench.receive(invoice({ buyer: UNREACHABLE }));
    await bench.message('held');
    assert.deepEqual(await documents(), []);
  });

  it('works in an ordinary flow: there it waits in place', async () => {
    await load();
    await bench.redeploy(
      [
        ENTITY,
        node('network', 'einvoice-channel', { channel: 'peppol-rest', url: network.url }),
        node('submit', 'einvoice-submit', {
          entity: 'entity',
          channel: 'network',
          pollSeconds: 0.1,
          wires: [['done'], ['failed']],
        }),
        node('done', 'helper'),
        node('failed', 'helper'),
      ],
      { network: { secret: CLEARANCE_TOKEN } },
    );
    bench.send('submit', { payload: invoice() });
    assert.equal(((await bench.message('done')).einvoice as EInvoiceSubmission).transport, 'accepted');
    bench.send('submit', { payload: invoice({ number: 'RE-2', buyer: REJECTED }) });
    const { error } = await bench.message('failed');
    assert.equal((error as { code: string }).code, 'EINVOICE_REJECTED');
    assert.deepEqual(await bench.codes(), ['EINVOICE_REJECTED']);
  });
});
