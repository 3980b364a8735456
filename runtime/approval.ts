import { type ApprovalLimits, approvalLimits, type Store } from '../engine';

/** Name of the store's cursor that keeps the limits of the runtime. */
export const LIMITS_CURSOR = 'approval-above';

const given = (): string | undefined => process.env.LEDGERWAY_APPROVAL_ABOVE?.trim() || undefined;

/**
 * The limits of LEDGERWAY_APPROVAL_ABOVE, kept in the store: whoever decides beside the runtime, without its
 * environment, decides under the same ones.
 * @throws CONFIG_INVALID
 */
export async function keepLimits(store: Store): Promise<ApprovalLimits | undefined> {
  const text = given();
  const limits = approvalLimits(text);
  const kept = await store.getCursor({ name: LIMITS_CURSOR });
  if ((text ?? '') !== (kept ?? '')) await store.setCursor({ name: LIMITS_CURSOR, value: text ?? '' });
  return limits;
}

/** The limits that hold for a decision on the command line: those given, else those of the runtime. */
export async function limitsOf(store: Store): Promise<ApprovalLimits | undefined> {
  return approvalLimits(given() ?? (await store.getCursor({ name: LIMITS_CURSOR })));
}
