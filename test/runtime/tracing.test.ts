import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import http, { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { type RunContext, type Store, step, traceparentOf, watchIntake } from '../../engine';
import { FinanceError } from '../../errors';
import { startTracing } from '../../runtime/tracing';
import { PIPELINE, receive, Scratch, take } from '../support/store';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SENDER = `00-${TRACE}-b7ad6b7169203331-01`;

describe('Traces', () => {
  const exporter = new InMemorySpanExporter();
  let scratch: Scratch;
  let store: Store;
  let endTracing: () => void;
  let target: Server;
  let url: string;
  const got: IncomingHttpHeaders[] = [];

  before(() => {
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
    );
  });
  after(() => trace.disable());
  beforeEach(async () => {
    exporter.reset();
    got.length = 0;
    scratch = new Scratch();
    store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    endTracing = startTracing();
    target = createServer((request, response) => {
      got.push(request.headers);
      response.end('{}');
    });
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    endTracing();
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
    await scratch.remove();
  });

  const byHttp = () =>
    new Promise<void>((resolve, reject) => {
      http.get(`${url}/http`, (answer) => answer.resume().on('end', resolve)).on('error', reject);
    });

  async function post(context: RunContext, perform: () => Promise<object>) {
    const spec = { kind: 'odoo.load', target: url, externalKey: 'k', request: {}, name: 'post' };
    await step(store, context, spec, {
      perform: async () => ({ ...(await perform()) }),
      refusesDoubles: true,
    });
  }

  it('lead from the sender of a webhook through the step to Odoo, over a store and any time between', async () => {
    await watchIntake({ path: '/hooks/stripe', traceparent: SENDER }, async (run) => {
      await receive(store, 'in_1', 'e1', { correlationId: run.traceparent });
    });
    const context = await take(store);
    await post(context, async () => {
      await fetch(`${url}/fetch`);
      await byHttp();
      return {};
    });
    const [intake, attempt] = exporter.getFinishedSpans();
    assert.equal(intake?.name, 'POST /hooks/stripe');
    assert.equal(intake?.parentSpanContext?.spanId, SENDER.split('-')[2]);
    assert.equal(attempt?.name, 'odoo.load');
    assert.equal(attempt?.parentSpanContext?.spanId, intake?.spanContext().spanId);
    assert.equal(attempt?.attributes['ledgerway.document'], context.documentId);
    const sent = `00-${TRACE}-${attempt?.spanContext().spanId}-01`;
    assert.deepEqual(
      got.map(({ traceparent }) => traceparent),
      [sent, sent],
    );
  });

  it('tell the document of each attempt, where nobody sent a context, and no words of the target', async () => {
    await receive(store, 'in_1');
    const context = await take(store);
    const down = () => Promise.reject(new FinanceError('ODOO_UNAVAILABLE', { message: 'secret words' }));
    await assert.rejects(post(context, down));
    await post(context, async () => ({}));
    const spans = exporter.getFinishedSpans();
    assert.equal(spans.length, 2);
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['ledgerway.correlation']),
      [context.correlationId, context.correlationId],
    );
    assert.equal(spans[0]?.attributes['error.type'], 'ODOO_UNAVAILABLE');
    assert.doesNotMatch(
      JSON.stringify(spans.map(({ attributes, status }) => [attributes, status])),
      /secret/,
    );
  });

  it('nothing outside a step carries a context, and nothing after the end', async () => {
    await fetch(url);
    endTracing();
    await receive(store, 'in_1', 'e1', { correlationId: SENDER });
    await post(await take(store), async () => {
      await fetch(url);
      return {};
    });
    assert.deepEqual(
      got.map(({ traceparent }) => traceparent),
      [undefined, undefined],
    );
    assert.deepEqual(exporter.getFinishedSpans(), []);
  });

  it('only what W3C allows is taken from a sender', () => {
    assert.equal(traceparentOf(SENDER), SENDER);
    const zeros = (text: string) => text.replaceAll(/[0-9a-f]/g, '0');
    for (const bad of [
      undefined,
      '',
      `${SENDER}-x`,
      SENDER.toUpperCase(),
      `00-${zeros(TRACE)}-b7ad6b7169203331-01`,
    ])
      assert.equal(traceparentOf(bad), undefined, String(bad));
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(traceparentOf(text), undefined);
      }),
    );
  });

  it('are left out where OpenTelemetry is not installed, and nothing breaks', () => {
    const program = `
      const Module = require('node:module');
      const load = Module._load;
      Module._load = (name, ...rest) => {
        if (name === '@opentelemetry/api') throw Object.assign(new Error('not there'), { code: 'MODULE_NOT_FOUND' });
        return load(name, ...rest);
      };
      const { startTracing } = require(${JSON.stringify(join(__dirname, '..', '..', 'runtime', 'tracing.js'))});
      startTracing()();
      console.log('fine');
    `;
    assert.equal(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }).trim(), 'fine');
  });
});
