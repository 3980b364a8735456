import { strict as assert } from 'node:assert';
import { openSqliteStore } from '../../engine';
import { FinanceError } from '../../errors';
import { layoutOf } from '../../runtime';
import { keepLimits } from '../../runtime/approval';
import { ledgerway } from '../support/command';
import { PIPELINE, receive, Scratch, take } from '../support/store';

describe('ledgerway exceptions', () => {
  let scratch: Scratch;
  let held: string[];
  beforeEach(async () => {
    scratch = new Scratch();
    const store = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    await store.syncPipelines([PIPELINE]);
    held = [];
    for (const object of ['in_1', 'in_2', 'in_3']) {
      held.push((await receive(store, object)).documentId);
      const error = new FinanceError('MAP_UNMAPPED', {
        message: 'map tax code txr_x for entity acme_de',
      }).toJSON();
      await store.hold({ ...(await take(store)), notes: { amount: '119.00', currency: 'EUR' }, error });
    }
    await store.close();
  });
  afterEach(() => scratch.remove());

  const run = (...args: string[]) => ledgerway(['exceptions', ...args, '--data', scratch.folder]);

  it('lists what is held, and records a decision with name and reason', async () => {
    const listed = await run('list');
    assert.match(listed.stdout, /acme_de {2}MAP_UNMAPPED {2}119\.00 EUR/);
    assert.match(listed.stdout, /map tax code txr_x for entity acme_de Add the missing entry/);
    const by = ['--actor', 'eva', '--reason', 'table corrected'];
    assert.equal((await run('retry', held[0]!, '--latest-mapping', ...by, '--json')).json().state, 'ready');
    assert.equal((await run('skip', held[1]!, ...by, '--json')).json().outcome, 'skipped');
    assert.equal((await run('reject', held[2]!, ...by, '--json')).json().outcome, 'rejected');
    assert.deepEqual((await run('list', '--json')).json(), { exceptions: [] });
    const store = await openSqliteStore({ file: layoutOf(scratch.folder).store, readOnly: true });
    const { exceptions } = await store.trace({ documentId: held[2]! });
    await store.close();
    assert.deepEqual([exceptions[0]?.actor, exceptions[0]?.reason], ['eva', 'table corrected']);
  });

  it('what a stranger wrote does not steer the terminal', async () => {
    const store = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    await receive(store, 'in_4');
    const message = 'no \u001b[2Jtax\u202e\ndoc_fake  acme_de';
    await store.hold({
      ...(await take(store)),
      error: new FinanceError('MAP_UNMAPPED', { message }).toJSON(),
    });
    await store.close();
    const { stdout } = await run('list');
    assert.match(stdout, /no {2}\[2Jtax {2}doc_fake {2}acme_de/);
    assert.ok(!stdout.includes('\u001b') && !stdout.includes('\u202e'));
  });

  it('refuses a decision without a name or a reason, about nothing, or beside a running runtime', async () => {
    for (const args of [
      ['retry', held[0]!],
      ['reject', held[0]!, '--actor', 'eva'],
      ['forgive', held[0]!],
    ]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 1);
      assert.match(stderr, /CONFIG_INVALID: Say: ledgerway exceptions/);
    }
    const unknown = await run('skip', 'doc_none', '--actor', 'eva', '--reason', 'x');
    assert.match(unknown.stderr, /STORE_NOT_FOUND/);
    const owner = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    const beside = await run('skip', held[0]!, '--actor', 'eva', '--reason', 'x');
    assert.match(beside.stderr, /STORE_OWNED/);
    assert.equal((await run('list', '--json')).code, 0, 'the list only reads');
    await owner.close();
  });

  it('without the environment of the runtime, the limits of the runtime hold', async () => {
    const store = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    process.env.LEDGERWAY_APPROVAL_ABOVE = '{"EUR": "100"}';
    try {
      await keepLimits(store);
      await keepLimits(store);
    } finally {
      delete process.env.LEDGERWAY_APPROVAL_ABOVE;
      await store.close();
    }
    const by = ['--actor', 'eva', '--reason', 'fraud', '--json'];
    assert.equal((await run('reject', held[0]!, ...by)).json().state, 'held');
    const lifted = await openSqliteStore({ file: layoutOf(scratch.folder).store });
    assert.equal(await keepLimits(lifted), undefined);
    await lifted.close();
    assert.equal((await run('reject', held[1]!, ...by)).json().outcome, 'rejected');
  });

  it('above the limit a decision waits for another person', async () => {
    process.env.LEDGERWAY_APPROVAL_ABOVE = '{"EUR": "100"}';
    try {
      const asked = await run('reject', held[0]!, '--actor', 'eva', '--reason', 'fraud', '--json');
      const { state, proposalId } = asked.json() as { state: string; proposalId: string };
      assert.equal(state, 'held');
      assert.match(
        (await run('proposals')).stdout,
        /prp_\w+ {2}reject doc_\w+ {2}119\.00 EUR {2}eva\n {4}fraud/,
      );
      const own = await run('approve', proposalId, '--actor', 'Eva', '--reason', 'me too');
      assert.match(own.stderr, /DECISION_SECOND_PERSON/);
      const other = await run('approve', proposalId, '--actor', 'ben', '--reason', 'agreed', '--json');
      assert.equal(other.json().outcome, 'rejected');
    } finally {
      delete process.env.LEDGERWAY_APPROVAL_ABOVE;
    }
  });
});
