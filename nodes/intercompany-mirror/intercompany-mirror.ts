import { assertNoAutomation, lookupsOf, type OdooClient } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import {
  type BillRules,
  type DueAccounts,
  documentHash,
  type EntryRules,
  externalKey,
  isBetweenLine,
  isDerived,
  isEntity,
  type LegalEntity,
  mirrorEntry,
  mirroredAmount,
  mirrorInvoice,
  type Relation,
} from '../../finance';
import {
  type ApprovalChoice,
  homeRate,
  type Made,
  type PairOfParts,
  postedNumber,
  splitInStep,
} from '../kit/children';
import { configNode } from '../kit/config-nodes';
import { assertEntity, documentIn, type KeyedDocument } from '../kit/documents';
import { optionalField, requiredField, rowsField, textMapField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { standalone } from '../kit/standalone';
import { defineStep, type Outcome, type Run } from '../kit/step-node';

interface IntercompanyMirrorConfig extends NodeConfig {
  /** Ids of legal-entity nodes. */
  from?: string;
  to?: string;
  connection?: string;
  approval?: ApprovalChoice;
  /** Analytic account of the receiving entity. */
  elimination?: string;
  billJournal?: string;
  payableAccount?: string;
  /** JSON: account of the original → account of the bill. */
  accounts?: unknown;
  /** JSON: category and rate of the original's tax → name of the receiver's; empty for none. */
  taxes?: unknown;
  entryJournal?: string;
  /** JSON: rows of account, dueTo, counterpart. */
  due?: unknown;
}

/** What the mirror of a document is to be, or nothing where it is not between the two. */
type Mirror = (document: KeyedDocument, number: string) => Promise<KeyedDocument | undefined>;

/** Makes the other entity's document of what was posted between two entities of a group. */
export = (RED: RedApi): void =>
  defineStep<IntercompanyMirrorConfig>(RED, 'ledgerway-intercompany-mirror', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const fromNode = configNode(RED, 'ledgerway-legal-entity', config.from);
      const toNode = configNode(RED, 'ledgerway-legal-entity', config.to);
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const approval = config.approval === 'always' ? 'always' : 'entity';
      const rules = rulesOf(config);
      const { target, prefix } = connection;
      const relation = (): Relation => ({ from: fromNode.entity(), to: toNode.entity() });
      if (relation().from.key === relation().to.key)
        throw new FinanceError('CONFIG_INVALID', { message: 'An entity is not mirrored in its own books.' });
      connection.client();

      const mirrorOf: Mirror = async (document, number) => {
        const { from, to } = relation();
        if (document.schema === 'invoice/1') return mirrorInvoice(document, { from, to }, number, rules.bill);
        if (document.schema !== 'journal_entry/1') return undefined;
        const rate = await homeRate(connection.client(), to, document.currency, document.date);
        return mirrorEntry(document, { from, to }, { ...rules.entry, rate });
      };

      const mirror = async (msg: Message, run: Run): Promise<Outcome> => {
        const { from, to } = relation();
        const document = documentIn(msg);
        assertEntity(document.entity, from);
        if (!isBetween(document, to, rules.entry)) return { output: 0, text: 'not between the two' };
        const spec = {
          kind: 'intercompany.mirror',
          target,
          // an entry may be mirrored in the books of several
          key: `${prefix}.${externalKey(document)}__${to.key}`,
          contentHash: documentHash(document),
          name: node.name || 'intercompany mirror',
          nodeId: node.id,
        };
        msg.mirror = await splitInStep(run, spec, async () => {
          if (document.schema === 'invoice/1') await assertMirroredHereOnly(connection.client(), to);
          const number = await postedNumber(connection.client(), document, from, prefix);
          const made = await mirrorOf(document, number);
          return made ? partsOf({ part: `mirror ${to.key}`, document: made, entity: to, approval }) : NOTHING;
        });
        return { output: 0, text: `mirrored in ${to.key}` };
      };
      return {
        inPipeline: mirror,
        alone(msg) {
          const step = { step: 'intercompany.mirror', document: documentIn(msg) };
          return standalone(hostOf(RED), step, msg, mirror);
        },
      };
    },
  });

/** Odoo's rule is a setting of the company in which it makes the counterpart. @throws FinanceError ODOO_AUTOMATION */
async function assertMirroredHereOnly(client: OdooClient, { odooCompany }: LegalEntity): Promise<void> {
  await assertNoAutomation(client, await lookupsOf(client).company(odooCompany), ['intercompany']);
}

/** Bills come of what is sold to the other entity, entries of lines on its accounts. */
function isBetween(document: KeyedDocument, to: LegalEntity, { due }: EntryRules): boolean {
  if (isDerived(document.source)) return false;
  if (document.schema === 'invoice/1')
    return document.direction === 'customer' && isEntity(document.buyer, to);
  return (
    document.schema === 'journal_entry/1' &&
    document.lines.some((line) => due.has(line.account) && isBetweenLine(line, to))
  );
}

const NOTHING = { made: [], pairs: [] };

function partsOf(made: Made): { made: Made[]; pairs: PairOfParts[] } {
  const { document, part } = made;
  if (document.schema === 'invoice/1') {
    const { currency, totals } = document;
    return { made: [made], pairs: [{ from: null, to: part, amount: totals.gross, currency, isPart: false }] };
  }
  if (document.schema !== 'journal_entry/1') return NOTHING;
  const amount = mirroredAmount(document);
  return {
    made: [made],
    pairs: [{ from: null, to: part, amount, currency: document.currency, isPart: true }],
  };
}

/** @throws CONFIG_INVALID */
function rulesOf(config: IntercompanyMirrorConfig): { bill: BillRules; entry: EntryRules } {
  const elimination = optionalField(config.elimination);
  const due = rowsField(config.due, 'due').map((row): [string, DueAccounts] => [
    requiredField(row.account, 'due'),
    { dueTo: requiredField(row.dueTo, 'due'), counterpart: requiredField(row.counterpart, 'due') },
  ]);
  const taxes = [...textMapField(config.taxes, 'taxes')].map(([from, to]): [string, string[]] => [
    from,
    to === '' ? [] : [to],
  ]);
  return {
    bill: {
      journal: requiredField(config.billJournal ?? 'BILL', 'billJournal'),
      payableAccount: optionalField(config.payableAccount),
      accounts: textMapField(config.accounts, 'accounts'),
      taxes: new Map(taxes),
      elimination,
    },
    entry: {
      journal: requiredField(config.entryJournal ?? 'MISC', 'entryJournal'),
      due: new Map(due),
      elimination,
    },
  };
}
