import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import pino from 'pino';
import { parse } from 'yaml';
import { Host, type Store, step } from '../../engine';
import { FinanceError } from '../../errors';
import { Alerts } from '../../runtime/alerts';
import { type Metrics, startMetrics } from '../../runtime/metrics';
import { BoundedLabel, OTHER } from '../../runtime/metrics/bounded';
import { PIPELINE, receive, Scratch, take } from '../support/store';

const ROOT = join(__dirname, '..', '..', '..');
const SILENT = pino({ level: 'silent' });
const ODOO = 'http://odoo/ledger';
const HELD = { code: 'RUN_UNEXPECTED', kind: 'invalid', message: 'broken', hint: 'look' } as const;

describe('Metrics', () => {
  let scratch: Scratch;
  let store: Store;
  let host: Host;
  let metrics: Metrics;
  let server: Server;

  beforeEach(async () => {
    scratch = new Scratch();
    store = await scratch.store();
    host = new Host({ default: store });
    host.declarePipeline('n1', 'default', PIPELINE, () => undefined);
    await host.flowsStarted();
    await serve();
  });
  afterEach(async () => {
    await close();
    await host.close();
    await scratch.remove();
  });

  async function serve(token?: string): Promise<void> {
    metrics = startMetrics(host, SILENT, token);
    server = createServer(express().use(metrics.router));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  async function close(): Promise<void> {
    metrics.end();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async function scrape(headers: Record<string, string> = {}): Promise<{ status: number; lines: string[] }> {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
    return { status: answer.status, lines: (await answer.text()).split('\n') };
  }

  const value = (lines: string[], start: string): string | undefined =>
    lines.find((line) => line.startsWith(`${start} `))?.slice(start.length + 1);

  it('count each document where it comes, is tried, settled and held, and time its steps and commits', async () => {
    for (const object of ['in_1', 'in_2', 'in_3']) await receive(store, object);
    await receive(store, 'in_1');
    const first = await take(store);
    const spec = { kind: 'odoo.load', target: ODOO, externalKey: 'k1', request: {}, name: 'post' };
    await step(store, first, spec, { perform: async () => ({ id: 7 }), refusesDoubles: true });
    await store.settle({ ...first, outcome: 'completed' });
    const second = await take(store);
    const failing = {
      perform: () => Promise.reject(new FinanceError('ODOO_UNAVAILABLE')),
      refusesDoubles: true,
    };
    await assert.rejects(step(store, second, { ...spec, externalKey: 'k2' }, failing));
    await store.dispose({ ...second, error: new FinanceError('ODOO_UNAVAILABLE').toJSON() });
    const third = await take(store);
    await store.hold({ ...third, error: HELD });

    const { lines } = await scrape();
    const of = 'entity="acme_de",kind="invoice",pipeline="billing"';
    assert.equal(
      value(lines, `ledgerway_documents_received_total{${of}}`),
      '3',
      'a redelivery is no receive',
    );
    assert.equal(value(lines, `ledgerway_documents_settled_total{${of},outcome="completed"}`), '1');
    assert.equal(value(lines, `ledgerway_documents_held_total{${of}}`), '1');
    assert.equal(value(lines, `ledgerway_documents_retried_total{${of}}`), '1');
    const took = (outcome: string) =>
      `ledgerway_step_duration_seconds_count{target="${ODOO}",kind="odoo.load",outcome="${outcome}"}`;
    assert.equal(value(lines, took('done')), '1');
    assert.equal(value(lines, took('failed')), '1');
    assert.ok(Number(value(lines, 'ledgerway_store_commit_seconds_count')) > 5);
    const backlog = (state: string) => `{store="default",pipeline="billing",state="${state}"}`;
    assert.equal(value(lines, `ledgerway_backlog_documents${backlog('held')}`), '1');
    assert.equal(value(lines, `ledgerway_backlog_documents${backlog('retry')}`), '1');
    assert.match(value(lines, `ledgerway_backlog_oldest_seconds${backlog('held')}`) ?? '', /^[0-9.]+$/);
    assert.equal(
      value(lines, 'ledgerway_exceptions_open{store="default",entity="acme_de",class="invalid"}'),
      '1',
    );
  });

  it('tell a document behind a held one from one that is ready', async () => {
    await receive(store, 'in_1', 'e1');
    await receive(store, 'in_1', 'e2');
    await store.hold({ ...(await take(store)), error: HELD });
    const { lines } = await scrape();
    const of = (state: string) =>
      value(lines, `ledgerway_backlog_documents{store="default",pipeline="billing",state="${state}"}`);
    assert.deepEqual([of('ready'), of('blocked'), of('held')], [undefined, '1', '1']);
  });

  it('no Redis is not a Redis that is away', async () => {
    const { lines } = await scrape();
    assert.deepEqual(
      lines.filter((line) => line.startsWith('ledgerway_redis_up')),
      [],
    );
  });

  it('nothing of a transition that failed is counted', async () => {
    await receive(store, 'in_1');
    const run = await take(store);
    await assert.rejects(store.settle({ ...run, fence: run.fence + 1, outcome: 'completed' }));
    const { lines } = await scrape();
    assert.equal(
      lines.find((line) => line.startsWith('ledgerway_documents_settled_total{')),
      undefined,
    );
  });

  it('a source that makes up kinds without end fills no memory', () => {
    const label = new BoundedLabel(3);
    const values = Array.from({ length: 1_000 }, (_, index) => label.of(`kind_${index}`));
    assert.deepEqual([...new Set(values)], ['kind_0', 'kind_1', 'kind_2', OTHER]);
    assert.equal(label.of('kind_1'), 'kind_1');
    assert.equal(label.of(null), OTHER);
  });

  it('are for this machine, or for who brings the token', async () => {
    assert.equal((await scrape()).status, 200);
    assert.equal((await scrape({ 'x-forwarded-for': '203.0.113.9' })).status, 403, 'sent on by a proxy');
    await close();
    await serve('a-token-of-the-metrics');
    assert.equal((await scrape()).status, 401);
    assert.equal((await scrape({ authorization: 'Bearer a-token-of-the-metric' })).status, 401);
    assert.equal((await scrape({ authorization: 'Bearer a-token-of-the-metrics' })).status, 200);
  });

  describe('as documented', () => {
    const dashboards = ['technical', 'business'];
    const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');

    async function exported(): Promise<string[]> {
      const alerts = new Alerts({
        host,
        log: SILENT,
        config: { routes: {}, rules: [] },
        registry: metrics.registry,
      });
      const names = (await metrics.registry.getMetricsAsJSON()).map(({ name }) => name);
      await alerts.end();
      return names;
    }

    const expressions = (): string[] => {
      const rules = parse(read('resources', 'alerts.rules.yaml')) as {
        groups: { rules: { alert: string; expr: string }[] }[];
      };
      const panels = dashboards.flatMap(
        (name) =>
          (
            JSON.parse(read('resources', 'dashboards', `${name}.json`)) as {
              panels: { targets?: { expr: string }[] }[];
            }
          ).panels,
      );
      return [
        ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
        ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ];
    };

    it('every metric that a dashboard or a rule asks for exists', async () => {
      const known = new Set(await exported());
      const asked = expressions().flatMap((expr) => expr.match(/\b(ledgerway|nodejs|process)_\w+/g) ?? []);
      assert.ok(asked.length > 20);
      const bare = (name: string) => (known.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
      assert.deepEqual(
        asked.filter((name) => !known.has(bare(name))),
        [],
      );
    });

    it('every metric that is exported is explained, and none besides', async () => {
      const page = read('docs', 'observability.md');
      const explained = [...page.matchAll(/^\| `(ledgerway_\w+)/gm)].map(([, name]) => name!);
      const own = (await exported()).filter((name) => name.startsWith('ledgerway_'));
      assert.deepEqual(explained.sort(), own.sort());
    });

    it('the rules for Prometheus name what they are about, and where to read on', () => {
      const { groups } = parse(read('resources', 'alerts.rules.yaml')) as {
        groups: {
          rules: { alert: string; labels: { severity: string }; annotations: Record<string, string> }[];
        }[];
      };
      const rules = groups.flatMap((group) => group.rules);
      assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
      for (const { alert, labels, annotations } of rules) {
        assert.match(labels.severity, /^(critical|warning|info)$/, alert);
        assert.ok(annotations.summary, alert);
      }
    });
  });
});
