import {
  assertSame,
  type EInvoiceChannel,
  type SealedDocument,
  type Submission,
  submissionDocument,
} from '../../connectors/einvoice';
import { type Effect, type Json, Pending } from '../../engine';
import { FinanceError } from '../../errors';
import { contentHash, type EInvoiceSubmission, type Invoice, type LegalEntity } from '../../finance';
import { type ChannelNode, configNode } from '../kit/config-nodes';
import { invoiceIn } from '../kit/documents';
import { numberField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { type HashedRequest, requestOnce, runStep } from '../kit/run-step';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';

interface EInvoiceSubmitConfig extends NodeConfig {
  entity?: string;
  channel?: string;
  mode?: 'submit' | 'check';
  withoutEndpoint?: 'skip' | 'hold';
  pollSeconds?: number | string;
}

/** The sealed bytes, once and for all, and what the result says of the invoice. */
type SubmitRequest = HashedRequest & { sealed: Json; about: Json };
type Recorded = { [key: string]: Json };
type About = Pick<Invoice, 'entity' | 'source'>;

/** Longest time between two questions for a decision, in milliseconds. */
const LONGEST_POLL_MS = 300_000;

/** Hands an invoice to an e-invoice network, and waits without a lease until the network has decided. */
export = (RED: RedApi): void =>
  defineStep<EInvoiceSubmitConfig>(RED, 'ledgerway-einvoice-submit', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const channelNode = configNode(RED, 'ledgerway-einvoice-channel', config.channel);
      const pollMs = numberField(config.pollSeconds, 'pollSeconds', 2, 0.05) * 1000;
      entityNode.entity();
      channelNode.channel();
      const name = node.name || 'einvoice submit';
      const inPipeline = async (msg: Message, run: Run): Promise<Outcome> => {
        const entity = entityNode.entity();
        const invoice = invoiceIn(msg, entity);
        if (!invoice.buyer.endpoint) return withoutEndpoint(msg, config.withoutEndpoint);
        if (config.mode === 'check') return check(channelNode.channel(), invoice, entity);
        const effect = effectOf(channelNode.channel(), pollMs);
        const submitted = await submit(run, channelNode, effect, invoice, entity, { name, nodeId: node.id });
        if (submitted === undefined) return 'waiting';
        msg.einvoice = submitted;
        return { output: 0, text: submitted.transport };
      };
      return {
        inPipeline,
        alone(msg) {
          const step = {
            step: config.mode === 'check' ? 'einvoice.check' : 'einvoice.submit',
            document: invoiceIn(msg, entityNode.entity()),
          };
          return standalone(hostOf(RED), step, msg, inPipeline);
        },
      };
    },
  });

function withoutEndpoint(msg: Message, policy: EInvoiceSubmitConfig['withoutEndpoint']): Outcome {
  const reason = 'The buyer has no endpoint in the network (BT-49).';
  if (policy === 'hold') throw new FinanceError('EINVOICE_INVALID', { message: reason });
  msg.einvoice = { skipped: reason };
  return { output: 0, text: 'skipped' };
}

/** Stands for BT-1 where the number is not given yet. */
const UNNUMBERED = 'NOT-YET-NUMBERED';

/**
 * Builds the e-invoice and lets it go: what the network would refuse is found before it gets into the books.
 * @throws EINVOICE_INVALID
 */
function check(channel: EInvoiceChannel, invoice: Invoice, entity: LegalEntity): Outcome {
  channel.build({ ...invoice, number: invoice.number ?? UNNUMBERED }, entity.seller);
  return { output: 0, text: 'valid' };
}

async function submit(
  { store, context }: Run,
  node: ChannelNode,
  effect: Effect<Recorded>,
  invoice: Invoice,
  entity: LegalEntity,
  attributes: { name: string; nodeId: string },
): Promise<EInvoiceSubmission | undefined> {
  const channel = node.channel();
  const sealed = channel.build(invoice, entity.seller);
  const identity = { kind: 'einvoice.submit', target: node.target, externalKey: sealed.naturalKey };
  const hash = contentHash(invoice);
  const about: About = { entity: invoice.entity, source: invoice.source };
  const request = await requestOnce<SubmitRequest>(store, context, identity, hash, () => ({
    contentHash: hash,
    sealed: plain(sealed),
    about: plain(about),
  }));
  const outcome = await runStep(store, context, { ...identity, ...attributes, request }, effect);
  return outcome.status === 'done' ? (outcome.result as unknown as EInvoiceSubmission) : undefined;
}

const plain = (value: object): Recorded => JSON.parse(JSON.stringify(value)) as Recorded;
const sealedIn = (request: Json): SealedDocument =>
  (request as SubmitRequest).sealed as unknown as SealedDocument;

/** The network takes identical bytes for the same submission, so it refuses doubles by itself. */
function effectOf(channel: EInvoiceChannel, pollMs: number): Effect<Recorded> {
  const read = (request: Json, submission: Submission, polls: number): Recorded | Pending => {
    const { transport, messages, id } = submission;
    assertSame(sealedIn(request), submission);
    if (transport === 'rejected') throw rejection(messages, id);
    const decided = transport !== 'submitted' || channel.capabilities.mode === 'report';
    if (!decided) return new Pending({ id, polls }, Math.min(pollMs * 2 ** polls, LONGEST_POLL_MS));
    const { about } = request as SubmitRequest;
    return plain(submissionDocument(channel, about as unknown as About, sealedIn(request), submission));
  };
  return {
    refusesDoubles: true,
    async perform(request) {
      const sealed = sealedIn(request);
      return read(request, await channel.submit(sealed, sealed.sha256), 0);
    },
    async poll(request, known) {
      const { id, polls } = known as { id: string; polls: number };
      return read(request, await channel.status(id), polls + 1);
    },
    async probe(request) {
      if (!channel.capabilities.lookup) return undefined;
      const found = await channel.lookup(sealedIn(request).naturalKey);
      return found && read(request, found, 0);
    },
  };
}

function rejection(messages: Submission['messages'], id: string): FinanceError {
  const said = messages.map(({ code, text }) => `${code}: ${text}`).join(' ');
  return new FinanceError('EINVOICE_REJECTED', { message: said || undefined, details: { id, messages } });
}
