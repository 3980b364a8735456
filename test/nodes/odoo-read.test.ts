import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { FinanceError } from '../../errors';
import type { Message, RedApi } from '../../nodes/kit/red';
import { Downstream } from '../../nodes/odoo-read/downstream';
import { invoiceOf, lineOf } from '../finance/documents';
import { node, PIPELINE_IN } from './bench';
import { MasterBench } from './master-bench';

const RUNTIME = require.resolve(process.env.LEDGERWAY_NODE_RED ?? 'node-red');
const { hooks } = require(require.resolve('@node-red/util', { paths: [RUNTIME] })) as { hooks: object };

type Rows = { id: number; code: string }[];

describe('odoo read', () => {
  let desk: MasterBench;
  beforeEach(async () => {
    desk = await MasterBench.open('16.0');
  });
  afterEach(() => desk.close());

  const reader = (config: object, wires = [['done'], ['failed']]) =>
    node('read', 'odoo-read', {
      entity: 'entity',
      connection: 'odoo',
      model: 'account.account',
      domain: '',
      fields: '["code"]',
      ...config,
      wires,
    });
  const ENDS = [node('done', 'helper'), node('failed', 'helper')];
  const load = (config: object = {}, more: object[] = []): Promise<void> =>
    desk.load([reader(config), ...ENDS, ...more]);
  const ask = (msg: object = {}): void => desk.bench.send('read', msg);
  const failure = async (): Promise<FinanceError> =>
    (await desk.bench.message('failed')).error as FinanceError;
  const rowsOf = (msg: Message): Rows => msg.records as Rows;

  it('gives all records of the company in one message, in the order of their ids', async () => {
    await load({ pageSize: 3 });
    ask({ topic: 'kept' });
    const msg = await desk.bench.message('done');
    const ids = rowsOf(msg).map(({ id }) => id);
    assert.deepEqual(
      ids,
      desk.records('account.account', { company_id: 1 }).map(({ id }) => id),
    );
    assert.equal(msg.topic, 'kept');
    await desk.bench.until(() => desk.bench.status('read').text === `${ids.length} read`);
  });

  it('takes values of the message into its domain, a limit, and a property', async () => {
    await load({ domain: '[["code", "in", [payload.codes]]]', limit: 2, property: 'accounts' });
    ask({ payload: { codes: ['1400', '8400', '8300'] } });
    const { accounts } = await desk.bench.message('done');
    assert.deepEqual(
      (accounts as Rows).map(({ code }) => code),
      ['1400', '8300'],
    );
  });

  it('a condition whose value is missing asks Odoo nothing', async () => {
    await load({ domain: '[["code", "=", payload.code]]' });
    ask({ payload: {} });
    assert.equal((await failure()).code, 'MAP_EXPRESSION');
  });

  it('in a pipeline the records travel with the document, which stays as it is', async () => {
    await desk.load([
      { ...PIPELINE_IN, wires: [['read']] },
      reader({ domain: '[["code", "=", payload.posting.receivableAccount]]' }, [['out'], ['failed']]),
      node('out', 'pipeline-out', { wires: [['done']] }),
      ...ENDS,
    ]);
    const invoice = invoiceOf([lineOf()], { posting: { journal: 'STRP', receivableAccount: '1400' } });
    await desk.receiveOne(invoice);
    const msg = await desk.bench.message('done');
    assert.deepEqual([rowsOf(msg).map(({ code }) => code), msg.payload], [['1400'], invoice]);
    assert.equal(msg.ledgerway?.settled, true);
  });

  it('pages in a pipeline would be clones of its document, and are refused', async () => {
    await desk.load([{ ...PIPELINE_IN, wires: [['read']] }, reader({ mode: 'pages' }), ...ENDS]);
    await desk.receiveOne(invoiceOf([lineOf()]));
    assert.equal((await failure()).code, 'CONFIG_INVALID');
  });

  it('page by page, as a sequence whose last message says so', async () => {
    await load({ mode: 'pages', pageSize: 8 });
    const all = desk.records('account.account', { company_id: 1 }).length;
    const lengths = Array.from({ length: Math.ceil(all / 8) }, (_, index) => Math.min(8, all - index * 8));
    ask({ topic: 'kept' });
    const pages = await sequence();
    assert.deepEqual(
      pages.map((page) => rowsOf(page).length),
      lengths,
    );
    assert.deepEqual(
      pages.map(({ parts, complete, topic }) => [{ ...(parts as object), id: 0 }, complete, topic]),
      lengths.map((len, index) => {
        const parts = { id: 0, type: 'array', index, len };
        const isLast = index === lengths.length - 1;
        return [isLast ? { ...parts, count: lengths.length } : parts, isLast ? true : undefined, 'kept'];
      }),
    );
    assert.equal(new Set(pages.map(({ _msgid }) => _msgid)).size, lengths.length);
    assert.equal(new Set(pages.flatMap((page) => rowsOf(page).map(({ id }) => id))).size, all);
  });

  it('where nothing fits there is one page, and it is empty', async () => {
    await load({ mode: 'pages', domain: '[["code", "=", "none"]]' });
    ask();
    const [only, ...others] = await sequence();
    assert.deepEqual([rowsOf(only!), only?.complete, others], [[], true, []]);
  });

  it('waits with the next page until the flow behind is done with this one', async () => {
    const open: (() => void)[] = [];
    let most = 0;
    let working = 0;
    const slow = (RED: RedApi): void =>
      RED.nodes.registerType('ledgerway-slow', function (this: never, config: never) {
        RED.nodes.createNode(this, config);
        const self = this as unknown as {
          on(
            event: 'input',
            take: (msg: Message, send: (msg: Message) => void, done: () => void) => void,
          ): void;
        };
        self.on('input', (msg, send, done) => {
          most = Math.max(most, ++working);
          open.push(() => {
            working--;
            send(msg);
            done();
          });
        });
      });
    await desk.load(
      [
        reader({ mode: 'pages', pageSize: 5 }, [['slow'], []]),
        node('slow', 'slow', { wires: [['done']] }),
        ...ENDS,
      ],
      {},
      [slow],
    );
    // the test helper leaves out what the runtime gives to nodes
    Object.assign(desk.bench.RED, { hooks });
    ask();
    for (let page = 1; page <= 4; page += 1) {
      await desk.bench.until(() => open.length === page, `page ${page}`);
      await new Promise((done) => setTimeout(done, 30));
      assert.deepEqual([open.length, working], [page, 1]);
      open[page - 1]?.();
    }
    await desk.bench.message('done', 4);
    assert.equal(most, 1);
  });

  it('says where it stands when Odoo goes away, and goes on from there', async () => {
    await load({ mode: 'pages', pageSize: 5, domain: '[["code", "!=", ""]]' });
    let asked = 0;
    const { odoo } = desk.odoo;
    const run = odoo.run.bind(odoo);
    odoo.run = (uid, call, style) => {
      if (call.method === 'search_read' && call.model === 'account.account' && ++asked === 3)
        throw new Error('gone');
      return run(uid, call, style);
    };
    ask({ topic: 'first' });
    const { details } = await failure();
    const seen = desk.bench.at('done').flatMap((page) => rowsOf(page).map(({ id }) => id));
    assert.deepEqual([details?.after, details?.records], [seen.at(-1), seen.length]);
    ask({ after: details?.after });
    await desk.bench.until(() => desk.bench.at('done').at(-1)?.complete === true);
    const all = desk.bench.at('done').flatMap((page) => rowsOf(page).map(({ id }) => id));
    assert.deepEqual(
      all,
      desk.records('account.account', { company_id: 1 }).map(({ id }) => id),
    );
  });

  it('a configuration that cannot be right is said at the deploy', async () => {
    await load({ domain: '[[' });
    assert.equal(desk.bench.status('read').fill, 'red');
    ask();
    assert.equal((await failure()).code, 'MAP_EXPRESSION');
  });

  async function sequence(): Promise<Message[]> {
    await desk.bench.until(() => desk.bench.at('done').some(({ complete }) => complete));
    return desk.bench.at('done');
  }
});

describe('the flow behind a node', () => {
  it('that never says it is done holds nothing up for ever; without hooks nothing is waited for', async () => {
    const RED = { util: { generateId: () => 'x' } } as unknown as RedApi;
    const downstream = new Downstream(RED);
    let sent = 0;
    await downstream.passed({ _msgid: '1' }, () => void sent++);
    downstream.close();
    assert.equal(sent, 1);
  });
});
