import { record } from '../audit';
import type { DocumentRow } from '../model';
import { all, run, type Transition, type Tx } from '../transaction';
import { readyChanges, transit } from './documents';

/** What a document waits for while its target takes nothing. */
export const waitForTarget = (target: string): string => `target:${target}`;

/** So many documents a transaction come back from a target that was resumed. */
const PAGE = 500;

export interface PauseTargetInput {
  /** URL and database, as the steps name it. */
  target: string;
  paused: boolean;
  actor: string;
  reason: string;
}

/**
 * Pauses or resumes a target: no step writes an intent for a paused one, nor asks it anything, while results that
 * are recorded still count. It holds for all processes and across restarts. What waits for a target comes back when
 * it is resumed.
 */
export function* pauseTarget(tx: Tx, { target, paused, actor, reason }: PauseTargetInput): Transition<void> {
  yield* run(
    `INSERT INTO targets (name, paused, actor, reason, changed_at, waking) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, actor = excluded.actor, reason = excluded.reason,
     changed_at = excluded.changed_at, waking = excluded.waking`,
    target,
    paused ? 1 : 0,
    actor,
    reason,
    tx.now,
    paused ? 0 : 1,
  );
  yield* record(tx, paused ? 'paused' : 'resumed', null, { target, actor, reason }, [['targets', target]]);
  if (!paused) yield* wake(tx, target);
}

/** Lets go on what waits for targets that were resumed; a page of each at a time. */
export function* wakeResumed(tx: Tx): Transition<void> {
  const resumed = yield* all<{ name: string }>('SELECT name FROM targets WHERE waking = 1 ORDER BY name');
  for (const { name } of resumed) yield* wake(tx, name);
}

function* wake(tx: Tx, target: string): Transition<void> {
  const rows = yield* all<DocumentRow>(
    "SELECT * FROM documents WHERE state = 'waiting' AND waits_for = $1 ORDER BY seq LIMIT $2 {skip locked}",
    waitForTarget(target),
    PAGE,
  );
  for (const row of rows) yield* transit(tx, row, 'target-resumed', yield* readyChanges(tx, row), { target });
  if (rows.length < PAGE) yield* run('UPDATE targets SET waking = 0 WHERE name = $1', target);
}

/** A target that was paused once. */
export interface TargetRow {
  name: string;
  paused: 0 | 1;
  /** Who paused or resumed it last, why, and when (milliseconds since the epoch). */
  actor: string;
  reason: string;
  changed_at: number;
}

/** The targets that were ever paused. */
export function* targets(_tx: Tx): Transition<TargetRow[]> {
  return yield* all<TargetRow>('SELECT name, paused, actor, reason, changed_at FROM targets ORDER BY name');
}
