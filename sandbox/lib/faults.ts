import { type Express, json, type RequestHandler, type Response } from 'express';

export const FAULTS = ['status', 'delay', 'drop', 'drop-after-commit', 'timeout-after-commit'] as const;

/** A misbehaviour on demand. */
export interface Fault {
  /**
   * `status`: answers `status` and does nothing; `delay`: waits `delayMs` first; `drop`: cuts the connection and does
   * nothing; `drop-after-commit`: does its work, then cuts the connection; `timeout-after-commit`: does its work, then
   * never answers.
   */
  fault: (typeof FAULTS)[number];
  /** The operation it strikes, `*` for every one. */
  at: string;
  /** How many calls it strikes. */
  times: number;
  /** For `status`, 500 where left out. */
  status?: number;
  /** For `status`, sent as Retry-After. */
  retryAfterSeconds?: number;
  delayMs?: number;
}

/** The faults that wait for their call, first in, first out. */
export class FaultTable {
  private waiting: Fault[] = [];

  add(fault: Fault): void {
    this.waiting.push({ ...fault });
  }

  clear(): void {
    this.waiting = [];
  }

  list(): Fault[] {
    return this.waiting.map((fault) => ({ ...fault }));
  }

  private take(operation: string): Fault | undefined {
    const fault = this.waiting.find(({ at }) => at === '*' || at === operation);
    if (!fault) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) this.waiting = this.waiting.filter((other) => other !== fault);
    return fault;
  }

  /** Express middleware in front of one operation. */
  at(operation: string): RequestHandler {
    return (req, res, next) => {
      const fault = this.take(operation);
      switch (fault?.fault) {
        case undefined:
          return next();
        case 'delay':
          return void setTimeout(next, fault.delayMs ?? 1000);
        case 'drop':
          return void req.socket.destroy();
        case 'drop-after-commit':
          silence(res, () => req.socket.destroy());
          return next();
        case 'timeout-after-commit':
          silence(res, () => {});
          return next();
        case 'status':
          if (fault.retryAfterSeconds !== undefined) res.set('Retry-After', String(fault.retryAfterSeconds));
          res.status(fault.status ?? 500).json({ error: { message: 'A fault on demand.' } });
      }
    };
  }

  /**
   * `POST /_sandbox/faults {fault, at?, times?, status?, retryAfterSeconds?, delayMs?}` (`"500"` and `"429"` are short
   * for `status`), `GET` lists what still waits, `DELETE` clears.
   */
  mount(app: Express): void {
    app.get('/_sandbox/faults', (_req, res) => void res.json(this.list()));
    app.delete('/_sandbox/faults', (_req, res) => {
      this.clear();
      res.json([]);
    });
    app.post('/_sandbox/faults', json(), (req, res) => {
      const fault = readFault(req.body);
      if (!fault)
        return void res.status(400).json({ error: { message: `fault: one of ${FAULTS.join(', ')}` } });
      this.add(fault);
      res.status(201).json(this.list());
    });
  }
}

/** Keeps the work of a handler and swallows its answer. */
function silence(res: Response, then: () => void): void {
  res.end = (() => {
    then();
    return res;
  }) as Response['end'];
}

function readFault(body: unknown): Fault | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const given = body as Record<string, unknown>;
  const whole = (name: string) => (Number.isInteger(given[name]) ? (given[name] as number) : undefined);
  const asStatus = /^[45]\d\d$/.test(String(given.fault)) ? Number(given.fault) : undefined;
  const fault = asStatus ? 'status' : FAULTS.find((name) => name === given.fault);
  if (!fault) return undefined;
  return {
    fault,
    at: typeof given.at === 'string' ? given.at : '*',
    times: whole('times') ?? 1,
    status: asStatus ?? whole('status'),
    retryAfterSeconds: whole('retryAfterSeconds'),
    delayMs: whole('delayMs'),
  };
}
