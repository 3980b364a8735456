import { type Customer, PROFILES, TAX_RATES } from './catalog';
import {
  API_VERSION,
  creditNoteObject,
  type InvoiceFacts,
  invoiceObject,
  type StripeObject,
  unaskedObject,
} from './objects';
import { drawCredit, drawLines, totalsOf } from './pricing';
import { Random } from './random';

/** What a right receiver makes of a delivery. */
export type Expected = 'posted' | 'duplicate' | 'conflict' | 'exception' | 'skipped' | 'refused';

/** One webhook request of the day, before it is signed. */
export interface Delivery {
  /** Unique within the day; an event that is sent twice has two. */
  key: string;
  eventId: string;
  type: string;
  account: string;
  livemode: boolean;
  /** Unix seconds. */
  created: number;
  objectId: string;
  number?: string;
  /** ISO 4217, upper case. */
  currency?: string;
  /** Decimal strings in the currency's major unit. */
  amounts?: { net: string; tax: string; total: string };
  expected: Expected;
  /** Keys of deliveries that must have been answered before. */
  after: string[];
  /** Milliseconds after the start of the run before which it is not sent. */
  holdMs: number;
  body: string;
  /** What the signature is made over, where a forger changed the body afterwards. */
  signedBody?: string;
  /** Rightly signed, and no JSON. */
  malformed?: true;
}

export interface DayEntity {
  account: string;
  /** Whose customers, products and taxes; by the account's name (`…_us…`) where left out. */
  profile?: keyof typeof PROFILES;
}

export interface DayOptions {
  seed: string;
  entities: DayEntity[];
  /** Invoices and credit notes that are to be posted, over all entities. */
  documents: number;
  /** `YYYY-MM-DD`, in UTC; 2026-11-20 where left out. */
  day?: string;
  /** The odd ones (conflict, unmapped tax, forgery, test mode, malformed, unasked types); on where left out. */
  oddities?: boolean;
}

const SECONDS_A_DAY = 86_400;
const REASONS = ['order_change', 'product_unsatisfactory', 'duplicate', 'fraudulent'];

const decimal = (minor: number): string =>
  `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')}`;

/** The making of one day. */
class Day {
  readonly deliveries: Delivery[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly start: number;

  constructor(
    readonly random: Random,
    private readonly options: DayOptions,
  ) {
    this.start = Date.parse(`${options.day ?? '2026-11-20'}T00:00:00Z`) / 1000;
  }

  private profileOf(entity: DayEntity) {
    return PROFILES[entity.profile ?? (entity.account.includes('us') ? 'us' : 'de')];
  }

  /** Numbers are without gaps within an account and a seed. */
  private nextNumber(account: string): string {
    const next = (this.numbers.get(account) ?? 0) + 1;
    this.numbers.set(account, next);
    const prefix = new Random(`${this.options.seed}/${account}`).id('').slice(2, 8).toUpperCase();
    return `${account.slice(-2).toUpperCase()}${prefix}-${String(next).padStart(4, '0')}`;
  }

  drawInvoice(
    entity: DayEntity,
    fixed: Partial<Pick<InvoiceFacts, 'livemode'>> & { unmapped?: boolean } = {},
  ): InvoiceFacts {
    const { random } = this;
    const profile = this.profileOf(entity);
    const customer: Customer = random.pick(profile.customers);
    return {
      id: random.id('in'),
      number: this.nextNumber(entity.account),
      created: this.start + random.whole(0, SECONDS_A_DAY / 2),
      customer,
      profile,
      livemode: fixed.livemode ?? true,
      lines: drawLines(random, customer, profile, fixed.unmapped ? TAX_RATES.unmapped : undefined),
    };
  }

  drawCreditNote(invoice: InvoiceFacts) {
    const { random } = this;
    return {
      ...invoice,
      id: random.id('cn'),
      number: `${invoice.number}-CN-01`,
      created: invoice.created + random.whole(60, SECONDS_A_DAY / 2 - 1),
      lines: drawCredit(random, invoice.lines, invoice.customer),
      invoice,
      reason: random.pick(REASONS),
    };
  }

  /** Adds one delivery of an object; its amounts come from the facts where there are some. */
  add(
    account: string,
    type: string,
    object: StripeObject,
    expected: Expected,
    facts: { created: number; livemode?: boolean } & Partial<InvoiceFacts>,
    order: Partial<Pick<Delivery, 'after' | 'holdMs'>> = {},
  ): Delivery {
    const eventId = this.random.id('evt');
    const { created, livemode = true, lines } = facts;
    const totals = lines && totalsOf(lines);
    const event = {
      id: eventId,
      object: 'event',
      account,
      api_version: API_VERSION,
      created,
      data: { object },
      livemode,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    };
    return this.push({
      eventId,
      type,
      account,
      livemode,
      created,
      objectId: object.id,
      number: facts.number,
      currency: facts.profile?.currency.toUpperCase(),
      amounts: totals && { net: decimal(totals.net), tax: decimal(totals.tax), total: decimal(totals.total) },
      expected,
      after: order.after ?? [],
      holdMs: order.holdMs ?? 0,
      body: JSON.stringify(event),
    });
  }

  addInvoice(
    entity: DayEntity,
    facts: InvoiceFacts,
    expected: Expected,
    order: Partial<Pick<Delivery, 'after' | 'holdMs'>> = {},
  ) {
    return this.add(entity.account, 'invoice.finalized', invoiceObject(facts), expected, facts, order);
  }

  push(delivery: Omit<Delivery, 'key'>): Delivery {
    const added = { ...delivery, key: `d${String(this.deliveries.length + 1).padStart(6, '0')}` };
    this.deliveries.push(added);
    return added;
  }

  /** An invoice and, for some, its credit note: before it, after it, or late. Gives how many documents that were. */
  addFacts(entity: DayEntity, room: number): number {
    const { random } = this;
    const invoice = this.drawInvoice(entity);
    if (room < 2 || !random.chance(25)) {
      this.maybeAgain(this.addInvoice(entity, invoice, 'posted'));
      return 1;
    }
    const note = this.drawCreditNote(invoice);
    const addNote = (order: Partial<Pick<Delivery, 'after' | 'holdMs'>> = {}) =>
      this.add(entity.account, 'credit_note.created', creditNoteObject(note), 'posted', note, order);
    const isEarly = random.chance(40);
    const early = isEarly ? addNote() : undefined;
    this.maybeAgain(this.addInvoice(entity, invoice, 'posted', { after: early ? [early.key] : [] }));
    this.maybeAgain(early ?? addNote({ holdMs: random.chance(50) ? random.whole(300, 1500) : 0 }));
    return 2;
  }

  /** Some come again: the same event, or another event about the same fact. */
  private maybeAgain(first: Delivery): void {
    if (this.random.chance(6)) this.again(first, first.eventId);
    if (this.random.chance(4)) this.again(first, this.random.id('evt'));
  }

  again(first: Delivery, eventId: string): void {
    const body = first.body.replaceAll(first.eventId, eventId);
    this.push({ ...first, eventId, body, expected: 'duplicate', after: [first.key], holdMs: 0 });
  }

  /** For an entity: a conflict, both sorts of duplicate, a type nobody asked for, a test-mode event. */
  addOdditiesOf(entity: DayEntity): void {
    const invoice = this.drawInvoice(entity);
    const first = this.addInvoice(entity, invoice, 'posted');
    const other = { ...invoice, lines: drawLines(this.random, invoice.customer, invoice.profile) };
    this.addInvoice(entity, other, 'conflict', { after: [first.key] });
    this.again(first, first.eventId);
    this.again(first, this.random.id('evt'));
    const kind = this.random.pick(['customer', 'product', 'payment_method'] as const);
    const type = kind === 'payment_method' ? 'payment_method.attached' : `${kind}.updated`;
    this.add(entity.account, type, unaskedObject(kind, invoice.customer, true), 'skipped', {
      created: invoice.created,
    });
    const trial = this.drawInvoice(entity, { livemode: false });
    this.addInvoice(entity, trial, 'exception');
  }

  /** One of each in the day, at the first entity. */
  addOdditiesOnce(entity: DayEntity): void {
    this.addInvoice(entity, this.drawInvoice(entity, { unmapped: true }), 'exception');
    const forged = this.addInvoice(entity, this.drawInvoice(entity), 'refused');
    forged.signedBody = forged.body;
    forged.body = forged.body.replace(/"amount_due":\d+/, '"amount_due":1');
    const malformed = this.addInvoice(entity, this.drawInvoice(entity), 'exception');
    malformed.body = malformed.body.slice(0, Math.floor(malformed.body.length / 2));
    malformed.malformed = true;
  }

  /** Neighbours change places, as they do on the net, but none comes before what it stands behind. Oddities come anywhere. */
  shuffled(regular: number): Delivery[] {
    const place = new Map<string, number>();
    for (const [at, { key, after }] of this.deliveries.entries()) {
      const near = at + this.random.whole(0, 8);
      const drawn = at < regular ? near : this.random.whole(0, regular);
      place.set(key, Math.max(drawn, ...after.map((before) => place.get(before) ?? 0)));
    }
    return this.deliveries.toSorted((a, b) => place.get(a.key)! - place.get(b.key)!);
  }
}

/**
 * The webhook requests of one day, in the order in which they are first tried. Equal options give equal days.
 *
 * Amounts tie in every invoice: Σ line amounts − Σ discounts + Σ line taxes = total, each tax rounded half up by line.
 */
export function dayOfEvents(options: DayOptions): Delivery[] {
  const day = new Day(new Random(options.seed), options);
  const odd = options.oddities ?? true;
  // Each entity's conflict stands on one good invoice of its own.
  let left = options.documents - (odd ? options.entities.length : 0);
  for (let turn = 0; left > 0; turn++)
    left -= day.addFacts(options.entities[turn % options.entities.length]!, left);
  const regular = day.deliveries.length;
  if (odd) {
    for (const entity of options.entities) day.addOdditiesOf(entity);
    day.addOdditiesOnce(options.entities[0]!);
  }
  return day.shuffled(regular);
}

/** The bundled day of `npm start`: two entities, sixty documents to post, every oddity. */
export const DEMO_DAY: DayOptions = {
  seed: 'demo-day',
  entities: [{ account: 'acct_de' }, { account: 'acct_us' }],
  documents: 60,
};
