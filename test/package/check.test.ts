import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '../../errors';
import {
  folderOf,
  htmlOf,
  keysOf,
  LANGUAGES,
  loadDefinitions,
  lookUp,
  manifest,
  messagesOf,
  ROOT,
  readText,
} from './definitions';

const TYPES = Object.keys(manifest()['node-red'].nodes);

describe('the package, as the rules for Node-RED palettes want it', () => {
  it('has a scoped name, the keyword, and says which Node-RED and Node it needs', () => {
    const { name, keywords, engines, 'node-red': red } = manifest();
    assert.match(name, /^@[a-z0-9-]+\/[a-z0-9-]+$/);
    assert.ok(keywords.includes('node-red'));
    assert.match(red.version, /^>=\d+\.\d+\.\d+$/);
    assert.equal(engines.node, '>=22.9');
  });

  it('has few dependencies, and neither Node-RED nor a Node binary among them', () => {
    const { dependencies } = manifest();
    assert.ok(Object.keys(dependencies).length <= 10, Object.keys(dependencies).join(', '));
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => /^(node-red|@node-red\/|node-linux|node$)/.test(name)),
      [],
    );
  });

  it('has one entry a node, and a folder for each', () => {
    const entries = Object.entries(manifest()['node-red'].nodes);
    for (const [type, file] of entries)
      assert.equal(file, `dist/nodes/${folderOf(type)}/${folderOf(type)}.js`, type);
    const folders = readdirSync(join(ROOT, 'nodes')).filter((name) => name !== 'kit');
    assert.deepEqual(folders.sort(), TYPES.map(folderOf).sort());
  });
});

describe('every node', () => {
  const definitions = loadDefinitions();

  it('registers its type once, as a literal', () => {
    for (const type of TYPES) {
      const html = htmlOf(folderOf(type));
      assert.equal(html.split('registerType(').length, 2, type);
      assert.match(html, new RegExp(`RED\\.nodes\\.registerType\\('${type}', \\{`));
      assert.match(html, new RegExp(`data-template-name="${type}"`));
    }
    assert.deepEqual([...definitions.keys()].sort(), [...TYPES].sort());
  });

  it('loads nothing from elsewhere', () => {
    for (const type of TYPES) {
      const sources = [...htmlOf(folderOf(type)).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url!);
      for (const source of sources) {
        const [, file] = /^resources\/@ledgerway\/node-red\/(.+)$/.exec(source) ?? [];
        assert.ok(file && existsSync(join(ROOT, 'resources', file)), `${type}: ${source}`);
      }
    }
  });

  it('has a version, and a validator for what must be right', () => {
    for (const [type, { defaults }] of definitions) {
      assert.ok(Number(defaults.version?.value) >= 1, type);
      for (const [name, property] of Object.entries(defaults))
        if (property.type || property.required) assert.ok(property.validate, `${type}.${name}`);
    }
  });

  it('has an icon of 40 × 60 in white, and a muted colour', () => {
    for (const [type, { icon, color }] of definitions) {
      assert.equal(icon, `${folderOf(type)}.svg`);
      const svg = readText('icons', icon);
      assert.match(svg, /width="40" height="60" viewBox="0 0 40 60"/, type);
      assert.deepEqual(
        [...svg.matchAll(/(?:fill|stroke)="(#[^"]*)"/g)]
          .map(([, paint]) => paint)
          .filter((paint) => paint !== '#fff'),
        [],
        type,
      );
      const channels = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
      assert.ok(Math.max(...channels) - Math.min(...channels) < 80, `${type}: ${color}`);
    }
  });

  it('has an example', () => {
    for (const type of TYPES)
      assert.match(readText('nodes', folderOf(type), 'example.json'), new RegExp(`"${type}"`));
  });
});

describe('the texts of every node', () => {
  it('are there in each language, with the same keys and nothing empty', () => {
    for (const folder of TYPES.map(folderOf)) {
      const [first, ...others] = LANGUAGES.map((language) => messagesOf(folder, language));
      for (const other of others) assert.deepEqual(keysOf(other), keysOf(first!), folder);
      for (const language of LANGUAGES)
        for (const key of keysOf(messagesOf(folder, language)))
          assert.ok(lookUp(messagesOf(folder, language), key)?.trim(), `${folder} ${language} ${key}`);
    }
  });

  it('hold each key that the dialog asks for, and no other', () => {
    for (const folder of TYPES.map(folderOf)) {
      const html = htmlOf(folder);
      const marked = [...html.matchAll(/data-i18n="([^"]+)"/g)].flatMap(([, keys]) =>
        keys!.split(';').map((key) => key.replace(/^\[[\w-]+\]/, '')),
      );
      const panes = [...html.matchAll(/data-label="([^"]+)"/g)].map(([, key]) => key!);
      const quoted = [...html.matchAll(/'((?:error|output|short|column)\.[\w.]+)'/g)].map(([, key]) => key!);
      const messages = messagesOf(folder, 'en-US');
      for (const key of [...marked, ...panes, ...quoted, 'paletteLabel'])
        assert.ok(lookUp(messages, key), `${folder}: ${key}`);
      // labels of choices and table cells are put together by the form
      const made = /^(kind|step|category|timing|mode|livemode|short)\./;
      const asked = new Set([...marked, ...panes, ...quoted, 'paletteLabel']);
      assert.deepEqual(
        keysOf(messages).filter((key) => !asked.has(key) && !made.test(key)),
        [],
        folder,
      );
    }
  });

  it('explain the node in the house style, with error codes of the table', () => {
    for (const type of TYPES) {
      const codes = LANGUAGES.map((language) => {
        const help = readText('nodes', folderOf(type), 'locales', language, `${folderOf(type)}.html`);
        assert.match(help, new RegExp(`^<script type="text/html" data-help-name="${type}">\n  <p>`), type);
        assert.match(help, /<h3>Details<\/h3>/, type);
        assert.match(help, /<dl class="message-properties">/, type);
        return [...help.matchAll(/<dt>([A-Z]+(?:_[A-Z]+)+)<\/dt>/g)].map(([, code]) => code!);
      });
      assert.ok(codes[0]!.length > 0, type);
      assert.deepEqual(codes[1], codes[0], type);
      assert.deepEqual(
        codes[0]!.filter((code) => !(code in ERRORS)),
        [],
        type,
      );
    }
  });

  it('tell inputs and outputs of every node that has them', () => {
    const headings = { 'en-US': ['Inputs', 'Outputs'], de: ['Eingaben', 'Ausgaben'] };
    for (const [type, { inputs, outputs }] of loadDefinitions())
      for (const language of LANGUAGES) {
        const help = readText('nodes', folderOf(type), 'locales', language, `${folderOf(type)}.html`);
        const [input, output] = headings[language];
        if (inputs) assert.match(help, new RegExp(`<h3>${input}</h3>`), `${type} ${language}`);
        if (outputs) assert.match(help, new RegExp(`<h3>${output}</h3>`), `${type} ${language}`);
        if ((outputs ?? 0) > 1) assert.equal(help.split('<li>').length, outputs! + 1, `${type} ${language}`);
      }
  });
});
