import { strict as assert } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { anchorKey, newAnchorKey, readAnchors } from '../../engine';
import { startUpkeep, upkeepOf } from '../../runtime/upkeep';
import { receive, Scratch } from '../support/store';

const SILENT = pino({ level: 'silent' });
const NAMES = [
  'LEDGERWAY_ANCHOR_KEY',
  'LEDGERWAY_ANCHORS',
  'LEDGERWAY_ANCHOR_MINUTES',
  'LEDGERWAY_RETENTION',
] as const;

describe('Upkeep of a store', () => {
  let scratch: Scratch;
  const before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
  beforeEach(() => {
    scratch = new Scratch();
    for (const name of NAMES) delete process.env[name];
  });
  afterEach(async () => {
    for (const name of NAMES)
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    await scratch.remove();
  });

  it('does nothing unless it is configured', () => {
    const { policy, anchors } = upkeepOf(scratch.folder);
    assert.deepEqual([policy, anchors], [undefined, undefined]);
  });

  it('erases by policy and exports anchors, at the start, in its interval and at the end', async () => {
    const { privateKey, publicKey } = newAnchorKey();
    const file = join(scratch.folder, 'anchors.jsonl');
    writeFileSync(join(scratch.folder, 'anchor.pem'), privateKey);
    process.env.LEDGERWAY_ANCHOR_KEY = join(scratch.folder, 'anchor.pem');
    process.env.LEDGERWAY_ANCHORS = file;
    process.env.LEDGERWAY_ANCHOR_MINUTES = '0.001';
    process.env.LEDGERWAY_RETENTION = '{"rules":[{"days":0}]}';
    const store = await scratch.store();
    const { documentId } = await receive(store, 'in_1', undefined, { skip: 'not wanted' });
    const end = startUpkeep(store, upkeepOf(scratch.folder), SILENT);
    await sleep(300);
    await receive(store, 'in_2', undefined, { skip: 'not wanted' });
    await end();
    const { bodies } = await store.trace({ documentId });
    assert.equal(bodies[0]!.text, null);
    const { anchors, findings } = readAnchors(readFileSync(file, 'utf8'), anchorKey(publicKey, 'public'));
    assert.deepEqual(findings, []);
    assert.ok(anchors.length >= 3, `${anchors.length} anchors`);
    assert.ok(anchors.at(-1)!.seq > anchors[0]!.seq, 'the last one knows the last event');
    assert.deepEqual(await store.checkAnchors({ anchors }), []);
  });

  it('names what is wrong with its configuration before anything starts', () => {
    process.env.LEDGERWAY_RETENTION = join(scratch.folder, 'none.json');
    assert.throws(() => upkeepOf(scratch.folder), /retention policy cannot be read/);
    process.env.LEDGERWAY_RETENTION = '{"rules":[{"days":"1"}]}';
    assert.throws(() => upkeepOf(scratch.folder), /"days" is a whole number/);
    delete process.env.LEDGERWAY_RETENTION;
    process.env.LEDGERWAY_ANCHOR_MINUTES = 'often';
    assert.throws(() => upkeepOf(scratch.folder), /LEDGERWAY_ANCHOR_MINUTES/);
  });
});
