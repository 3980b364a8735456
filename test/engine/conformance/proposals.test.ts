import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { type Act, type ApprovalLimits, approvalLimits, type Store, samePerson } from '../../../engine';
import { FinanceError } from '../../../errors';
import { receive, row, take } from '../../support/store';
import { assertVerified, held, ready, times } from './held';
import { onEveryStore, type Place } from './stores';

const LIMITS = approvalLimits('{"EUR": "100"}');
const HIGH = approvalLimits('{"EUR": "119.00"}');
const JSON_TYPE = 'application/json';
const correction = (content = '{"id":"corrected"}'): Act => ({
  action: 'correct',
  mediaType: JSON_TYPE,
  content,
});

onEveryStore('Decisions and their second person', (place) => {
  let store: Store;
  let documentId: string;
  beforeEach(async () => {
    store = await ready(await place().open());
    ({ documentId } = await held(store, 'in_1'));
  });

  const carla = { actor: 'carla', reason: 'seen by carla' };
  const ben = { actor: 'ben', reason: 'agreed' };
  const decide = (act: Act, more: object = {}) =>
    store.decide({ documentId, ...carla, act, limits: LIMITS, ...more });

  async function proposed(act: Act, more: object = {}): Promise<string> {
    const decided = await decide(act, more);
    assert.ok(decided.status === 'proposed', decided.status);
    return decided.proposalId;
  }

  it('below the limit it is done at once', async () => {
    assert.deepEqual(await decide({ action: 'skip' }, { limits: HIGH }), { status: 'done' });
    assert.equal((await row(store, documentId)).outcome, 'skipped');
    assert.deepEqual(await store.proposals(), []);
  });

  it('above it, it is proposed, and done by the approval of another person', async () => {
    const proposalId = await proposed({ action: 'reject' });
    assert.equal((await row(store, documentId)).state, 'held');
    const [open] = await store.proposals({ state: 'open', entities: ['acme_de'] });
    assert.deepEqual(
      [open?.id, open?.kind, open?.author, open?.amount, open?.current],
      [proposalId, 'reject', 'carla', '119.00', true],
    );
    assert.deepEqual(await store.proposals({ entities: ['acme_us'] }), []);
    assert.deepEqual(await store.proposals({ entities: [] }), []);
    const approved = await store.approve({ proposalId, ...ben });
    assert.deepEqual(approved, { status: 'approved', documentId });
    const { document, exceptions } = await store.trace({ documentId });
    assert.equal(document.outcome, 'rejected');
    assert.deepEqual([exceptions[0]?.actor, exceptions[0]?.reason], ['carla', 'seen by carla']);
    assert.equal((await store.proposal({ proposalId })).decided_by, 'ben');
    await assert.rejects(store.approve({ proposalId, ...ben }), { code: 'STORE_STATE' });
    await assertVerified(store);
  });

  it('an unknown amount, and a currency without a limit, count as above', async () => {
    const dollars = await held(store, 'in_2', 'ODOO_VALIDATION', { amount: '1.00', currency: 'USD' });
    const skip = { ...carla, act: { action: 'skip' } as const, limits: LIMITS };
    assert.equal((await store.decide({ ...skip, documentId: dollars.documentId })).status, 'proposed');
    const unknown = await receive(store, 'in_3');
    await store.hold({ ...(await take(store)), error: new FinanceError('MAP_INPUT_INVALID').toJSON() });
    assert.equal((await store.decide({ ...skip, documentId: unknown.documentId })).status, 'proposed');
    const small = correction();
    assert.equal((await decide(small, { limits: HIGH })).status, 'proposed', 'nobody knows what it would be');
    assert.equal(
      (await decide({ action: 'skip' }, { limits: approvalLimits('{"acme_us": {"EUR": "1"}}') })).status,
      'done',
      'limits of another entity',
    );
  });

  it('a correction is taken in the amount that it makes', async () => {
    const after = { amount: '120.00', currency: 'EUR' };
    const proposalId = await proposed(correction(), { limits: HIGH, after });
    assert.equal((await store.proposal({ proposalId })).amount, '120.00');
    const { bodies } = await store.trace({ documentId });
    assert.deepEqual(
      bodies.map(({ role }) => role),
      ['source', 'proposed'],
    );
    await store.approve({ proposalId, ...ben });
    const corrected = (await store.trace({ documentId })).bodies.find(({ role }) => role === 'corrected');
    assert.equal(corrected?.text, '{"id":"corrected"}');
    await store.replay({ documentId, ...carla });
    const [leased] = await store.lease({ pipeline: 'billing', worker: 'w', limit: 1 });
    assert.equal(leased?.body.text, '{"id":"corrected"}');
    await assertVerified(store);
  });

  it('neither the author nor who corrected it may approve, however they write their names', async () => {
    await store.correct({ documentId, ...ben, mediaType: JSON_TYPE, content: '{"id":"x"}' });
    const proposalId = await proposed({ action: 'reject' });
    for (const actor of ['carla', ' Carla ', 'CARLA', 'ben', 'Ben', '', '  '])
      await assert.rejects(store.approve({ proposalId, actor, reason: 'me' }), {
        code: 'DECISION_SECOND_PERSON',
      });
    await store.approve({ proposalId, actor: 'dora', reason: 'fine' });
    assert.equal((await row(store, documentId)).outcome, 'rejected');
  });

  it('nobody is asked to approve what cannot be done', async () => {
    const impossible: Act[] = [
      { action: 'retry', from: 'odoo.load' },
      { action: 'link', record: {}, steps: [] },
      { action: 'retry', notDone: true },
    ];
    for (const act of impossible) await assert.rejects(decide(act), { name: 'FinanceError' });
    assert.deepEqual(await store.proposals(), []);
  });

  it('a refused one does nothing, and another may be proposed', async () => {
    const proposalId = await proposed({ action: 'reject' });
    await assert.rejects(decide({ action: 'reject' }), { code: 'STORE_STATE' });
    await store.refuse({ proposalId, ...ben });
    assert.equal((await row(store, documentId)).state, 'held');
    await assert.rejects(store.approve({ proposalId, actor: 'dora', reason: 'x' }), { code: 'STORE_STATE' });
    await proposed({ action: 'reject' });
  });

  it('it belongs to those who see the entity', async () => {
    const others = { entities: ['acme_us'] };
    await assert.rejects(decide({ action: 'skip' }, others), { code: 'STORE_NOT_FOUND' });
    const proposalId = await proposed({ action: 'reject' });
    for (const refused of [
      store.approve({ proposalId, ...ben, ...others }),
      store.refuse({ proposalId, ...ben, ...others }),
      store.proposal({ proposalId, ...others }),
    ])
      await assert.rejects(refused, { code: 'STORE_NOT_FOUND' });
  });

  describe('is void once', () => {
    const later: Record<string, () => Promise<unknown>> = {
      'the data was corrected': () =>
        store.correct({ documentId, ...ben, mediaType: JSON_TYPE, content: '{}' }),
      'it was retried and held again': async () => {
        await store.replay({ documentId, ...ben });
        await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
      },
      'its content changed': async () => {
        await store.replay({ documentId, ...ben });
        const notes = { contentHash: 'other' };
        await store.hold({
          ...(await take(store)),
          notes,
          error: new FinanceError('ODOO_VALIDATION').toJSON(),
        });
      },
      'it was settled': () => store.dismiss({ documentId, ...ben, outcome: 'skipped' }),
    };
    for (const [title, change] of Object.entries(later))
      it(title, async () => {
        const proposalId = await proposed({ action: 'reject' });
        await change();
        const { state, current } = await store.proposal({ proposalId });
        assert.deepEqual([state, current], ['void', false]);
        await assert.rejects(store.approve({ proposalId, actor: 'dora', reason: 'x' }), {
          code: 'STORE_STATE',
        });
        await assertVerified(store);
      });

    it('the mapping that it would use has another version', async () => {
      const versions = [{ name: 'acme_de', version: 2, hash: 'h2' }];
      const proposalId = await proposed({ action: 'retry', mapping: 'latest' }, { versions });
      const newer = [{ name: 'acme_de', version: 3, hash: 'h3' }];
      const late = await store.approve({ proposalId, ...ben, versions: newer });
      assert.deepEqual(late, { status: 'void', documentId });
      assert.equal((await row(store, documentId)).state, 'held');
      const again = await proposed({ action: 'retry', mapping: 'latest' }, { versions: newer });
      await store.approve({ proposalId: again, ...ben, versions: newer });
      assert.equal((await row(store, documentId)).state, 'ready');
      await assertVerified(store);
    });
  });

  it('a retry with the latest mapping runs with the version that was approved, whatever comes after it', async () => {
    const latest: Act = { action: 'retry', mapping: 'latest' };
    await assert.rejects(decide(latest), { code: 'STORE_STATE' }, 'no version is named');
    const versions = [{ name: 'acme_de', version: 2, hash: 'h2' }];
    const proposalId = await proposed(latest, { versions });
    await store.approve({ proposalId, ...ben, versions });
    const run = await take(store);
    assert.deepEqual(run.pinned, versions);
    const error = new FinanceError('ODOO_VALIDATION').toJSON();
    await store.hold({ ...run, notes: { mapping: versions }, error });
    await store.replay({ documentId, ...carla });
    assert.equal((await take(store)).pinned, undefined, 'another retry is another decision');
    await assertVerified(store);
  });

  it('that what was rejected runs again is a decision as its rejection was', async () => {
    await store.dismiss({ documentId, ...ben, outcome: 'rejected' });
    const proposalId = await proposed({ action: 'retry' });
    await assert.rejects(decide({ action: 'skip' }), { code: 'STORE_STATE' });
    assert.equal((await store.proposal({ proposalId })).current, true);
    await store.approve({ proposalId, ...ben });
    assert.equal((await row(store, documentId)).state, 'ready');
    assert.equal(await times(store, documentId, 'replayed'), 1);
    await take(store);
    await assert.rejects(decide({ action: 'retry' }), { code: 'STORE_STATE' });
    await assertVerified(store);
  });

  it('a plain retry needs nobody; what waits for an approval is released by an approver', async () => {
    assert.deepEqual(await decide({ action: 'retry' }), { status: 'done' });
    await take(store);
    const details = { contentHash: 'abc' };
    const approval = () => new FinanceError('DOCUMENT_APPROVAL', { details });
    const small = await held(store, 'in_2', approval());
    const retry = { documentId: small.documentId, ...carla, act: { action: 'retry' } as const };
    const asked = await store.decide(retry);
    assert.ok(asked.status === 'proposed');
    await store.approve({ proposalId: asked.proposalId, ...ben });
    assert.deepEqual((await take(store)).approval, { by: 'ben', contentHash: 'abc' });
    const other = await held(store, 'in_3', approval());
    const direct = { ...retry, documentId: other.documentId, actor: 'ben', mayApprove: true };
    assert.deepEqual(await store.decide(direct), { status: 'done' });
    assert.deepEqual((await take(store)).approval, { by: 'ben', contentHash: 'abc' });
  });
});

type Move =
  | { do: 'decide'; act: number; limits: boolean }
  | { do: 'approve' | 'refuse'; pick: number }
  | { do: 'correct' }
  | { do: 'rerun' };

const PEOPLE = ['ann', 'ben', 'Ann ', 'BEN', 'eva'];
const ACTS: Act[] = [
  { action: 'retry', mapping: 'latest' },
  { action: 'skip' },
  { action: 'reject' },
  correction(),
  {
    action: 'mapping-fix',
    fix: { mapping: 'm', version: 1, hash: 'h', table: 't', key: 'k', value: 'v' },
  },
];

const moves: fc.Arbitrary<{ who: string; move: Move }> = fc.record({
  who: fc.constantFrom(...PEOPLE),
  move: fc.oneof(
    fc.record({
      do: fc.constant('decide' as const),
      act: fc.nat(ACTS.length - 1),
      limits: fc.boolean(),
    }),
    fc.record({ do: fc.constantFrom('approve' as const, 'refuse' as const), pick: fc.nat(5) }),
    fc.constant({ do: 'correct' } as const),
    fc.constant({ do: 'rerun' } as const),
  ),
});

const RUNS = Number(process.env.LEDGERWAY_TEST_RUNS ?? 12);
/** Refusals that the rules ask for. */
const REFUSALS = new Set(['STORE_STATE', 'STORE_NOT_FOUND', 'DECISION_SECOND_PERSON']);

onEveryStore('Four eyes under random decisions', (place) => {
  it('no approval is by its author or by who corrected the document, and none outlives a change', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(moves, { minLength: 5, maxLength: 25 }), (story) => tell(place(), story)),
      { numRuns: RUNS },
    );
  });

  async function tell(at: Place, story: { who: string; move: Move }[]): Promise<void> {
    await at.empty();
    const store = await ready(await at.open());
    const { documentId } = await held(store, 'in_1');
    const correctors = new Set<string>();
    /** What may not be approved any more, whoever tries. */
    const outlived = new Set<string>();
    for (const { who, move } of story) {
      const before = await store.proposals({ state: 'open' });
      try {
        await apply(store, documentId, who, move);
      } catch (error) {
        if (!(error instanceof FinanceError && REFUSALS.has(error.code))) throw error;
        continue;
      }
      if (move.do === 'correct') correctors.add(who);
      const approved = (await store.proposals({ state: 'approved' })).filter(({ id }) =>
        before.some((one) => one.id === id),
      );
      for (const { id, author, decided_by: by, kind } of approved) {
        assert.ok(!samePerson(author, by!), `${author} approved their own`);
        for (const corrector of correctors) assert.ok(!samePerson(corrector, by!), `${by} had corrected it`);
        assert.ok(!outlived.has(id), `${kind} outlived a change`);
        if (kind === 'correct') correctors.add(author);
      }
      const changed =
        ['correct', 'rerun'].includes(move.do) || approved.some(({ kind }) => kind !== 'mapping-fix');
      if (changed) for (const { id } of before) if (!approved.some((one) => one.id === id)) outlived.add(id);
    }
    await assertVerified(store);
  }

  async function apply(store: Store, documentId: string, who: string, move: Move): Promise<void> {
    const by = { actor: who, reason: 'random' };
    if (move.do === 'decide') {
      const limits: ApprovalLimits | undefined = move.limits ? LIMITS : undefined;
      const decided = await store.decide({ documentId, ...by, act: ACTS[move.act]!, limits });
      // What is not proposed changes the document by itself, and is no matter of this story.
      if (decided.status === 'done') await holdAgain(store, documentId);
    } else if (move.do === 'correct')
      await store.correct({ documentId, ...by, mediaType: JSON_TYPE, content: JSON.stringify({ who }) });
    else if (move.do === 'rerun') {
      await store.replay({ documentId, ...by });
      await holdAgain(store, documentId);
    } else {
      const open = await store.proposals({ state: 'open' });
      const proposal = open[move.pick % Math.max(1, open.length)];
      if (!proposal) return;
      await store[move.do]({ proposalId: proposal.id, ...by });
      await holdAgain(store, documentId);
    }
  }

  /** A document that runs is held again, for the next decision. */
  async function holdAgain(store: Store, documentId: string): Promise<void> {
    if ((await row(store, documentId)).state !== 'ready') return;
    await store.hold({ ...(await take(store)), error: new FinanceError('ODOO_VALIDATION').toJSON() });
  }
});
