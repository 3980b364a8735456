import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { ROLES, type Role } from '../../../console/api/permissions';
import type { Client } from './client';
import { PASSWORD, type Seeded, theSeeded } from './seeded';
import { hasBrowser, launch, Visit, type VisitOptions } from './visit';

const HOSTILE = '<img src=x onerror="window.hostile=1">';
const ROLE_NAMES = Object.keys(ROLES) as Role[];

/** Each screen, and what shows that it is there. */
const SCREENS: Record<string, { path: string; shows: string }> = {
  overview: { path: '/', shows: '.matrix tbody td a' },
  exceptions: { path: '/exceptions', shows: '.row-line' },
  exception: { path: '/exceptions/EXCEPTION', shows: '.detail .cause' },
  proposals: { path: '/proposals', shows: '.note' },
  'in-doubt': { path: '/in-doubt', shows: 'tbody tr' },
  documents: { path: '/documents', shows: '.row-line' },
  search: { path: '/documents?q=nothing', shows: '.empty' },
  trace: { path: '/documents/DOCUMENT', shows: 'article .facts' },
  pipelines: { path: '/pipelines', shows: 'tbody tr' },
  consumers: { path: '/consumers', shows: 'tbody tr' },
};

describe('The screens of the console', () => {
  let seeded: Seeded;
  let browser: Browser;
  const clients = new Map<string, Client>();
  const places = { EXCEPTION: '', DOCUMENT: '' };

  before(async function () {
    if (!hasBrowser()) this.skip();
    seeded = await theSeeded();
    browser = await launch();
    for (const role of [...ROLE_NAMES, 'clara']) clients.set(role, await seeded.client(role));
    const clerk = clients.get('clerk')!;
    const { items } = await clerk.get<{ items: { id: string; documentId: string }[] }>(
      '/exceptions?sort=amount&class=rejected&limit=5',
    );
    places.EXCEPTION = items[0]!.id;
    places.DOCUMENT = items[0]!.documentId;
    await clerk.post(`/exceptions/${places.EXCEPTION}/comment`, { text: HOSTILE });
    await clerk.post(`/documents/${items[1]!.documentId}/skip`, { reason: HOSTILE, effects: 'kept' });
    await clients.get('admin')!.post('/consumers', {
      name: 'auditor firm',
      entities: ['acme_de'],
      functions: ['documents.read'],
      expiresAt: Date.now() + 86_400_000,
    });
  });
  after(async () => {
    await browser?.close();
  });

  const visit = (user: string, options: VisitOptions = {}) =>
    Visit.begin(browser, seeded.url, { token: clients.get(user)!.token, ...options });
  const pathOf = (name: string) =>
    SCREENS[name]!.path.replace(/EXCEPTION|DOCUMENT/, (place) => places[place as keyof typeof places]);

  for (const [theme, locale] of [
    ['light', 'de'],
    ['dark', 'en'],
  ] as const)
    it(`all of them, ${theme}, in ${locale}: complete, accessible, within 1280 pixels, and no text runs`, async () => {
      const admin = await visit('admin', { theme, locale });
      const findings: string[] = [];
      for (const [name, { shows }] of Object.entries(SCREENS)) {
        await admin.open(pathOf(name));
        await admin.page.waitForSelector(shows, { timeout: 10_000 });
        await admin.screenshot(`${name}-${theme}-${locale}`);
        const overflow = await admin.overflow();
        if (overflow > 0) findings.push(`${name}: ${overflow} pixels too wide`);
        for (const found of [...(await admin.harm()), ...(await admin.axe())])
          findings.push(`${name}: ${found}`);
      }
      await admin.end();
      assert.deepEqual([...findings, ...admin.faults], []);
    });

  it('each role is led to what it may see; a page that it may not see says so, and the API refuses', async () => {
    for (const role of ROLE_NAMES) {
      const permissions: readonly string[] = ROLES[role];
      const manages = permissions.includes('consumers.manage');
      const one = await visit(role);
      await one.open('/');
      for (const link of await one.page.locator('nav a').all()) {
        const href = (await link.getAttribute('href'))!;
        const name = href.replace('/console/', '') || 'overview';
        await link.click();
        await one.page.locator(`nav a[aria-current=page][href="${href}"]`).waitFor();
        await one.page.waitForSelector(SCREENS[name]!.shows).catch(() => assert.fail(`${role}: ${name}`));
      }
      assert.deepEqual(one.faults, [], role);
      const links = await one.page.locator('nav a').allTextContents();
      assert.equal(
        links.some((text) => text.includes('API consumers')),
        manages,
        role,
      );
      await one.open(pathOf('exception'));
      assert.equal((await one.page.locator('.row-line').count()) > 0, true);
      assert.equal(
        await one.page.getByRole('button', { name: 'Retry', exact: true }).isEnabled(),
        permissions.includes('exceptions.resolve'),
        role,
      );
      if (!manages) {
        await one.open('/consumers');
        assert.equal(await one.page.getByRole('alert').textContent(), 'Your role may not see this page.');
        await assert.rejects(clients.get(role)!.get('/consumers'), /403/);
      }
      await one.end();
    }
  });

  it('who signs in sees their own entity, in their language; who signs out sees the login', async () => {
    const clara = await Visit.begin(browser, seeded.url);
    await clara.open('/exceptions');
    await clara.screenshot('login');
    assert.deepEqual(await clara.axe(), []);
    await clara.page.fill('[name=username]', 'clara');
    await clara.page.fill('[name=password]', 'wrong');
    await clara.page.keyboard.press('Enter');
    assert.match((await clara.page.getByRole('alert').textContent())!, /wrong/);
    await clara.page.fill('[name=password]', PASSWORD);
    await clara.page.keyboard.press('Enter');
    await clara.page.waitForSelector('.row-line');
    await clara.settled();
    assert.equal(await clara.page.locator('h1').textContent(), 'Ausnahmen');
    assert.equal(await clara.page.locator('html').getAttribute('lang'), 'de');
    const rows = await clara.page.locator('.document small').allTextContents();
    assert.ok(rows.length > 0 && rows.every((text) => text.startsWith('acme_de ')), rows.join());
    assert.ok(!(await clara.page.locator('aside').textContent())!.includes('acme_us'));
    await clara.page.getByRole('button', { name: 'Abmelden' }).click();
    await clara.page.waitForSelector('[name=password]');
    assert.deepEqual(await clara.harm(), []);
    await clara.end();
  });

  it('every dialog is accessible, in both themes', async () => {
    const findings: string[] = [];
    for (const theme of ['light', 'dark'] as const) {
      const clerk = await visit('clerk', { theme });
      await clerk.open(pathOf('exception'));
      const look = async (name: string) => {
        await clerk.page.waitForSelector('dialog[open]');
        await clerk.screenshot(`dialog-${name}-${theme}`);
        const overflow = await clerk.overflow();
        if (overflow > 0) findings.push(`${name}: ${overflow} pixels too wide`);
        for (const found of await clerk.axe()) findings.push(`${name}: ${found}`);
        await clerk.page.keyboard.press('Escape');
        await clerk.page.waitForSelector('dialog', { state: 'detached' });
      };
      for (const name of ['Correct', 'Retry', 'Link to Odoo', 'Skip', 'Reject']) {
        await clerk.page.locator('.detail [role=toolbar] button', { hasText: name }).first().click();
        await look(name.toLowerCase().replaceAll(' ', '-'));
      }
      for (const tab of ['Steps', 'History', 'Comments']) {
        await clerk.page.getByRole('tab', { name: tab }).click();
        for (const found of [...(await clerk.axe()), ...(await clerk.harm())])
          findings.push(`${tab}: ${found}`);
      }
      await clerk.open('/exceptions');
      await clerk.page.getByLabel('Select all that match').check();
      for (const name of ['Retry', 'Skip', 'Reject', 'Assign', 'Tag']) {
        await clerk.page.locator('.bar').getByRole('button', { name }).click();
        await look(`bulk-${name.toLowerCase()}`);
      }
      assert.deepEqual(clerk.faults, []);
      await clerk.end();
      const admin = await visit('admin', { theme });
      await admin.open('/consumers');
      await admin.page
        .getByRole('button', { name: 'New token' })
        .or(admin.page.locator('header .button.primary'))
        .first()
        .click();
      for (const found of await admin.axe()) findings.push(`new consumer: ${found}`);
      await admin.open('/pipelines');
      await admin.page.getByRole('button', { name: 'Pause' }).first().click();
      for (const found of await admin.axe()) findings.push(`pause: ${found}`);
      await admin.open('/proposals');
      await admin.page.getByRole('button', { name: 'Approve' }).first().click();
      for (const found of await admin.axe()) findings.push(`approve: ${found}`);
      await admin.end();
    }
    assert.deepEqual(findings, []);
  });

  it('a search leads to the document in one step', async () => {
    const auditor = await visit('auditor');
    await auditor.open('/');
    const [{ number }] = (
      await clients.get('auditor')!.get<{ items: [{ number: string }] }>('/documents?stage=skipped&limit=1')
    ).items;
    await auditor.page.getByRole('searchbox', { name: 'Search documents' }).fill(number);
    await auditor.page.keyboard.press('Enter');
    await auditor.page.waitForSelector('article .facts');
    assert.ok((await auditor.page.locator('h1').textContent())!.includes(number));
    assert.deepEqual(await auditor.harm(), []);
    await auditor.end();
  });
});
