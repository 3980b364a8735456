import type { Environment } from '../core/environment';
import { missingError, OdooFault } from '../core/fault';
import { load } from '../core/load';
import { char, type Model } from '../core/model';
import { idsOf, textOf, type Value } from '../core/value';
import type { Posting } from './posting';

/** Server actions that an administrator installed; the one the sandbox knows loads and posts in one transaction. */
export function serverActions(posting: Posting): Model {
  return {
    name: 'ir.actions.server',
    description: 'Server Action',
    access: { create: ['base.group_system'], write: ['base.group_system'], unlink: ['base.group_system'] },
    fields: { name: char('Action Name'), does: char('Action', { internal: true }) },
    methods: {
      run: {
        on: 'record',
        params: [],
        run: (env, [id = 0]) => {
          const action = env.find('ir.actions.server', id);
          if (!action) throw missingError('ir.actions.server', id, env.uid);
          if (action.does !== 'load_and_post')
            throw new OdooFault('builtins.NotImplementedError', textOf(action, 'name'));
          return loadAndPost(env, posting);
        },
      },
    },
  };
}

function loadAndPost(env: Environment, posting: Posting): Value {
  const { nr_fields: fields, nr_rows: rows } = env.context;
  const columns = Array.isArray(fields)
    ? fields.filter((name): name is string => typeof name === 'string')
    : [];
  const result = load(env, 'account.move', columns, Array.isArray(rows) ? rows : []);
  const ids = idsOf(result, 'ids');
  const drafts = ids.filter((id) => env.record('account.move', id).state === 'draft');
  if (drafts.length > 0) posting.post(env, drafts);
  const state = ids.map((id): Value => {
    const move = env.record('account.move', id);
    return [id, move.state ?? false, move.name ?? false];
  });
  return { type: 'ir.actions.act_window_close', infos: { ...result, state } };
}
