import type { ServerResponse } from 'node:http';
import type { Changes, Log, Scope, Store } from '../../engine';

/** How often the store is asked what changed, while somebody listens: a storm of changes is one message. */
const LOOK_MS = 1_000;
/** A comment now and then, so that proxies keep the connection. */
const HEARTBEAT_MS = 20_000;
/** A connection of this age is ended and comes again: its token is checked anew. */
const LONGEST_MS = 15 * 60_000;
/** Of one user. */
const MOST_CONNECTIONS = 20;

interface Listener {
  user: string;
  scope: Scope;
  response: ServerResponse;
}

const EXCEPTIONS = ['exceptions', 'figures', 'documents'];
/** What an audit event changes on the screens; every other one changes documents and their figures. */
const TOPICS: Record<string, readonly string[]> = {
  assigned: ['exceptions'],
  commented: ['exceptions'],
  tagged: ['exceptions'],
  proposed: ['proposals', 'exceptions'],
  approved: ['proposals', ...EXCEPTIONS],
  refused: ['proposals', 'exceptions'],
  'proposal-void': ['proposals', 'exceptions'],
  held: EXCEPTIONS,
  replayed: EXCEPTIONS,
  settled: EXCEPTIONS,
  pipelines: ['pipelines'],
  paused: ['pipelines'],
  resumed: ['pipelines'],
  cursor: ['pipelines'],
  job: ['jobs'],
  'job-went-on': ['jobs'],
  'job-grew': ['jobs'],
  'job-stopped': ['jobs'],
  'consumer-created': ['consumers'],
  'consumer-revoked': ['consumers'],
};
const OTHERS = ['documents', 'figures', 'pipelines'];

/** Tells who listens what changed: only the subjects, and only of entities that are theirs; the page reads anew. */
export class Events {
  private readonly listeners = new Set<Listener>();
  private heads?: Record<string, number>;
  private looking?: NodeJS.Timeout;
  private beating?: NodeJS.Timeout;

  constructor(
    private readonly reader: Pick<Store, 'changesSince'>,
    private readonly log: Log,
  ) {}

  /** Sends events (`text/event-stream`) until the connection ends. */
  listen(user: string, scope: Scope, response: ServerResponse): void {
    this.endOldest(user);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const listener = { user, scope, response };
    const over = setTimeout(() => response.end(), LONGEST_MS);
    response.on('close', () => {
      clearTimeout(over);
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    });
    response.write(
      `retry: 2000\n\ndata: ${JSON.stringify({ type: 'hello', topics: [], at: Date.now() })}\n\n`,
    );
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
  }

  private endOldest(user: string): void {
    const own = [...this.listeners].filter((listener) => listener.user === user);
    if (own.length >= MOST_CONNECTIONS) own[0]!.response.end();
  }

  private start(): void {
    this.heads = undefined;
    this.beating = setInterval(() => this.send(() => ': still here\n\n'), HEARTBEAT_MS);
    this.beating.unref();
    this.next(0);
  }

  private stop(): void {
    clearTimeout(this.looking);
    clearInterval(this.beating);
    this.looking = undefined;
  }

  private next(delayMs: number): void {
    const timer = setTimeout(() => {
      this.look()
        .catch((error: unknown) => this.log.warn({ err: error }, 'the console cannot look for changes'))
        .finally(() => {
          if (this.looking === timer) this.next(LOOK_MS);
        });
    }, delayMs);
    timer.unref();
    this.looking = timer;
  }

  private async look(): Promise<void> {
    const { heads, events } = await this.reader.changesSince({ heads: this.heads });
    const isFirst = this.heads === undefined;
    this.heads = heads;
    if (isFirst || events.length === 0) return;
    const at = Date.now();
    this.send(({ scope }) => {
      const topics = topicsOf(events, scope);
      return topics.length === 0 ? '' : `data: ${JSON.stringify({ type: 'changed', topics, at })}\n\n`;
    });
  }

  private send(textFor: (listener: Listener) => string): void {
    for (const listener of this.listeners) {
      const text = textFor(listener);
      // Who does not read does not pile up: the next message says enough.
      if (text && !listener.response.writableNeedDrain) listener.response.write(text);
    }
  }
}

/** The subjects of these events, for somebody who sees these entities; an event of no document is everybody's. */
export function topicsOf(events: Changes['events'], { entities }: Scope): string[] {
  const seen = events.filter(({ entity }) => entity === null || !entities || entities.includes(entity));
  return [...new Set(seen.flatMap(({ type }) => TOPICS[type] ?? OTHERS))].sort();
}
