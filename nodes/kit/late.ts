import type { PostableDocument, PostRequest } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import { contentHash, type LegalEntity } from '../../finance';
import type { Run } from './step-node';

/**
 * Holds what would be booked on another day than its own until a second person has approved that day, where the
 * entity asks for it. The approval is of a content and a day: should the period of that day be locked meanwhile,
 * another one is needed.
 * @throws FinanceError DOCUMENT_APPROVAL
 */
export async function assertLateAllowed(
  { store, context }: Run,
  document: PostableDocument,
  entity: LegalEntity,
  requests: readonly Pick<PostRequest, 'poster' | 'expected'>[],
): Promise<void> {
  const late = requests.filter(
    ({ poster, expected }) => expected.late && policyOf(entity, poster, document) === 'approval',
  );
  if (late.length === 0) return;
  const asked = {
    contentHash: contentHash(document),
    accountingDates: [...new Set(late.map(({ expected }) => expected.date))].sort(),
  };
  const { exceptions } = await store.trace({ documentId: context.documentId });
  const isApproved = exceptions.some(
    ({ code, resolution, details }) =>
      code === 'DOCUMENT_APPROVAL' && resolution === 'retried' && isSame(String(details ?? '{}'), asked),
  );
  if (isApproved) return;
  const [first] = late;
  const { documentDate, lockedUntil } = first!.expected.late!;
  throw new FinanceError('DOCUMENT_APPROVAL', {
    message: `The books are locked up to ${lockedUntil}: the document of ${documentDate} would be booked on ${asked.accountingDates.join(', ')}.`,
    hint: 'Have a second person approve the late posting, or reject it.',
    details: asked,
  });
}

/** The entries of a schedule come with an invoice, and are under the policy of entries. */
const policyOf = (entity: LegalEntity, poster: PostRequest['poster'], { kind }: PostableDocument) =>
  entity.kinds[poster === 'entry' && kind !== 'payout' ? 'journal_entry' : kind]?.latePosting;

function isSame(details: string, asked: { contentHash: string; accountingDates: string[] }): boolean {
  const { contentHash: hash, accountingDates } = JSON.parse(details) as Partial<typeof asked>;
  return hash === asked.contentHash && accountingDates?.join() === asked.accountingDates.join();
}
