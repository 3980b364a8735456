import { leaseOf } from '../../engine';
import type { NodeConfig, RedApi } from '../kit/red';
import { branched } from '../kit/run-step';
import { defineStep } from '../kit/step-node';

interface PipelineOutConfig extends NodeConfig {
  outcome?: 'completed' | 'skipped';
}

/** End of a pipeline: settles the document, which is refused while a step is open or a required one is missing. */
export = (RED: RedApi): void =>
  defineStep<PipelineOutConfig>(RED, 'ledgerway-pipeline-out', {
    outputs: 1,
    make: ({ outcome, name }) => ({
      async inPipeline(msg, { store, context }) {
        const { status } = await store.settle({
          ...leaseOf(context),
          outcome: outcome === 'skipped' ? 'skipped' : 'completed',
        });
        if (status === 'branched') throw branched(context, name || 'pipeline out');
        msg.ledgerway = { ...context, notes: undefined, settled: true };
        return { output: 0, text: outcome === 'skipped' ? 'skipped' : 'completed' };
      },
    }),
  });
