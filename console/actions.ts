/** What a person may do with an exception and its document. */
export const ACTIONS = [
  'assign',
  'comment',
  'tag',
  'retry',
  'retry-from',
  'retry-not-done',
  'correct',
  'mapping-fix',
  'link',
  'skip',
  'reject',
] as const;
export type ActionName = (typeof ACTIONS)[number];

/** Why not; a key of the console's texts. */
export type Why =
  /** The user's roles do not have it. */
  | 'permission'
  /** The exception is closed, or the document is not held. */
  | 'state'
  /** No step had an effect from which it could run again. */
  | 'no-effect'
  /** The data was corrected after effects were had. */
  | 'corrected'
  /** It is not held for a step that its target was asked for in vain. */
  | 'not-in-doubt'
  /** It is not held for a missing entry of a table. */
  | 'no-entry'
  /** It is not mapped yet, so nothing can be compared with it. */
  | 'not-mapped'
  /** A second person is asked already. */
  | 'proposed'
  /** Who proposed or corrected it cannot approve it. */
  | 'own'
  /** The document or its mapping changed since. */
  | 'void';
