import { strict as assert } from 'node:assert';
import { leaseOf, type RunContext, type Store } from '../../engine';
import { FinanceError } from '../../errors';
import type { CloseGate } from '../../finance';
import { invoice } from '../connectors/odoo/documents';
import { ledgerway } from '../support/command';
import { PIPELINE, receive, Scratch, take } from '../support/store';

describe('ledgerway close', () => {
  let scratch: Scratch;
  let store: Store;
  beforeEach(async () => {
    scratch = new Scratch();
    store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
  });
  afterEach(() => scratch.remove());

  const close = (...args: string[]) => ledgerway(['close', ...args, '--data', scratch.folder]);

  async function mapped(id: string, issueDate?: string): Promise<RunContext> {
    await receive(store, id);
    const context = await take(store);
    const canonical = issueDate && JSON.parse(JSON.stringify(invoice(id, { issueDate })));
    context.notes = canonical ? { canonical, amount: '119.00', currency: 'EUR' } : undefined;
    return context;
  }
  const hold = (context: RunContext, code: 'MAP_UNMAPPED' | 'RUN_IN_DOUBT') =>
    store.hold({ ...leaseOf(context), error: new FinanceError(code).toJSON() });

  it('says what holds a period up, in which state and how much it is', async () => {
    await hold(await mapped('held', '2026-10-05'), 'MAP_UNMAPPED');
    await hold(await mapped('doubt', '2026-10-06'), 'RUN_IN_DOUBT');
    await hold(await mapped('november', '2026-11-02'), 'MAP_UNMAPPED');
    await hold(await mapped('unknown'), 'MAP_UNMAPPED');
    await mapped('flying');
    await store.settle({ ...leaseOf(await mapped('done', '2026-10-07')), outcome: 'completed' });
    const { code, json } = await close('acme_de', '2026-10', '--json');
    assert.equal(code, 1);
    const gate = json() as unknown as CloseGate & { entity: string };
    assert.deepEqual(
      gate.open.map(({ number, date, state, code: why }) => [number, date, state, why]),
      [
        ['S-held', '2026-10-05', 'held', 'MAP_UNMAPPED'],
        ['S-doubt', '2026-10-06', 'in_doubt', 'RUN_IN_DOUBT'],
      ],
    );
    assert.deepEqual(
      gate.undated.map(({ state }) => state),
      ['held', 'in_flight'],
    );
    assert.equal(gate.later, 1);
    assert.deepEqual(gate.totals, [
      { state: 'held', count: 1, amount: '0' },
      { state: 'held', currency: 'EUR', count: 1, amount: '119' },
      { state: 'in_doubt', currency: 'EUR', count: 1, amount: '119' },
      { state: 'in_flight', count: 1, amount: '0' },
    ]);
    const { stdout } = await close('acme_de', '2026-10');
    assert.match(stdout, /in doubt: 1 document, 119 EUR/);
    assert.match(stdout, /Of a day that nobody knows yet:\n.*\(?acme_de/);
  });

  it('lets a period be closed where nothing of it is open', async () => {
    await hold(await mapped('november', '2026-11-02'), 'MAP_UNMAPPED');
    const { code, stdout } = await close('acme_de', '2026-10');
    assert.deepEqual([code, stdout], [0, 'acme_de 2026-10-01 to 2026-10-31: clear to close.\n']);
  });

  it('clears no entity that nobody knows', async () => {
    await store.settle({ ...leaseOf(await mapped('done', '2026-10-07')), outcome: 'completed' });
    const { code, stderr } = await close('acme_d', '2026-10');
    assert.notEqual(code, 0);
    assert.match(stderr, /CONFIG_INVALID: The deployed flows have no legal entity "acme_d"/);
    assert.equal((await close('acme_de', '2026-10')).code, 0);
  });

  it('says how it is used', async () => {
    assert.match((await close('acme_de')).stderr, /CONFIG_INVALID: Say: ledgerway close ENTITY PERIOD/);
    assert.match((await close('acme_de', '2026-14')).stderr, /"2026-14" is not a period/);
  });
});
