import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import type { PostedMove, PostingPlan } from '../../connectors/odoo';
import type { Invoice } from '../../finance';
import type { Message } from '../../nodes/kit/red';
import { DEMO_LOGIN, demoSeed, type LedgerMove, type RunningOdoo, startOdoo } from '../../sandbox/odoo';
import { BUYER, invoiceOf, lineOf } from '../finance/documents';
import { Bench, ENDINGS, ENTITY, node, PIPELINE_IN } from './bench';

const POSTING = { journal: 'STRP', receivableAccount: '1400' };
const invoice = (more: Partial<Invoice> = {}): Invoice =>
  invoiceOf([lineOf()], { posting: POSTING, ...more });
const creditNote = (more: Partial<Invoice> = {}): Invoice =>
  invoice({
    kind: 'credit_note',
    source: { system: 'stripe', id: 'cn_1' },
    number: 'GS-1',
    precedingInvoice: { sourceId: 'in_1' },
    ...more,
  });

describe('odoo post', () => {
  let bench: Bench;
  let odoo: RunningOdoo;
  afterEach(async () => {
    await bench.close();
    await odoo.close();
  });

  async function load({
    version = '17.0' as '16.0' | '17.0' | '19.0',
    entity = {},
    post = {},
    connection = {},
  } = {}): Promise<void> {
    odoo = await startOdoo({ version, seed: demoSeed() });
    bench = await Bench.open({ graceMs: 60_000 });
    const flow = [
      { ...ENTITY, mapping: 'acme_de', ...entity },
      node('odoo', 'odoo-connection', {
        url: odoo.url,
        database: DEMO_LOGIN.database,
        login: DEMO_LOGIN.login,
        protocol: 'auto',
        timeoutSeconds: 5,
        ...connection,
      }),
      { ...PIPELINE_IN, wires: [['guard']] },
      node('guard', 'idempotency-guard', { wires: [['post'], [], []] }),
      node('post', 'odoo-post', {
        entity: 'entity',
        connection: 'odoo',
        ...post,
        wires: [['out'], ['exceptions']],
      }),
      ...ENDINGS,
    ];
    await bench.load(flow, { odoo: { secret: DEMO_LOGIN.apiKey } });
  }

  const event = (document: Invoice) =>
    bench.receive(document, { lane: document.source.id, kind: document.kind });
  const fault = (mode: string, method: string, times = 1) =>
    fetch(`${odoo.url}/_sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify({ mode, match: { method }, times }),
    });
  const edit = async (body: object): Promise<void> => {
    const answer = await fetch(`${odoo.url}/_sandbox/edit`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  };
  const moves = async (): Promise<LedgerMove[]> => {
    const page = (await (await fetch(`${odoo.url}/_sandbox/ledger`)).json()) as
      | { moves: LedgerMove[] }
      | LedgerMove[];
    return (Array.isArray(page) ? page : page.moves).filter(({ externalId }) =>
      externalId?.startsWith('ledgerway.'),
    );
  };
  const posted = (msg: Message) => msg.odoo as PostedMove;

  it('posts an invoice in recorded steps, and a replay has none of them again', async () => {
    await load();
    const documentId = await event(invoice());
    const first = await bench.message('done');
    assert.deepEqual(
      [posted(first).name, posted(first).amountTotal, posted(first).state],
      ['RE-1', '119.00', 'posted'],
    );
    const steps = ['odoo.partner done', 'odoo.load done', 'odoo.post done'];
    assert.deepEqual(await bench.kindsOfSteps(documentId), steps);
    assert.equal((await bench.store.documentRow({ documentId })).number, 'RE-1');
    const { steps: recorded } = await bench.store.trace({ documentId });
    // stores of earlier versions find their steps by these
    const key = 'ledgerway.acme_de__invoice__stripe__in_1';
    assert.deepEqual(
      recorded
        .slice(1)
        .map(({ kind, external_key, request }) => [kind, external_key, Object.keys(request as object)]),
      [
        ['odoo.load', key, ['contentHash', 'move']],
        ['odoo.post', key, ['company', 'invoiceDate', 'moveId']],
      ],
    );
    assert.deepEqual(recorded[1]!.result, { corrections: [], major: 17, moveId: posted(first).moveId });
    assert.ok(recorded.every(({ target }) => target === `${odoo.url}/ledger`));
    assert.doesNotMatch(JSON.stringify(recorded), new RegExp(DEMO_LOGIN.apiKey));
    // Odoo is gone: a replay needs nothing of it
    await fault('http-502', 'search_read', 1000);
    await bench.store.replay({ documentId, actor: 'carla', reason: 'again' });
    const second = await bench.message('done', 2);
    assert.deepEqual(second.odoo, first.odoo);
    assert.equal((await moves()).length, 1);
  });

  for (const method of ['load', 'action_post'])
    it(`an answer of ${method} that is lost is asked for, not sent twice`, async () => {
      await load();
      await fault('drop-after-commit', method);
      const documentId = await event(invoice());
      await bench.message('done', 1, 10_000);
      assert.equal(bench.at('retried').length, 1);
      assert.equal((await moves()).length, 1);
      assert.ok((await bench.kindsOfSteps(documentId)).every((step) => step.endsWith('done')));
    }).timeout(12_000);

  it('what Odoo refuses is held with its words, and goes on when it is put right there', async () => {
    await load();
    const document = invoiceOf([lineOf({ posting: { account: '8888', taxes: ['USt 19%'] } })], {
      posting: POSTING,
    });
    const documentId = await event(document);
    await bench.message('held');
    const [exception] = await bench.store.exceptions({});
    assert.deepEqual([exception?.code, exception?.step], ['ODOO_LOOKUP', 'ledgerway-odoo-post']);
    assert.match(exception!.cause, /8888/);
    const spare = odoo.odoo.db.all('account.account').find(({ code }) => code === '8300')!;
    await edit({ do: 'write', model: 'account.account', id: spare.id, values: { code: '8888' } });
    await bench.store.replay({ documentId, actor: 'carla', reason: 'account made' });
    await bench.message('done');
    assert.equal((await moves()).length, 1);
  });

  it("sets the source's own tax where it differs by rounding, as a step of its own", async () => {
    await load();
    const document = invoice();
    document.taxes[0]!.amount = '19.01';
    Object.assign(document.totals, { tax: '19.01', gross: '119.01', due: '119.01' });
    const documentId = await event(document);
    const { odoo: result } = await bench.message('done');
    assert.equal((result as PostedMove).amountTax, '19.01');
    assert.deepEqual(await bench.kindsOfSteps(documentId), [
      'odoo.partner done',
      'odoo.load done',
      'odoo.tax done',
      'odoo.post done',
    ]);
  });

  it('Waiting: a credit note that comes first waits for its invoice, outside its lane', async () => {
    await load();
    const note = await event(creditNote());
    await bench.state(note, 'waiting');
    const row = await bench.store.documentRow({ documentId: note });
    assert.deepEqual([row.waits_for, row.in_lane], ['ref:acme_de/invoice/stripe/in_1', 0]);
    assert.ok(Math.abs(Number(row.due) - Date.now() - 7 * 86_400_000) < 10_000);
    assert.deepEqual(await moves(), []);
    await event(invoice());
    await bench.message('done', 2);
    const [first, second] = (await moves()).map(({ moveType, state }) => `${moveType} ${state}`);
    assert.deepEqual([first, second], ['out_invoice posted', 'out_refund posted']);
    assert.deepEqual(await bench.codes(), []);
  });

  it('a credit note whose invoice another store posted goes on', async () => {
    await load();
    bench.send('post', { payload: invoice() });
    await bench.until(async () => (await moves()).length === 1);
    await bench.until(async () => (await moves())[0]?.state === 'posted');
    await event(creditNote());
    await bench.message('done');
    assert.equal((await moves()).length, 2);
  });

  it('reconciles the credit note by itself on 16', async () => {
    await load({ version: '16.0' });
    await event(invoice());
    await bench.message('done');
    const note = await event(creditNote());
    await bench.message('done', 2);
    assert.equal((await bench.kindsOfSteps(note)).at(-1), 'odoo.reconcile done');
  });

  it('where Odoo numbers, its name becomes the number of the invoice', async () => {
    await load({ version: '19.0', entity: { numbering: 'odoo' } });
    const documentId = await event(invoice({ number: undefined }));
    const { payload } = await bench.message('done');
    const number = (payload as Invoice).number!;
    assert.match(number, /^STRP\/2026\//);
    assert.equal((await bench.store.documentRow({ documentId })).number, number);
  });

  it('a dry run says what would be posted, and leaves nothing anywhere', async () => {
    await load({ post: { dryRun: true } });
    const partners = odoo.odoo.db.all('res.partner').length;
    const documentId = await event(invoice({ buyer: { ...BUYER, vatId: 'DE999999999', name: 'New GmbH' } }));
    const { dryRun } = (await bench.message('done')).odoo as { dryRun: PostingPlan };
    assert.deepEqual([dryRun.partner.id, dryRun.amountTotal, dryRun.lines.length], [undefined, '119.00', 3]);
    assert.deepEqual(await moves(), []);
    assert.equal(odoo.odoo.db.all('res.partner').length, partners);
    assert.deepEqual(await bench.kindsOfSteps(documentId), []);
    const { state, outcome } = await bench.store.documentRow({ documentId });
    assert.deepEqual([state, outcome], ['settled', 'skipped'], 'no effect comes behind a dry run');
  });

  it('a draft that a person changed or deleted is never made or posted in silence', async () => {
    await load();
    await fault('http-502', 'action_post', 1);
    const documentId = await event(invoice());
    await bench.message('retried');
    const [move] = await moves();
    await edit({ do: 'delete', model: 'account.move', id: move!.id });
    await bench.message('held', 1, 8000);
    assert.deepEqual(await bench.codes(), ['ODOO_MOVE_CHANGED']);
    assert.equal((await bench.store.documentRow({ documentId })).state, 'held');
    assert.equal((await moves()).length, 0);
  }).timeout(10_000);

  it('a draft made with one account is never posted for another', async () => {
    await load();
    await fault('fail-before', 'action_post', 1);
    const documentId = await event(invoice());
    await bench.message('held');
    const changed = invoiceOf([lineOf({ posting: { account: '8300', taxes: ['USt 19%'] } })], {
      posting: POSTING,
    });
    const decision = { documentId, actor: 'carla', reason: 'other account' };
    await bench.store.correct({
      ...decision,
      mediaType: 'application/json',
      content: JSON.stringify(changed),
    });
    await bench.store.replay(decision);
    await bench.until(async () => (await bench.codes()).includes('RUN_STEP_CHANGED'));
    assert.equal((await moves())[0]?.state, 'draft');
  });

  it('other content under a key that was posted is held, and nothing is posted again', async () => {
    await load();
    await event(invoice());
    await bench.message('done');
    bench.send('post', { payload: invoiceOf([lineOf({ unitPrice: '50.00' })], { posting: POSTING }) });
    await bench.until(async () => (await bench.codes()).includes('DOCUMENT_CONFLICT'));
    assert.equal((await moves()).length, 1);
  });

  it('works in an ordinary flow, once for each document', async () => {
    await load();
    await bench.redeploy(
      [
        { ...ENTITY },
        node('odoo', 'odoo-connection', {
          url: odoo.url,
          database: DEMO_LOGIN.database,
          login: DEMO_LOGIN.login,
        }),
        node('post', 'odoo-post', { entity: 'entity', connection: 'odoo', wires: [['done'], ['failed']] }),
        node('done', 'helper'),
        node('failed', 'helper'),
      ],
      { odoo: { secret: DEMO_LOGIN.apiKey } },
    );
    bench.send('post', { payload: invoice() });
    const first = await bench.message('done');
    assert.equal(first.ledgerway, undefined);
    bench.send('post', { payload: invoice() });
    assert.deepEqual((await bench.message('done', 2)).odoo, first.odoo);
    assert.equal((await moves()).length, 1);
    bench.send('post', { payload: { hello: 1 } });
    assert.equal(((await bench.message('failed')).error as { code: string }).code, 'RUN_NO_DOCUMENT');
  });

  it('a key that is refused is an exception that names no secret', async () => {
    await load();
    await bench.redeploy(
      [
        ENTITY,
        node('odoo', 'odoo-connection', {
          url: odoo.url,
          database: DEMO_LOGIN.database,
          login: DEMO_LOGIN.login,
        }),
        node('post', 'odoo-post', { entity: 'entity', connection: 'odoo', wires: [['done'], ['failed']] }),
        node('done', 'helper'),
        node('failed', 'helper'),
      ],
      { odoo: { secret: 'a-wrong-key-of-the-test' } },
    );
    bench.send('post', { payload: invoice() });
    const { error } = await bench.message('failed');
    assert.equal((error as { code: string }).code, 'ODOO_UNAUTHORIZED');
    assert.doesNotMatch(JSON.stringify(error), /a-wrong-key/);
  });
});
