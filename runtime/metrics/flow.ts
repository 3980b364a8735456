import { Counter, Histogram, type Registry } from 'prom-client';
import { type Commit, type Move, onCommit, onStep, Pending, type StepRun } from '../../engine';
import { BoundedLabel } from './bounded';

const SECOND = 1_000;
/** From a look-up in the same building to a clearance network. */
const STEP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const SIZE_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250];

/** Counts what moves, how long the targets take, and how long commits take, as the engine tells it. */
export function countFlow(register: Registry): () => void {
  const entity = new BoundedLabel(100);
  const kind = new BoundedLabel(50);
  const pipeline = new BoundedLabel(100);
  const target = new BoundedLabel(50);
  const step = new BoundedLabel(50);
  const registers = [register];
  const labelNames = ['entity', 'kind', 'pipeline'] as const;
  const counter = (what: string, help: string) =>
    new Counter({ name: `ledgerway_documents_${what}_total`, help, labelNames, registers });
  const settled = new Counter({
    name: 'ledgerway_documents_settled_total',
    help: 'Documents settled, by outcome',
    labelNames: [...labelNames, 'outcome'] as const,
    registers,
  });
  const counters = {
    received: counter('received', 'Documents received; redelivered events are not counted again'),
    held: counter('held', 'Times that a document was held for a person'),
    retried: counter('retried', 'Times that a document was put off to be tried again'),
  };
  const steps = new Histogram({
    name: 'ledgerway_step_duration_seconds',
    help: 'Time that targets took for a step, waiting for a slot not included',
    labelNames: ['target', 'kind', 'outcome'] as const,
    buckets: STEP_BUCKETS,
    registers,
  });
  const commitTime = new Histogram({
    name: 'ledgerway_store_commit_seconds',
    help: 'Time of a transaction of the store, from its begin to durable',
    buckets: COMMIT_BUCKETS,
    registers,
  });
  const commitSize = new Histogram({
    name: 'ledgerway_store_commit_transitions',
    help: 'Transitions that share a transaction',
    buckets: SIZE_BUCKETS,
    registers,
  });

  const move = ({ what, outcome, ...of }: Move) => {
    const labels = {
      entity: entity.of(of.entity),
      kind: kind.of(of.kind),
      pipeline: pipeline.of(of.pipeline),
    };
    if (what === 'settled') settled.inc({ ...labels, outcome });
    else counters[what].inc(labels);
  };
  const stopCommits = onCommit(({ ms, size, moves }: Commit) => {
    commitTime.observe(ms / SECOND);
    commitSize.observe(size);
    for (const each of moves) move(each);
  });
  const stopSteps = onStep((run, ms) =>
    steps.observe(
      { target: target.of(run.target), kind: step.of(run.kind), outcome: outcomeOf(run) },
      ms / SECOND,
    ),
  );
  return () => {
    stopCommits();
    stopSteps();
  };
}

const outcomeOf = ({ error, result }: StepRun): string =>
  error !== undefined ? 'failed' : result instanceof Pending ? 'pending' : 'done';
