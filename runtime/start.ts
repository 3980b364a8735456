import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import type { Logger } from 'pino';
import { openMappingFolder } from '../connectors/files';
import { Host, knowSecret, type Store, tokenHashOf } from '../engine';
import { FinanceError } from '../errors';
import settings from '../settings';
import { alertRoutes } from './alerts/admin';
import { alertConfig } from './alerts/config';
import { adminAuth, Users } from './auth';
import { clusterOf } from './cluster';
import { credentialSecret, layoutOf, type RuntimeConfig, storeOf } from './config';
import { openConsole } from './console';
import { type FlowsApi, guardDeploys } from './deploy';
import { healthRoutes } from './health';
import { nodeRedLogging, openLog } from './log';
import { loginLimit } from './login-limit';
import { missingTypes, type NodeSet } from './missing-types';
import { observe } from './observability';
import { checkModeOf, OdooChecks } from './odoo-checks';
import { startUpkeep, upkeepOf } from './upkeep';

/** What of Node-RED's embedding API is used; its published types leave out half of it. */
interface NodeRed {
  init(server: Server, settings: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  httpAdmin: express.Application;
  httpNode: express.Application;
  auth: { needsPermission(name: string): express.RequestHandler };
  events: NodeJS.EventEmitter;
  runtime: { flows: FlowsApi; nodes: { getNodeList(options: object): Promise<NodeSet[]> } };
}

/** A started runtime. */
export interface Runtime {
  /** `http://host:port` of the editor and of the webhooks. */
  url: string;
  host: Host;
  store: Store;
  log: Logger;
  /** When the store will never answer again: the process is of no more use, and another one goes on. */
  lost: Promise<FinanceError>;
  /** Drains, then ends everything. @returns whether all in flight was settled in time */
  stop(): Promise<boolean>;
}

/** Root of the package: dist/runtime lies two levels below it. */
const PACKAGE_ROOT = join(__dirname, '..', '..');

/**
 * Starts Node-RED with the finance nodes on a data folder.
 * @throws STORE_OWNED and its like for the store, CONFIG_NODE_MISSING naming the node types that are not there
 */
export async function startRuntime(config: RuntimeConfig): Promise<Runtime> {
  knowSecret(config.login.password);
  knowSecret(credentialSecret(config.dataDir));
  const log = openLog(config.logLevel);
  const upkeep = upkeepOf(config.dataDir);
  const alerting = alertConfig();
  const checkMode = checkModeOf();
  const users = new Users(config.login, process.env.LEDGERWAY_USERS || undefined, (err) =>
    log.error({ err }, 'LEDGERWAY_USERS is not valid any more: none of its users may log in'),
  );
  const layout = layoutOf(config.dataDir);
  for (const folder of [config.dataDir, layout.nodeRed, layout.mappings])
    mkdirSync(folder, { recursive: true });
  const opened = await storeOf(config);
  const cluster = await clusterOf(config, log).catch(async (error: unknown) => {
    await opened.close();
    throw error;
  });
  // A look through connections of its own holds no writer up.
  const readers = { default: await storeOf(config, true) };
  const lost = new Promise<FinanceError>((resolve) => opened.onLost(resolve));
  const host = new Host({ default: opened }, { log, cluster, readers });
  const store = host.store();
  const strict = checkMode === 'strict';
  const checks = checkMode === 'off' ? undefined : new OdooChecks(host, config.dataDir, log, { strict });
  if (strict) await checks?.run();
  const observing = observe(host, log, alerting);
  const mappings = openMappingFolder(layout.mappings);
  const app = express();
  const server = createServer(app);
  const red = (await import(config.nodeRed)).default as NodeRed;
  const auth = adminAuth(users, (token) => host.reader().findConsumer({ tokenHash: tokenHashOf(token) }));
  red.init(server, nodeRedSettings(config, auth, { host, mappings, log, alerts: observing.alerts }));
  app.disable('x-powered-by');
  app.use(healthRoutes(host));
  app.use(loginLimit());
  app.use(observing.router);
  const { needsPermission } = red.auth;
  const endConsole = await openConsole(app, { config, host, mappings, needsPermission, log });
  // The flows' routes first: the admin side parses every body, and a signature is made over the raw bytes.
  app.use(red.httpNode);
  app.use(red.httpAdmin);
  const started = new Promise<void>((resolve) => red.events.once('flows:started', () => resolve()));
  red.events.on('flows:started', () => void host.flowsStarted());
  await red.start();
  red.httpAdmin.use(alertRoutes(observing.alerts, needsPermission('')));
  guardDeploys(red.runtime.flows, host, config.drainMs);
  const missing = await missingTypes(layout.flows, red.runtime.nodes);
  if (missing.length > 0) {
    await red.stop();
    await endConsole();
    await host.close();
    throw new FinanceError('CONFIG_NODE_MISSING', {
      message: `These node types are not installed: ${missing.join(', ')}.`,
    });
  }
  await startedInTime(started);
  await host.flowsStarted();
  await listen(server, config);
  const { port } = server.address() as AddressInfo;
  const endUpkeep = startUpkeep(store, upkeep, log);
  checks?.deployed();
  red.events.on('flows:started', () => checks?.deployed());
  const stop = once(async () => {
    const settled = await host.drain(config.drainMs);
    await red.stop();
    await endUpkeep();
    await checks?.end();
    await observing.end();
    await endConsole();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await host.close();
    return settled;
  });
  return { url: `http://${config.host}:${port}`, host, store, log, lost, stop };
}

function nodeRedSettings(
  config: RuntimeConfig,
  auth: object,
  ledgerway: { log: Logger; [name: string]: unknown },
): object {
  const layout = layoutOf(config.dataDir);
  return {
    ...settings,
    ...ownSettings(),
    userDir: layout.nodeRed,
    flowFile: layout.flows,
    nodesDir: [PACKAGE_ROOT],
    credentialSecret: credentialSecret(config.dataDir),
    adminAuth: auth,
    logging: nodeRedLogging(ledgerway.log),
    ledgerway,
    'ledgerway-sidebar': { console: true },
  };
}

/** The operator's own Node-RED settings; login, folders and stores stay ours. */
function ownSettings(): object {
  const file = process.env.LEDGERWAY_SETTINGS;
  return file ? (createRequire(__filename)(resolve(file)) as object) : {};
}

/** Flows that do not start (a module of a function node is missing) are said, and not waited for without end. */
async function startedInTime(started: Promise<void>): Promise<void> {
  const late = sleep(START_MS, undefined, { ref: false }).then(() => {
    throw new FinanceError('CONFIG_NODE_MISSING', {
      message: 'Node-RED did not start the flows: see its log for the module or node that is missing.',
    });
  });
  await Promise.race([started, late]);
}

/** Flows start within a second or two; a slow disk may take longer. */
const START_MS = 60_000;

async function listen(server: Server, { host, port }: RuntimeConfig): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message =
        cause.code === 'EADDRINUSE' ? `Port ${port} is taken: choose another with --port.` : cause.message;
      reject(new FinanceError('CONFIG_INVALID', { message, cause }));
    });
    server.listen(port, host, resolve);
  });
}

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let promise: Promise<Result> | undefined;
  return () => {
    promise ??= work();
    return promise;
  };
}
