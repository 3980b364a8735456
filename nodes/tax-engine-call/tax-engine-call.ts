import type { TaxCall, TaxEngine } from '../../connectors/tax';
import type { Effect, Json } from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';
import {
  contentHash,
  externalKey,
  hashOf,
  type Invoice,
  type LegalEntity,
  money,
  type TaxDecision,
} from '../../finance';
import { configNode, type TaxServiceNode } from '../kit/config-nodes';
import { invoiceIn } from '../kit/documents';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { type HashedRequest, requestOnce, runStep } from '../kit/run-step';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';

interface TaxEngineCallConfig extends NodeConfig {
  entity?: string;
  service?: string;
  phase?: 'quote' | 'commit';
}

/** The whole question, so that it is asked again as it stands. */
type TaxRequest = HashedRequest & { call: Json };
type Recorded = { [key: string]: Json };

/** Has a tax engine decide the tax of an invoice, and holds the source's own tax to it. */
export = (RED: RedApi): void =>
  defineStep<TaxEngineCallConfig>(RED, 'ledgerway-tax-engine-call', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const service = configNode(RED, 'ledgerway-tax-service', config.service);
      const phase = config.phase === 'quote' ? 'quote' : 'commit';
      entityNode.entity();
      service.engine();
      const name = node.name || 'tax engine call';
      const inPipeline = async (msg: Message, run: Run): Promise<Outcome> => {
        const entity = entityNode.entity();
        const invoice = invoiceIn(msg, entity);
        const decided = await decide(run, service, phase, invoice, entity, { name, nodeId: node.id });
        if (decided === undefined) return 'waiting';
        assertAgrees(decided, service.tolerance);
        msg.tax = decided;
        return { output: 0 };
      };
      return {
        inPipeline,
        alone(msg) {
          const step = { step: `tax.${phase}`, document: invoiceIn(msg, entityNode.entity()) };
          return standalone(hostOf(RED), step, msg, inPipeline);
        },
      };
    },
  });

async function decide(
  { store, context }: Run,
  service: TaxServiceNode,
  phase: 'quote' | 'commit',
  invoice: Invoice,
  entity: LegalEntity,
  attributes: { name: string; nodeId: string },
): Promise<TaxDecision | undefined> {
  const identity = { kind: `tax.${phase}`, target: service.target, externalKey: externalKey(invoice) };
  const hash = contentHash(invoice);
  const call: TaxCall = { invoice, mode: service.mode, seller: entity.seller, code: identity.externalKey };
  const make = (): TaxRequest => ({ contentHash: hash, call: JSON.parse(JSON.stringify(call)) as Json });
  const request = await requestOnce(store, context, identity, hash, make);
  const outcome = await runStep<Recorded>(
    store,
    context,
    { ...identity, ...attributes, request },
    effectOf(service, phase),
  );
  return outcome.status === 'done' ? (outcome.result as unknown as TaxDecision) : undefined;
}

const callOf = (request: Json): TaxCall => (request as TaxRequest).call as unknown as TaxCall;
const recorded = (decision: TaxDecision): Recorded => JSON.parse(JSON.stringify(decision)) as Recorded;

/** The code is the engine's idempotency key, so it refuses doubles by itself. */
function effectOf(service: TaxServiceNode, phase: 'quote' | 'commit'): Effect<Recorded> {
  const engine: TaxEngine = service.engine();
  return {
    refusesDoubles: true,
    async perform(request) {
      const call = callOf(request);
      try {
        const decision = await engine[phase](call);
        // A quote leaves no record: one that differs is asked again after rates or data are corrected.
        if (phase === 'quote') assertAgrees(decision, service.tolerance);
        return recorded(decision);
      } catch (error) {
        if (!isFinanceError(error) || error.kind !== 'unavailable' || service.fallback === 'hold')
          throw error;
        return recorded(provisional(call, phase, engine.name));
      }
    },
    async probe(request) {
      if (phase === 'quote' || !engine.keepsRecords) return undefined;
      const found = await engine.lookup(callOf(request));
      return found?.phase === 'commit' ? recorded(found) : undefined;
    },
  };
}

/** The engine is down, and the policy is to go on: the source's own tax stands, marked as a fallback. */
function provisional(call: TaxCall, phase: 'quote' | 'commit', engine: string): TaxDecision {
  const { invoice, mode, seller } = call;
  const jurisdiction = (invoice.seller ?? seller)?.address.country ?? invoice.buyer.address.country;
  return {
    schema: 'tax_decision/1',
    kind: 'tax_decision',
    entity: invoice.entity,
    source: invoice.source,
    phase,
    engine,
    engineVersion: 'provisional',
    requestHash: hashOf(call),
    decidedAt: new Date().toISOString(),
    currency: invoice.currency,
    roundingMode: mode,
    rateDate: invoice.taxPointDate ?? invoice.issueDate,
    lines: invoice.lines.map(({ id, netAmount, tax }) => ({
      lineId: id,
      jurisdiction,
      name: tax.sourceCode ?? `${tax.category} ${tax.rate} %`,
      category: tax.category,
      rate: tax.rate,
      base: netAmount,
      amount: tax.amount ?? money.roundMoney(money.percentOf(netAmount, tax.rate), invoice.currency),
    })),
    flags: { reverseCharge: invoice.lines.some(({ tax }) => tax.category === 'AE'), oss: false, ioss: false },
    totalTax: invoice.totals.tax,
    sourceTax: invoice.totals.tax,
    difference: money.formatMoney('0', invoice.currency),
    fallback: true,
  };
}

/** @throws TAX_DIFFERS where more than rounding lies between the source and the engine */
function assertAgrees({ totalTax, sourceTax, difference, currency }: TaxDecision, tolerance: string): void {
  if (difference === undefined || money.compare(money.absolute(difference), tolerance) <= 0) return;
  throw new FinanceError('TAX_DIFFERS', {
    message: `The tax engine decides ${totalTax} ${currency}, the source says ${sourceTax} ${currency}.`,
    details: { totalTax, sourceTax, difference, tolerance, currency },
  });
}
