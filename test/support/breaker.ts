import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a store and its server: cuts the connection of the next COMMIT, or makes the next BEGIN a mistake. */
export class Breaker {
  cuts = 0;
  private next?: 'before' | 'after';
  private spoils = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(url: string): Promise<Breaker> {
    const { hostname, port } = new URL(url);
    const server = createServer((client) => proxy.join(client, connect(Number(port), hostname)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const own = new URL(url);
    own.port = String((server.address() as { port: number }).port);
    const proxy = new Breaker(server, own.href);
    return proxy;
  }

  cut(when: 'before' | 'after'): void {
    this.next = when;
  }

  /** The server refuses the next BEGIN of a transaction. */
  spoilBegin(): void {
    this.spoils = true;
  }

  private join(client: Socket, server: Socket): void {
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    let muted = false;
    client.on('data', (data) => {
      const begin = this.spoils ? data.indexOf('BEGIN ISOLATION') : -1;
      if (begin >= 0) {
        this.spoils = false;
        this.cuts++;
        data.write('BEGUN', begin);
      }
      const when = data.includes('COMMIT\0') ? this.next : undefined;
      if (when === undefined) return server.write(data);
      this.next = undefined;
      this.cuts++;
      if (when === 'before') return end();
      muted = true;
      server.write(data);
      return undefined;
    });
    server.on('data', (data) => (muted ? end() : client.write(data)));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
