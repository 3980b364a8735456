import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What of the `node-red` module is used here; 4.1 and 5 have it alike. */
interface Embedded {
  init(server: object, settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  httpAdmin: (req: object, res: object) => void;
}

/**
 * A process of its own: the named Node-RED, embedded, without login, on a free port of the loopback; nothing of ours
 * in its settings. Prints its address.
 */
async function serve(): Promise<void> {
  const [name = 'node-red', userDir = ''] = process.argv.slice(2);
  const RED = (await import(name)).default as Embedded;
  const server = createServer((req, res) => RED.httpAdmin(req, res));
  RED.init(server, {
    httpAdminRoot: '/',
    httpNodeRoot: '/flows',
    userDir,
    flowFile: 'flows.json',
    credentialSecret: false,
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false, projects: { enabled: false }, codeEditor: { lib: 'ace' } },
    // the catalogue of the palette is on the net
    externalModules: { palette: { allowInstall: false } },
    logging: { console: { level: 'error', metrics: false, audit: false } },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await RED.start();
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  process.once('SIGTERM', () => void RED.stop().finally(() => process.exit(0)));
}

void serve();
