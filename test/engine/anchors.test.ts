import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Anchor,
  anchorKey,
  exportAnchors,
  makeAnchors,
  newAnchorKey,
  readAnchors,
  type Store,
} from '../../engine';
import { linkHash } from '../../engine/audit';
import { SqliteConnection } from '../../engine/sqlite/worker';
import { PIPELINE, receive, Scratch } from '../support/store';
import { onEveryStore } from './conformance/stores';

const { privateKey, publicKey } = newAnchorKey();
const PRIVATE = anchorKey(privateKey, 'private');
const PUBLIC = anchorKey(publicKey, 'public');

async function events(store: Store, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) await receive(store, `in_${n}`);
}

onEveryStore('Audit anchors', (place) => {
  it('an anchor of every chain agrees with what the store says later', async () => {
    const store = await place().open();
    await store.syncPipelines([PIPELINE]);
    await events(store, 0, 20);
    const anchors = await makeAnchors(store, PRIVATE);
    await events(store, 20, 40);
    assert.ok(anchors.length >= 1 && anchors.every(({ seq }) => seq > 0));
    assert.deepEqual(await store.checkAnchors({ anchors }), []);
    const forged = anchors.map((anchor) => ({ ...anchor, hash: 'f'.repeat(64) }));
    assert.match((await store.checkAnchors({ anchors: forged })).join(), /written again/);
    const ahead = anchors.map((anchor) => ({ ...anchor, seq: anchor.seq + 1000 }));
    assert.match((await store.checkAnchors({ anchors: ahead })).join(), /cut off/);
  });
});

describe('Audit anchors (file)', () => {
  let scratch: Scratch;
  let anchors: Anchor[];
  beforeEach(async () => {
    scratch = new Scratch();
    const store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    await events(store, 0, 10);
    anchors = await makeAnchors(store, PRIVATE);
    await store.close();
  });
  afterEach(() => scratch.remove());

  /** What verification finds: of the chain in itself, and against the anchors. */
  function findings(): { itself: string[]; anchored: string[] } {
    const connection = new SqliteConnection({ file: scratch.file, readOnly: true });
    const answers = connection.run([
      { id: 1, name: 'audit', input: undefined },
      { id: 2, name: 'checkAnchors', input: { anchors } },
    ]).answers as { result: unknown }[];
    connection.close();
    return {
      itself: (answers[0]!.result as { findings: string[] }).findings,
      anchored: answers[1]!.result as string[],
    };
  }

  function tamper(work: (database: DatabaseSync) => void): void {
    const database = new DatabaseSync(scratch.file);
    work(database);
    database.close();
  }

  it('find a chain that was written again, hashes, heads and all', () => {
    tamper((database) => {
      const chain = database.prepare('SELECT * FROM audit ORDER BY seq').all() as never as Parameters<
        typeof linkHash
      >[1][];
      let hash = '';
      for (const event of chain) {
        const written = event.seq === 4 ? { ...event, at: event.at - 86_400_000 } : event;
        hash = linkHash(hash, written);
        database
          .prepare('UPDATE audit SET at = ?, hash = ? WHERE seq = ?')
          .run(written.at, hash, written.seq);
      }
      database.prepare('UPDATE audit_heads SET hash = ?').run(hash);
    });
    const { itself, anchored } = findings();
    assert.deepEqual(itself, [], 'in itself the forgery is perfect');
    assert.match(anchored.join(), /chain 0 event \d+, anchored 20.*: the chain was written again/);
  });

  it('find the last events cut off, with all that they told of', () => {
    tamper((database) => {
      const last = database.prepare('SELECT document_id, seq FROM audit ORDER BY seq DESC LIMIT 1').get() as {
        document_id: string;
        seq: number;
      };
      database.prepare('DELETE FROM audit WHERE seq = ?').run(last.seq);
      for (const table of ['bodies', 'deliveries'])
        database.prepare(`DELETE FROM ${table} WHERE document_id = ?`).run(last.document_id);
      database.prepare('DELETE FROM documents WHERE id = ?').run(last.document_id);
      database.exec(
        'UPDATE audit_heads SET seq = seq - 1, hash = (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1)',
      );
    });
    const { itself, anchored } = findings();
    assert.deepEqual(itself, [], 'in itself the shorter chain is perfect');
    assert.match(anchored.join(), /cut off before it/);
  });

  it('are appended to a file, or posted to a URL, and read back with their signatures', async () => {
    const file = join(scratch.folder, 'anchors', 'anchors.jsonl');
    await exportAnchors(anchors, file);
    await exportAnchors(anchors, file);
    const posted: string[] = [];
    let status = 204;
    const server = createServer((req, res) => {
      req.on('data', (chunk) => posted.push(String(chunk)));
      req.on('end', () => res.writeHead(status).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/anchors`;
    try {
      await exportAnchors(anchors, url);
      status = 503;
      await assert.rejects(exportAnchors(anchors, url), /not taken: it answered 503/);
    } finally {
      server.close();
    }
    await assert.rejects(exportAnchors(anchors, 'ftp://host/x'), /http\(s\) URL/);
    assert.deepEqual(readAnchors(posted[0]!, PUBLIC), { anchors, findings: [] });
    const text = readFileSync(file, 'utf8');
    assert.deepEqual(readAnchors(text, PUBLIC), { anchors: [...anchors, ...anchors], findings: [] });
  });

  it('a changed anchor, one of another key, or none at all is a finding', async () => {
    const line = JSON.stringify(anchors[0]);
    const read = (text: string) => readAnchors(text, PUBLIC).findings.join();
    assert.match(read(line.replace('"seq":', '"seq":1')), /line 1: its signature does not verify/);
    assert.match(read(`${line}\n{"chain":0}`), /line 2: it is no anchor/);
    assert.match(read('\n'), /no anchors/);
    const stranger = anchorKey(newAnchorKey().publicKey, 'public');
    assert.match(readAnchors(line, stranger).findings.join(), /signature/);
    assert.throws(() => anchorKey('nonsense', 'private'), { code: 'CONFIG_INVALID' });
  });
});

describe('Speed of the audit', () => {
  it('the chain is checked at 150,000 events a second or more', async function () {
    this.timeout(60_000);
    const scratch = new Scratch();
    try {
      await (await scratch.store()).close();
      const count = 200_000;
      forgeChain(scratch.file, count);
      const connection = new SqliteConnection({ file: scratch.file, readOnly: true });
      const rate = (name: 'auditChains' | 'audit') => {
        const started = performance.now();
        const [answer] = connection.run([{ id: 1, name, input: undefined }]).answers;
        const perSecond = count / ((performance.now() - started) / 1000);
        assert.ok(answer && 'result' in answer);
        const { events: found, findings } = answer.result as { events: number; findings: string[] };
        assert.deepEqual([found, findings], [count, []]);
        return perSecond;
      };
      const median = [1, 2, 3].map(() => rate('auditChains')).sort((a, b) => a - b)[1]!;
      const words = (perSecond: number) => `${Math.round(perSecond)} events a second`;
      console.log(`      chain: ${words(median)}; with the rows it vouches for: ${words(rate('audit'))}`);
      connection.close();
      assert.ok(median >= 150_000, `${Math.round(median)} events a second`);
    } finally {
      await scratch.remove();
    }
  });
});

/** Events of the size of real ones, rightly linked, each about a row that is deleted in the end. */
function forgeChain(file: string, count: number): void {
  const database = new DatabaseSync(file);
  const insert = database.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)');
  database.exec('BEGIN');
  let hash = '';
  for (let seq = 1; seq <= count; seq++) {
    const document = `doc_${String(seq % 10_000).padStart(22, '0')}`;
    const seals = [
      ['documents', document, 'gone'],
      ['steps', document.replace('doc', 'stp'), 'gone'],
    ];
    const data = JSON.stringify({ step: document, kind: 'odoo.load', request: 'a'.repeat(64), seals });
    const event = {
      chain: 0,
      seq,
      at: 1_763_000_000_000 + seq,
      document_id: document,
      type: 'intended',
      data,
    };
    hash = linkHash(hash, event);
    insert.run(0, seq, event.at, document, event.type, data, hash);
  }
  database.prepare('INSERT INTO audit_heads VALUES (0, ?, ?)').run(count, hash);
  database.exec('COMMIT');
  database.close();
}
