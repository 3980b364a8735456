/** Shapes of the API's answers; docs/api.md and /console/api/v1/openapi.json tell the same. */

/** Milliseconds since the epoch. */
export type Time = number;
/** Currency → decimal string. */
export type Amounts = Record<string, string>;

export interface Me {
  user: string;
  roles: string[];
  permissions: string[];
  /** Keys of the legal entities that one may see; all where it is `null`. */
  entities: string[] | null;
  locale?: string;
}

export interface Page<Item> {
  items: Item[];
  /** Cursor of the next page; `null` on the last one. */
  next: string | null;
}

export interface ExceptionItem {
  id: string;
  documentId: string;
  entity: string;
  class: string;
  code: string;
  step: string | null;
  cause: string;
  hint: string;
  amount: string | null;
  currency: string | null;
  owner: string | null;
  due: Time | null;
  openedAt: Time;
  closedAt: Time | null;
  tags: string[];
  kind: string;
  number: string | null;
  sourceId: string | null;
  /** What waits behind it in its lane. */
  behind?: { count: number; amounts: Amounts };
}
