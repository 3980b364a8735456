import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { ROOT } from '../../package/definitions';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const ARTIFACTS = join(ROOT, 'test-artifacts');

/** Keeps what the policy of the page refused. */
const WATCH_POLICY = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
  (window.violations ??= []).push([violatedDirective, blockedURI, sample].join(' '));
})`;

const CHROMIUM = '/usr/bin/chromium';
export const hasBrowser = (): boolean => existsSync(CHROMIUM);

export async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
}

export interface VisitOptions {
  /** Where somebody is logged in already. */
  token?: string;
  locale?: 'en' | 'de';
  theme?: 'light' | 'dark';
  width?: number;
}

/** Somebody's browser on the console. */
export class Visit {
  /** What went wrong in the page, by its own word. */
  readonly faults: string[] = [];
  /** Dialogs of the browser itself, of which the console opens none by itself. */
  readonly dialogs: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    private readonly url: string,
  ) {
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text());
    });
    page.on('dialog', (dialog) => {
      this.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
  }

  static async begin(
    browser: Browser,
    url: string,
    { token, locale = 'en', theme = 'light', width = 1280 }: VisitOptions = {},
  ): Promise<Visit> {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      locale: locale === 'de' ? 'de-DE' : 'en-GB',
      colorScheme: theme,
    });
    await context.addInitScript(WATCH_POLICY);
    if (token)
      await context.addInitScript(
        `if (!sessionStorage.begun) {
          sessionStorage.begun = 'yes';
          localStorage.setItem('auth-tokens', '${JSON.stringify({ access_token: token })}');
        }`,
      );
    return new Visit(await context.newPage(), context, url);
  }

  /** Opens a page of the console, and waits until what it shows has come. */
  async open(path: string): Promise<void> {
    await this.page.goto(`${this.url}/console${path}`);
    await this.settled();
  }

  /** Waits until nothing of the API is under way but the stream of announcements. */
  async settled(): Promise<void> {
    await this.page.waitForSelector('main');
    for (let calm = 0; calm < 3; calm++) {
      const before = await this.answers();
      await this.page.waitForTimeout(120);
      if ((await this.answers()) !== before) calm = 0;
    }
  }

  private async answers(): Promise<number> {
    return (await this.page.evaluate('performance.getEntriesByType("resource").length')) as number;
  }

  /** Serious and critical findings of axe: rule, place and why. */
  async axe(): Promise<string[]> {
    if (!(await this.page.evaluate('"axe" in window'))) await this.page.evaluate(AXE);
    return (await this.page.evaluate(`axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, failureSummary }) =>
        id + ' at ' + target.join(' ') + ': ' + failureSummary.replaceAll('\\n', ' ')))
    )`)) as string[];
  }

  /** What hostile texts had done, had one of them run. */
  async harm(): Promise<string[]> {
    const found = (await this.page.evaluate(`[
      ...(window.hostile === undefined ? [] : ['a script ran']),
      ...(window.violations ?? []),
      ...[...document.querySelectorAll('img[src="x"], [onload], [onerror], a[href^="javascript:"], #app script')]
        .map(({ outerHTML }) => outerHTML),
    ]`)) as string[];
    return [...found, ...this.dialogs];
  }

  /** How far the page, or a list, a panel or a dialog in it, is wider than there is room for, in pixels. */
  async overflow(): Promise<number> {
    return (await this.page.evaluate(
      `Math.max(...[document.documentElement, ...document.querySelectorAll('main, .list, .list .line, .matrix, .body')]
        .map((one) => one.scrollWidth - one.clientWidth))`,
    )) as number;
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: join(ARTIFACTS, `console-${name}.png`) });
  }

  /** Presses Tab until what has the focus fits. @throws AssertionError where nothing does */
  async tabTo(what: string, most = 40): Promise<void> {
    for (let pressed = 0; pressed < most; pressed++) {
      if (await this.page.evaluate(`document.activeElement.matches(${JSON.stringify(what)})`)) return;
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`${what} is not reached by ${most} tabs`);
  }

  async end(): Promise<void> {
    await this.context.close();
  }
}
