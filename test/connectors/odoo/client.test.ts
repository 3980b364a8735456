import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connectOdoo, type OdooClient, type OdooOptions } from '../../../connectors/odoo/client';

type Handler = (
  path: string,
  body: string,
  response: http.ServerResponse,
  headers: http.IncomingHttpHeaders,
) => void;

const rpc = (response: http.ServerResponse, result: unknown): void => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
};

const VERSION = { server_version: '17.0', server_version_info: [17, 0] };
const serviceOf = (body: string) =>
  JSON.parse(body).params as { service: string; method: string; args: unknown[] };

describe('the connection to Odoo', () => {
  const servers: (http.Server | https.Server)[] = [];
  const clients: OdooClient[] = [];

  async function start(handler: Handler): Promise<{ port: number; server: http.Server }> {
    const server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => handler(request.url ?? '', body, response, request.headers));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, server };
  }

  function connect(port: number, options: Partial<OdooOptions> = {}): OdooClient {
    const client = connectOdoo({
      url: `http://127.0.0.1:${port}/`,
      database: 'ledger',
      login: 'integration',
      secret: () => 'key-1',
      protocol: 'jsonrpc',
      ...options,
    });
    clients.push(client);
    return client;
  }

  /** A server that knows `authenticate` by itself. */
  const odoo = (handler: Handler) =>
    start((path, body, response, headers) => {
      if (body && serviceOf(body).method === 'authenticate') return rpc(response, 6);
      if (body && serviceOf(body).method === 'version') return rpc(response, VERSION);
      return handler(path, body, response, headers);
    });

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('logs in once for all callers, over few connections, two calls at a time', async () => {
    let logins = 0;
    let open = 0;
    let most = 0;
    const { port, server } = await start((_path, body, response) => {
      const { method } = serviceOf(body);
      if (method === 'authenticate') {
        logins += 1;
        return setTimeout(() => rpc(response, 6), 20);
      }
      open += 1;
      most = Math.max(most, open);
      return setTimeout(() => {
        open -= 1;
        rpc(response, []);
      }, 5);
    });
    let sockets = 0;
    server.on('connection', () => {
      sockets += 1;
    });
    const client = connect(port);
    await Promise.all(Array.from({ length: 12 }, () => client.call('res.partner', 'search_read', {})));
    assert.deepEqual({ logins, most }, { logins: 1, most: 2 });
    assert.ok(sockets <= 2, `${sockets} connections`);
  });

  it('asks the version once, and again after a failed look', async () => {
    let asked = 0;
    const { port } = await start((_path, _body, response) => {
      asked += 1;
      if (asked > 1) return rpc(response, { server_version: 'saas~18.2+e' });
      response.statusCode = 500;
      return response.end('starting');
    });
    const client = connect(port);
    await assert.rejects(client.version(), { code: 'ODOO_UNAVAILABLE', kind: 'unavailable' });
    assert.deepEqual(await client.version(), { serverVersion: 'saas~18.2+e', major: 18 });
    await client.version();
    assert.equal(asked, 2);
  });

  it('takes JSON-2 where the server is 19 or newer, and finds its version where JSON-RPC is gone', async () => {
    const seen: string[] = [];
    const { port } = await start((path, _body, response, headers) => {
      seen.push(path);
      if (path === '/jsonrpc') {
        response.statusCode = 404;
        return response.end('<html>not here</html>');
      }
      if (path === '/web/version') return response.end('{"version":"22.0","version_info":[22,0]}');
      assert.equal(headers.authorization, 'bearer key-1');
      assert.equal(headers['x-odoo-database'], 'ledger');
      return response.end('[]');
    });
    const client = connect(port, { protocol: 'auto' });
    assert.deepEqual(await client.call('res.partner', 'search_read'), []);
    assert.deepEqual(seen, ['/jsonrpc', '/web/version', '/json/2/res.partner/search_read']);
  });

  it('never sends a language', async () => {
    let sent: unknown;
    const { port } = await odoo((_path, body, response) => {
      sent = serviceOf(body).args.at(-1);
      rpc(response, []);
    });
    await connect(port).call('res.partner', 'search_read', {
      context: { lang: 'fr_FR', active_test: false },
    });
    assert.deepEqual(sent, { context: { active_test: false } });
  });

  it('takes a rotated key without a restart, within the very call that met the old one', async () => {
    let key = 'old';
    const { port } = await start((_path, body, response) => {
      const { method, args } = serviceOf(body);
      if (args[2] === 'new') return rpc(response, method === 'authenticate' ? 6 : ['done']);
      key = 'new';
      return rpc(response, false);
    });
    const client = connect(port, { secret: () => key });
    assert.deepEqual(await client.call('account.move', 'search_read'), ['done']);
  });

  it('a refused login is an error of its own, and the next call asks again', async () => {
    let logins = 0;
    const { port } = await start((_path, _body, response) => {
      logins += 1;
      rpc(response, false);
    });
    const client = connect(port);
    for (const _ of [1, 2])
      await assert.rejects(client.call('res.partner', 'search_read'), { code: 'ODOO_UNAUTHORIZED' });
    assert.equal(logins, 2);
    await assert.rejects(connect(port, { secret: () => '' }).call('a', 'b'), {
      code: 'CONFIG_SECRET_MISSING',
    });
  });

  it('no answer to a write leaves it in doubt; to a read it is retried', async () => {
    const { port } = await odoo(() => undefined);
    const client = connect(port);
    const hurry = { timeoutMs: 40 };
    await assert.rejects(client.call('account.move', 'load', {}, hurry), {
      code: 'ODOO_TIMEOUT',
      kind: 'in_doubt',
    });
    await assert.rejects(client.call('account.move', 'read', {}, hurry), {
      code: 'ODOO_TIMEOUT',
      kind: 'transient',
    });
  });

  it('a connection cut after sending: a write is in doubt, a read unavailable', async () => {
    const { port } = await odoo((_path, _body, response) => response.destroy());
    const client = connect(port);
    const lost = { code: 'ODOO_UNAVAILABLE' };
    await assert.rejects(client.call('account.move', 'action_post'), { ...lost, kind: 'in_doubt' });
    await assert.rejects(client.call('account.move', 'read'), { ...lost, kind: 'unavailable' });
  });

  it('half an answer to a write leaves it in doubt', async () => {
    const { port } = await odoo((_path, _body, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"jsonrpc"');
      setTimeout(() => response.destroy(), 5);
    });
    await assert.rejects(connect(port).call('account.move', 'load'), {
      code: 'ODOO_UNAVAILABLE',
      kind: 'in_doubt',
    });
  });

  it('a server that is down was never sent anything: unavailable, never in doubt', async () => {
    const { port, server } = await odoo(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(connect(port).call('account.move', 'load'), {
      code: 'ODOO_UNAVAILABLE',
      kind: 'unavailable',
    });
  });

  it('a reader survives that the server closed the idle connection', async () => {
    let calls = 0;
    const { port } = await odoo((_path, _body, response) => {
      calls += 1;
      if (calls === 2) return void response.socket?.destroy();
      return rpc(response, [calls]);
    });
    const client = connect(port);
    assert.deepEqual(await client.call('res.partner', 'search_read'), [1]);
    assert.deepEqual(await client.call('res.partner', 'search_read'), [3]);
  });

  it('refuses redirects, and never asks the other host', async () => {
    let asked = false;
    const other = await start((_path, _body, response) => {
      asked = true;
      response.end();
    });
    const { port } = await odoo((_path, _body, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${other.port}/` });
      response.end();
    });
    await assert.rejects(connect(port).call('account.move', 'read'), { code: 'ODOO_BAD_ANSWER' });
    assert.equal(asked, false);
  });

  it('bounds the size of requests and answers', async () => {
    const { port } = await odoo((_path, _body, response) => rpc(response, 'x'.repeat(5000)));
    const client = connect(port, { maxRequestBytes: 1000, maxAnswerBytes: 1000 });
    const big = { named: { data: 'y'.repeat(2000) } };
    await assert.rejects(client.call('account.move', 'load', big), {
      code: 'ODOO_TOO_LARGE',
      kind: 'invalid',
    });
    await assert.rejects(client.call('account.move', 'load'), { code: 'ODOO_TOO_LARGE', kind: 'in_doubt' });
    await assert.rejects(client.call('account.move', 'read'), { code: 'ODOO_TOO_LARGE', kind: 'invalid' });
  });

  it('verifies TLS: an unknown certificate is refused before anything is sent, an own authority may be named', async () => {
    const place = (name: string) => readFileSync(join(__dirname, '../../data/odoo-tls', name), 'utf8');
    let asked = 0;
    const server = https.createServer(
      { key: place('key.pem'), cert: place('cert.pem') },
      (_request, response) => {
        asked += 1;
        rpc(response, VERSION);
      },
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await assert.rejects(connect(1, { url }).call('account.move', 'load'), {
      code: 'ODOO_UNAVAILABLE',
      kind: 'unavailable',
    });
    assert.equal(asked, 0);
    assert.equal((await connect(1, { url, ca: place('cert.pem') }).version()).major, 17);
  });

  it('refuses an address with a login in it, and one that is none', () => {
    for (const url of ['http://user:secret@odoo', 'ftp://odoo', 'odoo', 'https://odoo/?db=x'])
      assert.throws(() => connect(1, { url }), { code: 'CONFIG_INVALID' });
  });
});
