import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { type Disposition, disposition, RETRIES, type Store, type Tries } from '../../engine';
import { ERRORS, type ErrorCode, FinanceError, type StoredError } from '../../errors';
import { eventually, PIPELINE, receive, row, take } from '../support/store';
import { onEveryStore } from './conformance/stores';

type RetriedKind = keyof typeof RETRIES;
const KINDS = Object.keys(RETRIES) as RetriedKind[];
const DAY = 86_400_000;

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const kind = fc.constantFrom(...KINDS);
const anyTries = fc
  .record({ kind, count: fc.nat(3_000), other: fc.nat(3_000) })
  .map(({ kind, count, other }) => {
    const tries: Tries = {};
    for (const one of KINDS) tries[one] = one === kind ? count : other;
    return { kind, count, tries };
  });

function failure(kind: RetriedKind, more: Partial<StoredError> = {}): StoredError {
  return { ...new FinanceError('ODOO_SERIALIZATION').toJSON(), kind, ...more };
}

function retried(what: Disposition): Extract<Disposition, { action: 'retry' }> {
  assert.equal(what.action, 'retry');
  return what as Extract<Disposition, { action: 'retry' }>;
}

describe('What becomes of a failed document', () => {
  it('a delay lies within its bounds, and at most half of it is jitter', () => {
    fc.assert(
      fc.property(anyTries, chance, ({ kind, count, tries }, luck) => {
        const { attempts, first, longest } = RETRIES[kind];
        const what = disposition(failure(kind), tries, luck);
        if (count + 1 >= attempts) return assert.equal(what.action, 'hold');
        const backoff = Math.min(first * 2 ** count, longest);
        const { delayMs } = retried(what);
        assert.ok(delayMs >= Math.floor(backoff / 2) && delayMs <= backoff, `${delayMs} of ${backoff}`);
      }),
    );
  });

  it('a later attempt never waits shorter by the same chance, and never longer than the cap', () => {
    fc.assert(
      fc.property(kind, fc.nat(2_000), chance, (kind, count, luck) => {
        const { attempts, longest } = RETRIES[kind];
        if (count + 2 >= attempts) return;
        const sooner = retried(disposition(failure(kind), { [kind]: count }, luck));
        const later = retried(disposition(failure(kind), { [kind]: count + 1 }, luck));
        assert.ok(sooner.delayMs <= later.delayMs && later.delayMs <= longest);
      }),
    );
  });

  it('whatever kinds follow each other, the attempts end, each kind by a count of its own', () => {
    fc.assert(
      fc.property(fc.infiniteStream(kind), chance, (kinds, luck) => {
        const counts: Record<string, number> = {};
        const all = KINDS.reduce((sum, one) => sum + RETRIES[one].attempts, 0);
        let tries: Tries = {};
        for (let failures = 1; ; failures++) {
          assert.ok(failures <= all, 'it never ends');
          const { value: kind } = kinds.next() as IteratorYieldResult<RetriedKind>;
          counts[kind] = (counts[kind] ?? 0) + 1;
          const what = disposition(failure(kind), tries, luck);
          if (what.action === 'retry') {
            tries = what.tries;
            assert.deepEqual(tries, counts);
            continue;
          }
          assert.equal(what.action, 'hold');
          const { error } = what as Extract<Disposition, { action: 'hold' }>;
          assert.equal(error.kind, kind, 'its class is the last kind');
          assert.equal(counts[kind], RETRIES[kind].attempts);
          return assert.match(error.message, new RegExp(`the last of ${counts[kind]} attempts`));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('Retry-After is honoured up to a day, spread by a tenth, whatever number comes', () => {
    const asked = fc.oneof(fc.integer({ min: -5, max: 2 * DAY }), fc.constantFrom(Number.NaN, Infinity));
    fc.assert(
      fc.property(kind, asked, chance, (kind, retryAfterMs, luck) => {
        const { delayMs } = retried(disposition(failure(kind, { retryAfterMs }), {}, luck));
        const least = retryAfterMs > 0 ? Math.min(retryAfterMs, DAY) : 0;
        assert.ok(
          delayMs >= least && delayMs <= Math.max(least * 1.1, RETRIES[kind].first) + 1,
          `${delayMs}`,
        );
      }),
    );
  });

  it('a target that takes nothing costs no attempt, and all other kinds are held at once', () => {
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[])), anyTries, (code, { tries }) => {
        const error = new FinanceError(code, { retryAfterMs: 700 }).toJSON();
        const what = disposition(error, tries, 0);
        if (['TARGET_UNAVAILABLE', 'TARGET_PAUSED', 'TARGET_BUSY'].includes(code))
          return assert.deepEqual(what, { action: 'await', delayMs: 700 });
        if (!(error.kind in RETRIES)) assert.deepEqual(what, { action: 'hold', error });
      }),
    );
  });

  it('an outage over a weekend is sat out even where chance is always short', () => {
    const { attempts, longest } = RETRIES.unavailable;
    assert.ok(((attempts - 20) * longest) / 2 >= 60 * 3_600_000);
  });
});

onEveryStore('Counts of a document', (place) => {
  let store: Store;
  beforeEach(async () => {
    store = await place().open();
    await store.syncPipelines([PIPELINE]);
  });

  const counts = async (documentId: string) => {
    const { attempts, tries, crashes, drains, expiries } = await row(store, documentId);
    return { attempts, tries: JSON.parse(tries ?? '{}') as Tries, crashes, drains, expiries };
  };

  async function failWith(documentId: string, error: FinanceError): Promise<void> {
    await eventually(store, async () => (await row(store, documentId)).state === 'ready');
    await store.dispose({ ...(await take(store)), error: error.toJSON() });
  }

  it('attempts count by kind; crashes and drains are neither; a replay starts from zero', async () => {
    const { documentId } = await receive(store, 'in_1');
    await failWith(documentId, new FinanceError('ODOO_UNAVAILABLE'));
    await failWith(documentId, new FinanceError('ODOO_SERIALIZATION'));
    await failWith(documentId, new FinanceError('ODOO_SERIALIZATION'));
    const expected = { attempts: 3, tries: { unavailable: 1, transient: 2 } };
    assert.deepEqual(await counts(documentId), { ...expected, crashes: 0, drains: 0, expiries: 0 });

    await eventually(store, async () => (await row(store, documentId)).state === 'ready');
    await take(store);
    await store.release({ worker: 'w1' });
    await take(store);
    store = await place().crash(store);
    await take(store);
    store = await place().crash(store);
    assert.deepEqual(await counts(documentId), { ...expected, crashes: 1, drains: 1, expiries: 0 });

    await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
    await store.replay({ documentId, actor: 'ann', reason: 'corrected in Odoo' });
    const zero = { attempts: 0, tries: {}, crashes: 0, drains: 1, expiries: 0 };
    assert.deepEqual(await counts(documentId), zero);
    assert.deepEqual((await store.audit()).findings, []);
  });

  it('a document is held when one kind is used up, and the exception says of which and after how many', async () => {
    const { documentId } = await receive(store, 'in_1');
    const impatient = new FinanceError('ODOO_SERIALIZATION', { message: 'Odoo met a concurrent update.' });
    await failWith(documentId, new FinanceError('ODOO_UNAVAILABLE'));
    // As if nine failures were behind it already.
    for (let failed = 1; failed < RETRIES.transient.attempts; failed++) {
      await store.dispose({ ...(await due(documentId)), error: impatient.toJSON() });
      assert.equal((await row(store, documentId)).state, 'retry');
    }
    await store.dispose({ ...(await due(documentId)), error: impatient.toJSON() });
    const [exception] = await store.exceptions();
    assert.equal((await row(store, documentId)).state, 'held');
    assert.deepEqual([exception?.class, exception?.code], ['transient', 'ODOO_SERIALIZATION']);
    assert.match(exception!.cause, /the last of 10 attempts/);
  });

  /** The document, without waiting for its time: a person takes it by its id. */
  async function due(documentId: string) {
    const { context } = await store.leaseDocument({ documentId, worker: 'w1' });
    return { ...context, store: store.name };
  }
});
