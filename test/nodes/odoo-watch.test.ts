import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Invoice } from '../../finance';
import { DEMO_ADMIN } from '../../sandbox/odoo';
import { invoiceOf, lineOf } from '../finance/documents';
import { seedOf } from '../support/seed';
import { node, PIPELINE_IN } from './bench';
import { MasterBench } from './master-bench';

interface Body {
  model: string;
  id: number;
  writeDate: string;
  record: Record<string, unknown>;
}

const SEED = seedOf('LEDGERWAY_WATCH_SEED');
const WATCH = { entity: 'entity', connection: 'odoo', everySeconds: 0.1, overlapSeconds: 300 };
const PARTNERS = { what: 'custom', model: 'res.partner', fields: '["name","email"]', kind: 'party' };

describe('odoo watch', () => {
  let desk: MasterBench;
  beforeEach(async () => {
    desk = await MasterBench.open();
  });
  afterEach(() => desk.close());

  const flow = (config: object): object[] => [
    node('watch', 'odoo-watch', { ...WATCH, ...config, wires: [['told']] }),
    {
      ...PIPELINE_IN,
      name: 'changes',
      kinds: '["odoo_invoice","odoo_payment_state","odoo_period","party"]',
      wires: [['out']],
    },
    node('out', 'pipeline-out', { wires: [['done']] }),
    node('done', 'helper'),
    node('told', 'helper'),
  ];
  const load = (config: object): Promise<void> => desk.load(flow(config));
  const bodies = (): Body[] => desk.bench.at('done').map(({ payload }) => payload as Body);
  const states = (): string[] => bodies().map(({ id, record }) => `${id} ${record.email}`);
  /** Two polls that began after now. */
  const polled = async (): Promise<void> => {
    const before = polls;
    await desk.bench.until(() => polls >= before + 2, 'two polls');
    await new Promise((done) => setTimeout(done, 100));
  };
  let polls = 0;
  /** Counts the polls of a model, and may do something before each. */
  function countPolls(model: string): void {
    const { odoo } = desk.odoo;
    const run = odoo.run.bind(odoo);
    polls = 0;
    odoo.run = (uid, call, style) => {
      if (call.model === model && call.method === 'search_read') polls++;
      return run(uid, call, style);
    };
  }

  const post = async (id: string): Promise<void> => {
    const posting = { journal: 'STRP', receivableAccount: '1400' };
    const invoice: Invoice = invoiceOf([lineOf()], { posting, number: id, source: { system: 'stripe', id } });
    desk.bench.send('post', { payload: invoice });
    await desk.bench.until(() => desk.records('account.move', { name: id, state: 'posted' }).length === 1);
  };

  it('receives posted invoices once each, with what it is told of them', async () => {
    const poster = node('post', 'odoo-post', { entity: 'entity', connection: 'odoo', wires: [[], []] });
    await desk.load([...flow({ what: 'invoices', kind: 'odoo_invoice' }), poster]);
    countPolls('account.move');
    await post('RE-1');
    const { payload, ledgerway } = await desk.bench.message('done');
    const { model, id, record } = payload as Body;
    assert.deepEqual(
      [model, record.name, record.move_type, record.amount_total],
      ['account.move', 'RE-1', 'out_invoice', 119],
    );
    assert.equal(ledgerway?.lane, `acme_de/odoo/account.move/${id}`);
    const told = (await desk.bench.message('told')).payload as { kind: string; source: object };
    assert.equal(told.kind, 'odoo_invoice');
    await desk.write('account.move', id, { payment_reference: 'a person was here' });
    await polled();
    // the invoice shows the name of its customer, which is none of its own content
    const [{ partner_id: customer } = { partner_id: 0 }] = desk.records('account.move', { name: 'RE-1' });
    await desk.write('res.partner', Number(customer), { name: 'Renamed GmbH' });
    await desk.write('account.move', id, { payment_reference: 'and again' });
    await polled();
    await post('RE-2');
    await desk.bench.message('done', 2);
    assert.deepEqual(
      bodies().map((body) => body.record.name),
      ['RE-1', 'RE-2'],
    );
  });

  it('receives each change of what is open, in order', async () => {
    const poster = node('post', 'odoo-post', { entity: 'entity', connection: 'odoo', wires: [[], []] });
    await desk.load([...flow({ what: 'payments', kind: 'odoo_payment_state' }), poster]);
    await post('RE-1');
    await desk.bench.message('done');
    pay('RE-1', 119);
    await desk.bench.until(() => bodies().at(-1)?.record.payment_state !== 'not_paid');
    assert.deepEqual(
      bodies().map(({ record }) => record.amount_residual),
      [119, 0],
    );
  });

  it('with a field as lane, the changes of all records that name the same are in one order', async () => {
    const poster = node('post', 'odoo-post', { entity: 'entity', connection: 'odoo', wires: [[], []] });
    const lane = { lane: 'commercial_partner_id' };
    await desk.load([...flow({ what: 'payments', kind: 'odoo_payment_state', ...lane }), poster]);
    await post('RE-1');
    await post('RE-2');
    await desk.bench.message('done', 2);
    const [customer] = desk.records('account.move', { name: 'RE-1' }).map(({ partner_id }) => partner_id);
    assert.deepEqual(
      desk.bench.at('done').map(({ ledgerway }) => ledgerway?.lane),
      Array(2).fill(`acme_de/odoo/account.move/commercial_partner_id/${customer}`),
    );
    await desk.redeploy(flow({ what: 'payments', kind: 'odoo_payment_state', lane: 'no_such_field' }));
    await desk.bench.until(() => desk.bench.status('watch').text === 'ODOO_MODEL');
  });

  /** What a person does with a button of the invoice. */
  function pay(invoice: string, amount: number): void {
    const { odoo } = desk.odoo;
    const context = {
      active_model: 'account.move',
      active_ids: desk.records('account.move', { name: invoice }).map(({ id }) => Number(id)),
    };
    const call = (method: string, given: number[] | { amount: number; journal_id: number }) =>
      odoo.run(
        DEMO_ADMIN.uid,
        { model: 'account.payment.register', method, args: [given], kwargs: { context } },
        'positional',
      );
    const bank = 5;
    call('action_create_payments', [Number(call('create', { amount, journal_id: bank }))]);
  }

  it('receives the closing of a period, and its opening again', async () => {
    await load({ what: 'periods', kind: 'odoo_period' });
    await desk.bench.message('done');
    for (const [index, date] of ['2026-10-31', '2026-09-30', '2026-10-31'].entries()) {
      await desk.write('res.company', 1, { fiscalyear_lock_date: date });
      await desk.bench.message('done', index + 2);
    }
    assert.deepEqual(
      bodies().map(({ record }) => record.fiscalyear_lock_date),
      [false, '2026-10-31', '2026-09-30', '2026-10-31'],
    );
    assert.ok(
      bodies().every(({ id }) => id === 1),
      'only of the own company',
    );
  });

  it('killed between the documents and the cursor, it receives nothing twice', async () => {
    const { store } = desk.bench;
    const { setCursor } = store;
    let refused = 0;
    store.setCursor = (input) => {
      if (!input.name.startsWith('watch/')) return setCursor(input);
      refused++;
      return Promise.reject(new Error('killed'));
    };
    await load(PARTNERS);
    await desk.bench.until(() => refused >= 3, 'three polls without a cursor');
    const all = desk.records('res.partner').length;
    assert.equal((await store.documents({})).length, all);
    store.setCursor = setCursor;
    await desk.redeploy(flow(PARTNERS));
    countPolls('res.partner');
    await polled();
    assert.equal((await store.documents({})).length, all);
    await desk.write('res.partner', 7, { email: 'neu@x.example' });
    await desk.bench.message('done', all + 1);
    assert.equal(states().at(-1), '7 neu@x.example');
  });

  it('a store that is full, an Odoo that is down: the cursor stays, and it goes on by itself', async () => {
    const { store } = desk.bench;
    const { receive } = store;
    let taken = 0;
    store.receive = (input) => {
      if (++taken === 3) return Promise.reject(Object.assign(new Error('full'), { code: 'STORE_FULL' }));
      return receive(input);
    };
    await desk.fault('http-502', { model: 'res.partner' }, 2);
    await load(PARTNERS);
    const all = desk.records('res.partner').length;
    await desk.bench.message('done', all);
    const codes = desk.bench.lines.map(({ facts }) => (facts as { err?: { code?: string } }).err?.code);
    assert.ok(codes.includes('ODOO_UNAVAILABLE') && codes.includes('STORE_FULL'), codes.join());
    assert.equal(new Set(states()).size, all);
  });

  it('a domain sees the company; fields of its own; records before a day are left out', async () => {
    await load({ ...PARTNERS, domain: '[["id", "=", company + 6]]', since: '2026-01-01' });
    assert.deepEqual((await desk.bench.message('done')).payload, {
      model: 'res.partner',
      id: 7,
      writeDate: bodies()[0]?.writeDate,
      record: { id: 7, name: 'Mustermann Handel GmbH', email: 'rechnung@mustermann.example' },
    });
    await desk.redeploy(flow({ ...PARTNERS, since: '2999-01-01' }));
    countPolls('res.partner');
    await polled();
    assert.equal(bodies().length, 1);
  });

  it(`whatever is written, and whenever it is killed: every last state, none twice (seed ${SEED})`, async () => {
    const { store } = desk.bench;
    const { setCursor } = store;
    const steps = fc.sample(
      fc.record({ id: fc.constantFrom(7, 8), email: fc.constantFrom('a', 'b'), waitMs: fc.nat(40) }),
      { numRuns: 60, seed: SEED },
    );
    let lost = 0;
    store.setCursor = (input) =>
      input.name.startsWith('watch/') && ++lost % 3 === 0
        ? Promise.reject(new Error('killed'))
        : setCursor(input);
    await load({ ...PARTNERS, everySeconds: 0.1, domain: '[["id", "in", [7, 8]]]' });
    for (const [index, { id, email, waitMs }] of steps.entries()) {
      await desk.write('res.partner', id, { email: `${email}${index}@x.example` });
      await new Promise((done) => setTimeout(done, waitMs));
    }
    const last = (id: number) => `${id} ${desk.records('res.partner', { id })[0]?.email}`;
    await desk.bench.until(() =>
      [7, 8].every((id) => states().findLast((state) => state.startsWith(`${id} `)) === last(id)),
    );
    countPolls('res.partner');
    await polled();
    const seen = states();
    assert.equal(new Set(seen).size, seen.length, 'none twice');
    for (const id of [7, 8]) {
      const own = seen
        .filter((state) => state.startsWith(`${id} `))
        .map((state) => Number(/\d+(?=@)/.exec(state)?.[0] ?? -1));
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        'in order',
      );
    }
  });

  it('a configuration that cannot be right is said at the deploy', async () => {
    await load({ ...PARTNERS, fields: '[]' });
    assert.match(String(desk.bench.status('watch').text), /names no field/);
  });
});
