import type { Environment } from './environment';
import type { OdooRecord, Value, Values } from './value';

export type Version = 16 | 17 | 19;
export type Operation = 'read' | 'write' | 'create' | 'unlink';

export type FieldType =
  | 'char'
  | 'text'
  | 'integer'
  | 'float'
  | 'monetary'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'selection'
  | 'many2one'
  | 'many2many'
  | 'one2many'
  | 'json';

export interface Field {
  type: FieldType;
  label: string;
  /** The other model of a relation. */
  relation?: string;
  /** The many-to-one on the other side of a one-to-many, and a filter on those records. */
  inverse?: string;
  only?: (record: OdooRecord) => boolean;
  selection?: ReadonlyArray<readonly [value: string, label: string]>;
  required?: boolean;
  /** Stored for the sandbox's own use; the real model has no such field, so no caller sees it. */
  internal?: boolean;
  /** Computed on reading; never stored. */
  get?: (env: Environment, record: OdooRecord, model: string) => Value;
  default?: Value | ((env: Environment) => Value);
}

export interface Access {
  /** Groups (external ids) that may do it; `[]` nobody but the administrator, absent: every user. */
  [operation: string]: string[] | undefined;
}

export interface Method {
  /** `record` methods take ids first, `model` methods do not. */
  on: 'record' | 'model';
  /** Parameters in order; a `?` marks an optional one. */
  params: string[];
  run(env: Environment, ids: number[], args: Values): Value;
}

export interface Model {
  name: string;
  description: string;
  fields: Record<string, Field>;
  access?: Access;
  /** Field of the company that record rules look at; empty = every company's. */
  companyField?: string;
  /** A record rule beside the companies': who it is false for does not see the record. */
  rule?: (env: Environment, record: OdooRecord) => boolean;
  order?: string;
  displayName?: (env: Environment, record: OdooRecord) => string;
  create?: (env: Environment, values: Values[]) => number[];
  write?: (env: Environment, ids: number[], values: Values) => void;
  unlink?: (env: Environment, ids: number[]) => void;
  methods?: Record<string, Method>;
}

/** The models of one version. */
export class Registry {
  private readonly models = new Map<string, Model>();

  constructor(
    readonly version: Version,
    models: Model[],
  ) {
    for (const model of models)
      this.models.set(model.name, { ...model, fields: { ...STANDARD_FIELDS, ...model.fields } });
  }

  get(name: string): Model | undefined {
    return this.models.get(name);
  }

  all(): Model[] {
    return [...this.models.values()];
  }

  /** A field that callers may name. */
  field(model: string, name: string): Field | undefined {
    const field = this.at(model).fields[name];
    return field?.internal ? undefined : field;
  }

  at(name: string): Model {
    const model = this.models.get(name);
    if (!model) throw new Error(`no model ${name}`);
    return model;
  }
}

const STANDARD_FIELDS: Record<string, Field> = {
  id: { type: 'integer', label: 'ID' },
  display_name: {
    type: 'char',
    label: 'Display Name',
    get: (env, record, model) => env.displayName(model, record.id),
  },
  create_uid: { type: 'many2one', label: 'Created by', relation: 'res.users' },
  create_date: { type: 'datetime', label: 'Created on' },
  write_uid: { type: 'many2one', label: 'Last Updated by', relation: 'res.users' },
  write_date: { type: 'datetime', label: 'Last Updated on' },
};

const field =
  (type: FieldType) =>
  (label: string, extra: Partial<Field> = {}): Field => ({ type, label, ...extra });

export const char = field('char');
export const text = field('text');
export const integer = field('integer');
export const float = field('float');
export const monetary = field('monetary');
export const boolean = field('boolean');
export const date = field('date');
export const datetime = field('datetime');
export const json = field('json');
export const many2one = (label: string, relation: string, extra: Partial<Field> = {}): Field => ({
  type: 'many2one',
  label,
  relation,
  ...extra,
});
export const many2many = (label: string, relation: string, extra: Partial<Field> = {}): Field => ({
  type: 'many2many',
  label,
  relation,
  ...extra,
});
export const one2many = (
  label: string,
  relation: string,
  inverse: string,
  extra: Partial<Field> = {},
): Field => ({
  type: 'one2many',
  label,
  relation,
  inverse,
  ...extra,
});
export const selection = (label: string, values: Field['selection'], extra: Partial<Field> = {}): Field => ({
  type: 'selection',
  label,
  selection: values,
  ...extra,
});
