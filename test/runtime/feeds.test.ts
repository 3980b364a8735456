import { strict as assert } from 'node:assert';
import { feedStates } from '../../runtime/feeds';

const cursor = (name: string, lastAt: number) => ({ name, value: '{}', lastAt });

describe('Feeds', () => {
  it('tell how often they are looked at, and that somebody looked, whether anything was new or not', () => {
    const feeds = [
      cursor('backfill/stripe/acct_1', 100),
      cursor('backfill/stripe/acct_2', 900),
      cursor('watch/odoo', 50),
      cursor('statements', 70),
      cursor('schedule/backfill/stripe/n1/abc', 500),
      cursor('schedule/watch/odoo', 60),
      cursor('alerts', 1),
      cursor('approval-above', 1),
    ];
    const schedules = [
      { name: 'backfill/stripe/n1/abc', everyMs: 300_000 },
      { name: 'backfill/paddle/n2/abc', everyMs: 900_000 },
      { name: 'watch/odoo', everyMs: 60_000 },
    ];
    assert.deepEqual(feedStates(feeds, schedules), [
      { name: 'backfill/stripe/acct_1', lastAt: 500, expectedEveryMs: 300_000 },
      { name: 'backfill/stripe/acct_2', lastAt: 900, expectedEveryMs: 300_000 },
      { name: 'watch/odoo', lastAt: 60, expectedEveryMs: 60_000 },
      { name: 'statements', lastAt: 70, expectedEveryMs: null },
    ]);
  });
});
