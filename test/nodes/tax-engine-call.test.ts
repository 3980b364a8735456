import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import type { Invoice, TaxDecision } from '../../finance';
import type { Running } from '../../sandbox/lib/server';
import { startTax, TAX_API_KEY } from '../../sandbox/tax';
import { invoiceOf, lineOf } from '../finance/documents';
import { Bench, ENDINGS, ENTITY, node, PIPELINE_IN } from './bench';

const CODED = { category: 'S', rate: '19', sourceCode: 'txr_de_19' } as const;
const RATES = JSON.stringify({
  name: 'de',
  version: '2026',
  rates: [{ name: 'USt', category: 'S', rate: '19', country: 'DE', from: '2021-01-01' }],
});
const invoice = (): Invoice => invoiceOf([lineOf({ tax: CODED })]);

/** The source says another tax than the rate gives. */
function withTax(amount: string, gross: string): Invoice {
  const document = invoice();
  document.taxes[0]!.amount = amount;
  Object.assign(document.totals, { tax: amount, gross, due: gross });
  return document;
}

describe('tax engine call', () => {
  let bench: Bench;
  let tax: Running | undefined;
  afterEach(async () => {
    await bench.close();
    await tax?.close();
    tax = undefined;
  });

  async function load(service: object = {}, call: object = {}, secret = TAX_API_KEY): Promise<void> {
    bench = await Bench.open({ graceMs: 60_000 });
    const flow = [
      ENTITY,
      node('service', 'tax-service', {
        engine: 'rates',
        rates: RATES,
        tolerance: '0.02',
        fallback: 'hold',
        ...service,
      }),
      { ...PIPELINE_IN, wires: [['tax']] },
      node('tax', 'tax-engine-call', {
        entity: 'entity',
        service: 'service',
        phase: 'commit',
        ...call,
        wires: [['out'], ['exceptions']],
      }),
      ...ENDINGS,
    ];
    await bench.load(flow, { service: { secret } });
  }

  async function http(service: object = {}): Promise<void> {
    tax = await startTax();
    await load({ engine: 'http', url: tax.url, ...service });
  }

  const fault = (body: object) =>
    fetch(`${tax!.url}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const transactions = async (): Promise<unknown[]> =>
    (await (await fetch(`${tax!.url}/_sandbox/transactions`)).json()) as unknown[];
  const decisionOf = async () => (await bench.message('done')).tax as TaxDecision;

  it('decides by the table of rates, and a replay gives the recorded decision', async () => {
    await load({}, { phase: 'quote' });
    const documentId = await bench.receive(invoice());
    const decided = await decisionOf();
    assert.deepEqual([decided.totalTax, decided.difference, decided.phase], ['19.00', '0.00', 'quote']);
    await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.deepEqual((await bench.message('done', 2)).tax, decided, 'decidedAt too');
    assert.deepEqual(await bench.kindsOfSteps(documentId), ['tax.quote done']);
  });

  it('the tax of the source may differ by rounding, and by no more', async () => {
    await load();
    await bench.receive(withTax('19.02', '119.02'));
    await bench.message('done');
    await bench.receive(withTax('19.03', '119.03'), { lane: 'b' });
    await bench.message('held');
    const [exception] = await bench.store.exceptions({});
    assert.equal(exception?.code, 'TAX_DIFFERS');
    assert.match(exception!.cause, /decides 19.00 EUR, the source says 19.03 EUR/);
  });

  it('a rate that the table does not have says which', async () => {
    await load({ rates: RATES.replace('"19"', '"20"') });
    await bench.receive(invoice());
    await bench.message('held');
    assert.deepEqual(await bench.codes(), ['TAX_RATE_MISSING']);
  });

  it('commits with a service, and an answer that is lost is looked up', async () => {
    await http();
    await fault({ fault: 'drop-after-commit', at: 'commit' });
    const documentId = await bench.receive(invoice());
    const decided = await decisionOf();
    assert.deepEqual([decided.totalTax, decided.code], ['19.00', 'acme_de__invoice__stripe__in_1']);
    assert.equal(bench.at('retried').length, 1);
    assert.equal((await transactions()).length, 1);
    const { steps } = await bench.store.trace({ documentId });
    assert.doesNotMatch(JSON.stringify(steps), new RegExp(TAX_API_KEY));
  });

  it('a service that is down is waited for, or the provisional policy goes on with the tax of the source', async () => {
    await http();
    await fault({ fault: '500', at: 'commit', times: 1 });
    await bench.receive(invoice());
    assert.equal((await decisionOf()).fallback, false);
    assert.equal(bench.at('retried').length, 1);
    await bench.close();
    await tax!.close();
    await http({ fallback: 'provisional' });
    await tax!.close();
    const documentId = await bench.receive(withTax('19.50', '119.50'));
    const decided = await decisionOf();
    assert.deepEqual([decided.fallback, decided.totalTax, decided.sourceTax], [true, '19.50', '19.50']);
    await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    assert.deepEqual((await bench.message('done', 2)).tax, decided, 'the recorded result');
  });

  it('a quote that differs is asked again after the service was corrected', async () => {
    await load({}, { phase: 'quote' });
    const documentId = await bench.receive(withTax('19.50', '119.50'));
    await bench.message('held');
    assert.deepEqual(await bench.codes(), ['TAX_DIFFERS']);
    assert.deepEqual(await bench.kindsOfSteps(documentId), ['tax.quote failed']);
  });

  it('works in an ordinary flow', async () => {
    await load();
    bench.send('tax', { payload: invoice() });
    await bench.until(async () => (await bench.store.documents({ state: 'settled' })).length === 1);
  });

  it('is red where the service is not right', async () => {
    for (const [service, secret] of [
      [{ rates: '{}' }, ''],
      [{ tolerance: '2 cents' }, ''],
      [{ engine: 'http', url: '' }, 'x'],
      [{ engine: 'http', url: 'http://127.0.0.1:9' }, ''],
    ] as const) {
      await load(service, {}, secret);
      assert.equal(bench.status('tax').fill, 'red', JSON.stringify(service));
      await bench.close();
    }
    bench = await Bench.open();
  });
});
