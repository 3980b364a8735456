import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { loginLimit } from '../../runtime/login-limit';

describe('Failed logins', () => {
  it('of one address are limited in a minute, whatever names are made up; nothing else is', async () => {
    const app = express();
    app.use(loginLimit(3));
    app.post('/auth/token', (request, response) => response.status(request.query.right ? 200 : 401).end());
    app.get('/auth/login', (_request, response) => response.end());
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const login = async (query = '') => (await fetch(`${url}/auth/token${query}`, { method: 'POST' })).status;
    try {
      const right = [];
      for (let n = 0; n < 6; n++) right.push(await login('?right=1'));
      assert.deepEqual(new Set(right), new Set([200]));
      assert.deepEqual([await login(), await login(), await login(), await login()], [401, 401, 401, 429]);
      assert.equal((await fetch(`${url}/auth/login`)).status, 200);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
