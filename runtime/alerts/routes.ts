import { exchange } from '../../connectors/http';
import { schemeOf } from '../../connectors/webhooks';
import { FinanceError } from '../../errors';
import type { Route } from './config';
import type { Message, Outgoing } from './state';

const TIMEOUT_MS = 10_000;

/**
 * Sends a message over a route; the same message has the same id, however often it is sent.
 * @throws TARGET_UNAVAILABLE, TARGET_TIMEOUT
 */
export async function sendOver(route: Route, { id, message }: Outgoing): Promise<void> {
  if (route.type === 'email') return await mail(route, id, message);
  const body = JSON.stringify(route.type === 'slack' ? { text: slackText(message) } : webhookOf(message));
  const headers = route.type === 'webhook' ? signed(route.secret, id, body) : {};
  const { status } = await exchange(
    {
      method: 'POST',
      url: route.url,
      headers: { 'content-type': 'application/json', ...headers },
      body,
      timeoutMs: TIMEOUT_MS,
    },
    { unreachable: 'TARGET_UNAVAILABLE', unknown: 'TARGET_TIMEOUT' },
  );
  if (status < 200 || status > 299)
    throw new FinanceError('TARGET_UNAVAILABLE', { message: `The receiver of alerts answered ${status}.` });
}

/** Standard Webhooks 1.0: type, time and data, signed over id, time and body. */
function webhookOf(message: Message): object {
  const { status, at, since, ...data } = message;
  return {
    type: `alert.${status}`,
    timestamp: new Date(at).toISOString(),
    data: { ...data, since: new Date(since).toISOString() },
  };
}

function signed(secret: string, id: string, body: string): Record<string, string> {
  return schemeOf('standard-webhooks').sign({
    rawBody: Buffer.from(body),
    secret,
    id,
    timestamp: new Date(),
  });
}

async function loadMailer(): Promise<typeof import('nodemailer')> {
  try {
    return await import('nodemailer');
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', {
      message: 'Alerts by e-mail need the package "nodemailer": npm install nodemailer.',
      cause,
    });
  }
}

async function mail(
  { smtp, from, to }: Extract<Route, { type: 'email' }>,
  id: string,
  message: Message,
): Promise<void> {
  const { createTransport } = await loadMailer();
  const transport = createTransport({ url: smtp, connectionTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS });
  try {
    await transport.sendMail({
      from,
      to,
      subject: `[${headline(message)}] ${message.title}`,
      text: [message.title, '', ...details(message)].join('\n'),
      headers: { 'X-Ledgerway-Alert': id },
    });
  } catch (cause) {
    throw new FinanceError('TARGET_UNAVAILABLE', {
      message: 'The mail server did not take an alert.',
      cause,
    });
  } finally {
    transport.close();
  }
}

/** Slack's own three characters; what looks like a link or a mention in a document is neither. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function slackText(message: Message): string {
  return escaped([`*${headline(message)}* ${message.title}`, ...details(message)].join('\n'));
}

const headline = ({ severity, status, rule }: Message): string =>
  `${status === 'resolved' ? 'resolved' : severity}${status === 'escalated' ? ', escalated' : ''}: ${rule}`;

function details({ lines, amounts, count }: Message): string[] {
  const sums = Object.entries(amounts).map(([currency, amount]) => `${amount} ${currency}`);
  const more = count > lines.length && lines.length > 0 ? [`and ${count - lines.length} more`] : [];
  return [...(sums.length > 0 ? [`At risk: ${sums.join(', ')}`] : []), ...lines, ...more];
}
