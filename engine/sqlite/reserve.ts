import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Room kept for the results of running steps, in bytes. */
const RESERVE_BYTES = 4 * 1024 * 1024;
/** The same in pages, where the size of the store is limited in pages (tests). */
export const RESERVE_PAGES = 64;

/**
 * A file beside the store that only takes up room. It is given up when the disk is full, so that the results of
 * running steps still commit while intake is refused, and made again when there is room.
 */
export class Reserve {
  private readonly file: string;

  constructor(storeFile: string) {
    this.file = `${storeFile}.reserve`;
  }

  get held(): boolean {
    return existsSync(this.file);
  }

  /** Gives the room up. */
  spend(): void {
    rmSync(this.file, { force: true });
  }

  /** Takes the room (again), where the disk has at least twice as much. @returns whether it is held */
  restore(): boolean {
    if (this.held) return true;
    const { bavail, bsize } = statfsSync(dirname(this.file));
    if (bavail * bsize < 2 * RESERVE_BYTES) return false;
    const handle = openSync(this.file, 'w', 0o600);
    try {
      writeSync(handle, Buffer.alloc(RESERVE_BYTES, 1));
      fsyncSync(handle);
      return true;
    } catch {
      this.spend();
      return false;
    } finally {
      closeSync(handle);
    }
  }
}
