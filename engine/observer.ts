import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { DocumentRow, DocumentState, Outcome, RunContext } from './model';

/** A document that came, was settled, was held or will be tried again; told after the commit. */
export interface Move {
  what: 'received' | 'settled' | 'held' | 'retried';
  documentId: string;
  entity: string;
  kind: string;
  pipeline: string | null;
  correlationId: string;
  /** How it was settled. */
  outcome?: Outcome;
  /** Code of the error it is held or tried again for. */
  code?: string;
}

/** A commit of a store: how long it took, how many transitions it carried, and what moved. */
export interface Commit {
  ms: number;
  size: number;
  moves: Move[];
}

/** An attempt at a step: one call of its target. The end of it is added by the time it is over. */
export interface StepRun {
  kind: string;
  target: string;
  name: string;
  documentId: string;
  entity: string;
  correlationId: string;
  attempt: number;
  result?: unknown;
  error?: unknown;
}

/** An event that comes in over HTTP. */
export interface IntakeRun {
  /** Where it came in, e.g. `/hooks/stripe`. */
  path: string;
  /** W3C trace context of the sender, checked; a tracer puts its own in its place, and the document carries it on. */
  traceparent?: string;
  result?: unknown;
  error?: unknown;
}

/**
 * Who watches the engine subscribes to these channels of Node's own `diagnostics_channel`; where nobody does, they
 * cost a look at a flag. They are the process's, not a store's.
 */
export const commits = channel('ledgerway:commit');
export const stepRuns = tracingChannel<unknown, StepRun>('ledgerway:step');
export const intakeRuns = tracingChannel<unknown, IntakeRun>('ledgerway:intake');

/** Calls `listener` after each commit. @returns stops the calls */
export function onCommit(listener: (commit: Commit) => void): () => void {
  const heard = (message: unknown) => listener(message as Commit);
  commits.subscribe(heard);
  return () => commits.unsubscribe(heard);
}

/** Calls `listener` after each attempt at a step, with the milliseconds that it took. @returns stops the calls */
export function onStep(listener: (run: StepRun, ms: number) => void): () => void {
  const started = new WeakMap<StepRun, number>();
  const start = (run: unknown) => void started.set(run as StepRun, performance.now());
  const end = (run: unknown) => {
    const at = started.get(run as StepRun);
    if (at !== undefined) listener(run as StepRun, performance.now() - at);
  };
  stepRuns.start.subscribe(start);
  stepRuns.asyncEnd.subscribe(end);
  return () => {
    stepRuns.start.unsubscribe(start);
    stepRuns.asyncEnd.unsubscribe(end);
  };
}

/** Runs an attempt at a step, told to those who watch. */
export async function watchStep<Result>(
  { documentId, entity, correlationId, attempt }: RunContext,
  { kind, target, name }: { kind: string; target: string; name: string },
  work: () => Promise<Result>,
): Promise<Result> {
  if (!stepRuns.hasSubscribers) return await work();
  const run: StepRun = { kind, target, name, documentId, entity, correlationId, attempt };
  return await stepRuns.tracePromise(work, run);
}

/** Takes an event in, told to those who watch; `work` gets the trace context that the document carries on. */
export async function watchIntake<Result>(
  run: IntakeRun,
  work: (run: IntakeRun) => Promise<Result>,
): Promise<Result> {
  if (!intakeRuns.hasSubscribers) return await work(run);
  return await intakeRuns.tracePromise(() => work(run), run);
}

/** W3C Trace Context, version 00: trace, parent and flags. @returns undefined for anything else */
export function traceparentOf(header: unknown): string | undefined {
  if (typeof header !== 'string') return undefined;
  const [, trace, span] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header) ?? [];
  return trace && span && /[1-9a-f]/.test(trace) && /[1-9a-f]/.test(span) ? header : undefined;
}

const WHAT: Partial<Record<DocumentState, Move['what']>> = {
  settled: 'settled',
  held: 'held',
  retry: 'retried',
};

/** The move that a change of a document's row is; undefined for states that nobody counts. */
export function moveOf(
  row: DocumentRow,
  changes: Partial<Record<keyof DocumentRow, unknown>>,
): Move | undefined {
  const what = WHAT[changes.state as DocumentState];
  if (!what) return undefined;
  const of = (column: 'entity' | 'kind' | 'pipeline') => (changes[column] ?? row[column]) as string;
  const ids = { documentId: row.id, correlationId: row.correlation_id };
  const move: Move = { what, ...ids, entity: of('entity'), kind: of('kind'), pipeline: of('pipeline') };
  if (what === 'settled') return { ...move, outcome: changes.outcome as Outcome };
  const { code } = JSON.parse(String(changes.error ?? '{}')) as { code?: string };
  return { ...move, code };
}
