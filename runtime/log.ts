import pino, { type Logger } from 'pino';
import { type Move, onCommit, onStep, type StepRun } from '../engine';
import { toFinanceError } from '../errors';
import { redact } from './redact';

const SECRETS = [
  'authorization',
  'password',
  'secret',
  'secrets',
  'apiKey',
  'api_key',
  'token',
  'credentials',
  'cookie',
];
/** Members of logged objects that are never written, whatever they hold. */
const REDACTED = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * The log of a process: JSON lines on standard error; known secrets, IBANs and e-mail addresses are taken out of every
 * line.
 */
export function openLog(level: string): Logger {
  return pino(
    { level, redact: { paths: REDACTED, censor: '[secret]' }, hooks: { streamWrite: redact } },
    pino.destination({ fd: 2, sync: true }),
  );
}

/**
 * Logs what happens to documents, each line with `documentId`, `correlationId` and `entity`: attempts that failed and
 * documents that are held as warnings, all else for `debug`. @returns stops it
 */
export function logDocuments(log: Logger): () => void {
  const stopSteps = onStep((run, ms) => logStep(log, run, ms));
  const stopMoves = onCommit(({ moves }) => {
    for (const move of moves) logMove(log, move);
  });
  return () => {
    stopSteps();
    stopMoves();
  };
}

function logStep(log: Logger, { error, ...run }: StepRun, elapsed: number): void {
  const { documentId, correlationId, entity, kind, target, name: step, attempt } = run;
  const ms = Math.round(elapsed);
  const facts = { documentId, correlationId, entity, kind, target, step, attempt, ms };
  if (error === undefined) log.debug(facts, 'a step was done');
  else {
    const { code, message } = toFinanceError(error);
    log.warn({ ...facts, code }, `a step failed: ${message}`);
  }
}

function logMove(log: Logger, { what, ...facts }: Move): void {
  log[what === 'held' ? 'warn' : 'debug'](facts, `document ${what}`);
}

/** Levels of Node-RED's own log as pino's. */
const LEVELS: Record<number, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'> = {
  10: 'fatal',
  20: 'error',
  30: 'warn',
  40: 'info',
  50: 'debug',
  60: 'trace',
};

interface NodeRedRecord {
  level: number;
  msg?: unknown;
  type?: string;
  id?: string;
  name?: string;
}

/** Node-RED's log handler that writes to our log. */
export function nodeRedLogging(log: Logger): object {
  return {
    console: { level: 'off', metrics: false, audit: false },
    ledgerway: {
      level: 'info',
      metrics: false,
      audit: false,
      handler: () => (record: NodeRedRecord) => {
        const { message, code } = (
          typeof record.msg === 'object' && record.msg !== null ? record.msg : {}
        ) as { message?: string; code?: string };
        log[LEVELS[record.level] ?? 'info'](
          { node: record.id, type: record.type, name: record.name, code },
          message ?? String(record.msg),
        );
      },
    },
  };
}
