import type { Message, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type StepHandlers } from '../kit/step-node';
import { migrate } from './migrate';
import { Place } from './place';
import { post } from './post';
import { compare, endHere, plan } from './rehearse';
import type { OdooPostConfig } from './settings';

/** Posts a document of any kind into Odoo exactly once, or says what would be posted. */
export = (RED: RedApi): void =>
  defineStep<OdooPostConfig>(RED, 'ledgerway-odoo-post', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const place = new Place(RED, migrate(config), node);
      const alone = (step: string, work: StepHandlers['inPipeline']) => (msg: Message) =>
        standalone(hostOf(RED), { step, document: place.read(msg).document }, msg, work);
      const byMode: Record<typeof place.settings.mode, StepHandlers> = {
        post: {
          inPipeline: (msg, run) => post(place, msg, run),
          alone: alone('odoo.post', (msg, run) => post(place, msg, run)),
        },
        dryRun: {
          inPipeline: async (msg, run) => endHere(run, await plan(place, msg)),
          alone: (msg) => plan(place, msg),
        },
        shadow: {
          inPipeline: async (msg, run) => endHere(run, await compare(place, msg, run)),
          alone: alone('odoo.shadow', (msg, run) => compare(place, msg, run)),
        },
      };
      return byMode[place.settings.mode];
    },
  });
