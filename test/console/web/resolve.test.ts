import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { invoiceEvents, Stack } from '../../support/stack';
import { clientOf } from './client';
import { PASSWORD, writeUsers } from './seeded';
import { hasBrowser, launch, Visit } from './visit';

/** An invoice of the German company with a tax code that no mapping knows. */
function unmappedInvoice(seed: string): string {
  const event = invoiceEvents(seed, 30).find((one) => JSON.stringify(one).includes('txr_de_19'))!;
  return JSON.stringify(event).replaceAll('txr_de_19', `txr_${seed}`);
}

describe('The console beside a flow, the sandbox Odoo behind it', () => {
  let stack: Stack;
  let browser: Browser;
  let folder: string;

  before(async function () {
    if (!hasBrowser()) this.skip();
    folder = mkdtempSync(join(tmpdir(), 'ledgerway-users-'));
    await writeUsers(join(folder, 'users.json'));
    stack = await Stack.start({ LEDGERWAY_USERS: join(folder, 'users.json') });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function visit(user: string, path: string): Promise<Visit> {
    const { token } = await clientOf(stack.runtime.url, user, PASSWORD);
    const one = await Visit.begin(browser, stack.runtime.url, { token });
    await one.open(path);
    return one;
  }

  it('an exception appears by itself; a clerk proposes the missing entry, an approver agrees, and it is posted', async () => {
    const clerk = await visit('clerk', '/exceptions');
    await clerk.page.getByText('No exceptions.').waitFor();
    await clerk.page.getByText('Live', { exact: true }).waitFor();
    await clerk.page.evaluate('window.samePage = true');
    assert.equal(await stack.send(unmappedInvoice('console')), 200);
    const row = clerk.page.locator('.row-line');
    await row.waitFor({ timeout: 10_000 });
    const number = await row.locator('strong').textContent();
    await row.click();
    await clerk.page.getByText(/map tax code txr_console for entity acme_de/).waitFor();
    await clerk.page.getByRole('button', { name: 'Fix the mapping' }).click();
    await clerk.page.locator('dialog').getByText('txr_console', { exact: true }).waitFor();
    await clerk.screenshot('dialog-mapping-fix');
    assert.deepEqual(await clerk.axe(), []);
    assert.equal(await clerk.overflow(), 0);
    await clerk.page.fill(
      'dialog textarea[name=reason]',
      'A new rate of the billing system, 19 % as before.',
    );
    await clerk.page.locator('dialog button[form=reason-form]').click();
    await clerk.page.locator('.detail').getByText('Yours. Another person decides.').waitFor();

    const approver = await visit('approver', '/proposals');
    await approver.page.getByText('A new rate of the billing system').waitFor();
    await approver.page.getByRole('button', { name: 'Approve' }).click();
    await approver.page.fill('dialog textarea[name=reason]', 'As in the contract.');
    await approver.page.locator('dialog button[form=reason-form]').click();
    await approver.page.getByText('Approved.').waitFor();

    await clerk.page.locator('.detail').getByText('Completed').waitFor({ timeout: 20_000 });
    await clerk.page.getByRole('tab', { name: 'Steps' }).click();
    await clerk.page.locator('.detail').getByText('odoo.post', { exact: true }).waitFor();
    await clerk.screenshot('resolved');
    assert.equal(await clerk.page.evaluate('window.samePage'), true, 'it never left the page');
    assert.deepEqual([...clerk.faults, ...approver.faults], []);
    assert.deepEqual(await stack.exceptionCodes(), []);
    const posted = Object.values(await stack.quiet()).reduce((sum, figures) => sum + figures.posted, 0);
    assert.equal(posted, 1);
    assert.ok(number);
    await clerk.end();
    await approver.end();
  });

  it('the editor shows the figures of the open flow, and at a node what is held there, which leads to the list', async () => {
    assert.equal(await stack.send(unmappedInvoice('sidebar')), 200);
    await stack.quiet();
    const { token } = await clientOf(stack.runtime.url, 'integrator', PASSWORD);
    const one = await Visit.begin(browser, stack.runtime.url, { token, width: 1680 });
    const { page } = one;
    await page.goto(`${stack.runtime.url}/#flow/tab-de`);
    await page.waitForSelector('#red-ui-workspace-chart', { state: 'visible' });
    await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
    await page.evaluate(`RED.workspaces.show('tab-de')`);
    await page.evaluate(`RED.sidebar.show('ledgerway-figures')`);
    const sidebar = page.locator('.ledgerway-sidebar');
    await sidebar.getByText('billing-de').waitFor();
    await sidebar.getByText('acme_de').waitFor();
    const text = (await sidebar.textContent())!;
    assert.match(text, /held1/);
    assert.match(text, /posted1 · [\d.]+ EUR/);
    const badges = page.locator('.ledgerway-held:not(.hide)');
    await badges.first().waitFor();
    await one.screenshot('sidebar');
    assert.deepEqual(await badges.locator('text').allTextContents(), ['1']);
    const [list] = await Promise.all([page.waitForEvent('popup'), badges.first().click()]);
    await list.waitForSelector('.row-line');
    const { pathname, searchParams } = new URL(list.url());
    assert.equal(pathname, '/console/exceptions');
    assert.deepEqual(Object.fromEntries(searchParams), {
      step: 'ledgerway-canonical-map',
      entity: 'acme_de',
    });
    assert.equal(await list.locator('.row-line').count(), 1);
    await page.evaluate(`RED.workspaces.show('tab-intake')`);
    await sidebar.getByText('This flow has no pipeline.').waitFor();
    await one.end();
  });
});
