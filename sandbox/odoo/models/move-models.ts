import { requireRecords } from '../core/access';
import type { Environment } from '../core/environment';
import { missingError, userError } from '../core/fault';
import type { Method, Model, Version } from '../core/model';
import { patch } from '../core/records';
import { idOf, pythonTuple, textOf, type Value, type Values } from '../core/value';
import { refreshResidual } from './invoice-amounts';
import { checkUnlocked } from './lock-dates';
import { lineFields, moveFields } from './move-fields';
import { linesOf, moveDisplayName } from './move-kind';
import type { Moves } from './moves';
import type { Posting } from './posting';
import type { Reconciliation } from './reconcile';

const billing = ['account.group_account_invoice'];
const access = { read: billing, create: billing, write: billing, unlink: billing };

export interface Accounting {
  moves: Moves;
  posting: Posting;
  reconciliation: Reconciliation;
}

const onRecords = (params: string[], run: Method['run'], model: string): Method => ({
  on: 'record',
  params,
  run: (env, ids, args) => {
    requireRecords(env, model, ids);
    return run(env, ids, args);
  },
});

function moveModel(version: Version, { moves, posting, reconciliation }: Accounting): Model {
  const method = (params: string[], run: Method['run']) => onRecords(params, run, 'account.move');
  return {
    name: 'account.move',
    description: 'Journal Entry',
    companyField: 'company_id',
    access,
    order: 'date desc, name desc, id desc',
    displayName: moveDisplayName,
    fields: moveFields(version),
    create: moves.create,
    write: moves.write,
    unlink: moves.unlink,
    methods: {
      action_post: method([], (env, ids) => {
        posting.post(env, ids);
        return false;
      }),
      button_draft: method([], (env, ids) => {
        posting.reset(env, ids);
        return null;
      }),
      js_assign_outstanding_line: method(['line_id'], (env, [id = 0], { line_id: given }) => {
        const line = env.find('account.move.line', Number(given));
        if (!line) throw missingError('account.move.line', Number(given), env.uid);
        const own = linesOf(env, id).filter(
          (each) => each.account_id === line.account_id && each.reconciled !== true,
        );
        reconciliation.reconcile(env, [line.id, ...own.map((each) => each.id)]);
        return null;
      }),
      button_cancel: method([], (env, ids) => {
        posting.cancel(env, ids);
        return null;
      }),
    },
  };
}

function groupByMove<T>(items: T[], moveOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) groups.set(moveOf(item), [...(groups.get(moveOf(item)) ?? []), item]);
  return groups;
}

/** Lines created directly: all of one move together, since each move has to balance. */
function createLines(moves: Moves, env: Environment, list: Values[]): number[] {
  const made = new Map<Values, number>();
  for (const [move, values] of groupByMove(list, (item) => idOf(item, 'move_id'))) {
    requireRecords(env, 'account.move', [move]);
    const before = new Set(linesOf(env, move).map(({ id }) => id));
    moves.write(env, [move], { line_ids: values.map((item): Value => [0, 0, item]) });
    const fresh = linesOf(env, move).filter(
      ({ id, display_type: type }) => !before.has(id) && type !== 'tax' && type !== 'payment_term',
    );
    for (const [at, item] of values.entries()) made.set(item, fresh[at]?.id ?? 0);
  }
  return list.map((item) => made.get(item) ?? 0);
}

/** A line written directly goes through its move, so that the move stays whole. */
function writeLines(moves: Moves, env: Environment, ids: number[], values: Values): void {
  const byMove = groupByMove(ids, (id) => idOf(env.record('account.move.line', id), 'move_id'));
  for (const [move, lines] of byMove) {
    const record = env.record('account.move', move);
    const onlyAccount = Object.keys(values).every((name) =>
      ['account_id', 'name', 'partner_id', 'analytic_distribution'].includes(name),
    );
    if (record.state === 'posted' && onlyAccount) {
      checkUnlocked(env, record);
      for (const line of lines) {
        patch(env, 'account.move.line', line, values);
        // an account keeps open items, or does not
        if ('account_id' in values) refreshResidual(env, line);
      }
      continue;
    }
    moves.write(env, [move], { line_ids: lines.map((line): Value => [1, line, values]) });
  }
}

function lineModel({ moves, reconciliation }: Accounting): Model {
  return {
    name: 'account.move.line',
    description: 'Journal Item',
    companyField: 'company_id',
    access,
    order: 'date desc, move_name desc, id',
    displayName: (env, line) => {
      const move = env.find('account.move', idOf(line, 'move_id'));
      const shown = move ? moveDisplayName(env, move) : '';
      return textOf(line, 'name') ? `${shown} ${textOf(line, 'name')}` : shown;
    },
    fields: lineFields(),
    write: (env, ids, values) => writeLines(moves, env, ids, values),
    methods: {
      reconcile: onRecords(
        [],
        (env, ids) => {
          const { partials, exchange } = reconciliation.reconcile(env, ids);
          if (env.version !== 16) return null;
          return { partials: recordset(partials), exchange_partials: recordset(exchange) };
        },
        'account.move.line',
      ),
      remove_move_reconcile: onRecords(
        [],
        (env, ids) => {
          reconciliation.undo(env, ids);
          return null;
        },
        'account.move.line',
      ),
    },
    create: (env, list) => createLines(moves, env, list),
    unlink: (env, ids) => {
      for (const [move, lines] of groupByMove(ids, (id) =>
        idOf(env.record('account.move.line', id), 'move_id'),
      ))
        moves.write(env, [move], { line_ids: lines.map((line): Value => [2, line]) });
    },
  };
}

/** Records as Python shows them. */
const recordset = (ids: number[]): string => `account.partial.reconcile${pythonTuple(ids)}`;

/** Posts the drafts among the context's moves. */
function validateWizard({ posting }: Accounting): Model {
  return {
    name: 'validate.account.move',
    description: 'Validate Account Move',
    access,
    fields: { force_post: { type: 'boolean', label: 'Force', default: false } },
    methods: {
      validate_move: {
        on: 'record',
        params: [],
        run: (env) => {
          const drafts = env
            .contextIds('active_ids')
            .filter((id) => env.find('account.move', id)?.state === 'draft');
          if (drafts.length === 0) throw userError('There are no journal items in the draft state to post.');
          posting.post(env, drafts);
          return { type: 'ir.actions.act_window_close' };
        },
      },
    },
  };
}

export function moveModels(version: Version, accounting: Accounting): Model[] {
  return [moveModel(version, accounting), lineModel(accounting), validateWizard(accounting)];
}
