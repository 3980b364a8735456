import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { seeded as drawOf } from '../../../cli/random';
import { seedOf } from '../../support/seed';
import type { Client } from './client';
import { type Seeded, theSeeded } from './seeded';
import { hasBrowser, launch, Visit } from './visit';

const LIMITS = { paintMs: 1_500, filterMs: 300, frameMs: 50, slowFrameMs: 200 };
/** Values of each filter, as the seeded store has them. */
const FILTERS = {
  entity: ['acme_de', 'acme_us'],
  class: ['unmapped', 'rejected', 'conflict', 'locked_period', 'invalid', 'in_doubt'],
  step: ['odoo.post', 'tax.calculate'],
  age: ['lt1h', '1d', '3d', '7d'],
  minAmount: ['100', '5000.50', '25000'],
  owner: ['clara', 'deniz', ''],
  q: ['R-2026', 'VAT id', 'in_00', '<script>'],
  sort: ['amount', 'due', 'opened'],
} as const;
const STAGES = ['received', 'mapped', 'posted', 'held', 'skipped', 'duplicate', 'inDoubt'];

/** The value below which the given share of the values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!);
}
const figures = (values: readonly number[]): string =>
  `p50 ${quantile(values, 0.5)} ms, p95 ${quantile(values, 0.95)} ms, longest ${quantile(values, 1)} ms`;

describe('The console is quick', () => {
  let seeded: Seeded;
  let browser: Browser;
  let auditor: Client;

  before(async function () {
    if (!hasBrowser()) this.skip();
    seeded = await theSeeded();
    auditor = await seeded.client('auditor');
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
  });

  it(`paints within ${LIMITS.paintMs} ms, the first rows with it`, async () => {
    const paints: number[] = [];
    const rows: Record<string, number[]> = {};
    const pages = { '/': '.matrix tbody td a', '/exceptions': '.row-line', '/documents': '.row-line' };
    for (let round = 0; round < 3; round++)
      for (const [path, shows] of Object.entries(pages)) {
        const visit = await Visit.begin(browser, seeded.url, { token: auditor.token });
        await visit.page.goto(`${seeded.url}/console${path}`);
        await visit.page.waitForSelector(shows);
        rows[path] = [...(rows[path] ?? []), (await visit.page.evaluate('performance.now()')) as number];
        paints.push(
          (await visit.page.evaluate(
            'performance.getEntriesByName("first-contentful-paint")[0].startTime',
          )) as number,
        );
        await visit.end();
      }
    console.log(`      first paint: ${figures(paints)}`);
    for (const [path, times] of Object.entries(rows)) {
      console.log(`      first rows of ${path}: ${figures(times)}`);
      assert.ok(quantile(times, 0.5) <= LIMITS.paintMs, `first rows of ${path}`);
    }
    assert.ok(quantile(paints, 0.5) <= LIMITS.paintMs, 'first paint');
  });

  it(`answers filters within ${LIMITS.filterMs} ms, 95 of 100 times`, async () => {
    const seed = seedOf('LEDGERWAY_FILTER_SEED');
    const draw = drawOf(seed);
    const any = <Value>(values: readonly Value[]): Value => values[Math.floor(draw() * values.length)]!;
    const exceptions = () => {
      const names = Object.keys(FILTERS).filter(() => draw() < 0.3) as (keyof typeof FILTERS)[];
      return new URLSearchParams(Object.fromEntries(names.map((name) => [name, any<string>(FILTERS[name])])));
    };
    const documents = () =>
      new URLSearchParams({
        stage: any(STAGES),
        ...(draw() < 0.5 && { entity: any(FILTERS.entity) }),
        ...(draw() < 0.5 && { period: any(['2026-06', '2026-09', '2026-11']) }),
        ...(draw() < 0.3 && { currency: any(['EUR', 'USD', 'CHF']) }),
        ...(draw() < 0.3 && { kind: any(['invoice', 'refund']) }),
      });
    const asks = [
      () => `/exceptions?${exceptions()}`,
      () => {
        const query = exceptions();
        query.delete('sort');
        return `/exceptions/facets?${query}`;
      },
      () => `/documents?${documents()}`,
      () => `/overview?from=${any(['2026-05', '2026-08', '2026-10'])}&to=2026-11`,
      () => `/search?q=${any(['in_000100', 'R-2026-000200', '119.00', 'evt_000300'])}`,
    ];
    const times: [path: string, ms: number][] = [];
    for (let n = 0; n < 150; n++) {
      const path = asks[n % asks.length]!();
      const began = performance.now();
      await auditor.get(path);
      times.push([path, performance.now() - began]);
    }
    const all = times.map(([, ms]) => ms);
    const [slowest] = times.toSorted(([, a], [, b]) => b - a);
    console.log(`      filters (seed ${seed}): ${figures(all)}, the slowest ${slowest![0]}`);
    for (const path of ['/exceptions?', '/exceptions/facets', '/documents', '/overview', '/search']) {
      const own = times.filter(([one]) => one.startsWith(path)).map(([, ms]) => ms);
      console.log(`        ${path.padEnd(20)} ${figures(own)}`);
    }
    assert.ok(quantile(all, 0.95) <= LIMITS.filterMs);
  });

  it('scrolls through all exceptions without a hitch, and never shows more than what is in sight', async () => {
    const visit = await Visit.begin(browser, seeded.url, { token: auditor.token });
    await visit.open('/exceptions');
    const { frames, rows, last } = (await visit.page.evaluate(`new Promise((resolve) => {
      const list = document.querySelector('.list[role=grid]');
      const frames = [];
      let rows = 0;
      let before = performance.now();
      const until = before + 4000;
      requestAnimationFrame(function frame(now) {
        frames.push(now - before);
        before = now;
        list.scrollTop += 300;
        rows = Math.max(rows, list.querySelectorAll('.row-line').length);
        if (now < until) requestAnimationFrame(frame);
        else resolve({ frames, rows, last: Math.round(list.scrollTop / 44) });
      });
    })`)) as { frames: number[]; rows: number; last: number };
    console.log(`      frames: ${figures(frames)}; came to row ${last}; ${rows} rows in the page at most`);
    assert.ok(rows < 60, `${rows} rows`);
    assert.ok(last > 250, `came to row ${last}`);
    assert.ok(quantile(frames, 0.5) <= LIMITS.frameMs);
    assert.ok(quantile(frames, 0.95) <= LIMITS.slowFrameMs);
    assert.deepEqual(visit.faults, []);
    await visit.end();
  });
});
