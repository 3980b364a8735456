import { strict as assert } from 'node:assert';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Host } from '../../engine';
import { FinanceError } from '../../errors';
import type { FlowNode, Message, RedApi } from '../../nodes/kit/red';
import { Scratch } from '../support/store';

const define = require('../../nodes/alert/alert') as (RED: RedApi) => void;

/** What a node of a flow answers to a message. */
interface Answer {
  sent?: Message;
  error?: Error;
}

describe('alert', () => {
  let scratch: Scratch;
  let host: Host;
  let told: unknown[];
  let failing: FinanceError | undefined;

  beforeEach(async () => {
    scratch = new Scratch();
    host = new Host({ default: await scratch.store() });
    told = [];
    failing = undefined;
  });
  afterEach(async () => {
    await host.close();
    await scratch.remove();
  });

  const alerts = {
    async raise(alert: unknown) {
      if (failing) throw failing;
      told.push(alert);
    },
    async resolve(name: string) {
      told.push({ resolved: name });
    },
  };

  /** Gives a message to a node with this configuration. */
  function take(config: object, msg: Message, ledgerway: object = { host, alerts }): Promise<Answer> {
    return new Promise((resolve) => {
      let input: ((msg: Message, send: FlowNode['send'], done: (error?: Error) => void) => void) | undefined;
      const node = {
        status: () => undefined,
        on: (event: string, listener: never) => {
          if (event === 'input') input = listener;
        },
      };
      const RED = {
        settings: { ledgerway },
        nodes: {
          createNode: () => undefined,
          registerType: (_type: string, make: (this: unknown, config: object) => void) =>
            make.call(node, config),
        },
      };
      define(RED as unknown as RedApi);
      let sent: Message | undefined;
      input!(
        msg,
        (message) => {
          sent = message as Message;
        },
        (error) => resolve({ sent, error }),
      );
    });
  }

  const config = { name: 'invoices held', severity: 'critical', title: '' };

  it('tells why, which document, and the text; a payload that is no text stays inside', async () => {
    const error = new FinanceError('MAP_UNMAPPED', { message: 'map tax code txr_9' }).toJSON();
    const run = { entity: 'acme_de', kind: 'invoice', documentId: 'doc_1' } as Message['ledgerway'];
    const msg: Message = { topic: 'An invoice is held', error, ledgerway: run, payload: { iban: 'DE89…' } };
    const { sent } = await take(config, msg);
    assert.equal(sent, msg);
    await take({ ...config, title: 'Held' }, { payload: 'x'.repeat(9_000) });
    assert.deepEqual(told, [
      {
        name: 'invoices held',
        severity: 'critical',
        title: 'An invoice is held',
        lines: ['MAP_UNMAPPED: map tax code txr_9', 'acme_de · invoice · doc_1'],
      },
      { name: 'invoices held', severity: 'critical', title: 'Held', lines: ['x'.repeat(500)] },
    ]);
  });

  it('says that it is over', async () => {
    await take(config, { alert: 'resolved' });
    assert.deepEqual(told, [{ resolved: 'invoices held' }]);
  });

  it('fails to Catch where the alert is not in the store, and sends nothing on', async () => {
    failing = new FinanceError('STORE_UNAVAILABLE');
    const { sent, error } = await take(config, {});
    assert.equal(sent, undefined);
    assert.equal((error as Error & { code: string }).code, 'STORE_UNAVAILABLE');
  });

  it('needs a name, a severity that is one, and a runtime that tells', async () => {
    const codes = await Promise.all([
      take({ ...config, name: ' ' }, {}),
      take({ ...config, severity: 'loud' }, {}),
      take(config, {}, { host }),
    ]);
    assert.deepEqual(
      codes.map(({ error }) => (error as Error & { code: string }).code),
      ['CONFIG_INVALID', 'CONFIG_INVALID', 'CONFIG_HOST_MISSING'],
    );
  });
});
