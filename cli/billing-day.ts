import { getJson, postJson } from './http';
import type { SandboxAddresses } from './sandbox';

/** How far the sandbox billing system is with a day. */
export interface RunProgress {
  id: string;
  total: number;
  waiting: number;
  delivered: number;
  refused: number;
  done: boolean;
}

export interface DayRequest {
  runId: string;
  seed: string;
  documents?: number;
}

/** Path of the template's webhook in node. */
const HOOK = '/hooks/stripe';

/** Has the sandbox billing system send a day of signed events; a run that is known only gets the new address. */
export async function sendDay(
  sandbox: SandboxAddresses,
  runtimeUrl: string,
  day: DayRequest,
): Promise<RunProgress> {
  const targets = [{ url: `${runtimeUrl}${HOOK}`, secret: sandbox.secrets.webhookSecret }];
  return (await postJson(`${sandbox.billing}/_sandbox/send`, { ...day, targets })) as RunProgress;
}

export async function dayProgress(sandbox: SandboxAddresses, runId: string): Promise<RunProgress> {
  return (await getJson(`${sandbox.billing}/_sandbox/run?id=${encodeURIComponent(runId)}`)) as RunProgress;
}
