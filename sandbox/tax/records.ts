import { createHash } from 'node:crypto';
import type { State, Table } from '../lib/state';
import { type Taxes, type TaxRequest, taxesOf } from './engine';

export interface TaxRecord extends Taxes {
  code: string;
  status: 'committed' | 'adjusted' | 'voided';
  engineVersion: string;
  /** RFC 3339 */
  decidedAt: string;
  reference: string;
  currency: string;
}

interface Stored {
  record: TaxRecord;
  /** Of each accepted content, oldest first. */
  hashes: string[];
}

export type Outcome = { status: 200 | 201; record: TaxRecord } | { status: 404 | 409; message: string };

export const ENGINE_VERSION = 'sandbox-2026.1';

/** What was asked, without the caller's own reference. */
function hashOf({ reference: _, ...content }: TaxRequest): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

const unknown: Outcome = { status: 404, message: 'There is no record under this code.' };
const conflict = (message: string): Outcome => ({ status: 409, message });

/** The records of the service: one a code, for ever. */
export class TaxRecords {
  private readonly stored: Table<Stored>;

  constructor(private readonly state: State) {
    this.stored = state.table('transactions');
  }

  quote(request: TaxRequest) {
    const { reference, currency } = request;
    const decidedAt = new Date().toISOString();
    return {
      code: null,
      status: 'quoted',
      engineVersion: ENGINE_VERSION,
      decidedAt,
      reference,
      currency,
      ...taxesOf(request),
    };
  }

  commit(code: string, request: TaxRequest): Outcome {
    return this.state.atomically(() => {
      const held = this.stored.get(code);
      const hash = hashOf(request);
      if (!held) return this.put(code, 'committed', request, [hash]);
      if (held.hashes[0] !== hash) return conflict(`The code ${code} stands for other content.`);
      return { status: 200, record: held.record };
    });
  }

  adjust(code: string, request: TaxRequest): Outcome {
    return this.state.atomically(() => {
      const held = this.stored.get(code);
      if (!held) return unknown;
      if (held.record.status === 'voided') return conflict(`The record ${code} is void.`);
      const hash = hashOf(request);
      if (held.hashes.at(-1) === hash) return { status: 200, record: held.record };
      return this.put(code, 'adjusted', request, [...held.hashes, hash]);
    });
  }

  void(code: string): Outcome {
    return this.state.atomically(() => {
      const held = this.stored.get(code);
      if (!held) return unknown;
      const record: TaxRecord = { ...held.record, status: 'voided' };
      this.stored.put(code, { ...held, record });
      return { status: 200, record };
    });
  }

  get(code: string): TaxRecord | undefined {
    return this.stored.get(code)?.record;
  }

  all(): TaxRecord[] {
    return this.stored.values().map(({ record }) => record);
  }

  private put(
    code: string,
    status: 'committed' | 'adjusted',
    request: TaxRequest,
    hashes: string[],
  ): Outcome {
    const record: TaxRecord = { ...this.quote(request), code, status };
    this.stored.put(code, { record, hashes });
    return { status: hashes.length === 1 ? 201 : 200, record };
  }
}
