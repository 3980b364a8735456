// Writes docs/errors.md from the one table of errors (after a build).
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const { ERRORS } = require(path.join(root, 'dist', 'errors'));
const { RETRIES } = require(path.join(root, 'dist', 'engine', 'retry'));

const WHAT_HAPPENS = {
  transient: 'retried with backoff and jitter',
  throttled: 'retried when the other side allows',
  unavailable: 'retried until the other side is back',
  in_doubt: 'the target is asked by the external key, then retried or held',
  duplicate: 'settled as a duplicate',
};

const lines = [
  '# Errors',
  '',
  'Made from `errors/table.ts` by `npm run docs`. Codes are stable. The kind alone decides what happens to the document:',
  '',
  ...['transient', 'throttled', 'unavailable', 'in_doubt', 'duplicate'].map(
    (kind) => `- \`${kind}\`: ${WHAT_HAPPENS[kind]}`,
  ),
  '- all others: held for a person, with the cause and the hint below',
  '',
  '## Retries',
  '',
  'The delay doubles with each attempt, from the first to the longest; half of it is jitter. A Retry-After of the other',
  'side is waited out, up to a day. Attempts are counted by kind; after so many of one kind the document is held. Crashes',
  'of the runtime, drains and a target that takes nothing just now (`TARGET_UNAVAILABLE`, `TARGET_PAUSED`, `TARGET_BUSY`)',
  'are no attempts.',
  '',
  '| kind | first delay | longest delay | attempts |',
  '| --- | --- | --- | --- |',
  ...Object.entries(RETRIES).map(
    ([kind, { first, longest, attempts }]) =>
      `| ${kind} | ${first / 1000} s | ${longest / 1000} s | ${attempts} |`,
  ),
  '',
  '## Codes',
  '',
  '| code | kind | cause | what to do |',
  '| --- | --- | --- | --- |',
  ...Object.entries(ERRORS).map(
    ([code, { kind, title, hint }]) => `| \`${code}\` | ${kind} | ${title} | ${hint} |`,
  ),
  '',
];
fs.mkdirSync(path.join(root, 'docs'), { recursive: true });
fs.writeFileSync(path.join(root, 'docs', 'errors.md'), lines.join('\n'));
