import pino, { type Logger } from 'pino';
import { scrubText } from '../engine';

/** Members of logged objects that are never written, whatever they hold. */
const REDACTED = [
  'authorization',
  'password',
  'secret',
  'apiKey',
  'credentials',
  'cookie',
  '*.authorization',
  '*.password',
  '*.secret',
  '*.apiKey',
  '*.credentials',
  '*.cookie',
];

/** The log of a process: JSON lines on standard error, known secrets scrubbed from every line. */
export function openLog(level: string): Logger {
  return pino(
    { level, redact: { paths: REDACTED, censor: '[secret]' }, hooks: { streamWrite: scrubText } },
    pino.destination({ fd: 2, sync: true }),
  );
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
