import { AsyncLocalStorage } from 'node:async_hooks';
import { type Channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type * as Otel from '@opentelemetry/api';
import { type IntakeRun, intakeRuns, type StepRun, stepRuns, traceparentOf } from '../engine';
import { toFinanceError } from '../errors';

type Api = typeof Otel;
type Run = IntakeRun | StepRun;

/**
 * Traces with OpenTelemetry, where `@opentelemetry/api` is installed: a span for each event that comes in and for each
 * attempt at a step, and the W3C trace context on what the step sends over HTTP. Which SDK takes the spans, and where
 * to, is set up by who starts the process; without one, the context of the sender is passed on all the same.
 * @returns ends it
 */
export function startTracing(): () => void {
  const api = openTelemetry();
  return api ? trace(api) : () => undefined;
}

function openTelemetry(): Api | undefined {
  try {
    return require('@opentelemetry/api') as Api;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function trace(api: Api): () => void {
  const tracer = api.trace.getTracer('ledgerway');
  const current = new AsyncLocalStorage<Otel.Span>();
  const spans = new WeakMap<Run, Otel.Span>();

  const intake = (run: IntakeRun) => {
    const options = { kind: api.SpanKind.SERVER, attributes: { 'url.path': run.path } };
    const span = tracer.startSpan(`POST ${run.path}`, options, parentOf(api, run.traceparent));
    run.traceparent = traceparent(span) ?? run.traceparent;
    spans.set(run, span);
    return span;
  };
  const step = (run: StepRun) => {
    const attributes = {
      'server.address': run.target,
      'ledgerway.document': run.documentId,
      'ledgerway.correlation': run.correlationId,
      'ledgerway.entity': run.entity,
      'ledgerway.step': run.name,
      'ledgerway.attempt': run.attempt,
    };
    const options = { kind: api.SpanKind.CLIENT, attributes };
    const span = tracer.startSpan(run.kind, options, parentOf(api, traceparentOf(run.correlationId)));
    spans.set(run, span);
    return span;
  };
  const end = (message: unknown) => {
    const run = message as Run;
    const span = spans.get(run);
    if (!span) return;
    if (run.error !== undefined) {
      const { code } = toFinanceError(run.error);
      // The code alone: messages of targets may quote what no trace should hold.
      span.setAttribute('error.type', code);
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: code });
    }
    span.end();
  };

  // The store of a channel is what the work under it runs with.
  (intakeRuns.start as Channel<Otel.Span, IntakeRun>).bindStore(current, intake);
  (stepRuns.start as Channel<Otel.Span, StepRun>).bindStore(current, step);
  intakeRuns.asyncEnd.subscribe(end);
  stepRuns.asyncEnd.subscribe(end);
  const stopSending = sendContext(() => {
    const span = current.getStore();
    return span && traceparent(span);
  });
  return () => {
    (intakeRuns.start as Channel<Otel.Span, IntakeRun>).unbindStore(current);
    (stepRuns.start as Channel<Otel.Span, StepRun>).unbindStore(current);
    intakeRuns.asyncEnd.unsubscribe(end);
    stepRuns.asyncEnd.unsubscribe(end);
    stopSending();
  };
}

/** Puts the header on requests of `node:http` and of `fetch` that are made while there is a trace context. */
function sendContext(traceparentNow: () => string | undefined): () => void {
  const ofHttp = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    const header = traceparentNow();
    if (header && !request.hasHeader('traceparent')) request.setHeader('traceparent', header);
  };
  const ofFetch = (message: unknown) => {
    const { request } = message as { request: { addHeader(name: string, value: string): void } };
    const header = traceparentNow();
    if (header) request.addHeader('traceparent', header);
  };
  subscribe('http.client.request.created', ofHttp);
  subscribe('undici:request:create', ofFetch);
  return () => {
    unsubscribe('http.client.request.created', ofHttp);
    unsubscribe('undici:request:create', ofFetch);
  };
}

function parentOf(api: Api, header: string | undefined): Otel.Context {
  const [, traceId, spanId, flags] = header?.split('-') ?? [];
  if (!traceId || !spanId) return api.ROOT_CONTEXT;
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags ?? '00', 16), isRemote: true };
  return api.trace.setSpanContext(api.ROOT_CONTEXT, parent);
}

/** W3C Trace Context of a span; undefined where nothing traces and nobody sent one. */
function traceparent(span: Otel.Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return traceparentOf(`00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`);
}
