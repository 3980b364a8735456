import { randomUUID } from 'node:crypto';
import { type Host, leaseOf, MESSAGE_PIPELINE, type Notes } from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';
import { type ControlResult, describeDifferences, type LegalEntity, money } from '../../finance';

/** How many differences an exception tells; the control result has them all. */
const MOST_TOLD = 20;

/**
 * Keeps a control result as a document: settled where the two sides are equal, else held for a person. Earlier results
 * of the same checkpoint and period that are still held are closed by this one: it says what is so now.
 * @returns id of the document
 */
export async function recordControl(
  host: Host,
  storeName: string,
  result: ControlResult,
  entity: LegalEntity,
): Promise<string> {
  const store = host.store(storeName);
  const { checkpoint, period } = result;
  const name = `checkpoint/${checkpoint}/${period.from}/${period.to}`;
  const { documentId } = await store.receive({
    receiveKey: `${entity.key}/${name}/${randomUUID()}`,
    entity: entity.key,
    kind: result.kind,
    lane: name,
    source: { ...result.source },
    body: { mediaType: 'application/json', content: JSON.stringify(result) },
    pipeline: MESSAGE_PIPELINE,
  });
  const { worker } = host.leases(storeName);
  const { context } = await store.leaseDocument({ documentId, worker });
  const lease = leaseOf({ ...context, store: store.name, notes: notesOf(result, entity) });
  if (result.equal) await store.settle({ ...lease, outcome: 'completed' });
  else await store.hold({ ...lease, error: errorOf(result).toJSON() });
  const decision = {
    actor: `checkpoint ${checkpoint}`,
    reason: `${result.equal ? 'equal' : 'compared again'}: ${documentId}`,
  };
  for (const earlier of await store.heldBefore({ lane: `${entity.key}/${name}`, documentId }))
    await store.dismiss({ documentId: earlier, outcome: 'skipped', ...decision }).catch(unlessDecided);
  return documentId;
}

/** A person may have decided on it meanwhile. */
function unlessDecided(error: unknown): void {
  if (!isFinanceError(error) || error.code !== 'STORE_STATE') throw error;
}

function notesOf({ rows, kind, period, source }: ControlResult, { kinds }: LegalEntity): Notes {
  const worst = rows.find(({ difference }) => !money.isZero(difference.total));
  const { exceptionOwner, serviceHours } = kinds.control_result ?? {};
  return {
    kind,
    date: period.to,
    sourceId: source.id,
    ...(worst && { amount: money.absolute(worst.difference.total), currency: worst.currency }),
    care: {
      ...(exceptionOwner !== undefined && { owner: exceptionOwner }),
      ...(serviceHours !== undefined && { serviceHours }),
    },
  };
}

function errorOf(result: ControlResult): FinanceError {
  const { checkpoint, period, differences, rows } = result;
  const told = differences.slice(0, MOST_TOLD);
  return new FinanceError('CHECKPOINT_DIFFERS', {
    message: describeDifferences(result),
    step: `checkpoint ${checkpoint}`,
    details: { checkpoint, period, rows, differences: told, more: differences.length - told.length },
  });
}
