import { checkModelAccess, isVisible, mayAccess } from './access';
import type { Environment } from './environment';
import { OdooFault, validationError, valueError } from './fault';
import { idOf, type OdooRecord, textOf, type Value, type Values } from './value';

/** The row of an external id `module.name` (cut at the first dot), if there is one. */
export function findExternalId(env: Environment, externalId: string): OdooRecord | undefined {
  const [row] = env.db.lookup('ir.model.data', 'external id', externalId);
  return row === undefined ? undefined : env.record('ir.model.data', row);
}

/** Gives a record its external id; unique on module + name, no spaces. */
export function addExternalId(
  env: Environment,
  externalId: string,
  model: string,
  id: number,
  noupdate: boolean,
): void {
  const dot = externalId.indexOf('.');
  const [module, name] = [externalId.slice(0, dot), externalId.slice(dot + 1)];
  if (name.includes(' '))
    throw new OdooFault(
      'psycopg2.errors.CheckViolation',
      'new row for relation "ir_model_data" violates check constraint "ir_model_data_name_nospaces"\n',
    );
  if (findExternalId(env, externalId)) throw validationError('External IDs must be unique');
  env.db.insert('ir.model.data', { module, name, model, res_id: id, noupdate });
}

export function externalIdsOf(env: Environment, model: string, id: number): OdooRecord[] {
  return env.db
    .lookup('ir.model.data', 'of record', `${model},${id}`)
    .map((row) => env.record('ir.model.data', row));
}

export function externalIdOf(env: Environment, model: string, id: number): string {
  const [row] = externalIdsOf(env, model, id);
  return row ? `${textOf(row, 'module')}.${textOf(row, 'name')}` : '';
}

/** `ir.model.data.check_object_reference`: `[model, id]`, or `[model, false]` where the caller may not see it. */
export function checkObjectReference(env: Environment, module: string, name: string): Value {
  const externalId = `${module}.${name}`;
  const row = findExternalId(env, externalId);
  const id = row ? idOf(row, 'res_id') : 0;
  const model = row ? textOf(row, 'model') : '';
  const record = model && env.registry.get(model) ? env.find(model, id) : undefined;
  if (!record)
    throw valueError(
      `External ID not found in the system: ${externalId}`,
      env.version === 19
        ? {}
        : {
            before: `KeyError: ('ir.model.data', <function IrModelData._xmlid_lookup at 0x7f32e5de1f80>, '${externalId}')`,
          },
    );
  if (mayAccess(env, model, 'read') && isVisible(env, model, record)) return [model, id];
  return [model, false];
}

/** `get_metadata` of any model. */
export function metadataOf(env: Environment, model: string, ids: number[]): Values[] {
  checkModelAccess(env, model, 'read');
  return ids
    .filter((id) => env.find(model, id))
    .map((id) => {
      const record = env.record(model, id);
      const xmlids = externalIdsOf(env, model, id).map((row) => ({
        xmlid: `${textOf(row, 'module')}.${textOf(row, 'name')}`,
        noupdate: row.noupdate === true,
      }));
      const user = (field: string): Value => [
        idOf(record, field),
        env.displayName('res.users', idOf(record, field)),
      ];
      return {
        id,
        create_uid: user('create_uid'),
        create_date: record.create_date ?? false,
        write_uid: user('write_uid'),
        write_date: record.write_date ?? false,
        xmlid: xmlids[0]?.xmlid ?? false,
        noupdate: xmlids[0]?.noupdate ?? false,
        xmlids,
      };
    });
}
