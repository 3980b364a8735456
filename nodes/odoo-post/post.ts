import type { PostedMove } from '../../connectors/odoo';
import { documentHash, type Invoice, invoiceSchedule, isDeferred, type LegalEntity } from '../../finance';
import type { Message } from '../kit/red';
import type { Outcome, Run } from '../kit/step-node';
import { hasFee, postFee } from './fee';
import type { Place } from './place';
import type { OdooRun } from './record';
import { waitsForReference } from './reference';
import { postSchedule } from './schedule';
import { withTerms } from './settings';
import { postInSteps } from './steps';

/** Posts the document, or lets it wait for what it refers to. */
export async function post(place: Place, msg: Message, given: Run): Promise<Outcome> {
  const { entity, document, options } = place.read(msg);
  const { settings, prefix } = place;
  const run = place.run(given);
  if (await waitsForReference(run, document, settings.days, entity, prefix)) return 'waiting';
  const invoice = document.schema === 'invoice/1' ? document : undefined;
  // a schedule that cannot be made shows before anything is posted
  if (invoice) invoiceSchedule(invoice, invoice.currency, ({ netAmount }) => netAmount);
  const completed = withTerms(document, settings.terms);
  const hash = documentHash(document);
  const posted = await postInSteps(run, completed, options, hash);
  run.context.notes = { ...run.context.notes, number: posted.name };
  msg.odoo = posted;
  if (hasFee(completed)) msg.odoo = { ...posted, fee: await postFee(run, completed, entity, prefix, hash) };
  if (invoice) await finish(run, invoice, entity, prefix, posted as PostedMove, msg);
  return { output: 0, text: posted.name };
}

/** The schedule of what an invoice defers, and its number where Odoo gives it; that of a bill is its supplier's. */
async function finish(
  run: OdooRun,
  invoice: Invoice,
  entity: LegalEntity,
  prefix: string,
  posted: PostedMove,
  msg: Message,
): Promise<void> {
  if (isDeferred(invoice))
    msg.odoo = { ...posted, schedule: await postSchedule(run, invoice, entity, prefix, posted) };
  if (entity.numbering !== 'odoo' || invoice.direction !== 'customer') return;
  msg.payload = { ...invoice, number: posted.name };
}
