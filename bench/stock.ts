import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../cli/runtime-process';
import { send } from './events';
import { type Bench, end, figure, inFlight, inFolder, seconds } from './kit';

const EVENTS = 500;
const AT_ONCE = 32;
const TARGET_MS = 500;
const SETTLE_MS = 2_500;
const READY_MS = 30_000;
/** Id of the event that asks whether the flow is there. */
const PROBE = -1;

/** Stock Node-RED for comparison: `http in → function → http request`, killed right after it acknowledged. */
export const stock: Bench = async ({ scale }) => {
  const count = Math.round(EVENTS * scale);
  const target = await listen();
  try {
    return await inFolder(async (folder) => {
      const port = await freePort();
      writeFileSync(join(folder, 'flows.json'), JSON.stringify(flow(target.url)));
      writeFileSync(
        join(folder, 'settings.js'),
        'module.exports = { uiHost: "127.0.0.1", httpAdminRoot: false };',
      );
      const url = `http://127.0.0.1:${port}/in`;
      const first = await start(folder, port);
      let acknowledged = 0;
      const took = await seconds(() =>
        inFlight(count, AT_ONCE, async (index) => {
          if ((await send(url, JSON.stringify({ id: index }), '')) === 200) acknowledged++;
        }),
      );
      await end(first);
      const again = await start(folder, port);
      await sleep(SETTLE_MS * scale);
      await end(again);
      const lost = acknowledged - target.arrived.size;
      const note = `of ${acknowledged} acknowledged; the target answers in ${TARGET_MS} ms`;
      return [
        figure('stock Node-RED over HTTP', count / took, '/s', undefined, 'no signature, nothing kept'),
        figure('stock Node-RED, lost by SIGKILL', lost, 'events', undefined, note),
      ];
    });
  } finally {
    target.server.close();
    target.server.closeAllConnections();
  }
};

/** Acknowledges, then works: what a flow does whose sender must not wait. */
function flow(target: string): object[] {
  return [
    { id: 'tab', type: 'tab', label: 'stock' },
    { id: 'in', type: 'http in', z: 'tab', url: '/in', method: 'post', wires: [['answer', 'function']] },
    { id: 'answer', type: 'http response', z: 'tab', statusCode: '200', wires: [] },
    {
      id: 'function',
      type: 'function',
      z: 'tab',
      func: 'return { payload: { id: msg.payload.id } };',
      outputs: 1,
      wires: [['request']],
    },
    { id: 'request', type: 'http request', z: 'tab', method: 'POST', ret: 'txt', url: target, wires: [[]] },
  ];
}

async function start(folder: string, port: number): Promise<ChildProcess> {
  const red = join(dirname(require.resolve('node-red/package.json')), 'red.js');
  const args = [red, '--userDir', folder, '--settings', join(folder, 'settings.js'), '--port', String(port)];
  const started = spawn(process.execPath, [...args, join(folder, 'flows.json')], { stdio: 'ignore' });
  for (const until = Date.now() + READY_MS; Date.now() < until; await sleep(100)) {
    if ((await send(`http://127.0.0.1:${port}/in`, JSON.stringify({ id: PROBE }), '')) === 200)
      return started;
  }
  await end(started);
  throw new Error('stock Node-RED does not start');
}

interface SlowTarget {
  server: Server;
  url: string;
  /** Events whose work is done: the request was read and answered. */
  arrived: Set<number>;
}

async function listen(): Promise<SlowTarget> {
  const arrived = new Set<number>();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    await sleep(TARGET_MS);
    if (request.socket.destroyed) return;
    const { id } = JSON.parse(text) as { id: number };
    if (id !== PROBE) arrived.add(id);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, arrived };
}
