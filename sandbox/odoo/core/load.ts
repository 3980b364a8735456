import { requireRecords } from './access';
import type { Environment } from './environment';
import { addExternalId, findExternalId } from './external-ids';
import { isUserError, keyError, OdooFault, validationError } from './fault';
import { cellText, extractRecords, type Span, splitColumn } from './import-rows';
import { convertRecord } from './import-values';
import { create, write } from './records';
import { idOf, textOf, type Value, type Values } from './value';

/** One record of a `load` call, ready to be created or updated. */
interface Entry {
  externalId: string;
  values: Values;
  span: Span;
  index: number;
}

class LoadFailed extends Error {}

const TOO_MANY =
  'Found more than 10 errors and more than one error per 10 records, interrupted to avoid showing too many errors.';

/**
 * `load(fields, data)`: creates or updates records by external id, all or nothing. With the context
 * `{mode: 'update', noupdate: true}` it is create-or-get; in its default mode it writes again.
 */
export function load(env: Environment, model: string, columns: string[], data: Value[]): Values {
  const messages: Values[] = [];
  const ids: number[] = [];
  const rows = data.map((row) => (Array.isArray(row) ? row.map(cellText) : []));
  const paths = columns.map(splitColumn);
  try {
    env.db.transaction(() => {
      const entries = convertAll(env, model, paths, rows, messages);
      if (messages.length > 0) throw new LoadFailed();
      ids.push(...flush(env, model, entries, messages));
      if (messages.length > 0) throw new LoadFailed();
    });
  } catch (error) {
    if (!(error instanceof LoadFailed)) throw error;
    return { ids: false, messages, nextrow: 0 };
  }
  return { ids, messages, nextrow: 0 };
}

function convertAll(
  env: Environment,
  model: string,
  paths: string[][],
  rows: string[][],
  messages: Values[],
): Entry[] {
  return extractRecords(env, model, paths, rows).map((span, index) => {
    const { values, errors } = convertRecord(env, model, span.record);
    for (const { field, fieldName, say, moreinfo } of errors)
      messages.push({
        ...where(span, index),
        field,
        field_name: fieldName,
        message: say(fieldName),
        ...(moreinfo === undefined ? {} : { moreinfo }),
      });
    const externalId = cellText((span.record.get('id') as string | undefined) ?? '');
    const databaseId = cellText((span.record.get('.id') as string | undefined) ?? '');
    if (databaseId) values.id = Number(databaseId);
    return {
      externalId: externalId && !externalId.includes('.') ? `__import__.${externalId}` : externalId,
      values,
      span,
      index,
    };
  });
}

function where(span: Span, index: number): Values {
  return { rows: { from: span.from, to: span.to }, record: index, type: 'error' };
}

/** Tries all at once; where that fails, one by one, to say which record it was. */
function flush(env: Environment, model: string, entries: Entry[], messages: Values[]): number[] {
  let batchMessage: Values | undefined;
  try {
    return env.db.transaction(() => loadRecords(env, model, entries));
  } catch (error) {
    if (!(error instanceof OdooFault)) throw error;
    const [first] = entries;
    if (isUserError(error) && error.detail.loadMessage === undefined && first)
      batchMessage = { ...where(first.span, first.index), message: error.message };
  }
  const ids: number[] = [];
  for (const [at, entry] of entries.entries())
    try {
      ids.push(...env.db.transaction(() => loadRecords(env, model, [entry])));
    } catch (error) {
      if (!(error instanceof OdooFault)) throw error;
      messages.push({ ...where(entry.span, entry.index), ...messageOf(error) });
      if (messages.length < 10 || messages.length < (at + 1) / 10) continue;
      messages.push({ type: 'warning', message: TOO_MANY });
      break;
    }
  // Odoo 16 does not put the batch's own message first.
  const isKnown = messages.some((message) => JSON.stringify(message) === JSON.stringify(batchMessage));
  if (messages.length > 0 && batchMessage && !isKnown && env.version !== 16) messages.unshift(batchMessage);
  return ids;
}

function messageOf(error: OdooFault): Values {
  if (error.detail.loadMessage !== undefined) return { message: error.detail.loadMessage };
  if (isUserError(error) || error.pythonName.startsWith('psycopg2.')) return { message: error.message };
  const name = error.pythonName.replace('builtins.', '');
  const shown = error.detail.shown ?? error.message;
  return {
    message: `Unknown error during import: <class '${name}'>: ${shown}`,
    moreinfo: 'Resolve other errors first',
  };
}

function loadRecords(env: Environment, model: string, entries: Entry[]): number[] {
  const isUpdate = env.contextText('mode') === 'update';
  const noupdate = env.context.noupdate === true || env.context.noupdate === 1;
  const known = entries.map((entry) => lookUp(env, model, entry));
  const fresh = entries.filter(
    (entry, at) => known[at] === undefined && (entry.externalId !== '' || !isUpdate),
  );
  // Two entries with one external id are one record, as the last writes it.
  const byKey = new Map(fresh.map((entry, at) => [entry.externalId || `#${at}`, entry]));
  const created = [...byKey.values()];
  const ids =
    created.length > 0
      ? create(
          env,
          model,
          created.map(({ values }) => values),
        )
      : [];
  const idOfEntry = new Map<string | Entry, number>();
  for (const [at, entry] of created.entries()) {
    const id = ids[at]!;
    idOfEntry.set(entry.externalId || entry, id);
    if (entry.externalId) addExternalId(env.sudo(), entry.externalId, model, id, noupdate);
  }
  for (const [at, entry] of entries.entries()) {
    const found = known[at];
    if (found && !(isUpdate && found.noupdate)) write(env, model, [found.id], { ...entry.values });
  }
  return entries.map((entry, at) => {
    const id = known[at]?.id ?? idOfEntry.get(entry.externalId || entry);
    if (id === undefined) throw keyError('record');
    return id;
  });
}

/** The record that an entry names by external or database id. */
function lookUp(
  env: Environment,
  model: string,
  entry: Entry,
): { id: number; noupdate: boolean } | undefined {
  if (!entry.externalId) {
    const id = idOf(entry.values, 'id');
    delete entry.values.id;
    return id ? { id: requireRecords(env, model, [id])[0]!.id, noupdate: false } : undefined;
  }
  const row = findExternalId(env, entry.externalId);
  if (!row) return undefined;
  if (textOf(row, 'model') !== model)
    throw validationError(
      `For external id ${entry.externalId} when trying to create/update a record of model ${model} found record of different model ${textOf(row, 'model')} (${row.id})`,
    );
  return { id: idOf(row, 'res_id'), noupdate: row.noupdate === true };
}
