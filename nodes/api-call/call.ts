import type { RunContext } from '../../engine';
import { FinanceError } from '../../errors';
import { Budget, type Expression, type Scope } from '../../finance/expression';
import { scopeFor } from '../../finance/mapping-functions';
import type { Message } from '../kit/red';
import type { Revision } from '../kit/revision';
import type { HashedRequest } from '../kit/run-step';
import type { CallRules } from './settings';

/** The whole question, so that it is asked again as it stands. */
export type CallRequest = HashedRequest & {
  method: CallRules['method'];
  path: string;
  body?: HashedRequest[string];
  key: string;
  probe?: string;
  /** What is written, and which state of it. */
  newest?: { object: string; revision: Revision };
};

/** What expressions see: the message with its run, and the functions of mappings. Their "now" is the document's. */
export class Evaluation {
  private readonly input: object;
  private readonly scope: Scope;
  private readonly budget: Budget;

  constructor(
    msg: Message,
    private readonly context: RunContext,
    timeZone: string,
  ) {
    const { documentId, entity, receivedAt, kind } = context;
    this.input = { ...msg, ledgerway: { documentId, entity, receivedAt, kind } };
    const instant = new Date(receivedAt).toISOString();
    this.scope = scopeFor({ documentId, receivedAt: instant, entity, timeZone }, new Map());
    this.budget = new Budget(receivedAt);
  }

  /** @throws MAP_EXPRESSION where it gives no text */
  async text(expression: Expression, field: string): Promise<string> {
    const value = await expression(this.input, this.scope, this.budget);
    if (typeof value === 'number' && Number.isFinite(value)) return String(value);
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
    throw new FinanceError('MAP_EXPRESSION', {
      message: `The expression at ${field} gives no text.`,
      details: { pointer: field },
    });
  }

  async request(
    { method, path, body, probe, object, revision }: CallRules,
    key: string,
    contentHash: string,
  ) {
    const request: CallRequest = { contentHash, method, path: await this.text(path, 'path'), key };
    if (body) request.body = await this.json(body);
    if (probe) request.probe = await this.text(probe, 'probe');
    if (object)
      request.newest = {
        object: await this.text(object, 'object'),
        revision: {
          ...(revision && { revision: await this.text(revision, 'revision') }),
          at: this.context.receivedAt,
        },
      };
    return request;
  }

  /** @throws MAP_EXPRESSION where it gives nothing */
  private async json(expression: Expression): Promise<HashedRequest[string]> {
    const value = await expression(this.input, this.scope, this.budget);
    if (value !== undefined && typeof value !== 'function')
      return JSON.parse(JSON.stringify(value)) as HashedRequest[string];
    throw new FinanceError('MAP_EXPRESSION', {
      message: 'The expression at body gives nothing.',
      details: { pointer: 'body' },
    });
  }
}
