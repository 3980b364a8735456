import { type Call, callNamed, callPositional } from './core/call';
import { Database, type Journal } from './core/database';
import { Environment } from './core/environment';
import { accessDenied, OdooFault } from './core/fault';
import { type Model, Registry, type Version } from './core/model';
import { isStruct, type OdooRecord, type Value, type Values } from './core/value';
import { allModels } from './models';
import { indexApiKeys, usersOfKey } from './models/api-keys';
import type { OdooModule } from './models/modules';
import { Sequences } from './models/sequence';

/** One database of one server: models, records, users. Each call is one transaction. */
export class Odoo {
  readonly db: Database;
  readonly registry: Registry;

  constructor(
    readonly version: Version,
    readonly database: string,
    readonly clock: () => Date,
    { journal, modules }: { journal?: Journal; modules?: readonly OdooModule[] } = {},
  ) {
    this.db = new Database(journal);
    const models = allModels(version, new Sequences(this.db), modules);
    this.registry = new Registry(version, models);
    declareIndexes(this.db, models);
  }

  /** The uid for a login and its password or API key, `false` where they do not fit. */
  authenticate(login: string, secret: string): number | false {
    const user = this.db.all('res.users').find((record) => record.login === login);
    return user && this.fits(user, secret) ? user.id : false;
  }

  /** The user of an API key, as JSON-2 finds it. */
  userOfKey(key: string): number | undefined {
    return usersOfKey(this.db, key, this.clock()).find(
      (id) => this.db.get('res.users', id)?.active !== false,
    );
  }

  /** @throws AccessDenied */
  checkSecret(uid: number, secret: string): void {
    const user = this.db.get('res.users', uid);
    if (!user || !this.fits(user, secret)) throw accessDenied();
  }

  /** Runs a call as one transaction; on a fault nothing of it stays. */
  run(uid: number, call: Call, style: 'positional' | 'named'): Value {
    return this.db.transaction(() => {
      const { context, ...kwargs } = call.kwargs;
      const env = this.environment(uid, isStruct(context) ? context : {});
      const plain = { ...call, kwargs };
      return style === 'named' ? callNamed(env, plain) : callPositional(env, plain);
    });
  }

  private fits(user: OdooRecord, secret: string): boolean {
    if (user.active === false || secret === '') return false;
    return user.password === secret || usersOfKey(this.db, secret, this.clock()).includes(user.id);
  }

  environment(uid: number, context: Values = {}, superuser = false): Environment {
    return new Environment(this.db, this.registry, uid, context, this.clock, superuser);
  }
}

function declareIndexes(db: Database, models: Model[]): void {
  for (const { fields } of models)
    for (const field of Object.values(fields))
      if (field.type === 'one2many' && field.relation && field.inverse)
        byField(db, field.relation, field.inverse);
  indexApiKeys(db);
  byField(db, 'account.account', 'company_id');
  byField(db, 'account.journal', 'company_id');
  byField(db, 'res.currency.rate', 'currency_id');
  byField(db, 'account.move', 'ref');
  db.index('account.move', 'name in journal', ({ journal_id: journal, name }) =>
    name && name !== '/' ? `${journal}|${name}` : undefined,
  );
  db.index('ir.model.data', 'external id', ({ module, name }) => `${module}.${name}`);
  db.index('ir.model.data', 'of record', ({ model, res_id: id }) => `${model},${id}`);
}

function byField(db: Database, model: string, field: string): void {
  db.index(model, field, (record) => (record[field] ? String(record[field]) : undefined));
}

/** What a client gets for a database that is not there. */
export function missingDatabase(database: string): OdooFault {
  return new OdooFault(
    'psycopg2.OperationalError',
    `connection to server at "127.0.0.1", port 5433 failed: FATAL:  database "${database}" does not exist\n`,
    { before: `KeyError: '${database}'` },
  );
}
