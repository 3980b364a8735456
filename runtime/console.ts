import { join } from 'node:path';
import type { Application, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { applyFix, type MappingFolder } from '../connectors/files';
import { consoleApi, consolePages, type RuntimeFacts } from '../console/api';
import type { ApiUser } from '../console/api/permissions';
import type { MappingDesk } from '../console/api/services';
import { latestOf } from '../console/correction';
import { type Host, JobRunner, type Store } from '../engine';
import type { Day } from '../finance';
import { keepLimits } from './approval';
import type { RuntimeConfig } from './config';
import { degradations } from './degradation';
import { deployedEntity } from './entities';
import { feedStates } from './feeds';
import { checkCursor, type KeptCheck } from './odoo-checks';
import { OdooLinks } from './odoo-links';

export interface ConsoleParts {
  config: RuntimeConfig;
  host: Host;
  mappings: MappingFolder;
  /** Node-RED's check of a token. */
  needsPermission(name: string): RequestHandler;
  log: Logger;
}

const PAGES = join(__dirname, '..', 'console', 'public');

/**
 * Serves `/console` and its API, and runs the jobs that people begin there. It reads through connections of its own,
 * so that a heavy list never holds a writer up.
 * @returns ends it
 * @throws CONFIG_INVALID for LEDGERWAY_APPROVAL_ABOVE
 */
export async function openConsole(app: Application, parts: ConsoleParts): Promise<() => Promise<void>> {
  const { config, host, mappings, log } = parts;
  const store = host.store();
  const limits = await keepLimits(store);
  const reader = host.reader();
  const desk = mappingDesk(config.dataDir, mappings);
  app.use(
    '/console/api/v1',
    consoleApi({
      store,
      reader,
      services: { store, limits, mappings: desk, links: new OdooLinks(config.dataDir, reader) },
      facts: factsOf(host, reader, log),
      authenticate: authenticator(parts.needsPermission),
      log,
    }),
  );
  app.use('/console', consolePages(PAGES));
  const jobs = new JobRunner(store, {
    worker: host.worker,
    limits,
    latestOf: (row) => latestOf(desk, row),
    writeFix: async ({ entity, fix, author, approvedBy }) => {
      applyFix(mappings, fix, { author, approvedBy }, desk.today(entity));
    },
    report: (err) => log.error({ err }, 'a job does not go on'),
  }).start();
  return () => jobs.close();
}

function mappingDesk(dataDir: string, mappings: MappingFolder): MappingDesk {
  const timeZone = (entity: string) => deployedEntity(dataDir, entity).timeZone;
  return {
    list: () => mappings.list(),
    timeZone,
    today: (entity) =>
      new Intl.DateTimeFormat('en-CA', { timeZone: timeZone(entity) }).format(new Date()) as Day,
  };
}

function factsOf(host: Host, reader: Store, log: Logger): RuntimeFacts {
  return {
    targets: () => host.targets.list(),
    async keys() {
      const prefix = checkCursor('');
      const checks = (await reader.feeds()).filter(({ name }) => name.startsWith(prefix));
      return checks.flatMap(({ value }) => {
        const { name, keys } = JSON.parse(value) as KeptCheck;
        return keys.map((key) => ({
          connection: `${name}: ${key.name}`,
          expiresAt: key.expires === undefined ? null : Date.parse(`${key.expires}T00:00:00Z`),
        }));
      });
    },
    async feeds() {
      return feedStates(await reader.feeds(), host.schedules());
    },
    async delayed() {
      const found = await degradations(host, log);
      return found.map(({ name, what, state, waiting, since, oldestAt }) => ({
        name,
        what,
        state,
        documents: waiting,
        since: since ?? oldestAt ?? null,
      }));
    },
  };
}

/** Who a token belongs to, as Node-RED knows it: its own check, which answers for itself, is only asked. */
function authenticator(needsPermission: (name: string) => RequestHandler) {
  const check = needsPermission('');
  return (request: Request): Promise<ApiUser | undefined> =>
    new Promise((resolve, reject) => {
      const refused = { statusCode: 200, setHeader() {}, end: () => resolve(undefined) };
      check(request, refused as unknown as Response, (error?: unknown) => {
        const { user } = request as Request & { user?: { console?: ApiUser } };
        if (error) reject(error);
        else resolve(user?.console);
      });
    });
}
