import type { Environment } from '../core/environment';
import { missingError, OdooFault, userError } from '../core/fault';
import { load } from '../core/load';
import { char, type Model, many2one, selection, text } from '../core/model';
import { idsOf, type OdooRecord, textOf, type Value } from '../core/value';
import type { Posting } from './posting';

const administrators = ['base.group_system'];

/** The models of the database, as records. */
export const modelOfModels: Model = {
  name: 'ir.model',
  description: 'Models',
  access: { read: ['base.group_erp_manager'], create: [], write: [], unlink: [] },
  order: 'model',
  fields: { name: char('Model Description'), model: char('Model') },
};

/** Server actions that an administrator installed; the sandbox knows what loads and posts in one transaction. */
export function serverActions(posting: Posting): Model {
  return {
    name: 'ir.actions.server',
    description: 'Server Action',
    access: { create: administrators, write: administrators, unlink: administrators },
    fields: {
      name: char('Action Name', { required: true }),
      model_id: many2one('Model', 'ir.model'),
      state: selection('Type', [
        ['code', 'Execute Code'],
        ['object_write', 'Update Record'],
      ]),
      code: text('Python Code'),
      does: char('Action', { internal: true }),
    },
    methods: {
      run: {
        on: 'record',
        params: [],
        run: (env, [id = 0]) => {
          const action = env.find('ir.actions.server', id);
          if (!action) throw missingError('ir.actions.server', id, env.uid);
          if (!loadsAndPosts(action))
            throw new OdooFault('builtins.NotImplementedError', textOf(action, 'name'));
          return loadAndPost(env, posting, textOf(action, 'code'));
        },
      },
    },
  };
}

/** Python is not run here: the code is known by the two calls that it makes. */
function loadsAndPosts(action: OdooRecord): boolean {
  const code = textOf(action, 'code');
  return action.does === 'load_and_post' || (/\bmodel\.load\(/.test(code) && /\.action_post\(\)/.test(code));
}

function loadAndPost(env: Environment, posting: Posting, code: string): Value {
  const { nr_fields: fields, nr_rows: rows } = env.context;
  const columns = Array.isArray(fields)
    ? fields.filter((name): name is string => typeof name === 'string')
    : [];
  const result = load(env, 'account.move', columns, Array.isArray(rows) ? rows : []);
  const ids = idsOf(result, 'ids');
  const drafts = ids.filter((id) => env.record('account.move', id).state === 'draft');
  checkTotals(env, ids, drafts, code);
  if (drafts.length > 0) posting.post(env, drafts);
  const state = ids.map((id): Value => {
    const move = env.record('account.move', id);
    return [id, move.state ?? false, move.name ?? false];
  });
  return { type: 'ir.actions.act_window_close', infos: { ...result, state } };
}

/** Where the code compares the totals of the drafts with those of the context, another one rolls all back. */
function checkTotals(env: Environment, ids: number[], drafts: number[], code: string): void {
  const [, words] = /nr_totals[\s\S]*raise UserError\('(.*?) %s'/.exec(code) ?? [];
  const totals = env.context.nr_totals;
  if (words === undefined || !Array.isArray(totals)) return;
  for (const [at, total] of totals.slice(0, ids.length).entries()) {
    const id = ids[at]!;
    const amount = Number(env.record('account.move', id).amount_total ?? 0).toFixed(4);
    if (drafts.includes(id) && amount !== total) throw userError(`${words} ${id}`);
  }
}
