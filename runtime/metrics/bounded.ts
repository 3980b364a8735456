/** What stands for the values of a label that came too late. */
export const OTHER = 'other';

/**
 * The values of one label, bounded: the first `limit` different ones keep their names, all others are counted
 * together. A source that makes up a kind for each event fills no memory.
 */
export class BoundedLabel {
  private readonly known = new Set<string>();

  constructor(private readonly limit: number) {}

  of(value: string | null | undefined): string {
    const text = value || 'none';
    if (this.known.has(text)) return text;
    if (this.known.size >= this.limit) return OTHER;
    this.known.add(text);
    return text;
  }
}
