import { leaseOf, type RunContext, type Store } from '../../engine';
import { FinanceError, toFinanceError } from '../../errors';
import { carrierOf, messageError } from './failure';
import { migrate } from './migrate';
import type { Done, FlowNode, Message, NodeConfig, RedApi, Send } from './red';
import { isInStore } from './run-step';
import { hostOf } from './settings';
import { StatusLine } from './status-line';

/** The run that a message belongs to. */
export interface Run {
  store: Store;
  /** `msg.ledgerway` itself: steps move its hop counter on. */
  context: RunContext;
}

/** Where the message goes; `waiting`: nowhere, the document comes back by itself. */
export type Outcome = 'waiting' | { output: number; text?: string };

export interface StepHandlers {
  /** Works on a document of a pipeline. */
  inPipeline(msg: Message, run: Run): Promise<Outcome>;
  /** Works on a message of an ordinary flow; without it such a message is refused. */
  alone?(msg: Message): Promise<Outcome>;
}

export interface StepDefinition<Config> {
  outputs: number;
  /** Index of the output that takes what failed; where it is not wired, Catch nodes do. */
  failure?: number;
  /** Reads the configuration. @throws FinanceError, shown on the node, and given to each message */
  make(config: Config & { version: number }, node: FlowNode): StepHandlers;
}

/** How long a message of an ordinary flow may take, in milliseconds. */
const ALONE_MS = 600_000;

/**
 * Registers a node that works on documents. It is the one wrapper of all input handlers: nothing rejects (that would
 * end the process), `done` is called exactly once, a handler has a deadline, and an error is in the store before
 * anything is emitted.
 */
export function defineStep<Config extends NodeConfig>(
  RED: RedApi,
  type: string,
  definition: StepDefinition<Config>,
  options?: { credentials: Record<string, { type: 'text' | 'password' }> },
): void {
  const maker = function (this: FlowNode, given: Config): void {
    RED.nodes.createNode(this, given);
    const config = migrate(given);
    const step = new StepNode(RED, this, definition, () => definition.make(config, this));
    this.on('input', (msg, send, done) => void step.take(msg, send, done));
    this.on('close', () => step.close());
  };
  RED.nodes.registerType(type, maker, options);
}

class StepNode<Config> {
  private readonly line: StatusLine;
  private readonly handlers: StepHandlers;
  private inFlight = 0;

  constructor(
    private readonly RED: RedApi,
    private readonly node: FlowNode,
    private readonly definition: StepDefinition<Config>,
    make: () => StepHandlers,
  ) {
    this.line = new StatusLine(node);
    this.handlers = this.made(make);
  }

  private made(make: () => StepHandlers): StepHandlers {
    try {
      hostOf(this.RED);
      return make();
    } catch (caught) {
      const error = toFinanceError(caught);
      this.line.fail(error.message);
      this.node.warn(error.message);
      const refuse = () => Promise.reject(error);
      return { inPipeline: refuse, alone: refuse };
    }
  }

  close(): void {
    this.line.stop();
  }

  async take(msg: Message, send: Send, done: Done): Promise<void> {
    this.inFlight++;
    this.line.busy(`${this.inFlight} in flight`);
    const finish = await this.work(msg, send, done);
    this.inFlight--;
    try {
      finish();
    } catch (error) {
      this.node.error(toFinanceError(error).message);
    }
  }

  /** @returns what is left to do: emit, and say that the message is done */
  private async work(msg: Message, send: Send, done: Done): Promise<() => void> {
    let run: Run | undefined;
    try {
      run = this.runOf(msg);
      const deadline = run?.store.settings.deadlineMs ?? ALONE_MS;
      const outcome = await withDeadline(this.handle(msg, run), deadline);
      this.showProgress(outcome);
      return () => {
        if (outcome !== 'waiting') send(this.at(outcome.output, msg));
        done();
      };
    } catch (caught) {
      return await this.fail(toFinanceError(caught), msg, run, send, done);
    }
  }

  private handle(msg: Message, run: Run | undefined): Promise<Outcome> {
    if (run) return this.handlers.inPipeline(msg, run);
    if (this.handlers.alone) return this.handlers.alone(msg);
    throw new FinanceError('RUN_NO_DOCUMENT');
  }

  /** @throws RUN_NO_DOCUMENT where `msg.ledgerway` is something else, CONFIG_HOST_MISSING, CONFIG_INVALID */
  private runOf({ ledgerway }: Message): Run | undefined {
    if (ledgerway === undefined) return undefined;
    const { documentId, fence, hop, store } = ledgerway ?? {};
    const whole = typeof documentId === 'string' && Number.isInteger(fence) && Number.isInteger(hop);
    if (!whole)
      throw new FinanceError('RUN_NO_DOCUMENT', { message: 'msg.ledgerway is not what pipeline in made.' });
    return { store: hostOf(this.RED).store(store), context: ledgerway };
  }

  private async fail(
    error: FinanceError,
    msg: Message,
    run: Run | undefined,
    send: Send,
    done: Done,
  ): Promise<() => void> {
    const name = this.node.name || this.node.type;
    try {
      if (error.code === 'STORE_FENCE_STALE') throw error;
      if (run && !isInStore(error)) {
        const { store, context } = run;
        await store.failRun({ ...leaseOf(context), error: { ...error.toJSON(), step: error.step ?? name } });
        context.notes = undefined;
      }
    } catch (caught) {
      return () => this.drop(toFinanceError(caught), done);
    }
    this.line.fail(error.code);
    const { failure } = this.definition;
    if (failure === undefined || !this.node.wires?.[failure]?.length) return () => done(carrierOf(error));
    msg.error = messageError(error, name, run?.context.documentId);
    return () => {
      send(this.at(failure, msg));
      done();
    };
  }

  /** Another worker has the document, or the store is down: the lease decides what becomes of it, not this message. */
  private drop(error: FinanceError, done: Done): void {
    if (error.code === 'STORE_FENCE_STALE') this.node.debug(error.message);
    else {
      this.line.fail(error.code);
      this.node.error(error.message);
    }
    done();
  }

  private showProgress(outcome: Outcome): void {
    const others = this.inFlight - 1;
    if (others > 0) this.line.busy(`${others} in flight`);
    else this.line.ok(outcome === 'waiting' ? 'waiting' : (outcome.text ?? 'ok'));
  }

  private at(output: number, msg: Message): (Message | null)[] {
    return Array.from({ length: this.definition.outputs }, (_, index) => (index === output ? msg : null));
  }
}

/** @throws RUN_DEADLINE; what comes later is ignored, and the fence keeps it from writing */
async function withDeadline<Result>(work: Promise<Result>, milliseconds: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new FinanceError('RUN_DEADLINE')), milliseconds);
    timer.unref();
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
