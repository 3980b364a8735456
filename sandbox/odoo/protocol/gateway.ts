import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../core/call';
import { OdooFault, serializationFailure } from '../core/fault';
import type { Value } from '../core/value';
import type { Odoo } from '../odoo';
import type { CallLog } from './call-log';
import type { FaultRule, FaultSwitch } from './fault-switch';
import { type CostModel, costOf, externalIdsOfLoad, recordsOf, type Workers } from './workers';

/** The answer that a fault on demand gives instead of the call's: a cut connection or a proxy's page. */
export class Disturbance extends Error {
  constructor(readonly kind: 'drop' | 'http-502' | 'html') {
    super(kind);
  }
}

/** The one way of every call: worker, fault on demand, cost, transaction, log. */
export class Gateway {
  constructor(
    readonly odoo: Odoo,
    private readonly workers: Workers,
    private readonly faults: FaultSwitch,
    private readonly log: CallLog,
    private readonly costModel: CostModel,
  ) {}

  /** @throws OdooFault, Disturbance */
  async call(uid: number, call: Call, style: 'positional' | 'named'): Promise<Value> {
    return this.guarded(call.model, call.method, (rule) => this.raced(rule, uid, call, style));
  }

  /** Logs in; counts as the method `authenticate` of the model `common`. */
  async authenticate(login: string, secret: string): Promise<number | false> {
    return this.guarded('common', 'authenticate', async (rule) => {
      await pause(costOf(this.costModel, 'authenticate', 1, false) + delayOf(rule));
      return this.odoo.authenticate(login, secret);
    });
  }

  private async guarded<T extends Value>(
    model: string,
    method: string,
    work: (rule: FaultRule | undefined) => Promise<T>,
  ): Promise<T> {
    const started = performance.now();
    let outcome = 'ok';
    try {
      return await this.workers.hold(async () => {
        const rule = this.faults.strike(model, method);
        await before(rule);
        const result = await work(rule);
        after(rule);
        return result;
      });
    } catch (error) {
      outcome =
        error instanceof OdooFault ? error.pythonName : error instanceof Disturbance ? error.kind : 'crash';
      throw error;
    } finally {
      this.log.note({ model, method, ms: Math.round((performance.now() - started) * 10) / 10, outcome });
    }
  }

  /** Two calls that create one external id at once: the second loses with a serialization failure. */
  private async raced(
    rule: FaultRule | undefined,
    uid: number,
    call: Call,
    style: 'positional' | 'named',
  ): Promise<Value> {
    const keys = externalIdsOfLoad(call);
    const fresh = keys.filter((key) => this.odoo.db.lookup('ir.model.data', 'external id', key).length === 0);
    if (rule?.mode === 'serialization') return serializationAnswer(call, keys[0]);
    const run = async () => {
      const cost = costOf(
        this.costModel,
        call.method,
        recordsOf(call),
        keys.length > 0 && fresh.length === 0,
      );
      await pause(cost + delayOf(rule));
      return this.odoo.run(uid, call, style);
    };
    return this.workers.alone(fresh, run, (key) => serializationAnswer(call, key));
  }
}

const delayOf = (rule: FaultRule | undefined): number => (rule?.mode === 'delay' ? rule.delayMs : 0);

async function pause(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}

async function before(rule: FaultRule | undefined): Promise<void> {
  if (!rule || rule.mode === 'delay') return;
  await pause(rule.delayMs);
  if (rule.mode === 'fail-before')
    throw new OdooFault('builtins.RuntimeError', 'sandbox: failed before the call ran');
  if (rule.mode === 'connection-lost')
    throw new OdooFault('psycopg2.InterfaceError', 'cursor already closed');
  if (rule.mode === 'drop-before') throw new Disturbance('drop');
  if (rule.mode === 'http-502' || rule.mode === 'html') throw new Disturbance(rule.mode);
}

function after(rule: FaultRule | undefined): void {
  if (rule?.mode === 'drop-after-commit') throw new Disturbance('drop');
  if (rule?.mode === 'fail-after-commit')
    throw new OdooFault('builtins.RuntimeError', 'sandbox: failed after the commit');
}

/** `load` reports the failure as a message of the record that lost, every other method as a fault. */
function serializationAnswer(call: Call, key: string | undefined): Value {
  const fault = serializationFailure();
  if (call.method !== 'load') throw fault;
  const record = Math.max(0, externalIdsOfLoad(call).indexOf(key ?? ''));
  const data = call.kwargs.data ?? call.args[1];
  const row = Array.isArray(data)
    ? Math.max(
        0,
        data.findIndex((cells) => Array.isArray(cells) && cells.includes(key ?? '')),
      )
    : 0;
  const message = { rows: { from: row, to: row }, record, type: 'error', message: fault.message };
  return { ids: false, messages: [message], nextrow: 0 };
}
