import { externalIdOf, lookupsOf, type PostableDocument, poster } from '../../connectors/odoo';
import { externalKey, feeEntry, type LegalEntity, money, type Payment, type Refund } from '../../finance';
import { assertLateAllowed } from '../kit/late';
import { type BookedEntry, postEntries } from './entries';
import type { OdooRun } from './record';

/** A payment or refund whose mapping says where the fee of its provider is booked. */
export const hasFee = (document: PostableDocument): document is Payment | Refund =>
  (document.kind === 'payment' || document.kind === 'refund') &&
  document.posting?.feeAccount !== undefined &&
  !money.isZero(document.fee ?? '0');

/**
 * Posts what the provider kept of a payment as an entry of its own, in the recorded step `odoo.fee`. Its key is the
 * payment's and `__fee`: it is part of the payment's document.
 * @throws FinanceError ODOO_*, DOCUMENT_* and those of a step
 */
export async function postFee(
  run: OdooRun,
  payment: Payment | Refund,
  entity: LegalEntity,
  prefix: string,
  contentHash: string,
): Promise<BookedEntry | undefined> {
  const { client } = run;
  const key = `${externalKey(payment)}__fee`;
  const [booked] = await postEntries(run, 'odoo.fee', externalIdOf(key, prefix), contentHash, async () => {
    const { feeAccount = '', clearingAccount = '', settlementJournal = 'MISC' } = payment.posting ?? {};
    const accounts = { fees: feeAccount, clearing: clearingAccount };
    const entry = feeEntry(payment, accounts, settlementJournal, await homeOf(run, payment, entity));
    if (!entry) return [];
    const request = await poster('entry').prepare(client, entry, { entity, prefix, externalKey: key });
    await assertLateAllowed(run, payment, entity, [request]);
    return [request];
  });
  return booked;
}

/** The company's currency and Odoo's rate, where the payment is of another. */
async function homeOf(
  { client }: OdooRun,
  { currency: code, date }: Payment | Refund,
  { odooCompany }: LegalEntity,
): Promise<{ currency: string; rate: string } | undefined> {
  const lookups = lookupsOf(client);
  const company = await lookups.company(odooCompany);
  if (company.currency.code === code) return undefined;
  return { currency: company.currency.code, rate: await lookups.rate(company, code, date) };
}
