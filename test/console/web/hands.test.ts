import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import type { Client } from './client';
import { type Seeded, theSeeded } from './seeded';
import { hasBrowser, launch, Visit } from './visit';

interface Listed {
  items: { id: string; documentId: string; number: string }[];
}

describe('Work in the console', () => {
  let seeded: Seeded;
  let browser: Browser;
  let clerk: Client;

  before(async function () {
    if (!hasBrowser()) this.skip();
    seeded = await theSeeded();
    clerk = await seeded.client('clerk');
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
  });

  it('by keyboard alone: from the list to an exception, a retry with its reason, and back', async () => {
    const visit = await Visit.begin(browser, seeded.url, { token: clerk.token });
    const { page } = visit;
    await visit.open('/exceptions?class=invalid&sort=opened');
    const { items } = await clerk.get<Listed>('/exceptions?class=invalid&state=open&sort=opened&limit=3');
    await visit.tabTo('.list[role=grid]', 60);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.ok(
      await page.evaluate(
        `document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))`,
      ),
    );
    await page.keyboard.press('Enter');
    await page.waitForSelector('.detail .cause');
    assert.ok(page.url().includes(items[2]!.id));
    await visit.tabTo('.detail [role=toolbar] button:nth-child(2)', 12);
    assert.equal(await page.evaluate('document.activeElement.textContent.trim()'), 'Retry');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal(await page.evaluate('document.activeElement.textContent.trim()'), 'Retry', 'where it was');
    await page.keyboard.press('Enter');
    await visit.tabTo('dialog textarea[name=reason]', 8);
    await page.keyboard.type('The unit price is there now.');
    await visit.tabTo('dialog button[form=reason-form]', 4);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.notice');
    assert.equal(await page.locator('.notice strong').textContent(), 'Done. The document goes on.');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.getByText('Done. The document goes on.').waitFor();
    const { exception } = await clerk.get<{ exception: { closedAt: number | null } }>(
      `/exceptions/${items[2]!.id}`,
    );
    assert.ok(exception.closedAt !== null);
    assert.ok(await page.evaluate(`document.querySelector('.detail').contains(document.activeElement)`));
    await page.keyboard.press('Escape');
    await page.waitForSelector('.detail', { state: 'detached' });
    assert.ok(await page.evaluate(`document.activeElement.matches('.list[role=grid]')`));
    assert.deepEqual([...visit.faults, ...(await visit.harm())], []);
    await visit.end();
  });

  it('what another person does shows without a reload', async () => {
    const visit = await Visit.begin(browser, seeded.url, { token: clerk.token });
    const { items } = await clerk.get<Listed>('/exceptions?state=open&sort=amount&limit=1');
    await visit.open(`/exceptions/${items[0]!.id}`);
    await visit.page.getByText('Live', { exact: true }).waitFor();
    const approver = await seeded.client('approver');
    await approver.post(`/exceptions/${items[0]!.id}/assign`, { owner: 'somebody else' });
    const owner = visit.page.getByLabel('Owner', { exact: true });
    for (let waits = 0; waits < 50 && (await owner.inputValue()) !== 'somebody else'; waits++)
      await visit.page.waitForTimeout(100);
    assert.equal(await owner.inputValue(), 'somebody else');
    await visit.end();
  });

  it('who proposed something may take it back', async () => {
    const query = '/exceptions?class=rejected&state=open&sort=amount&limit=5';
    const { id, documentId } = (await clerk.get<Listed>(query)).items[4]!;
    const proposal = { reason: 'Billed twice.', effects: 'kept' };
    const { status } = await clerk.post<{ status: string }>(`/documents/${documentId}/skip`, proposal);
    assert.equal(status, 'proposed', 'an amount above the limit');
    const visit = await Visit.begin(browser, seeded.url, { token: clerk.token });
    await visit.open(`/exceptions/${id}`);
    await visit.page.getByRole('button', { name: 'Withdraw' }).click();
    await visit.page.fill('dialog textarea[name=reason]', 'It was not billed twice.');
    await visit.page.locator('dialog button[form=reason-form]').click();
    await visit.page.getByText('Withdrawn.').waitFor();
    await visit.page.locator('.note').waitFor({ state: 'detached' });
    assert.deepEqual(visit.faults, []);
    await visit.end();
  });

  it('a thousand retries are one action, with its progress shown', async () => {
    const visit = await Visit.begin(browser, seeded.url, { token: clerk.token });
    const { page } = visit;
    await visit.open('/exceptions?class=unmapped');
    const { total } = await clerk.get<{ total: number }>('/exceptions/facets?class=unmapped&state=open');
    assert.ok(total >= 1_000, `${total} are enough`);
    await page.getByLabel('Select all that match').check();
    await page.locator('.bar').getByRole('button', { name: 'Retry' }).click();
    await page.fill('dialog textarea[name=reason]', 'The tax code has its entry now.');
    await page.evaluate(`setInterval(() => {
      const bar = document.querySelector('.bar progress');
      if (bar) (window.progress ??= []).push(bar.value);
    }, 50)`);
    const began = performance.now();
    await page.locator('dialog button[form=reason-form]').click();
    const notice = page.locator('.notice', { hasText: /Done: / });
    await notice.waitFor({ timeout: 90_000 });
    const said = (await notice.textContent())!;
    assert.ok(said.includes(`Done: ${total} of ${total}`), said);
    const shown = (await page.evaluate('window.progress')) as number[];
    const steps = new Set(shown).size;
    console.log(
      `      ${total} retried in ${((performance.now() - began) / 1000).toFixed(1)} s, ${steps} states of the bar`,
    );
    assert.ok(steps >= 2 && shown.every((value, at) => at === 0 || value >= shown[at - 1]!), shown.join());
    const after = await clerk.get<{ total: number }>('/exceptions/facets?class=unmapped&state=open');
    assert.equal(after.total, 0);
    await page.getByText('No exception matches these filters.').waitFor();
    assert.deepEqual([...visit.faults, ...(await visit.harm())], []);
    await visit.end();
  });
});
