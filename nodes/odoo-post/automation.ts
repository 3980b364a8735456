import { assertNoAutomation, type Job, lookupsOf, type PostableDocument } from '../../connectors/odoo';
import { isDeferred, type LegalEntity } from '../../finance';
import type { OdooRun } from './record';

/**
 * Refuses, before anything is made, what Odoo would do by itself as well: the deferral of an invoice, and the sending of
 * e-invoices where the flows do that.
 * @throws FinanceError ODOO_AUTOMATION naming the setting
 */
export async function assertNotDoneByOdoo(
  { client, sendsEInvoices }: Pick<OdooRun, 'client' | 'sendsEInvoices'>,
  document: PostableDocument,
  entity: LegalEntity,
): Promise<void> {
  if (document.schema !== 'invoice/1') return;
  const jobs: Job[] = isDeferred(document) ? ['deferral'] : [];
  if (document.direction === 'customer' && sendsEInvoices?.()) jobs.push('einvoice');
  if (jobs.length === 0) return;
  await assertNoAutomation(client, await lookupsOf(client).company(entity.odooCompany), jobs);
}
