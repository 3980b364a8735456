import { FinanceError } from '../../errors';
import {
  type AllocationBasis,
  type AllocationShare,
  allocationBasis,
  documentHash,
  externalKey,
  type Invoice,
  isDerived,
  type JournalEntry,
  type LegalEntity,
  money,
  type Residue,
} from '../../finance';
import { homeRate, postedNumber, splitInStep } from '../kit/children';
import { configNode, entityNodes } from '../kit/config-nodes';
import { assertEntity, documentIn, type KeyedDocument } from '../kit/documents';
import { optionalField, requiredField, rowsField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';
import { type AllocationTerms, type GroupTerms, type Plan, planBetween, planWithin } from './plan';

interface CostAllocationConfig extends NodeConfig {
  /** Id of a legal-entity node: who has the cost. */
  entity?: string;
  connection?: string;
  mode?: 'entities' | 'lines';
  account?: string;
  journal?: string;
  /** JSON: rows of from, to, receiver, share, account, analytic. */
  shares?: unknown;
  /** Receiver of what rounding leaves over; empty for the largest remainders. */
  residue?: string;
  dueFrom?: string;
  dueTo?: string;
  expense?: string;
  elimination?: string;
  approval?: GroupTerms['approval'];
}

/** Shares a cost out by a dated key, to other entities or to cost centres. */
export = (RED: RedApi): void =>
  defineStep<CostAllocationConfig>(RED, 'ledgerway-cost-allocation', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const terms = termsOf(config);
      const group = config.mode === 'lines' ? undefined : groupTermsOf(config, terms);
      const { target, prefix } = connection;
      entityNode.entity();
      connection.client();

      const plan = async (basis: AllocationBasis, provider: LegalEntity): Promise<Plan> => {
        const rateOf = (entity: LegalEntity) =>
          homeRate(connection.client(), entity, basis.currency, basis.date);
        if (!group) return await planWithin(basis, provider, terms, rateOf);
        const known = entityNodes(RED);
        const entityOf = (key: string): LegalEntity => {
          const found = known.get(key);
          if (found) return found.entity();
          throw new FinanceError('CONFIG_INVALID', {
            message: `There is no legal entity ${key} in the flows.`,
          });
        };
        return await planBetween(basis, provider, group, entityOf, rateOf);
      };

      const allocate = async (msg: Message, run: Run): Promise<Outcome> => {
        const provider = entityNode.entity();
        const document = documentIn(msg);
        assertEntity(document.entity, provider);
        const basis = basisOf(document, terms.account);
        if (!basis) return { output: 0, text: 'nothing to allocate' };
        const spec = {
          kind: 'intercompany.allocation',
          target,
          // a bill may have costs on several accounts
          key: `${prefix}.${externalKey(document)}__${terms.account.replace(/[^A-Za-z0-9]+/g, '_')}`,
          contentHash: documentHash(document),
          name: node.name || 'cost allocation',
          nodeId: node.id,
        };
        msg.allocation = await splitInStep(run, spec, async () => {
          await postedNumber(connection.client(), document, provider, prefix);
          return await plan(basis, provider);
        });
        return { output: 0, text: `${basis.amount} ${basis.currency} allocated` };
      };
      return {
        inPipeline: allocate,
        alone(msg) {
          const step = { step: 'intercompany.allocation', document: documentIn(msg) };
          return standalone(hostOf(RED), step, msg, allocate);
        },
      };
    },
  });

/** What is to be shared out; nothing of what was made by an allocation or a mirror, and nothing of other accounts. */
function basisOf(document: KeyedDocument, account: string): AllocationBasis | undefined {
  if (document.kind !== 'journal_entry' && document.kind !== 'invoice' && document.kind !== 'credit_note')
    return undefined;
  const isSold = document.schema === 'invoice/1' && document.direction === 'customer';
  if (isSold || isDerived(document.source)) return undefined;
  const basis = allocationBasis(document as Invoice | JournalEntry, account);
  return money.isZero(basis.amount) ? undefined : basis;
}

/** @throws CONFIG_INVALID */
function termsOf(config: CostAllocationConfig): AllocationTerms {
  const shares = rowsField(config.shares, 'shares').map(shareOf);
  const receiver = optionalField(config.residue);
  const residue: Residue =
    receiver === undefined ? { to: 'largest-remainder' } : { to: 'receiver', receiver };
  return {
    account: requiredField(config.account, 'account'),
    journal: requiredField(config.journal ?? 'MISC', 'journal'),
    shares,
    residue,
    elimination: optionalField(config.elimination),
  };
}

function shareOf(row: Record<string, unknown>): AllocationShare {
  const share = requiredField(row.share === undefined ? '' : String(row.share), 'shares');
  if (!money.isDecimal(share))
    throw new FinanceError('CONFIG_INVALID', { message: `The share ${share} is not a decimal number.` });
  const [to, account, analytic] = [row.to, row.account, row.analytic].map(optionalField);
  return {
    from: requiredField(row.from, 'shares'),
    ...(to !== undefined && { to }),
    receiver: requiredField(row.receiver, 'shares'),
    share,
    ...(account !== undefined && { account }),
    ...(analytic !== undefined && { analytic }),
  };
}

/** @throws CONFIG_INVALID */
function groupTermsOf(config: CostAllocationConfig, terms: AllocationTerms): GroupTerms {
  return {
    ...terms,
    dueFrom: requiredField(config.dueFrom, 'dueFrom'),
    dueTo: requiredField(config.dueTo, 'dueTo'),
    expense: requiredField(config.expense, 'expense'),
    approval: config.approval === 'always' ? 'always' : 'entity',
  };
}
