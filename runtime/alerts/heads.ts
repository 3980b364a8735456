import type { Pulse } from '../../engine';

/**
 * Which document is the next of each pipeline, and for how long it is the same: a long backlog that is worked off is
 * no pipeline that stands still.
 */
export class Heads {
  private known = new Map<string, { oldestAt: number; since: number }>();

  /** @returns pipeline → since when its first ready document is the same, as far as this runtime looked */
  look({ backlog, at }: Pulse): ReadonlyMap<string, number> {
    const ready = backlog.filter(({ state }) => state === 'ready');
    this.known = new Map(
      ready.map(({ pipeline, oldestAt }) => {
        const before = this.known.get(pipeline);
        return [pipeline, before?.oldestAt === oldestAt ? before : { oldestAt, since: at }];
      }),
    );
    return new Map([...this.known].map(([pipeline, { since }]) => [pipeline, since]));
  }
}
