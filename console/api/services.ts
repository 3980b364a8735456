import type { ApprovalLimits, DocumentRow, Json, LinkedStep, Store } from '../../engine';
import type { Day, MappingDocument } from '../../finance';

/** What the console needs of the runtime; `runtime/` hands it in. */
export interface ConsoleServices {
  /** Above which amounts a decision needs a second person (`LEDGERWAY_APPROVAL_ABOVE`). */
  limits?: ApprovalLimits;
  /** For decisions; every method is one durable transaction. */
  store: Store;
  mappings: MappingDesk;
  links: LinkDesk;
}

/** The mappings as they are now. */
export interface MappingDesk {
  /** All of the folder, every version, drafts included. */
  list(): readonly MappingDocument[];
  /** Today, where the entity is. */
  today(entity: string): Day;
  /** IANA name of the entity's time zone. */
  timeZone(entity: string): string;
}

/** A field in which a record of the target is not what the document says. */
export interface RecordDifference {
  field: string;
  expected: Json;
  found: Json;
}

/** A record that somebody made by hand, looked at with a document in mind. */
export interface RecordComparison {
  /** Its name in the target, e.g. the number of a move. */
  name: string | null;
  /**
   * Empty where it is the document. A record that is not posted, or stands under another document's external key,
   * differs too: one record is linked to one document.
   */
  differences: RecordDifference[];
  /** The steps that the posting would have recorded, with the record as their result. */
  steps: LinkedStep[];
}

/** A record of the target as people name it. */
export interface RecordReference {
  /** E.g. `account.move`. */
  model: string;
  id: number;
}

/** Looks into the target for what was done by hand. */
export interface LinkDesk {
  /**
   * Compares a record with a document; writes nothing.
   * @param canonical the document's canonical body
   * @throws FinanceError where the target does not answer, or has no such record
   */
  compare(document: DocumentRow, canonical: Json, record: RecordReference): Promise<RecordComparison>;
  /**
   * Puts the record under the document's external key, so that it leads to its source. Done twice, it is done once.
   * @throws FinanceError where the target does not answer, or the record has another key of ours
   */
  keep(document: DocumentRow, record: RecordReference): Promise<void>;
}
