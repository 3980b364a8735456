import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseEvent } from '../../connectors/webhooks';
import {
  type Host,
  type IntakeRun,
  knowSecret,
  type Store,
  sha256,
  stableJson,
  traceparentOf,
  watchIntake,
} from '../../engine';
import { type FinanceError, toFinanceError } from '../../errors';
import { storeNameOf } from '../kit/config-nodes';
import { migrate } from '../kit/migrate';
import type { FlowNode, RedApi } from '../kit/red';
import { hostOf } from '../kit/settings';
import { StatusLine } from '../kit/status-line';
import { backfill } from './backfill';
import { BodyRefused, readBody } from './body';
import { readRules, type WebhookInConfig, type WebhookRules } from './config';
import { takePath } from './http-paths';
import { type Received, receivedOf, unreadable } from './intake';

/** After so many seconds a sender that was put off may come again. */
const RETRY_SECONDS = 5;

interface Credentials {
  [name: string]: string | undefined;
  /** Signing secrets, one a line: during a rotation the old one and the new one. */
  secrets?: string;
  backfillKey?: string;
}

/** Receives signed events over HTTP. An event is in the store before its sender hears 2xx. */
export = (RED: RedApi): void => {
  RED.nodes.registerType(
    'ledgerway-webhook-in',
    function (this: FlowNode<Credentials>, given: WebhookInConfig) {
      RED.nodes.createNode(this, given);
      const config = migrate(given);
      const line = new StatusLine(this);
      try {
        const webhook = new Webhook(RED, this, config, line);
        this.on('close', () => webhook.close());
      } catch (caught) {
        const error = toFinanceError(caught);
        line.fail(error.message);
        this.error(error.message);
      }
    },
    { credentials: { secrets: { type: 'password' }, backfillKey: { type: 'password' } } },
  );
};

class Webhook {
  private readonly host: Host;
  private readonly store: Store;
  private readonly rules: WebhookRules;
  private readonly secrets: string[];
  private readonly path: string;
  private readonly freePath: () => void;
  private readonly stopBackfill?: () => void;

  constructor(
    RED: RedApi,
    private readonly node: FlowNode<Credentials>,
    config: WebhookInConfig,
    private readonly line: StatusLine,
  ) {
    this.host = hostOf(RED);
    const storeName = storeNameOf(RED, config.store);
    this.store = this.host.store(storeName);
    this.rules = readRules(config);
    this.secrets = (node.credentials?.secrets ?? '')
      .split('\n')
      .map((secret) => secret.trim())
      .filter((secret) => secret !== '');
    for (const secret of [...this.secrets, node.credentials?.backfillKey]) knowSecret(secret);
    this.path = config.path ?? '';
    this.freePath = takePath(RED, this.path, (req, res) => void this.answer(req, res));
    this.line.ok('listening');
    if (this.rules.backfill) this.stopBackfill = this.scheduleBackfill(storeName, this.rules.backfill);
  }

  close(): void {
    this.freePath();
    this.stopBackfill?.();
    this.line.stop();
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const run = { path: this.path, traceparent: traceparentOf(req.headers.traceparent) };
      await watchIntake(run, (watched) => this.handle(req, res, watched));
    } catch (caught) {
      this.refuse(res, caught);
    }
  }

  private async handle(req: IncomingMessage, res: ServerResponse, run: IntakeRun): Promise<void> {
    if (req.method !== 'POST') {
      res.setHeader('allow', 'POST');
      return say(res, 405, { error: 'only POST' });
    }
    if (this.host.paused) return putOff(res, RETRY_SECONDS);
    const rawBody = await readBody(req, this.rules.bodyLimit);
    const { scheme, toleranceSeconds } = this.rules;
    let signedId: string | undefined;
    try {
      ({ eventId: signedId } = scheme.verify({
        rawBody,
        headers: req.headers,
        secrets: this.secrets,
        now: new Date(),
        toleranceSeconds,
      }));
    } catch (caught) {
      return this.refuseSignature(res, toFinanceError(caught));
    }
    const mediaType = req.headers['content-type'] ?? 'application/octet-stream';
    const received = this.read(rawBody, mediaType, signedId);
    const { documentId, status } = await this.store.receive({ ...received, correlationId: run.traceparent });
    say(res, 200, status === 'duplicate' ? { received: true, duplicate: true } : { received: true });
    this.tell(received, documentId, status);
  }

  private read(rawBody: Buffer, mediaType: string, signedId: string | undefined): Received {
    try {
      return receivedOf(parseEvent(this.rules.read, rawBody, signedId), rawBody, this.rules, 'webhook');
    } catch (caught) {
      return unreadable(toFinanceError(caught), rawBody, mediaType, this.rules);
    }
  }

  /** For information only: nothing hangs on this message. */
  private tell({ entity, kind, source }: Received, documentId: string, status: string): void {
    this.line.ok(status);
    this.node.send({ topic: kind, payload: { documentId, status, entity, kind, source } });
  }

  private refuseSignature(res: ServerResponse, error: FinanceError): void {
    this.line.fail(error.code);
    this.host.log.warn({ node: this.node.id, code: error.code }, `a webhook was refused: ${error.message}`);
    // a secret that is missing here is not the sender's fault: it shall come again
    if (error.code === 'CONFIG_SECRET_MISSING') putOff(res, RETRY_SECONDS);
    else say(res, 401, { error: error.code });
  }

  private refuse(res: ServerResponse, caught: unknown): void {
    if (res.headersSent) return;
    const error = caught instanceof BodyRefused ? caught.error : toFinanceError(caught);
    const status = caught instanceof BodyRefused ? caught.status : statusOf(error);
    this.line.fail(error.code);
    const facts = { node: this.node.id, code: error.code, status };
    if (status === 500)
      this.host.log.error({ ...facts, err: error }, `an event was not received: ${error.message}`);
    else this.host.log.warn(facts, `an event was not received: ${error.message}`);
    if (status === 503) {
      putOff(res, Math.ceil((error.retryAfterMs ?? RETRY_SECONDS * 1000) / 1000));
      return;
    }
    // what is left of the body is not read
    res.setHeader('connection', 'close');
    say(res, status, { error: error.code });
  }

  /** Another source is another schedule: what was just changed is fetched at once. */
  private scheduleBackfill(
    storeName: string,
    { url, minutes }: NonNullable<WebhookRules['backfill']>,
  ): () => void {
    const { system, routes } = this.rules;
    const source = sha256(stableJson([url, routes.map(({ account }) => account ?? '')])).slice(0, 8);
    return this.host.every(storeName, {
      name: `backfill/${system}/${this.node.id}/${source}`,
      everyMs: minutes * 60_000,
      work: (signal) => this.backfill(url, signal),
    });
  }

  private async backfill(url: string, signal: AbortSignal): Promise<void> {
    const { host, store, rules, node } = this;
    try {
      const apiKey = node.credentials?.backfillKey ?? '';
      const received = await backfill({ host, store, rules, url, apiKey, signal });
      if (received > 0) host.log.info({ node: node.id, received }, 'backfill received what webhooks missed');
    } catch (caught) {
      const error = toFinanceError(caught);
      if (signal.aborted) return;
      this.line.fail(error.code);
      host.log.warn({ node: node.id, err: error }, 'the backfill stopped; it goes on from its cursor');
    }
  }
}

/** The store is full, or gone for a while: the sender shall come again. */
const statusOf = ({ code }: FinanceError): number => (code.startsWith('STORE_') ? 503 : 500);

function putOff(res: ServerResponse, seconds: number): void {
  res.setHeader('retry-after', String(seconds));
  say(res, 503, { error: 'try again later' });
}

function say(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}
