import { domainOf, type OdooRecord, type ReadQuery, readPages } from '../../connectors/odoo';
import { Targets } from '../../engine';
import { FinanceError, isFinanceError } from '../../errors';
import { configNode } from '../kit/config-nodes';
import { numberField, optionalField, requiredField, textsField } from '../kit/fields';
import type { Message, NodeConfig, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { defineStep, type Outcome } from '../kit/step-node';
import { Downstream } from './downstream';

interface OdooReadConfig extends NodeConfig {
  entity?: string;
  connection?: string;
  model?: string;
  /** JSON, or JSONata on the message. */
  domain?: string;
  /** JSON: names of fields. */
  fields?: unknown;
  mode?: 'all' | 'pages';
  /** Records at most; empty means all. */
  limit?: number | string;
  pageSize?: number | string;
  archived?: boolean;
  /** Property of the message that gets the records. */
  property?: string;
}

/** In one message, where no limit is set. */
const MOST = 10_000;
/** A message of an ordinary flow may take ten minutes; this is short enough to say so where the reading stands. */
const LONGEST_MS = 590_000;
const TAKEN = new Set(['ledgerway', '_msgid', 'parts', 'complete', 'error']);

/** Reads records of Odoo: all in one message, or page by page as the flow behind has room for them. */
export = (RED: RedApi): void =>
  defineStep<OdooReadConfig>(RED, 'ledgerway-odoo-read', {
    outputs: 2,
    failure: 1,
    make(config, node) {
      const entityNode = configNode(RED, 'ledgerway-legal-entity', config.entity);
      const connection = configNode(RED, 'ledgerway-odoo-connection', config.connection);
      const read = readQuery(config);
      const property = propertyOf(config);
      let open = true;
      node.on('close', () => {
        open = false;
      });
      entityNode.entity();
      connection.client();

      const queryFor = async (msg: Message): Promise<ReadQuery> => ({
        ...(await read(msg)),
        company: entityNode.entity().odooCompany,
      });

      const all = async (msg: Message): Promise<Outcome> => {
        const records: OdooRecord[] = [];
        const query = await queryFor(msg);
        const { limit = MOST + 1 } = query;
        for await (const page of readPages(connection.client(), { ...query, limit })) records.push(...page);
        if (query.limit === undefined && records.length > MOST) throw tooMany();
        msg[property] = records;
        return { output: 0, text: `${records.length} read` };
      };

      const pages = async (msg: Message): Promise<Outcome> => {
        const query = await queryFor(msg);
        const stream = new PageStream(RED, msg, property);
        const until = performance.now() + LONGEST_MS;
        try {
          for await (const page of readPages(connection.client(), query)) {
            await stream.take(page, (part) => node.send([part, null]));
            if (!open || performance.now() > until) throw stopped(open);
          }
        } catch (error) {
          throw isFinanceError(error) ? stream.placed(error) : error;
        } finally {
          stream.close();
        }
        return { output: 0, text: `${stream.last()} read` };
      };

      return {
        async inPipeline(msg, { store }) {
          if (config.mode === 'pages') throw notInPipeline();
          const target = Targets.ofStore(store)?.of(connection.target);
          return target ? await target.prepare(() => all(msg)) : await all(msg);
        },
        alone(msg) {
          hostOf(RED);
          return config.mode === 'pages' ? pages(msg) : all(msg);
        },
      };
    },
  });

/** @throws CONFIG_INVALID, MAP_EXPRESSION */
function readQuery(config: OdooReadConfig): (msg: Message) => Promise<ReadQuery> {
  const model = requiredField(config.model, 'model');
  const fields = textsField(config.fields, 'fields');
  if (fields.length === 0)
    throw new FinanceError('CONFIG_INVALID', { message: 'The field fields names no field of Odoo.' });
  const domain = domainOf(config.domain ?? '');
  const limit = numberField(config.limit, 'limit', 0);
  const fixed = {
    model,
    fields,
    pageSize: numberField(config.pageSize, 'pageSize', 500, 1),
    archived: config.archived === true,
    ...(limit > 0 && { limit }),
  };
  return async (msg) => {
    const { after } = msg;
    return { ...fixed, domain: await domain(msg), ...(Number.isInteger(after) && { after: Number(after) }) };
  };
}

/** @throws CONFIG_INVALID */
function propertyOf({ property }: OdooReadConfig): string {
  const name = optionalField(property) ?? 'records';
  if (/^[A-Za-z]\w*$/.test(name) && !TAKEN.has(name)) return name;
  throw new FinanceError('CONFIG_INVALID', {
    message: 'The field property is not the name of a free property of the message.',
  });
}

/** Sends page after page as messages of one sequence; one page is held back, so that the last one says so. */
class PageStream {
  private readonly downstream: Downstream;
  private readonly id: string;
  private held?: OdooRecord[];
  private index = 0;
  private count = 0;
  /** Id of the last record that was sent. */
  private after?: number;

  constructor(
    private readonly RED: RedApi,
    private readonly msg: Message,
    private readonly property: string,
  ) {
    this.downstream = new Downstream(RED);
    this.id = RED.util.generateId();
  }

  /** Sends the page before this one, and waits until the flow behind is done with it. */
  async take(page: OdooRecord[], send: (msg: Message) => void): Promise<void> {
    const before = this.held;
    this.held = page;
    if (!before) return;
    const part = { ...this.msg, _msgid: this.RED.util.generateId() };
    this.put(part, before);
    await this.downstream.passed(part, send);
  }

  /** Makes the message itself the last one of the sequence. @returns how many records there were */
  last(): number {
    this.put(this.msg, this.held ?? []);
    Object.assign(this.msg.parts as object, { count: this.index });
    this.msg.complete = true;
    return this.count;
  }

  /** Where to go on: with `msg.after`. */
  placed(error: FinanceError): FinanceError {
    const { after, count } = this;
    return FinanceError.fromJSON({ ...error.toJSON(), details: { ...error.details, after, records: count } });
  }

  close(): void {
    this.downstream.close();
  }

  private put(msg: Message, page: OdooRecord[]): void {
    msg[this.property] = page;
    msg.parts = { id: this.id, type: 'array', index: this.index++, len: page.length };
    this.count += page.length;
    this.after = page.length > 0 ? Number(page.at(-1)?.id) : this.after;
  }
}

const tooMany = (): FinanceError =>
  new FinanceError('ODOO_TOO_LARGE', {
    message: `More than ${MOST} records fit, too many for one message.`,
    hint: 'Set a limit, narrow the domain, or read a message a page.',
  });

const notInPipeline = (): FinanceError =>
  new FinanceError('CONFIG_INVALID', {
    message: 'A document of a pipeline is one message: its pages would be clones.',
    hint: 'Read all in one message, or read the pages in an ordinary flow.',
  });

const stopped = (open: boolean): FinanceError =>
  new FinanceError('RUN_DEADLINE', {
    message: open
      ? 'The pages took longer than ten minutes.'
      : 'The flow was deployed while its pages were read.',
    hint: 'Send the message again with msg.after as the details say.',
  });
