import type { ErrorCode } from '../../errors';

/** A draw between 0 and 1. */
export type Draw = () => number;

const ENTITIES = [
  { key: 'acme_de', pipeline: 'billing-de', currencies: ['EUR', 'EUR', 'EUR', 'EUR', 'CHF'] },
  { key: 'acme_us', pipeline: 'billing-us', currencies: ['USD', 'USD', 'USD', 'USD', 'EUR'] },
] as const;

export const PIPELINES = ENTITIES.map(({ key, pipeline }) => ({
  name: pipeline,
  entities: [key],
  kinds: [],
  lanePolicy: 'block' as const,
  requiredSteps: [],
}));

/** How often each kind of document comes. */
const KINDS = [
  ['invoice', 0.62],
  ['payment', 0.22],
  ['credit_note', 0.07],
  ['refund', 0.04],
  ['payout', 0.03],
  ['journal_entry', 0.02],
] as const;

const NAMES = [
  'Fischer',
  'Nguyen',
  'Kowalski',
  'O’Brien',
  'Yılmaz',
  'Garcia',
  'Weber',
  'Ivanova',
  'Smith',
  'Łuczak',
];
const FIRMS = ['GmbH', 'AG', 'Inc.', 'LLC', 'S.A.', 'B.V.', 'e.K.', 'Ltd'];

/** Texts that a browser must show and never run. */
const HOSTILE = [
  '<script>window.hostile=1</script>',
  '"><img src=x onerror="window.hostile=1">',
  "';alert(1)//",
  '<svg/onload=window.hostile=1>',
  'javascript:window.hostile=1',
  '{{constructor.constructor("window.hostile=1")()}}',
];

export interface SeedDocument {
  index: number;
  entity: string;
  pipeline: string;
  kind: string;
  at: number;
  sourceId: string;
  eventId: string;
  number: string;
  amount: string;
  currency: string;
  date: string;
  customer: { name: string; email: string; iban: string };
  /** Appended to free texts of a hostile seed. */
  hostile: string;
}

export function pick<Value>(draw: Draw, values: readonly Value[]): Value {
  return values[Math.floor(draw() * values.length)]!;
}

/** The document number `index`, at its moment. */
export function seedDocument(draw: Draw, index: number, at: number, isHostile: boolean): SeedDocument {
  const { key: entity, pipeline, currencies } = draw() < 0.6 ? ENTITIES[0] : ENTITIES[1];
  const kind = kindOf(draw());
  const name = pick(draw, NAMES);
  const hostile = isHostile ? pick(draw, HOSTILE) : '';
  const cents = BigInt(Math.round(10 ** (2.7 + draw() * 3.8)));
  const digits = cents.toString().padStart(3, '0');
  const id = index.toString(36).padStart(6, '0');
  return {
    index,
    entity,
    pipeline,
    kind,
    at,
    sourceId: `${kind.slice(0, 2)}_${id}${hostile}`,
    eventId: `evt_${id}`,
    number: `${entity === 'acme_de' ? 'R' : 'US'}-${new Date(at).getUTCFullYear()}-${String(index).padStart(6, '0')}${hostile}`,
    amount: `${digits.slice(0, -2)}.${digits.slice(-2)}`,
    currency: pick(draw, currencies),
    date: new Date(at - Math.floor(draw() * 3) * 86_400_000).toISOString().slice(0, 10),
    customer: {
      name: `${name} ${pick(draw, FIRMS)}${hostile}`,
      email: `billing${index}@${name.toLowerCase().replaceAll(/[^a-z]/g, '')}.example`,
      iban: `DE${String(10 + (index % 89))}3704004405320${String(index % 100_000).padStart(5, '0')}`,
    },
    hostile,
  };
}

function kindOf(chance: number): string {
  let sum = 0;
  for (const [kind, share] of KINDS) {
    sum += share;
    if (chance < sum) return kind;
  }
  return 'invoice';
}

/** The event as its source sent it. */
export function sourceBody({
  eventId,
  kind,
  sourceId,
  number,
  amount,
  currency,
  at,
  customer,
}: SeedDocument): string {
  return JSON.stringify({
    id: eventId,
    type: `${kind}.finalized`,
    created: Math.floor(at / 1000),
    data: {
      object: {
        id: sourceId,
        number,
        currency: currency.toLowerCase(),
        total: Number(amount.replace('.', '')),
        customer_name: customer.name,
        customer_email: customer.email,
        iban: customer.iban,
        lines: { data: [{ id: `il_${sourceId}`, description: 'Subscription', quantity: 1 }] },
      },
    },
  });
}

/** The canonical document; an invoice in the shape of `invoice/1`, others with what they are known by. */
export function canonical(document: SeedDocument): object {
  const { kind, entity, sourceId, number, date, currency, amount, customer } = document;
  const source = { system: 'stripe', id: sourceId };
  if (kind !== 'invoice' && kind !== 'credit_note')
    return { schema: `${kind}/1`, entity, source, date, currency, amount, payer: customer };
  const tax = { category: 'Z', rate: '0' };
  return {
    schema: 'invoice/1',
    kind,
    entity,
    source,
    direction: 'customer',
    number,
    issueDate: date,
    currency,
    buyer: { name: customer.name, email: customer.email, address: { country: 'DE' } },
    lines: [
      {
        id: '1',
        name: 'Subscription',
        quantity: '1',
        unit: 'C62',
        unitPrice: amount,
        netAmount: amount,
        tax,
      },
    ],
    taxes: [{ ...tax, base: amount, amount: '0.00' }],
    totals: { lines: amount, net: amount, tax: '0.00', gross: amount, due: amount },
  };
}

/** A fault and where it happens: before anything, in a step that fails, or in one that stays in doubt. */
export interface SeedFault {
  code: ErrorCode;
  step?: 'tax.calculate' | 'odoo.post' | 'einvoice.submit';
  cause: string;
  inDoubt?: boolean;
  share: number;
}

/** Every class of exception. */
export const FAULTS: readonly SeedFault[] = [
  { code: 'MAP_UNMAPPED', cause: 'The tax code txr_19_de has no entry in the table taxes.', share: 0.3 },
  { code: 'MAP_OUTPUT_INVALID', cause: 'The line 1 has no unit price.', share: 0.08 },
  { code: 'ODOO_VALIDATION', step: 'odoo.post', cause: 'The account 8400 is archived.', share: 0.14 },
  { code: 'ODOO_DATE_MOVED', step: 'odoo.post', cause: 'The day lies before the lock date.', share: 0.1 },
  {
    code: 'ODOO_AMOUNT_DIFFERS',
    step: 'odoo.post',
    cause: 'Odoo has another total than the document.',
    share: 0.06,
  },
  { code: 'ODOO_UNAUTHORIZED', step: 'odoo.post', cause: 'The API key was refused.', share: 0.03 },
  {
    code: 'TAX_REJECTED',
    step: 'tax.calculate',
    cause: 'The VAT id of the buyer is not valid.',
    share: 0.08,
  },
  {
    code: 'EINVOICE_REJECTED',
    step: 'einvoice.submit',
    cause: 'BR-DE-15: a buyer reference is missing.',
    share: 0.08,
  },
  { code: 'DOCUMENT_CONFLICT', cause: 'Same key, other content.', share: 0.05 },
  {
    code: 'RUN_IN_DOUBT',
    step: 'odoo.post',
    cause: 'No answer came; nothing is found under the key.',
    inDoubt: true,
    share: 0.05,
  },
  { code: 'RUN_STALLED', cause: 'Its lease expired three times.', share: 0.03 },
];

export function faultOf(draw: Draw): SeedFault {
  let rest = draw();
  for (const fault of FAULTS) {
    rest -= fault.share;
    if (rest < 0) return fault;
  }
  return FAULTS[0]!;
}
