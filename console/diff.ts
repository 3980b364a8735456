import type { Json } from '../engine';

/** A place where two JSON values differ; `before` or `after` is left out where it is not there. */
export interface Change {
  /** JSON pointer (RFC 6901). */
  pointer: string;
  before?: Json;
  after?: Json;
}

const MOST_CHANGES = 1_000;

/** What changed between two JSON values, place by place; members of lists are compared by their number. */
export function changesBetween(before: Json, after: Json): Change[] {
  const changes: Change[] = [];
  collect('', before, after, changes);
  return changes;
}

function collect(
  pointer: string,
  before: Json | undefined,
  after: Json | undefined,
  changes: Change[],
): void {
  if (changes.length >= MOST_CHANGES) return;
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of names) {
      const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      collect(place, memberOf(before, name), memberOf(after, name), changes);
    }
    return;
  }
  if (before === after) return;
  changes.push({
    pointer,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}

type Tree = { [name: string]: Json } | Json[];

const isTree = (value: Json | undefined): value is Tree => typeof value === 'object' && value !== null;

function memberOf(tree: Tree, name: string): Json | undefined {
  return Object.hasOwn(tree, name) ? (tree as { [name: string]: Json })[name] : undefined;
}
