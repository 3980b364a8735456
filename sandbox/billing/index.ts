export { type DayEntity, type DayOptions, DEMO_DAY, type Delivery, dayOfEvents, type Expected } from './day';
export type { DeliveryStatus, LedgerRow, WebhookTarget } from './ledger';
export { signatureOf } from './sender';
export {
  BILLING_API_KEY,
  BILLING_WEBHOOK_SECRET,
  type BillingOptions,
  type SendRequest,
  startBilling,
} from './server';
