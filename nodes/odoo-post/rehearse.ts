import { planDocument, shadow } from '../../connectors/odoo';
import { leaseOf } from '../../engine';
import { documentHash } from '../../finance';
import type { Message } from '../kit/red';
import type { Outcome, Run } from '../kit/step-node';
import type { Place } from './place';
import { plain, recordStep } from './record';
import { withTerms } from './settings';

/** Says what would be posted. */
export async function plan(place: Place, msg: Message): Promise<Outcome> {
  const { document, options } = place.read(msg);
  const completed = withTerms(document, place.settings.terms);
  msg.odoo = { dryRun: await planDocument(place.client, completed, options) };
  return { output: 0, text: 'dry run' };
}

/** Compares with what an earlier connector posted; what was found is recorded as a step, and nothing is posted. */
export async function compare(place: Place, msg: Message, given: Run): Promise<Outcome> {
  const { document, options } = place.read(msg);
  const key = `${place.prefix}.${options.externalKey}`;
  const request = { contentHash: documentHash(document) };
  const completed = withTerms(document, place.settings.terms);
  const compared = await recordStep(place.run(given), 'odoo.shadow', key, request, {
    refusesDoubles: true,
    perform: async () => plain(await shadow(place.client, completed, options)),
  });
  msg.odoo = { shadow: compared };
  return { output: 0, text: `shadow: ${String(compared.outcome)}` };
}

/** A rehearsal in a pipeline ends there: no effect comes behind it, and the key is free for the real one. */
export async function endHere({ store, context }: Run, outcome: Outcome): Promise<Outcome> {
  const reason = outcome === 'waiting' ? undefined : outcome.text;
  await store.settle({ ...leaseOf(context), outcome: 'skipped', reason });
  return outcome;
}
