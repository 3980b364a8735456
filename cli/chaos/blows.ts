import { readFileSync } from 'node:fs';
import { FinanceError } from '../../errors';
import { layoutOf } from '../../runtime';
import { postJson } from '../http';
import type { RuntimeProcess } from '../runtime-process';
import type { Strike } from './plan';
import { notOurs, type World } from './world';

/** A full deploy drains first, and Odoo may be slow just then. */
const DEPLOY_MS = 60_000;
/** Calls of Odoo that write; an answer of each may be lost. */
const WRITES = ['load', 'action_post', 'create', 'write'];

/** Has one fault that leaves the process alive. @throws where it could not be had, e.g. since the process ended */
export async function strike({ fault, luck }: Strike, runtime: RuntimeProcess, world: World): Promise<void> {
  switch (fault) {
    case 'odoo-after-commit': {
      const method = WRITES[Math.floor(luck * WRITES.length)];
      return await armOdoo(world, { match: { method }, mode: 'drop-after-commit', times: 1 });
    }
    case 'odoo-slow':
      return await armOdoo(world, { match: {}, mode: 'delay', delayMs: 500 + luck * 1500, times: 10 });
    case 'redis-flush':
      return await world.redis!.flush();
    case 'pg-restart':
      if (!world.postgres) throw notOurs('pg-restart');
      await world.postgres.down('SIGQUIT');
      return await world.postgres.up();
    case 'deploy':
      return await deploy(runtime);
    default:
      throw new FinanceError('RUN_UNEXPECTED', { message: `${fault} ends a process.` });
  }
}

async function armOdoo(world: World, fault: object): Promise<void> {
  await postJson(`${world.sandbox.odoo}/_sandbox/faults`, fault);
}

/** A full deploy of the same flows, as the editor does it. */
async function deploy(runtime: RuntimeProcess): Promise<void> {
  await runtime.ready();
  const login = (await postJson(`${runtime.url}/auth/token`, {
    client_id: 'node-red-editor',
    grant_type: 'password',
    scope: '*',
    username: 'admin',
    password: runtime.adminPassword,
  })) as { access_token: string };
  const flows = JSON.parse(readFileSync(layoutOf(runtime.data).flows, 'utf8')) as unknown;
  const answer = await fetch(`${runtime.url}/flows`, {
    method: 'POST',
    signal: AbortSignal.timeout(DEPLOY_MS),
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${login.access_token}`,
      'node-red-api-version': 'v2',
      'node-red-deployment-type': 'full',
    },
    body: JSON.stringify({ flows }),
  });
  if (!answer.ok)
    throw new FinanceError('RUN_UNEXPECTED', { message: `The deploy was answered ${answer.status}.` });
}
