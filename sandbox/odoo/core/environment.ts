import type { Database } from './database';
import { accessError } from './fault';
import type { Model, Registry, Version } from './model';
import { idOf, idsOf, isStruct, type OdooRecord, textOf, type Values } from './value';

/** Who calls, in which companies, with which context: what Odoo calls `env`. */
export class Environment {
  readonly companies: number[];

  constructor(
    readonly db: Database,
    readonly registry: Registry,
    readonly uid: number,
    readonly context: Values,
    readonly clock: () => Date,
    private readonly superuser = false,
  ) {
    const own = idsOf(this.user, 'company_ids');
    const asked = context.allowed_company_ids;
    if (!Array.isArray(asked) || asked.length === 0) {
      const main = idOf(this.user, 'company_id');
      this.companies = [main, ...own.filter((id) => id !== main)];
      return;
    }
    const allowed = asked.filter((id): id is number => typeof id === 'number');
    if (!superuser && allowed.some((id) => !own.includes(id)))
      throw accessError('Access to unauthorized or invalid companies.');
    this.companies = allowed;
  }

  get version(): Version {
    return this.registry.version;
  }

  get user(): OdooRecord {
    return this.db.at('res.users', this.uid);
  }

  /** The company in which new records arise. */
  get company(): number {
    return this.companies[0] ?? 1;
  }

  /** Today by the server's clock, `YYYY-MM-DD` in UTC. */
  get today(): string {
    return this.clock().toISOString().slice(0, 10);
  }

  /** Now, as Odoo writes it: `YYYY-MM-DD HH:MM:SS` in UTC. */
  get now(): string {
    return this.clock().toISOString().slice(0, 19).replace('T', ' ');
  }

  get isSuperuser(): boolean {
    return this.superuser;
  }

  sudo(): Environment {
    return this.superuser
      ? this
      : new Environment(this.db, this.registry, this.uid, this.context, this.clock, true);
  }

  with(context: Values): Environment {
    const merged = { ...this.context, ...context };
    return new Environment(this.db, this.registry, this.uid, merged, this.clock, this.superuser);
  }

  model(name: string): Model {
    return this.registry.at(name);
  }

  get isAdmin(): boolean {
    return this.superuser || this.hasGroup('base.group_system');
  }

  hasGroup(group: string): boolean {
    const groups = this.user.groups;
    return Array.isArray(groups) && groups.includes(group);
  }

  record(model: string, id: number): OdooRecord {
    return this.db.at(model, id);
  }

  find(model: string, id: number): OdooRecord | undefined {
    return this.db.get(model, id);
  }

  /** Ids on the many side of a one-to-many, ascending. */
  inverse(model: string, field: string, id: number): number[] {
    return this.db.lookup(model, field, String(id));
  }

  displayName(model: string, id: number): string {
    const record = this.find(model, id);
    if (!record) return '';
    const named = this.model(model).displayName;
    return named ? named(this, record) : textOf(record, 'name') || `${model},${id}`;
  }

  contextIds(name: string): number[] {
    const ids = this.context[name];
    return Array.isArray(ids) ? ids.filter((id): id is number => typeof id === 'number') : [];
  }

  contextText(name: string): string {
    const value = isStruct(this.context) ? this.context[name] : undefined;
    return typeof value === 'string' ? value : '';
  }
}
