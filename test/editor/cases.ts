/** What is typed into a field, and what becomes of it. */
export interface FieldCase {
  property: string;
  bad: string;
  good: string;
  /** What is saved; the text itself where left out. */
  saved?: unknown;
}

export interface NodeCase {
  /** Folder of the node. */
  folder: string;
  /** The node of the example whose dialog is opened. */
  id: string;
  fields: FieldCase[];
  /** Fields that show only for other choices than the example's. */
  hidden?: string[];
}

/** A value that the installation gives. */
const ENVIRONMENT = '$' + '{MY_DATABASE}';

/** The dialog of every node; the ids are those of its example. */
export const CASES: NodeCase[] = [
  {
    folder: 'legal-entity',
    id: 'ex-legal-entity-entity',
    fields: [
      { property: 'key', bad: 'Acme DE', good: 'acme_at' },
      { property: 'companyName', bad: '', good: 'Acme Österreich GmbH' },
      { property: 'odooCompany', bad: '0', good: '7', saved: 7 },
      { property: 'currency', bad: 'EURO', good: 'CHF' },
      { property: 'timeZone', bad: 'Berlin', good: 'Europe/Vienna' },
      { property: 'mapping', bad: ' ', good: 'acme_at' },
      { property: 'cutOver', bad: '2026-02-30', good: '2026-03-01' },
      { property: 'sellerCountry', bad: 'Austria', good: 'AT' },
      { property: 'sellerEndpointScheme', bad: 'AT:VAT', good: '9914' },
      { property: 'ratesTolerance', bad: '1 %', good: '1' },
    ],
  },
  {
    folder: 'document-store',
    id: 'ex-document-store-store',
    fields: [{ property: 'store', bad: '', good: 'archive' }],
  },
  {
    folder: 'odoo-connection',
    id: 'ex-odoo-connection-odoo',
    fields: [
      { property: 'url', bad: 'https://user:pass@odoo.example', good: 'https://odoo.example' },
      { property: 'database', bad: '', good: ENVIRONMENT },
      { property: 'login', bad: '', good: 'integration' },
      { property: 'timeoutSeconds', bad: '2 min', good: '150', saved: 150 },
      { property: 'concurrency', bad: '0', good: '4', saved: 4 },
      { property: 'prefix', bad: 'ledger.way', good: 'acme' },
      { property: 'batchWindowMs', bad: 'soon', good: '50', saved: 50 },
      { property: 'batchSize', bad: '0', good: '25', saved: 25 },
    ],
  },
  {
    folder: 'tax-service',
    id: 'ex-tax-service-table',
    fields: [{ property: 'tolerance', bad: '0,02', good: '0.05' }],
    hidden: ['url', 'secret', 'fallback'],
  },
  {
    folder: 'einvoice-channel',
    id: 'ex-einvoice-channel-channel',
    fields: [{ property: 'url', bad: 'peppol', good: 'https://access.example' }],
  },
  {
    folder: 'webhook-in',
    id: 'ex-webhook-in-stripe',
    fields: [
      { property: 'path', bad: 'hooks', good: '/hooks/billing' },
      { property: 'system', bad: 'Stripe EU', good: 'stripe-eu' },
      { property: 'toleranceSeconds', bad: '-1', good: '60', saved: 60 },
      { property: 'bodyLimit', bad: 'big', good: '512kb' },
      { property: 'backfillUrl', bad: 'api.stripe.com', good: 'https://api.stripe.com' },
      { property: 'backfillMinutes', bad: '0', good: '5', saved: 5 },
    ],
  },
  {
    folder: 'pipeline-in',
    id: 'ex-pipeline-in-in',
    fields: [
      { property: 'name', bad: '', good: 'invoices-at' },
      { property: 'concurrency', bad: 'many', good: '16', saved: 16 },
    ],
  },
  { folder: 'pipeline-out', id: 'ex-pipeline-out-out', fields: [] },
  { folder: 'idempotency-guard', id: 'ex-idempotency-guard-guard', fields: [] },
  { folder: 'canonical-map', id: 'ex-canonical-map-map', fields: [] },
  { folder: 'tax-engine-call', id: 'ex-tax-engine-call-quote', fields: [] },
  {
    folder: 'odoo-post',
    id: 'ex-odoo-post-post',
    fields: [
      { property: 'referenceDays', bad: 'a week', good: '14', saved: 14 },
      { property: 'tolerance', bad: '0,50', good: '1.00' },
    ],
    // of version 1
    hidden: ['dryRun'],
  },
  {
    folder: 'odoo-party',
    id: 'ex-odoo-party-step',
    fields: [{ property: 'path', bad: 'lines[0]', good: 'lines.0.partner' }],
  },
  { folder: 'odoo-upsert', id: 'ex-odoo-upsert-step', fields: [] },
  {
    folder: 'odoo-read',
    id: 'ex-odoo-read-step',
    fields: [
      { property: 'model', bad: '', good: 'res.partner' },
      { property: 'domain', bad: '[["state", "="', good: '[["ref", "=", payload.ref]]' },
      { property: 'pageSize', bad: '0', good: '50', saved: 50 },
      { property: 'limit', bad: 'some', good: '1000', saved: 1000 },
      { property: 'property', bad: '', good: 'invoices' },
    ],
  },
  {
    folder: 'odoo-watch',
    id: 'ex-odoo-watch-step',
    fields: [
      { property: 'everySeconds', bad: '0', good: '5', saved: 5 },
      { property: 'overlapSeconds', bad: '1.5', good: '600', saved: 600 },
      { property: 'since', bad: '2026-02-30', good: '2026-03-01' },
    ],
    hidden: ['model', 'domain', 'fields', 'once'],
  },
  {
    folder: 'einvoice-submit',
    id: 'ex-einvoice-submit-submit',
    fields: [{ property: 'pollSeconds', bad: '0', good: '0.5', saved: 0.5 }],
  },
  { folder: 'exception-route', id: 'ex-exception-route-route', fields: [] },
  {
    folder: 'odoo-reconcile',
    id: 'ex-odoo-reconcile-match',
    fields: [{ property: 'tolerance', bad: '0,50', good: '1.00' }],
  },
  {
    folder: 'intercompany-mirror',
    id: 'ex-intercompany-mirror-mirror',
    fields: [
      { property: 'billJournal', bad: '', good: 'PURCH' },
      { property: 'entryJournal', bad: '', good: 'IC' },
    ],
  },
  {
    folder: 'cost-allocation',
    id: 'ex-cost-allocation-allocate',
    fields: [
      { property: 'account', bad: '', good: '4910' },
      { property: 'dueFrom', bad: '', good: '1361' },
    ],
  },
  {
    folder: 'api-call',
    id: 'ex-api-call-step',
    fields: [
      { property: 'step', bad: 'Write back', good: 'write_back' },
      { property: 'url', bad: 'crm.example', good: 'https://crm.example' },
      { property: 'path', bad: '', good: '"v1/customers"' },
      { property: 'key', bad: '[[', good: 'payload.id' },
      { property: 'keyHeader', bad: 'X Key', good: 'X-Key' },
      { property: 'timeoutSeconds', bad: '0', good: '5', saved: 5 },
    ],
    hidden: ['authHeader'],
  },
  {
    folder: 'checkpoint',
    id: 'ex-checkpoint-check',
    fields: [{ property: 'name', bad: '', good: 'renamed' }],
  },
];
