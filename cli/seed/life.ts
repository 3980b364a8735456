import type { History, LeasedDocument } from '../../engine';
import { FinanceError, type StoredError } from '../../errors';
import {
  canonical,
  type Draw,
  faultOf,
  pick,
  type SeedDocument,
  type SeedFault,
  sourceBody,
} from './documents';

/** What becomes of a document. */
export type Fate = 'posted' | 'exception' | 'resolved' | 'skipped' | 'duplicate' | 'open';

const OWNERS = ['clara', 'deniz', 'olga'];
const TAGS = ['quarter end', 'ask the customer', 'tax', 'vip'];
const TARGETS = {
  'tax.calculate': 'https://tax.example',
  'odoo.post': 'https://odoo.example/acme',
  'einvoice.submit': 'https://peppol.example',
} as const;
type StepKind = keyof typeof TARGETS;
type Ref = { documentId: string; fence: number; hop: number };

/** Lives documents through, each at its moment. */
export class Life {
  constructor(
    private readonly history: History,
    private readonly draw: Draw,
  ) {}

  /** The document as it comes; `open` leaves it so. */
  live(document: SeedDocument, fate: Fate): void {
    const { documentId } = this.receive(document);
    if (fate === 'open') return;
    const ref = this.lease(document);
    if (fate === 'duplicate') this.claim(document, ref);
    if (fate === 'exception' || fate === 'resolved') this.fail(document, ref, faultOf(this.draw));
    else if (fate === 'skipped') this.settle(document, ref, 'skipped');
    else this.post(document, ref);
    if (fate === 'exception') this.people(document, documentId);
    if (fate === 'resolved') this.resolve(document, documentId);
    if (fate === 'duplicate') this.comeAgain(document);
  }

  /** The same object in another event. */
  private comeAgain(first: SeedDocument): void {
    const document = { ...first, eventId: `${first.eventId}_again`, at: first.at + 5_000 };
    this.receive(document);
    this.claim(document, this.lease(document));
  }

  private claim(document: SeedDocument, ref: Ref): void {
    const notes = this.notes(document);
    const { businessKey, contentHash } = notes;
    const { hop } = this.history.run<{ hop?: number }>(document.at + 40, 'claim', {
      ...ref,
      notes,
      businessKey,
      contentHash,
    });
    ref.hop = hop ?? ref.hop;
  }

  private receive(document: SeedDocument) {
    const { at, eventId, entity, kind, sourceId } = document;
    return this.history.run<{ documentId: string }>(at, 'receive', {
      receiveKey: `stripe//${eventId}`,
      entity,
      kind,
      lane: sourceId,
      source: { system: kind === 'payout' ? 'bank' : 'stripe', id: sourceId },
      body: { mediaType: 'application/json', content: sourceBody(document) },
    });
  }

  private lease({ at, pipeline }: SeedDocument): Ref {
    const [leased] = this.history.run<LeasedDocument[]>(at + 20, 'lease', {
      pipeline,
      worker: 'seed',
      limit: 1,
    });
    const { documentId, fence, hop } = leased!.context;
    return { documentId, fence, hop };
  }

  private notes(document: SeedDocument) {
    const { entity, sourceId, index, amount, currency, number, date, kind } = document;
    return {
      businessKey: `${entity}/${kind}/${sourceId}`,
      contentHash: index.toString(16).padStart(64, '0'),
      amount,
      currency,
      number,
      date,
      sourceId,
      mapping: [{ name: entity, version: 3, hash: 'c0ffee'.padEnd(64, '0') }],
      canonical: canonical(document),
      care: { owner: pick(this.draw, [...OWNERS, undefined]), serviceHours: pick(this.draw, [4, 24, 72]) },
    };
  }

  /** Runs a step up to its intent. */
  private intend(document: SeedDocument, ref: Ref, kind: StepKind, withNotes: boolean) {
    const { sourceId, amount, customer } = document;
    const intent = this.history.run<{ stepId: string; hop: number }>(document.at + 60, 'intend', {
      ...ref,
      kind,
      target: TARGETS[kind],
      externalKey: `ledgerway.${kind.slice(0, 4)}_${sourceId}`,
      name: `${kind}${document.hostile}`,
      request: { partner: customer, ref: sourceId, amount },
      ...(withNotes ? { notes: this.notes(document) } : {}),
    });
    ref.hop = intent.hop;
    return intent.stepId;
  }

  private post(document: SeedDocument, ref: Ref): void {
    const taxed = document.index % 4 === 0;
    if (taxed) this.done(document, ref, 'tax.calculate', true);
    this.done(document, ref, 'odoo.post', !taxed);
    if (document.index % 10 === 0) this.done(document, ref, 'einvoice.submit', false);
    this.settle(document, ref, 'completed');
  }

  private done(document: SeedDocument, ref: Ref, kind: StepKind, withNotes: boolean): void {
    const stepId = this.intend(document, ref, kind, withNotes);
    const took = 80 + Math.round(this.draw() * 900);
    const result = { id: document.index, name: document.number, total: document.amount };
    this.history.run(document.at + 60 + took, 'complete', { ...ref, stepId, result });
  }

  private settle(document: SeedDocument, ref: Ref, outcome: 'completed' | 'skipped'): void {
    const notes = outcome === 'skipped' ? { notes: this.notes(document) } : {};
    this.history.run(document.at + 2_000, 'settle', { ...ref, ...notes, outcome });
  }

  private fail(document: SeedDocument, ref: Ref, fault: SeedFault): void {
    const error = errorOf(document, fault);
    // An unmapped document has no canonical body, and no headline but what its source said.
    const mapped = !fault.code.startsWith('MAP_');
    if (fault.step) {
      const stepId = this.intend(document, ref, fault.step, true);
      if (!fault.inDoubt) this.history.run(document.at + 900, 'failStep', { ...ref, stepId, error });
    }
    const { amount, currency, number, sourceId, date } = document;
    const notes = mapped ? this.notes(document) : { amount, currency, number, sourceId, date };
    this.history.run(document.at + 1_000, 'hold', { ...ref, notes, error });
  }

  /** A person lets it run again, and it is posted. */
  private resolve(document: SeedDocument, documentId: string): void {
    const later = { ...document, at: document.at + 60_000 + Math.round(this.draw() * 86_400_000) };
    this.history.run(later.at, 'replay', {
      documentId,
      actor: pick(this.draw, OWNERS),
      reason: 'The cause is gone.',
    });
    const ref = this.lease(later);
    this.done(later, ref, 'odoo.post', true);
    this.settle(later, ref, 'completed');
  }

  private people(document: SeedDocument, documentId: string): void {
    const talk = this.draw();
    if (talk > 0.25) return;
    const [exception] = this.history.run<{ exceptions: { id: string }[] }>(document.at, 'trace', {
      documentId,
    }).exceptions;
    const on = { exceptionId: exception!.id, actor: pick(this.draw, OWNERS) };
    const at = document.at + 30_000;
    this.history.run(at, 'comment', {
      ...on,
      text: `Waiting for the customer’s answer. ${document.hostile}`,
    });
    if (talk < 0.15)
      this.history.run(at, 'tag', { ...on, add: [`${pick(this.draw, TAGS)}${document.hostile}`] });
  }
}

function errorOf(document: SeedDocument, { code, step, cause }: SeedFault): StoredError {
  const message = `${cause} ${document.hostile}`.trim();
  const details = code === 'MAP_UNMAPPED' ? { table: 'taxes', value: 'txr_19_de' } : undefined;
  return new FinanceError(code, { message, step, details }).toJSON();
}
