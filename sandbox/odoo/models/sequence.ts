import type { Database } from '../core/database';
import type { Environment } from '../core/environment';
import { idOf, type OdooRecord, textOf } from '../core/value';
import { hasName, isRefund, journalOf } from './move-kind';

export type Reset = 'month' | 'year' | 'never';

interface Parsed {
  reset: Reset;
  /** All before the number, with the period in it. */
  prefix: string;
  number: number;
  width: number;
  suffix: string;
  /** The prefix for another date. */
  at(date: string): string;
}

const MONTHLY = /^(.*?\D|)((?:19|20|21)\d{2})(\D+?)(0[1-9]|1[0-2])(\D+?)(\d+)(\D*)$/;
const YEARLY = /^(.*?\D|)((?:19|20|21)\d{2})(\D+?)(\d+)(\D*)$/;
const FIXED = /^(.*?)(\d+)(\D*)$/;

/** A move's name taken apart; `undefined` where it holds no number. */
export function parseName(name: string): Parsed | undefined {
  const monthly = MONTHLY.exec(name);
  if (monthly) {
    const [, a = '', year = '', b = '', month = '', c = '', number = '', suffix = ''] = monthly;
    const at = (date: string) => `${a}${date.slice(0, 4)}${b}${date.slice(5, 7)}${c}`;
    return {
      reset: 'month',
      prefix: `${a}${year}${b}${month}${c}`,
      number: Number(number),
      width: number.length,
      suffix,
      at,
    };
  }
  const yearly = YEARLY.exec(name);
  if (yearly) {
    const [, a = '', year = '', b = '', number = '', suffix = ''] = yearly;
    const at = (date: string) => `${a}${date.slice(0, 4)}${b}`;
    return {
      reset: 'year',
      prefix: `${a}${year}${b}`,
      number: Number(number),
      width: number.length,
      suffix,
      at,
    };
  }
  const fixed = FIXED.exec(name);
  if (!fixed) return undefined;
  const [, prefix = '', number = '', suffix = ''] = fixed;
  return { reset: 'never', prefix, number: Number(number), width: number.length, suffix, at: () => prefix };
}

/** Numbers taken under one prefix of one journal. */
interface Head {
  names: Map<number, number>;
  highest: number;
  lastId: number;
}

/** The prefixes in use, kept up as moves change, so that the next number costs no search. */
export class Sequences {
  private readonly heads = new Map<string, Map<string, Head>>();

  constructor(db: Database) {
    db.watch('account.move', (before, after) => {
      if (before && after && before.name === after.name && before.journal_id === after.journal_id) return;
      if (before) this.forget(before);
      if (after) this.note(after);
    });
  }

  private note(move: OdooRecord): void {
    const parsed = hasName(move) ? parseName(textOf(move, 'name')) : undefined;
    if (!parsed) return;
    const byPrefix = this.heads.get(scopeOf(move)) ?? new Map<string, Head>();
    this.heads.set(scopeOf(move), byPrefix);
    const head = byPrefix.get(parsed.prefix) ?? { names: new Map(), highest: 0, lastId: 0 };
    byPrefix.set(parsed.prefix, head);
    head.names.set(move.id, parsed.number);
    head.highest = Math.max(head.highest, parsed.number);
    head.lastId = Math.max(head.lastId, move.id);
  }

  private forget(move: OdooRecord): void {
    const parsed = hasName(move) ? parseName(textOf(move, 'name')) : undefined;
    const byPrefix = this.heads.get(scopeOf(move));
    const head = parsed && byPrefix?.get(parsed.prefix);
    if (!parsed || !head) return;
    head.names.delete(move.id);
    if (head.names.size === 0) byPrefix?.delete(parsed.prefix);
    if (parsed.number < head.highest && move.id < head.lastId) return;
    head.highest = 0;
    head.lastId = 0;
    for (const [id, number] of head.names) {
      head.highest = Math.max(head.highest, number);
      head.lastId = Math.max(head.lastId, id);
    }
  }

  /** The prefixes of a move's scope with the name of a move that has it, the latest used first. */
  latest(move: OdooRecord): Array<{ prefix: string; highest: number; lastId: number }> {
    return [...(this.heads.get(scopeOf(move)) ?? [])]
      .map(([prefix, { highest, lastId }]) => ({ prefix, highest, lastId }))
      .sort((a, b) => b.lastId - a.lastId);
  }

  /** Whether no other name of the scope follows this one. */
  isLast(move: OdooRecord): boolean {
    const parsed = parseName(textOf(move, 'name'));
    const head = parsed && this.heads.get(scopeOf(move))?.get(parsed.prefix);
    return !head || parsed.number >= head.highest;
  }
}

/** Credit notes and payments count apart where the journal says so; the flag rests on the move (`$series`). */
function scopeOf(move: OdooRecord): string {
  return `${idOf(move, 'journal_id')}|${textOf(move, '$series')}`;
}

/** Which series of its journal a move belongs to: '' the main one, R credit notes, P payments. */
export function seriesOf(env: Environment, move: OdooRecord): string {
  const journal = journalOf(env, move);
  if (isRefund(move) && journal.refund_sequence === true) return 'R';
  const isPayment = idOf(move, 'payment_id') > 0 || idOf(move, 'origin_payment_id') > 0;
  return isPayment && journal.payment_sequence === true ? 'P' : '';
}

/** How the numbers of the move's series restart; `undefined` where it has none yet. */
export function resetOf(env: Environment, sequences: Sequences, move: OdooRecord): Reset | undefined {
  const latest = lastName(env, sequences, move);
  return latest ? parseName(latest)?.reset : undefined;
}

/** The name last given in the move's series. */
function lastName(env: Environment, sequences: Sequences, move: OdooRecord): string | undefined {
  const [latest] = sequences.latest(move);
  return latest && textOf(env.record('account.move', latest.lastId), 'name');
}

/** Whether the period of the move's date has a name already in its series. */
export function hasNameInPeriod(env: Environment, sequences: Sequences, move: OdooRecord): boolean {
  const name = lastName(env, sequences, move);
  const parsed = name ? parseName(name) : undefined;
  if (!parsed) return false;
  const prefix = parsed.at(textOf(move, 'date'));
  return sequences.latest(move).some((head) => head.prefix === prefix);
}

/** The next name for the move's date: one more than the highest of the series, or its first. */
export function nextName(env: Environment, sequences: Sequences, move: OdooRecord): string {
  const date = textOf(move, 'date');
  const name = lastName(env, sequences, move);
  const parsed = name ? parseName(name) : undefined;
  if (!parsed) return startingName(env, move, date);
  const prefix = parsed.at(date);
  const highest = sequences.latest(move).find((head) => head.prefix === prefix)?.highest ?? 0;
  return `${prefix}${String(highest + 1).padStart(parsed.width, '0')}${parsed.suffix}`;
}

function startingName(env: Environment, move: OdooRecord, date: string): string {
  const journal = journalOf(env, move);
  const prefix = `${textOf(move, '$series')}${textOf(journal, 'code')}`;
  const isYearly = ['sale', 'bank', 'cash', 'credit'].includes(textOf(journal, 'type'));
  return isYearly
    ? `${prefix}/${date.slice(0, 4)}/00001`
    : `${prefix}/${date.slice(0, 4)}/${date.slice(5, 7)}/0001`;
}

/** Whether a name fits the move's date. */
export function matchesDate(move: OdooRecord): boolean {
  const parsed = parseName(textOf(move, 'name'));
  return !parsed || parsed.at(textOf(move, 'date')) === parsed.prefix;
}
