import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Host } from '../engine';
import { Alerts } from './alerts';
import type { AlertConfig } from './alerts/config';
import { logDocuments } from './log';
import { startMetrics } from './metrics';
import { startTracing } from './tracing';

/** All that watches a runtime. */
export interface Observability {
  /** `/metrics`. */
  router: Router;
  alerts: Alerts;
  end(): Promise<void>;
}

/** Starts metrics, traces, the log of documents, and alerts. */
export function observe(host: Host, log: Logger, config: AlertConfig): Observability {
  const metrics = startMetrics(host, log);
  const alerts = new Alerts({ host, log, config, registry: metrics.registry });
  const ends = [startTracing(), logDocuments(log), metrics.end];
  return {
    router: metrics.router,
    alerts,
    end: async () => {
      await alerts.end();
      for (const end of ends) end();
    },
  };
}
