import { FinanceError, toFinanceError } from '../../errors';
import { carrierOf } from '../kit/failure';
import { optionalField, requiredField } from '../kit/fields';
import { migrate } from '../kit/migrate';
import type { FlowNode, Message, NodeConfig, RedApi } from '../kit/red';
import { settingsOf } from '../kit/settings';
import { StatusLine } from '../kit/status-line';

interface AlertConfig extends NodeConfig {
  severity?: string;
  title?: string;
}

const SEVERITIES = ['critical', 'warning', 'info'] as const;
type Severity = (typeof SEVERITIES)[number];

/** What the runtime gives: it tells people by the routes of LEDGERWAY_ALERTS. */
interface Alerting {
  /** Durable when the promise resolves. */
  raise(alert: { name: string; severity: Severity; title: string; lines: string[] }): Promise<void>;
  resolve(name: string): Promise<void>;
}

/** A text of a message is told so far. */
const LONGEST = 500;

/** Raises an alert from a flow, or says that it is over. */
export = (RED: RedApi): void => {
  RED.nodes.registerType('ledgerway-alert', function (this: FlowNode, given: AlertConfig) {
    RED.nodes.createNode(this, given);
    const config = migrate(given);
    const line = new StatusLine(this);
    this.on('close', () => line.stop());
    this.on('input', (msg, send, done) => {
      tell(RED, config, msg).then(
        (what) => {
          line.ok(what);
          send(msg);
          done();
        },
        (caught: unknown) => {
          const error = toFinanceError(caught);
          line.fail(error.code);
          done(carrierOf(error));
        },
      );
    });
  });
};

/** @throws CONFIG_INVALID, CONFIG_HOST_MISSING, STORE_* where the alert could not be stored */
async function tell(RED: RedApi, config: AlertConfig, msg: Message): Promise<'raised' | 'resolved'> {
  const name = requiredField(config.name, 'name');
  const alerts = alertsOf(RED);
  if (msg.alert === 'resolved') {
    await alerts.resolve(name);
    return 'resolved';
  }
  const title = (optionalField(config.title) ?? optionalField(msg.topic) ?? name).slice(0, LONGEST);
  await alerts.raise({ name, severity: severityOf(config.severity), title, lines: linesOf(msg) });
  return 'raised';
}

function alertsOf(RED: RedApi): Alerting {
  const { alerts } = settingsOf(RED) as { alerts?: Alerting };
  if (alerts) return alerts;
  throw new FinanceError('CONFIG_HOST_MISSING', { message: 'The runtime tells no alerts.' });
}

function severityOf(given = 'warning'): Severity {
  const severity = SEVERITIES.find((each) => each === given);
  if (severity) return severity;
  throw new FinanceError('CONFIG_INVALID', {
    message: `The field severity is not ${SEVERITIES.join(', ')}.`,
  });
}

/** What the message tells in words: why it failed, which document it is, and its text. Other payloads stay inside. */
function linesOf({ error, ledgerway, payload }: Message): string[] {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const why = [code, message].filter((part) => typeof part === 'string').join(': ');
  const document = ledgerway && `${ledgerway.entity} · ${ledgerway.kind} · ${ledgerway.documentId}`;
  const text = typeof payload === 'string' ? payload : '';
  return [why, document, text].filter((part) => part).map((part) => String(part).slice(0, LONGEST));
}
