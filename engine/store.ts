import type { FinanceError } from '../errors';
import type { StoreSettings } from './model';
import type { Transitions } from './transitions';

/**
 * The durable store of documents, steps, exceptions, cursors and audit. Every method is one transaction and is
 * durable when its promise resolves; failures are FinanceErrors.
 */
export interface Store extends Omit<Transitions, 'sweep'> {
  readonly name: string;
  readonly settings: StoreSettings;
  /** Open documents (held ones do not count), as of the last sweep plus what came since. */
  readonly open: number;
  /**
   * Does what is due, and counts what is open: always, or with `count` false only where the last count is old or
   * the high-water mark is near.
   */
  sweep(options?: { count?: boolean }): Promise<{ open: number }>;
  /** Calls `listener` after each commit that gave a pipeline work. @returns stops the calls */
  onWake(listener: (pipeline: string) => void): () => void;
  /** Calls `listener` after each commit that ended the lease of a document. @returns stops the calls */
  onEnd(listener: (documentId: string) => void): () => void;
  /**
   * Calls `listener` when the store will never answer again in this process: only another process can open it anew.
   * @returns stops the calls
   */
  onLost(listener: (error: FinanceError) => void): () => void;
  /** Ends after the transactions under way. */
  close(): Promise<void>;
}
