import { leaseOf } from '../../engine';
import { errorOf } from '../kit/failure';
import type { NodeConfig, RedApi } from '../kit/red';
import { defineStep } from '../kit/step-node';

interface ExceptionRouteConfig extends NodeConfig {
  mode?: 'by kind' | 'hold';
}

const RETRIED = 0;
const HELD = 1;
const REJECTED = 2;

/** Decides what becomes of a failed document: it is retried with backoff, or held for a person. */
export = (RED: RedApi): void =>
  defineStep<ExceptionRouteConfig>(RED, 'ledgerway-exception-route', {
    outputs: 3,
    make: ({ mode }) => ({
      async inPipeline(msg, { store, context }) {
        const error = errorOf(msg);
        const decision = { ...leaseOf(context), error: error.toJSON() };
        const what = mode === 'hold' ? await store.hold(decision) : await store.dispose(decision);
        if (what === 'retried') return { output: RETRIED, text: 'retried' };
        return error.kind === 'rejected'
          ? { output: REJECTED, text: 'rejected' }
          : { output: HELD, text: `held: ${error.code}` };
      },
    }),
  });
