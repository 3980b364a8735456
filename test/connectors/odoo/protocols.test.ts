import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import Deserializer from 'xmlrpc/lib/deserializer';
import { json2 } from '../../../connectors/odoo/protocols/json2';
import { jsonrpc } from '../../../connectors/odoo/protocols/jsonrpc';
import type { OdooCall } from '../../../connectors/odoo/protocols/protocol';
import { xmlrpc } from '../../../connectors/odoo/protocols/xmlrpc';
import type { FinanceError } from '../../../errors';
import { readWire } from './wire';

const ok = (body: string, contentType = 'application/json') => ({ status: 200, contentType, body });

const wire = (file: string, name: string) => {
  const call = readWire(file).find((one) => one.case === name);
  assert.ok(call, `${file} ${name}`);
  return call;
};

/** What a Python server would read out of an XML-RPC call. */
const parseXmlCall = (body: string): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    const stream = new PassThrough();
    const reader = new Deserializer() as unknown as {
      deserializeMethodCall(
        stream: PassThrough,
        done: (e: unknown, name: string, p: unknown[]) => void,
      ): void;
    };
    reader.deserializeMethodCall(stream, (error, _name, params) => (error ? reject(error) : resolve(params)));
    stream.end(body);
  });

describe('protocols of Odoo', () => {
  it('JSON-RPC writes a load as the recorded one', () => {
    const recorded = wire('jsonrpc-17', 'load_create_or_get_first').request as {
      params: { args: unknown[] };
    };
    const [database, uid, secret, model, method, [fields, data]] = recorded.params.args as [
      string,
      number,
      string,
      string,
      string,
      [unknown, unknown],
    ];
    const call: OdooCall = {
      model,
      method,
      named: { fields, data },
      context: { mode: 'update', noupdate: true },
    };
    const { body, path } = jsonrpc.write(call, { database, uid, secret });
    assert.equal(path, '/jsonrpc');
    assert.deepEqual(JSON.parse(body ?? '').params, recorded.params);
  });

  it('JSON-2 writes a load as the recorded one, with the key in the header alone', () => {
    const recorded = wire('json2-19', 'load_create_or_get_first').request as Record<string, unknown>;
    const { context, ...named } = recorded as { context: Record<string, unknown> };
    const call: OdooCall = { model: 'account.move', method: 'load', named, context };
    const request = json2.write(call, { database: 'ledger', secret: 'key-1' });
    assert.equal(request.path, '/json/2/account.move/load');
    assert.deepEqual(JSON.parse(request.body ?? ''), recorded);
    assert.equal(request.headers.authorization, 'bearer key-1');
    assert.ok(!request.body?.includes('key-1'));
  });

  it('JSON-2 refuses a model that would lead to another path', () => {
    const call: OdooCall = { model: '../web', method: 'x', named: {}, context: {} };
    assert.throws(
      () => json2.write(call, { database: 'd', secret: 's' }),
      (error: FinanceError) => error.code === 'ODOO_MODEL',
    );
  });

  it('XML-RPC writes the same arguments, records first', async () => {
    const call: OdooCall = {
      model: 'account.move',
      method: 'write',
      ids: [7],
      named: { vals: { ref: 'x' } },
      context: {},
    };
    const { body, path } = xmlrpc.write(call, { database: 'ledger', uid: 6, secret: 's' });
    assert.equal(path, '/xmlrpc/2/object');
    assert.deepEqual(await parseXmlCall(body ?? ''), [
      'ledger',
      6,
      's',
      'account.move',
      'write',
      [[7], { ref: 'x' }],
      {},
    ]);
  });

  it('no text breaks out of an XML-RPC call', async () => {
    const write = (name: string) => {
      const call: OdooCall = { model: 'm', method: 'x', named: { name }, context: {} };
      return xmlrpc.write(call, { database: 'd', uid: 1, secret: 's' }).body ?? '';
    };
    const evil = 'a <b> ]]> c ]]></string></value></member></struct> &amp; d';
    assert.deepEqual((await parseXmlCall(write(evil)))[6], { name: evil });
    const parts = fc.constantFrom(
      ']]>',
      '<![CDATA[',
      '<',
      '>',
      '&',
      '&lt;',
      '"',
      "'",
      'ä',
      '€',
      '𝄞',
      ' x ',
      '</value>',
      '\n',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(parts, { minLength: 1, maxLength: 12 }), async (pieces) => {
        const name = pieces.join('');
        assert.deepEqual((await parseXmlCall(write(name)))[6], { name });
      }),
      { numRuns: 60 },
    );
  });

  it('says so when a character cannot stand in XML, without quoting the text', () => {
    const call: OdooCall = { model: 'm', method: 'x', named: { name: 'secret\u0001' }, context: {} };
    assert.throws(
      () => xmlrpc.write(call, { database: 'd', uid: 1, secret: 's' }),
      (error: FinanceError) => error.code === 'ODOO_VALIDATION' && !error.message.includes('secret'),
    );
  });

  it('a method that returns None gives null on each protocol, and was committed', async () => {
    for (const [file, name] of [
      ['jsonrpc-17', 'none_result_button_draft'],
      ['json2-19', 'none_button_draft'],
      ['xmlrpc-17', 'none_result_button_draft'],
      ['xmlrpc-19', 'none_button_draft'],
    ] as const) {
      const call = wire(file, name);
      assert.equal(await call.protocol.read(call.answer, true), null, `${file} ${name}`);
    }
  });

  it('reads the same result on each protocol', async () => {
    for (const file of ['jsonrpc-17', 'xmlrpc-17', 'json2-19']) {
      const call = wire(file, 'load_create_or_get_second');
      const result = (await call.protocol.read(call.answer, true)) as { ids: number[]; messages: unknown[] };
      assert.equal(result.ids.length, 1);
      assert.deepEqual(result.messages, []);
    }
    const refused = wire('xmlrpc-17', 'authenticate_bad_password');
    assert.equal(await xmlrpc.login?.read(refused.answer), false);
  });

  it('refuses an XML-RPC struct with a member named __proto__', async () => {
    for (const name of ['__proto__', '&#95;_proto__', '<![CDATA[__proto__]]>']) {
      const member = `<member><name>${name}</name><value><struct></struct></value></member>`;
      const body = `<methodResponse><params><param><value><struct>${member}</struct></value></param></params></methodResponse>`;
      await assert.rejects(xmlrpc.read(ok(body, 'text/xml'), false), { code: 'ODOO_BAD_ANSWER' });
    }
  });

  it('an answer that is no answer: in doubt for a write, otherwise unavailable or wrong address', async () => {
    const rows: [string, number, boolean, string, string][] = [
      ['{"jsonrpc":"2.0","id":1,"resu', 200, true, 'ODOO_UNAVAILABLE', 'in_doubt'],
      ['{"jsonrpc":"2.0","id":1,"resu', 200, false, 'ODOO_UNAVAILABLE', 'unavailable'],
      ['<html>maintenance</html>', 200, true, 'ODOO_BAD_ANSWER', 'invalid'],
      ['{"hello":"world"}', 200, false, 'ODOO_BAD_ANSWER', 'invalid'],
      ['[]', 200, false, 'ODOO_BAD_ANSWER', 'invalid'],
      ['<html>Bad Gateway</html>', 502, true, 'ODOO_UNAVAILABLE', 'in_doubt'],
      ['<html>Bad Gateway</html>', 502, false, 'ODOO_UNAVAILABLE', 'unavailable'],
      ['<html>Busy</html>', 503, true, 'ODOO_UNAVAILABLE', 'unavailable'],
      ['slow down', 429, true, 'ODOO_UNAVAILABLE', 'throttled'],
      ['', 302, true, 'ODOO_BAD_ANSWER', 'invalid'],
    ];
    for (const [body, status, write, code, kind] of rows)
      await assert.rejects(
        jsonrpc.read({ status, body, contentType: 'x' }, write),
        { code, kind },
        `${status} ${body}`,
      );
  });
});
