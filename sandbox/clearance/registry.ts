import { createHash, randomUUID } from 'node:crypto';
import type { State, Table } from '../lib/state';
import type { Envelope, Message } from './document';

/** A document at the network. */
export interface Submission extends Envelope {
  id: string;
  sha256: string;
  bytes: number;
  /** Milliseconds since 1970. */
  submittedAt: number;
  /** When the network decides; until then it is `submitted`. */
  decidesAt: number;
  verdict: 'accepted' | 'rejected';
  messages: Message[];
  notified: boolean;
}

/** A submission as the API shows it. */
export interface SubmissionView {
  id: string;
  status: 'submitted' | 'accepted' | 'rejected';
  naturalKey: string;
  number: string;
  sha256: string;
  sender: string;
  receiver: string;
  messages: Message[];
}

export type Outcome =
  | { kind: 'new' | 'same'; submission: Submission }
  | { kind: 'conflict'; message: string };

/** What the network holds: one document a natural key, for ever. */
export class Registry {
  private readonly submissions: Table<Submission>;
  private readonly ids: Table<string>;
  private readonly keys: Table<{ naturalKey: string; sha256: string }>;

  constructor(
    private readonly state: State,
    private readonly delayMs: number,
  ) {
    this.submissions = state.table('submissions');
    this.ids = state.table('ids');
    this.keys = state.table('idempotency_keys');
  }

  /** Takes a document once; identical bytes give the submission that is there. */
  submit(envelope: Envelope, body: Buffer, idempotencyKey: string): Outcome {
    const sha256 = createHash('sha256').update(body).digest('hex');
    const { naturalKey } = envelope;
    return this.state.atomically(() => {
      const used = this.keys.get(idempotencyKey);
      if (used && used.sha256 !== sha256)
        return { kind: 'conflict', message: 'The Idempotency-Key was used for other bytes.' };
      const held = this.submissions.get(naturalKey);
      if (held && held.sha256 !== sha256)
        return { kind: 'conflict', message: `Another document is held under ${naturalKey}.` };
      this.keys.put(idempotencyKey, { naturalKey, sha256 });
      if (held) return { kind: 'same', submission: held };
      const submission = this.judge(envelope, sha256, body.length);
      this.submissions.put(naturalKey, submission);
      this.ids.put(submission.id, naturalKey);
      return { kind: 'new', submission };
    });
  }

  private judge(envelope: Envelope, sha256: string, bytes: number): Submission {
    const rejects = envelope.receiver.split(':')[1]?.startsWith('REJECT');
    const messages = rejects
      ? [
          {
            code: 'RECEIVER-UNKNOWN',
            text: `The participant ${envelope.receiver} cannot receive this document.`,
          },
        ]
      : [];
    const submittedAt = Date.now();
    return {
      ...envelope,
      id: `doc_${randomUUID()}`,
      sha256,
      bytes,
      submittedAt,
      decidesAt: submittedAt + this.delayMs,
      verdict: rejects ? 'rejected' : 'accepted',
      messages,
      notified: false,
    };
  }

  byId(id: string): Submission | undefined {
    const naturalKey = this.ids.get(id);
    return naturalKey === undefined ? undefined : this.submissions.get(naturalKey);
  }

  byNaturalKey(naturalKey: string): Submission | undefined {
    return this.submissions.get(naturalKey);
  }

  all(): Submission[] {
    return this.submissions.values();
  }

  markNotified(submission: Submission): void {
    this.submissions.put(submission.naturalKey, { ...submission, notified: true });
  }
}

/** The submission now: the network says nothing before it has decided. */
export function viewOf(submission: Submission, now = Date.now()): SubmissionView {
  const { id, naturalKey, number, sha256, sender, receiver } = submission;
  const decided = now >= submission.decidesAt;
  const status = decided ? submission.verdict : 'submitted';
  return {
    id,
    status,
    naturalKey,
    number,
    sha256,
    sender,
    receiver,
    messages: decided ? submission.messages : [],
  };
}
