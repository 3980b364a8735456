import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { mask, maskText } from '../../../console/api/mask';
import { sha256 } from '../../../engine';
import { World } from './world';

type Page = { items: { id: string; documentId: string }[]; next: string | null };

describe('What people name', () => {
  it('an owner or a tag may be called as a member of every object is', async () => {
    const world = await new World().open();
    try {
      await world.pipelines();
      const names = ['constructor', '__proto__', 'toString'];
      for (const name of names) {
        const { exceptionId } = await world.held(`in_${name}`);
        await world.post('clerk', `/exceptions/${exceptionId}/assign`, { owner: name });
        await world.post('clerk', `/exceptions/${exceptionId}/tag`, { add: [name] });
      }
      const facets = (await world.get('clerk', '/exceptions/facets')).json<{
        owner: Record<string, unknown>;
        tag: Record<string, unknown>;
      }>();
      const tags = names.map((name) => name.toLowerCase());
      for (const [which, wanted] of [
        ['owner', names],
        ['tag', tags],
      ] as const)
        assert.deepEqual(Object.entries(facets[which]).sort(), wanted.map((name) => [name, 1]).sort());
    } finally {
      await world.close();
    }
  });
});

describe('Proposals', () => {
  it('come page by page, the newest first', async () => {
    const world = await new World().open();
    try {
      await world.pipelines();
      for (let n = 0; n < 5; n++) {
        const { documentId } = await world.held(`in_${n}`, { amount: '10001.00' });
        await world.post('clerk', `/documents/${documentId}/skip`, { reason: 'x', effects: 'kept' });
      }
      const whole = (await world.get('clerk', '/proposals')).json<Page>();
      assert.deepEqual([whole.items.length, whole.next], [5, null]);
      const paged: string[] = [];
      let cursor = '';
      do {
        const page = (await world.get('clerk', `/proposals?limit=2${cursor}`)).json<Page>();
        paged.push(...page.items.map(({ id }) => id));
        cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : '';
      } while (cursor);
      assert.deepEqual(
        paged,
        whole.items.map(({ id }) => id),
      );
    } finally {
      await world.close();
    }
  });
});

describe('Paging', () => {
  let world: World;
  before(async () => {
    world = await new World().open();
    await world.pipelines();
    for (let n = 0; n < 25; n++) await world.held(`in_${n}`, { amount: `${1 + (n % 4)}.00` });
  });
  after(() => world.close());

  it('while others come and go, no row comes twice and none that stays is missed (property)', async () => {
    let made = 100;
    const list = fc.constantFrom(
      '/exceptions?sort=amount',
      '/exceptions?sort=due',
      '/exceptions?sort=opened',
      '/documents?state=held',
    );
    const change = fc.constantFrom<('come' | 'go')[]>([], ['come'], ['go'], ['come', 'go', 'come']);
    await fc.assert(
      fc.asyncProperty(
        list,
        fc.integer({ min: 1, max: 9 }),
        fc.array(change, { maxLength: 4 }),
        async (path, limit, changes) => {
          const all = (await world.get('clerk', `${path}&limit=200`)).json<Page>().items.map(({ id }) => id);
          const seen: string[] = [];
          const gone = new Set<string>();
          let cursor: string | null = null;
          for (let page = 0; page === 0 || cursor; page++) {
            const next: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
            const { items, next: following } = (
              await world.get('clerk', `${path}&limit=${limit}${next}`)
            ).json<Page>();
            assert.ok(items.length <= limit);
            seen.push(...items.map(({ id }) => id));
            cursor = following;
            for (const what of changes[page] ?? [])
              if (what === 'come') await world.held(`in_${made++}`, { amount: '2.50' });
              else {
                const { items: some } = (await world.get('clerk', '/exceptions?limit=200')).json<Page>();
                const one = some[made % some.length]!;
                gone.add(one.id).add(one.documentId);
                await world.post('clerk', `/documents/${one.documentId}/skip`, {
                  reason: 'x',
                  effects: 'kept',
                });
              }
          }
          assert.equal(new Set(seen).size, seen.length, 'a row came twice');
          assert.deepEqual(
            all.filter((id) => !gone.has(id) && !seen.includes(id)),
            [],
            'a row was missed',
          );
        },
      ),
      { numRuns: 25 },
    );
  }).timeout(60_000);

  it('takes only its own cursors, of the same filters and order', async () => {
    const { next } = (await world.get('clerk', '/exceptions?limit=2&sort=amount')).json<Page>();
    const cursor = encodeURIComponent(next!);
    assert.equal((await world.get('clerk', `/exceptions?limit=2&sort=amount&cursor=${cursor}`)).status, 200);
    const [body, mark] = next!.split('.');
    const forged = `${Buffer.from('[1,"x"]').toString('base64url')}.${mark}`;
    for (const path of [
      `/exceptions?sort=due&cursor=${cursor}`,
      `/exceptions?sort=amount&entity=acme_us&cursor=${cursor}`,
      `/documents?cursor=${cursor}`,
      `/exceptions?sort=amount&cursor=${forged}`,
      `/exceptions?sort=amount&cursor=${body}`,
      '/exceptions?sort=amount&cursor=x',
    ])
      assert.deepEqual((await world.get('clerk', path)).code, 'API_INVALID', path);
  });

  it('a cursor made up with its mark is of the right shape, or refused', async () => {
    for (const place of ['{}', '"x"', '[1]', '["1","x"]', 'no JSON', '1e999', '[1,"x",2]', 'null']) {
      const mark = sha256(`${JSON.stringify(['documents', {}])}\n${place}`).slice(0, 16);
      const cursor = `${Buffer.from(place).toString('base64url')}.${mark}`;
      assert.equal((await world.get('clerk', `/documents?cursor=${cursor}`)).code, 'API_INVALID', place);
    }
  });
});

describe('Masking', () => {
  it('hides who it is about, and keeps what it is about', () => {
    const masked = mask({
      id: 'in_1',
      amount: '119.00',
      customer_name: 'Erika Mustermann',
      buyer: { name: 'Erika', address: { city: 'Berlin', country: 'DE' } },
      lines: [{ description: 'for erika@example.com', quantity: 1 }],
      domain: [
        ['email', '=', 'erika'],
        ['state', '=', 'posted'],
      ],
      note: 'pay to DE89 3704 0044 0532 0130 00 now',
      currency: 'EUR',
    });
    const text = JSON.stringify(masked);
    for (const hidden of ['Erika', 'erika', 'Berlin', 'DE89']) assert.ok(!text.includes(hidden), text);
    for (const kept of ['in_1', '119.00', 'posted', 'EUR', 'quantity']) assert.ok(text.includes(kept), text);
    assert.equal(maskText('from a.b+c@x-y.example to DE89370400440532013000.'), 'from ••• to •••.');
  });

  it('takes no longer than the text is long, whatever a stranger sends', () => {
    for (const text of ['a', 'a.', 'a@', 'a@b.', 'DE89 '].map((part) => `${part.repeat(300_000)}@`)) {
      const started = performance.now();
      maskText(text);
      const took = performance.now() - started;
      assert.ok(took < 3_000, `${text.slice(0, 8)}: ${took} ms`);
    }
  });

  it('is for who may not read bodies; in every place of a trace', async () => {
    const world = await new World().open();
    await world.pipelines();
    const { documentId, exceptionId } = await world.held('in_1');
    for (const path of [`/documents/${documentId}`, `/exceptions/${exceptionId}`]) {
      const clear = await world.get('clerk', path);
      assert.ok(clear.text.includes('Customer of acme_de') && clear.text.includes('DE89370400440532013000'));
      assert.equal(clear.json<{ masked: boolean }>().masked, false);
      const masked = await world.get('operator', path);
      assert.ok(
        !masked.text.includes('Customer of acme_de') && !masked.text.includes('DE89370400440532013000'),
      );
      assert.equal(masked.json<{ masked: boolean }>().masked, true);
    }
    await world.close();
  });
});

describe('Events', () => {
  it('tell each user of changes of their entities, and of nothing else', async () => {
    const world = await new World().open();
    await world.pipelines();
    world.user('us', ['clerk'], { entities: ['acme_us'] });
    const ended = new AbortController();
    const heard: Record<string, { topics: string[]; type: string }[]> = { clerk: [], us: [] };
    const listen = async (user: string) => {
      const headers = { authorization: `Bearer ${user}` };
      const answer = await fetch(`${world.url}/events`, { headers, signal: ended.signal });
      assert.equal(answer.headers.get('content-type'), 'text/event-stream');
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream()))
        for (const [, data] of chunk.matchAll(/^data: (.+)$/gm)) heard[user]!.push(JSON.parse(data!));
    };
    const listening = Promise.allSettled([listen('clerk'), listen('us')]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let n = 0; n < 10; n++) await world.held(`in_${n}`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await world.held('us_1', { entity: 'acme_us' });
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    ended.abort();
    await listening;
    await world.close();
    const changes = (user: string) => heard[user]!.filter(({ type }) => type === 'changed');
    assert.ok(changes('clerk').length >= 2 && changes('clerk').length <= 4, 'a storm is few messages');
    assert.ok(changes('clerk')[0]!.topics.includes('exceptions'));
    assert.equal(changes('us').length, 1);
  }).timeout(15_000);
});
