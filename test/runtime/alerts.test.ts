import { strict as assert } from 'node:assert';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type RequestHandler } from 'express';
import fc from 'fast-check';
import pino from 'pino';
import { schemeOf } from '../../connectors/webhooks';
import { permissionsOf } from '../../console/api/permissions';
import { Host, type Store, scrubText } from '../../engine';
import { FinanceError, type StoredError } from '../../errors';
import { Alerts } from '../../runtime/alerts';
import { alertRoutes } from '../../runtime/alerts/admin';
import { alertConfig, DEFAULT_RULES, type Route, type Rule } from '../../runtime/alerts/config';
import { type AlertState, afterLook, type Finding, noAlerts } from '../../runtime/alerts/state';
import { PIPELINE, receive, Scratch, take } from '../support/store';

const MINUTE = 60_000;
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const BROKEN: StoredError = {
  code: 'RUN_UNEXPECTED',
  kind: 'invalid',
  message: 'the account of DE89 3704 0044 0532 0130 00, billing@acme.example, is not known',
  hint: 'look',
};
const LOG = pino({ level: 'silent' });

interface Call {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

describe('Alerts', () => {
  let scratch: Scratch;
  let store: Store;
  let host: Host;
  let receiver: Server;
  let url: string;
  let status = 200;
  let now: number;
  const calls: Call[] = [];
  const started: Alerts[] = [];

  beforeEach(async () => {
    calls.length = 0;
    status = 200;
    now = Date.now();
    scratch = new Scratch();
    store = await scratch.store();
    host = new Host({ default: store });
    host.declarePipeline('n1', 'default', { ...PIPELINE, kinds: [] }, () => undefined);
    await host.flowsStarted();
    receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        calls.push({ path: request.url ?? '', headers: request.headers, body });
        response.statusCode = status;
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (const alerts of started.splice(0)) await alerts.end();
    await host.close();
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    await scratch.remove();
  });

  function alertsWith(rules: Rule[], routes?: Record<string, Route>): Alerts {
    const config = { rules, routes: routes ?? { desk: { type: 'slack', url: `${url}/desk` } } };
    const alerts = new Alerts({ host, log: LOG, config, clock: () => now, everyMs: 3_600_000 });
    started.push(alerts);
    return alerts;
  }

  async function hold(object: string, more: Partial<Parameters<Store['receive']>[0]> = {}): Promise<string> {
    const { documentId } = await receive(store, object, `evt_${object}`, more);
    const { context } = await store.leaseDocument({ documentId, worker: 'w1' });
    await store.hold({ ...context, error: BROKEN });
    return documentId;
  }

  const texts = () => calls.map(({ body }) => (JSON.parse(body) as { text: string }).text);

  it('a delayed low-value webhook is not a failed settlement import', async () => {
    const alerts = alertsWith([
      { name: 'settlements', type: 'exceptions', kinds: ['payout'], severity: 'critical' },
      { name: 'large', type: 'exceptions', minAmount: '10000', currency: 'EUR', severity: 'warning' },
    ]);
    await hold('in_small', { amount: '9999.99', currency: 'EUR' });
    await hold('in_dollars', { amount: '20000.00', currency: 'USD' });
    await receive(store, 'in_late');
    await alerts.look();
    assert.deepEqual(calls, []);
    await hold('po_1', { kind: 'payout', amount: '1.00', currency: 'EUR' });
    await hold('in_large', { amount: '-10000.00', currency: 'EUR' });
    await alerts.look();
    assert.equal(calls.length, 2);
    assert.match(
      texts()[0]!,
      /^\*critical: settlements\* 1 document open.*\nAt risk: 1.00 EUR\nacme_de · payout · /,
    );
    assert.match(texts()[1]!, /^\*warning: large\*/);
  });

  it('tell no IBAN and no e-mail address, and escape what would be a link', async () => {
    const alerts = alertsWith([{ name: 'all', type: 'exceptions', severity: 'info' }]);
    await receive(store, 'in_1');
    await store.hold({
      ...(await take(store)),
      error: { ...BROKEN, message: `${BROKEN.message} <!channel>` },
    });
    await alerts.look();
    assert.match(texts()[0]!, /the account of \[IBAN DE\], \[e-mail\], is not known &lt;!channel&gt;/);
  });

  it('group by rule and window, tell the end, and repeat nothing after a restart', async () => {
    const rules: Rule[] = [{ name: 'all', type: 'exceptions', severity: 'warning', windowMinutes: 30 }];
    const before = alertsWith(rules);
    const ids = [await hold('in_1')];
    await before.look();
    await before.look();
    ids.push(await hold('in_2'));
    await before.look();
    assert.equal(calls.length, 1, 'one message a window');
    await before.end();

    const after = alertsWith(rules);
    await after.look();
    assert.equal(calls.length, 1, 'a restart repeats nothing');
    now += 31 * MINUTE;
    await after.look();
    assert.match(texts()[1]!, /2 documents open/);
    now += 31 * MINUTE;
    await after.look();
    assert.equal(calls.length, 2, 'nothing new is not told again');
    for (const documentId of ids)
      await store.dismiss({ documentId, outcome: 'skipped', actor: 'ann', reason: 'test' });
    await after.look();
    assert.equal(calls.length, 2, 'what comes and goes is one alert');
    now += 6 * MINUTE;
    await after.look();
    assert.match(texts()[2]!, /^\*resolved: all\*/);
    assert.deepEqual(await after.active(), []);
  });

  it('escalate what nobody took on, once; what somebody took on does not', async () => {
    const routes: Record<string, Route> = {
      desk: { type: 'slack', url: `${url}/desk` },
      boss: { type: 'slack', url: `${url}/boss` },
    };
    const telling = { routes: ['desk'], escalateAfterMinutes: 30, escalateTo: ['boss'] };
    const alerts = alertsWith(
      [
        { name: 'left', type: 'exceptions', severity: 'warning', ...telling },
        { name: 'taken', type: 'exceptions', severity: 'warning', ...telling },
      ],
      routes,
    );
    await hold('in_1');
    await alerts.look();
    await alerts.acknowledge('taken', 'ann');
    for (const minutes of [29, 2, 40]) {
      now += minutes * MINUTE;
      await alerts.look();
    }
    const escalated = calls.filter(({ path }) => path === '/boss');
    assert.equal(escalated.length, 1);
    assert.match(escalated[0]!.body, /warning, escalated: left/);
  });

  it('are signed, and sent again with the same id until they get through', async () => {
    const alerts = alertsWith([{ name: 'all', type: 'exceptions', severity: 'critical' }], {
      desk: { type: 'webhook', url: `${url}/hook`, secret: SECRET },
    });
    await hold('in_1', { amount: '12.50', currency: 'EUR' });
    status = 500;
    await alerts.look();
    await alerts.look();
    assert.equal(calls.length, 1, 'not before its time');
    status = 204;
    now += 31_000;
    await alerts.look();
    assert.equal(calls.length, 2);
    const verified = calls.map(({ body, headers }) =>
      schemeOf('standard-webhooks').verify({
        rawBody: Buffer.from(body),
        headers,
        secrets: [SECRET],
        now: new Date(),
        toleranceSeconds: 60,
      }),
    );
    assert.equal(verified[0]!.eventId, verified[1]!.eventId);
    const { type, data } = JSON.parse(calls[1]!.body) as { type: string; data: { amounts: object } };
    assert.equal(type, 'alert.firing');
    assert.deepEqual(data.amounts, { EUR: '12.50' });
    now += 60 * MINUTE;
    await alerts.look();
    assert.equal(calls.length, 2, 'what got through is not sent again');
  });

  it('go out by mail', async () => {
    const mails: string[] = [];
    const smtp = await smtpServer((mail) => mails.push(mail));
    const { port } = smtp.address() as AddressInfo;
    const to = ['finance@acme.example'];
    const alerts = alertsWith([{ name: 'all', type: 'exceptions', severity: 'critical' }], {
      mail: { type: 'email', to, from: 'ledgerway@acme.example', smtp: `smtp://127.0.0.1:${port}` },
    });
    await hold('in_1');
    await alerts.look();
    smtp.close();
    assert.equal(mails.length, 1);
    assert.match(mails[0]!, /^Subject: \[critical: all\] 1 document open/m);
    assert.match(mails[0]!, /^To: finance@acme\.example/m);
  });

  it('fire for targets, keys, schedules and pipelines', async () => {
    const rules: Rule[] = [
      { name: 'target-down', type: 'breaker-open', afterMinutes: 0, severity: 'warning' },
      { name: 'key-expiry', type: 'key-expiry', withinDays: 14, severity: 'warning' },
      { name: 'feed', type: 'feed-stale', afterMinutes: 0, feeds: ['backfill/*'], severity: 'warning' },
      { name: 'stalled', type: 'pipeline-stalled', afterMinutes: 0, severity: 'warning' },
      { name: 'delayed', type: 'delayed', olderThanMinutes: 0, severity: 'warning' },
      { name: 'ties', type: 'tie-broken', severity: 'critical' },
    ];
    const alerts = alertsWith(rules);
    await alerts.look();
    assert.deepEqual(calls, []);
    host.targets.limit('http://odoo', { breaker: { failures: 1 } });
    const passage = await host.targets.of('http://odoo').enter();
    await assert.rejects(passage.run(() => Promise.reject(new FinanceError('ODOO_UNAVAILABLE'))));
    const expires = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    const keys = [{ name: 'main', expires }, { name: 'endless' }];
    await store.setCursor({ name: 'odoo-check:n7', value: JSON.stringify({ name: 'Odoo', keys }) });
    await store.setCursor({ name: 'backfill/stripe/a', value: '17' });
    await receive(store, 'in_1');
    await alerts.look();
    const heard = texts().join('\n');
    for (const rule of ['target-down', 'key-expiry', 'feed', 'stalled', 'delayed'])
      assert.match(heard, new RegExp(`warning: ${rule}\\*`));
    assert.match(heard, new RegExp(`Odoo · main · ${expires}`));
    assert.doesNotMatch(heard, /endless|critical: ties/);
  });

  it('a backlog that is worked off is no pipeline that stands still', async () => {
    const rule = {
      name: 'stalled',
      type: 'pipeline-stalled',
      afterMinutes: 0.001,
      severity: 'warning',
    } as const;
    const alerts = alertsWith([rule]);
    for (const object of ['in_1', 'in_2', 'in_3']) {
      await receive(store, object);
      await sleep(5);
    }
    for (let left = 3; left > 0; left--) {
      await sleep(70);
      await alerts.look();
      await take(store);
    }
    assert.deepEqual(calls, []);
    await receive(store, 'in_4');
    await alerts.look();
    await sleep(70);
    await alerts.look();
    assert.match(texts()[0]!, /^\*warning: stalled\* 1 pipeline stalled\nbilling/);
  });

  it('what is not sent yet when the runtime ends is sent by the next one', async () => {
    const rules: Rule[] = ['a', 'b', 'c'].map((name) => ({ name, type: 'exceptions', severity: 'info' }));
    const first = alertsWith(rules);
    await hold('in_1');
    const looking = first.look();
    while (calls.length === 0) await sleep(1);
    await first.end();
    await looking;
    const sent = calls.length;
    assert.ok(sent < 3);
    await alertsWith(rules).look();
    assert.equal(calls.length, 3);
  });

  it('of flows count up until they are resolved', async () => {
    const alerts = alertsWith([]);
    const raised = { name: 'bank file', severity: 'critical', title: 'No bank file today' } as const;
    await alerts.raise(raised);
    await alerts.raise(raised);
    await alerts.idle();
    assert.match(texts()[0]!, /^\*critical: flow:bank file\* No bank file today/);
    assert.equal(calls.length, 1);
    assert.equal((await alerts.active())[0]?.count, 2);
    await alerts.resolve('bank file');
    await alerts.idle();
    assert.match(texts()[1]!, /^\*resolved/);
    assert.deepEqual(await alerts.active(), []);
  });

  it('are listed and taken on by who operates pipelines of all entities, and by nobody else', async () => {
    const alerts = alertsWith([]);
    await alerts.raise({ name: 'file', severity: 'info', title: 'x' });
    const asked = async (method: string, path: string, user?: object) => {
      const authenticate: RequestHandler = (request, _response, next) => {
        Object.assign(request, { user: { console: user } });
        next();
      };
      const server = createServer(express().use(alertRoutes(alerts, authenticate)));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const { status: answered } = await fetch(`http://127.0.0.1:${port}/ledgerway/alerts${path}`, {
        method,
      });
      server.closeAllConnections();
      server.close();
      return answered;
    };
    const operator = { name: 'ann', permissions: permissionsOf(['operator']) };
    const auditor = { name: 'bob', permissions: permissionsOf(['auditor']) };
    const ack = '/flow:file/acknowledge';
    for (const user of [undefined, { ...operator, entities: ['acme_de'] }])
      assert.deepEqual([await asked('GET', '', user), await asked('POST', ack, user)], [403, 403]);
    assert.deepEqual([await asked('GET', '', auditor), await asked('POST', ack, auditor)], [200, 403]);
    assert.equal(await asked('POST', '/nothing/acknowledge', operator), 404);
    assert.equal(await asked('POST', '/toString/acknowledge', operator), 404);
    assert.equal(await asked('POST', ack, operator), 204);
    assert.equal((await alerts.active())[0]?.acknowledged?.by, 'ann');
  });

  it('that many messages of a flow raise at once are one change of the store each', async () => {
    const alerts = alertsWith([]);
    const store = host.store();
    const swap = store.swapCursor;
    let swaps = 0;
    store.swapCursor = (input) => {
      swaps++;
      return swap(input);
    };
    const raised = { name: 'file', severity: 'info', title: 'x' } as const;
    await Promise.all(Array.from({ length: 50 }, () => alerts.raise(raised)));
    await alerts.idle();
    assert.equal((await alerts.active())[0]?.count, 50);
    assert.ok(swaps < 60, `${swaps}`);
  });

  it('of several runtimes at once are none lost and none told twice', async () => {
    const both = [alertsWith([]), alertsWith([])];
    const raised = { severity: 'info', title: 'x' } as const;
    await Promise.all(
      both.flatMap((alerts, index) =>
        [1, 2, 3].map((n) => alerts.raise({ name: `${index}-${n}`, ...raised })),
      ),
    );
    await Promise.all(both.map((alerts) => alerts.look()));
    for (const alerts of both) await alerts.idle();
    assert.equal((await both[0]!.active()).length, 6);
    assert.equal(new Set(texts()).size, 6);
    assert.equal(calls.length, 6);
  });
});

describe('The state of alerts, whatever is found and when', () => {
  const finding = (rule: string, count: number): Finding => ({
    rule,
    severity: 'warning',
    title: 'x',
    lines: [],
    count,
    amounts: {},
    since: 0,
  });
  const looks = fc.array(
    fc.record({
      minutes: fc.integer({ min: 0, max: 90 }),
      counts: fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 5 })),
    }),
    { maxLength: 40 },
  );

  it('one message a rule and window, an end for each beginning, and never two beginnings in a row', () => {
    fc.assert(
      fc.property(looks, (steps) => {
        let state: AlertState = noAlerts();
        let now = 0;
        for (const { minutes, counts } of steps) {
          now += minutes * MINUTE;
          const findings = Object.entries(counts).map(([rule, count]) => finding(rule, count));
          const telling = { routes: ['r'], windowMinutes: 60 };
          state = afterLook(state, findings, () => telling, now);
        }
        for (const rule of ['a', 'b']) {
          const told = state.outbox.map(({ message }) => message).filter((message) => message.rule === rule);
          let open = false;
          let last = Number.NEGATIVE_INFINITY;
          for (const { status, at } of told) {
            assert.equal(open, status !== 'firing', 'a beginning, then news, then an end');
            if (status === 'update') assert.ok(at - last >= 60 * MINUTE);
            open = status !== 'resolved';
            last = at;
          }
          assert.equal(open, rule in state.active);
        }
        assert.equal(new Set(state.outbox.map(({ id }) => id)).size, state.outbox.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('The configuration of alerts', () => {
  const environment = (name: string) => `\${${name}}`;

  it('has rules by default, and takes secrets from the environment, which no log shows from then on', () => {
    assert.deepEqual(alertConfig('').rules, DEFAULT_RULES);
    process.env.TEST_ALERT_SECRET = SECRET;
    const { routes } = alertConfig(
      JSON.stringify({
        routes: {
          desk: { type: 'webhook', url: 'https://x.example/a', secret: environment('TEST_ALERT_SECRET') },
        },
      }),
    );
    delete process.env.TEST_ALERT_SECRET;
    assert.equal((routes.desk as { secret: string }).secret, SECRET);
    assert.equal(scrubText(`it is ${SECRET}`), 'it is [secret]');
  });

  it('is refused where something is wrong with it, naming what, and quoting no secret', () => {
    const refusals: [string, RegExp][] = [
      ['{"rules":[{"name":"a","type":"nothing","severity":"info"}]}', /type/],
      ['{"rules":[{"name":"a","type":"delayed","severity":"info"}]}', /olderThanMinutes/],
      ['{"rules":[{"name":"a","type":"exceptions","severity":"info","minAmount":"1e5"}]}', /minAmount/],
      ['{"rules":[{"name":"a","type":"exceptions","severity":"info","minimum":"5"}]}', /additional/],
      ['{"rules":[{"name":"a","type":"tie-broken","severity":"info","routes":["desk"]}]}', /desk/],
      [JSON.stringify({ routes: { desk: { type: 'slack', url: environment('NOT_SET') } } }), /NOT_SET/],
      ['{"routes": hunter22', /not JSON/],
      ['/nowhere/alerts.json', /cannot be read/],
    ];
    for (const [text, why] of refusals)
      assert.throws(
        () => alertConfig(text),
        (error: FinanceError) =>
          error.code === 'CONFIG_INVALID' && why.test(error.message) && !error.message.includes('hunter22'),
        text,
      );
  });
});

/** Takes mails, and gives the text of each. */
async function smtpServer(onMail: (text: string) => void): Promise<TcpServer> {
  const server = createTcpServer((socket) => {
    let data: string | undefined;
    socket.write('220 test\r\n');
    socket.on('data', (chunk) => {
      const text = chunk.toString();
      if (data !== undefined) {
        data += text;
        if (!data.endsWith('\r\n.\r\n')) return;
        onMail(data);
        data = undefined;
        socket.write('250 taken\r\n');
      } else if (/^DATA/i.test(text)) {
        data = '';
        socket.write('354 go on\r\n');
      } else if (/^QUIT/i.test(text)) socket.end('221 bye\r\n');
      else socket.write('250 ok\r\n');
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
