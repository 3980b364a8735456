import {
  accountingDate,
  type BankMatch,
  type Located,
  locate,
  locateItems,
  lookupsOf,
  type Matchable,
  type OdooClient,
  type Place,
  type ReconcileRequest,
} from '../../connectors/odoo';
import type { Effect, Json } from '../../engine';
import { FinanceError } from '../../errors';
import { documentHash, externalKey, hashOf, type LegalEntity, money } from '../../finance';
import { configNode } from '../kit/config-nodes';
import { assertEntity, documentIn } from '../kit/documents';
import { optionalField } from '../kit/fields';
import { assertLateAllowed } from '../kit/late';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { type HashedRequest, requestOnce, runStep } from '../kit/run-step';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';
import { allocationsIn } from './allocations';
import { type Allow, matchBank, matchPayment, type UndoRequest, undoMatching } from './effects';
import { lastOther, remember } from './history';

interface OdooReconcileConfig extends NodeConfig {
  entity?: string;
  connection?: string;
  action?: 'reconcile' | 'unreconcile';
  /** Most that is written off, in the payment's currency. */
  tolerance?: string;
  writeOffAccount?: string;
  overpaymentAccount?: string;
  settlementJournal?: string;
}

/** Codes of the entity's chart; the posting of a payment says its own first. */
interface Terms {
  journal: string;
  tolerance: string;
  writeOffAccount?: string;
  overpaymentAccount?: string;
}

type Recorded = { [key: string]: Json };

/** A step that is yet to be asked: what makes it itself, what it asks, how it is done. */
interface Work {
  kind: 'odoo.match' | 'odoo.unmatch';
  /** What makes it another step than the one of other allocations. */
  identity: Json;
  ask(client: OdooClient): Promise<ReconcileRequest | BankMatch | UndoRequest>;
  effect(client: OdooClient, allow: Allow): Effect<Recorded>;
}

/** Matches a posted payment, refund or bank transaction with what it settles, or takes the matching back. */
export = (RED: RedApi): void =>
  defineStep<OdooReconcileConfig>(RED, 'ledgerway-odoo-reconcile', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const terms = termsOf(config);
      const isUndo = config.action === 'unreconcile';
      const { target, prefix } = connection;
      entityNode.entity();
      connection.client();

      const workOn = (msg: Message): { document: Matchable; work: Work } => {
        const entity = entityNode.entity();
        const document = matchableIn(msg);
        assertEntity(document.entity, entity);
        const place = { entity, prefix };
        return { document, work: isUndo ? undo(document, place) : match(msg, document, place, terms) };
      };

      const matchingOf = (document: Matchable) =>
        `odoo-matching/${target}/${prefix}.${externalKey(document)}`;

      const run = async (msg: Message, { store, context }: Run): Promise<Outcome> => {
        const { document, work } = workOn(msg);
        const { kind, identity } = work;
        const client = connection.client();
        const hash = hashOf({ document: documentHash(document), identity });
        const key = `${prefix}.${externalKey(document)}__m${hashOf(identity).slice(0, 8)}`;
        const step = { kind, target, externalKey: key };
        const request = await requestOnce<HashedRequest>(store, context, step, hash, async () => {
          const ask = await work.ask(client);
          return { contentHash: hash, ask: JSON.parse(JSON.stringify({ ...ask, externalKey: key })) as Json };
        });
        const attributes = { name: node.name || 'odoo reconcile', nodeId: node.id };
        const allow: Allow = (entry) =>
          assertLateAllowed({ store, context }, document, entityNode.entity(), [entry]);
        await remember(store, matchingOf(document), kind, context.documentId);
        const outcome = await runStep(
          store,
          context,
          { ...step, request, ...attributes },
          work.effect(client, allow),
        );
        if (outcome.status === 'waiting') return 'waiting';
        msg.odoo = outcome.result;
        return { output: 0, text: isUndo ? 'matching taken back' : 'matched' };
      };
      return {
        inPipeline: run,
        async alone(msg) {
          const { document, work } = workOn(msg);
          const after = await lastOther(hostOf(RED).store(), matchingOf(document), work.kind);
          const identity = hashOf({ document, kind: work.kind, identity: work.identity, after });
          return await standalone(hostOf(RED), { step: work.kind, document, identity }, msg, run);
        },
      };
    },
  });

/** @throws RUN_NO_DOCUMENT, MAP_INPUT_INVALID */
function matchableIn(msg: Message): Matchable {
  const document = documentIn(msg);
  if (document.kind === 'payment' || document.kind === 'refund' || document.kind === 'bank_transaction')
    return document as Matchable;
  throw new FinanceError('MAP_INPUT_INVALID', {
    message: `Documents of kind ${document.kind} settle nothing.`,
  });
}

function match(msg: Message, document: Matchable, place: Place, terms: Terms): Work {
  const allocations = allocationsIn(msg, document);
  const identity = JSON.parse(JSON.stringify(allocations)) as Json;
  const isBankLine = document.kind === 'bank_transaction';
  return {
    kind: 'odoo.match',
    identity,
    effect: isBankLine ? matchBank : matchPayment,
    async ask(client) {
      const located = await locate(client, document, place);
      const items = await locateItems(client, document, allocations, place);
      return {
        ...(await settlementOf(client, located, place.entity, { ...terms, ...postingTerms(document) })),
        allocations: items,
        ...(isBankLine && { lineId: located.id }),
      };
    },
  };
}

function undo(document: Matchable, place: Place): Work {
  return {
    kind: 'odoo.unmatch',
    identity: 'all',
    effect: undoMatching,
    async ask(client) {
      const { company, id, moveId } = await locate(client, document, place);
      const lineId = document.kind === 'bank_transaction' ? id : undefined;
      return { company, moves: [moveId], lineId };
    },
  };
}

/** What the mapping says of a payment; empty for a bank transaction. */
function postingTerms(document: Matchable): Partial<Terms> {
  if (document.kind === 'bank_transaction' || !document.posting) return {};
  const { settlementJournal, tolerance, writeOffAccount, overpaymentAccount } = document.posting;
  const said = { journal: settlementJournal, tolerance, writeOffAccount, overpaymentAccount };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

async function settlementOf(
  client: OdooClient,
  { key, company, moveId, date: day }: Located,
  { kinds }: LegalEntity,
  { journal, tolerance, writeOffAccount, overpaymentAccount }: Terms,
): Promise<Omit<ReconcileRequest, 'allocations'>> {
  const idOf = async (code?: string) => (code ? await lookupsOf(client).account(company, code) : undefined);
  const policy = kinds.journal_entry?.latePosting;
  return {
    externalKey: key,
    company,
    moveId,
    ...(await accountingDate(client, company, { day, taxed: false }, policy)),
    journal,
    tolerance,
    writeOffAccountId: await idOf(writeOffAccount),
    overpaymentAccountId: await idOf(overpaymentAccount),
  };
}

/** @throws CONFIG_INVALID */
function termsOf(config: OdooReconcileConfig): Terms {
  const tolerance = optionalField(config.tolerance) ?? '0';
  if (!money.isDecimal(tolerance) || money.isNegative(tolerance))
    throw new FinanceError('CONFIG_INVALID', { message: 'The field tolerance is not an amount.' });
  return {
    journal: optionalField(config.settlementJournal) ?? 'MISC',
    tolerance,
    writeOffAccount: optionalField(config.writeOffAccount),
    overpaymentAccount: optionalField(config.overpaymentAccount),
  };
}
