import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type FlowNode, ROOT } from '../package/definitions';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]);

export const hasBrowser = (): boolean => existsSync(CHROMIUM);

/** A Node-RED with the package of this repository, and a browser that shows its editor. */
export class Editor {
  /** What the page said went wrong. */
  readonly errors: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly browser: Browser,
    private readonly server: ChildProcess,
    private readonly userDir: string,
  ) {
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    // a dialog of the editor that asks before leaving has nobody to answer it
    page.on('dialog', (dialog) => void dialog.accept());
  }

  static async open(module: 'node-red' | 'node-red-41', language = 'en-US'): Promise<Editor> {
    const userDir = mkdtempSync(join(tmpdir(), 'ledgerway-editor-'));
    mkdirSync(join(userDir, 'node_modules', '@ledgerway'), { recursive: true });
    symlinkSync(ROOT, join(userDir, 'node_modules', '@ledgerway', 'node-red'));
    const server = spawn(process.execPath, [join(__dirname, 'serve.js'), module, userDir], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await addressOf(server);
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    const page = await browser.newPage({ viewport: { width: 1680, height: 900 }, locale: language });
    const editor = new Editor(page, browser, server, userDir);
    await page.addInitScript(`localStorage.setItem('editor-language', '${language}')`);
    await page.goto(url);
    await page.waitForSelector('#red-ui-workspace-chart', { state: 'visible' });
    await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
    await page.waitForFunction(
      'RED.nodes.getType("ledgerway-odoo-post") !== undefined || !RED.loader.active',
    );
    return editor;
  }

  async close(): Promise<void> {
    await this.browser.close();
    const exited = new Promise((resolve) => this.server.once('exit', resolve));
    this.server.kill('SIGTERM');
    await exited;
    rmSync(this.userDir, { recursive: true, force: true });
  }

  /** Puts a flow in place of what was there, and shows its first tab. */
  async show(flow: readonly FlowNode[]): Promise<void> {
    await this.page.evaluate((nodes) => {
      const { RED } = globalThis as unknown as EditorWindow;
      RED.nodes.clear();
      RED.nodes.import(nodes, { generateIds: false });
      RED.workspaces.show(nodes.find(({ type }) => type === 'tab')?.id ?? '');
      RED.view.redraw(true, true);
    }, flow as FlowNode[]);
  }

  /** Labels of our nodes in the palette, as they stand there. */
  async palette(): Promise<(string | null)[]> {
    const nodes = await this.page.locator('#red-ui-palette-ledgerway .red-ui-palette-node').all();
    return await Promise.all(nodes.map((node) => node.getAttribute('data-palette-label')));
  }

  async openDialog(id: string): Promise<Dialog> {
    const prefix = await this.page.evaluate((nodeId) => {
      const { RED } = globalThis as unknown as EditorWindow;
      const node = RED.nodes.node(nodeId);
      if (node._def.category !== 'config') {
        RED.editor.edit(node);
        return 'node-input';
      }
      RED.editor.editConfig('', node.type, nodeId);
      return 'node-config-input';
    }, id);
    const dialog = new Dialog(this.page, id, prefix);
    await this.page.waitForSelector(dialog.ok, { state: 'visible' });
    // the tray slides in
    await this.page.waitForTimeout(350);
    return dialog;
  }

  /** Ids of the nodes that the editor marks, with what is wrong. */
  async invalid(): Promise<string[]> {
    return await this.page.evaluate(() => {
      const { RED } = globalThis as unknown as EditorWindow;
      const wrong: string[] = [];
      const look = ({ id, valid, validationErrors }: EditorNode) => {
        if (valid === false) wrong.push(`${id}: ${validationErrors?.join(' ')}`);
      };
      RED.nodes.eachNode(look);
      RED.nodes.eachConfig(look);
      return wrong;
    });
  }

  async valueOf(id: string, property: string): Promise<unknown> {
    return await this.page.evaluate(
      ([nodeId, name]) => (globalThis as unknown as EditorWindow).RED.nodes.node(nodeId!)[name!],
      [id, property],
    );
  }

  /** The whole width for the flow, and back. */
  async toggleSidebars(): Promise<void> {
    for (const action of ['core:toggle-sidebar', 'core:toggle-palette'])
      await this.page.evaluate(
        (name) => (globalThis as unknown as EditorWindow).RED.actions.invoke(name),
        action,
      );
    await this.page.waitForTimeout(400);
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(join(ROOT, 'test-artifacts'), { recursive: true });
    await this.page.screenshot({ path: join(ROOT, 'test-artifacts', `${name}.png`) });
  }
}

/** The open edit dialog of one node. */
export class Dialog {
  readonly ok: string;

  constructor(
    private readonly page: Page,
    readonly id: string,
    readonly prefix: string,
  ) {
    this.ok = prefix === 'node-input' ? '#node-dialog-ok' : '#node-config-dialog-ok';
  }

  input(property: string): string {
    return `#${this.prefix}-${property}`;
  }

  /** Shows each pane of the form in turn. */
  private async panes(): Promise<(() => Promise<void>)[]> {
    const tabs = await this.page.locator('.ledgerway-form > .red-ui-tabs .red-ui-tab-label').all();
    return tabs.length === 0 ? [async () => {}] : tabs.map((tab) => () => tab.click());
  }

  /** Properties whose field, table or check boxes are on the page, on whichever pane. */
  async visible(properties: readonly string[]): Promise<string[]> {
    const seen = new Set<string>();
    for (const show of await this.panes()) {
      await show();
      for (const property of properties)
        for (const end of ['', '-rows', '-choices', '-area'])
          if (await this.page.locator(`${this.input(property)}${end}`).isVisible()) seen.add(property);
    }
    return properties.filter((property) => seen.has(property));
  }

  /** Texts of the form that were not found in the catalogue show their key; none may. */
  async untranslated(): Promise<string[]> {
    const texts = await this.page
      .locator('.ledgerway-form label, .ledgerway-form option, .ledgerway-form p')
      .allTextContents();
    return texts.filter((text) => /ledgerway-|^(label|column|tip|hint|kind|error)\./.test(text.trim()));
  }

  async fill(property: string, value: string): Promise<void> {
    await this.reveal(this.input(property));
    const field = this.page.locator(this.input(property));
    const kind = await field.evaluate((element) => element.tagName);
    if (kind === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
    await field.dispatchEvent('change');
  }

  async isMarked(property: string): Promise<boolean> {
    return await this.page
      .locator(this.input(property))
      .evaluate((element) => element.classList.contains('input-error'));
  }

  /** Cells of a row of a table; a row behind the last one is made. */
  async row(property: string, at: number): Promise<Row> {
    const list = `${this.input(property)}-rows`;
    await this.reveal(list);
    const container = this.page.locator('.red-ui-editableList', { has: this.page.locator(list) });
    const rows = container.locator('.ledgerway-table-row');
    if ((await rows.count()) <= at) await container.locator('.red-ui-editableList-addButton').first().click();
    return new Row(rows.nth(at).locator('input, select'));
  }

  async reveal(selector: string): Promise<void> {
    for (const show of await this.panes()) {
      if (await this.page.locator(selector).isVisible()) return;
      await show();
    }
    assert.ok(await this.page.locator(selector).isVisible(), `${selector} does not show`);
  }

  async save(): Promise<void> {
    await this.page.click(this.ok);
    await this.page.waitForSelector(this.ok, { state: 'detached' });
    await this.page.waitForTimeout(350);
  }

  async cancel(): Promise<void> {
    await this.page.click(this.ok.replace('-ok', '-cancel'));
    await this.page.waitForSelector(this.ok, { state: 'detached' });
    await this.page.waitForTimeout(350);
  }
}

export class Row {
  constructor(private readonly cells: ReturnType<Page['locator']>) {}

  async fill(...values: (string | boolean | undefined)[]): Promise<void> {
    for (const [at, value] of values.entries()) {
      const cell = this.cells.nth(at);
      if (value === undefined) continue;
      if (typeof value === 'boolean') await cell.setChecked(value);
      else if ((await cell.evaluate((element) => element.tagName)) === 'SELECT')
        await cell.selectOption(value);
      else await cell.fill(value);
    }
  }

  /** Places of the cells that are marked as wrong. */
  async marked(): Promise<number[]> {
    const flags = await this.cells.evaluateAll((cells) =>
      cells.map((cell) => cell.classList.contains('input-error')),
    );
    return flags.flatMap((flag, at) => (flag ? [at] : []));
  }
}

export interface EditorNode extends FlowNode {
  valid?: boolean;
  validationErrors?: string[];
  _def: { category: string; defaults: Record<string, object>; credentials?: Record<string, object> };
}

/** What of the editor's own `RED` is used. */
export interface EditorWindow {
  RED: {
    nodes: {
      clear(): void;
      import(nodes: FlowNode[], options: object): void;
      node(id: string): EditorNode;
      getType(type: string): object | undefined;
      eachNode(visit: (node: EditorNode) => void): void;
      eachConfig(visit: (node: EditorNode) => void): void;
    };
    editor: { edit(node: EditorNode): void; editConfig(name: string, type: string, id: string): void };
    workspaces: { show(id: string): void };
    view: { redraw(updateActive: boolean, immediate: boolean): void };
    actions: { invoke(name: string): void };
  };
}

async function addressOf(server: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`Node-RED did not start (exit ${code})`)));
    createInterface({ input: server.stdout! }).on('line', (line) => {
      if (line.startsWith('http://')) resolve(line);
    });
  });
}
