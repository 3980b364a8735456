import { type Model, many2one, monetary, type Version } from '../core/model';
import { apiKeyModel } from './api-keys';
import { BankLines, bankLineModel } from './bank-lines';
import { baseModels } from './base';
import { chartModels } from './chart';
import type { OdooModule } from './modules';
import { linesOf } from './move-kind';
import { moveModels } from './move-models';
import { Moves } from './moves';
import { paymentRegister } from './payment-register';
import { Payments, paymentModel } from './payments';
import { Posting } from './posting';
import { Reconciliation } from './reconcile';
import { reconcileReversals, reversalModel } from './reversal';
import type { Sequences } from './sequence';
import { modelOfModels, serverActions } from './server-actions';

const partial: Model = {
  name: 'account.partial.reconcile',
  description: 'Partial Reconcile',
  companyField: 'company_id',
  fields: {
    debit_move_id: many2one('Debit Move', 'account.move.line'),
    credit_move_id: many2one('Credit Move', 'account.move.line'),
    full_reconcile_id: many2one('Full Reconcile', 'account.full.reconcile'),
    exchange_move_id: many2one('Exchange Move', 'account.move'),
    amount: monetary('Amount'),
    debit_amount_currency: monetary('Debit Amount Currency'),
    credit_amount_currency: monetary('Credit Amount Currency'),
    company_id: many2one('Company', 'res.company'),
  },
};

const full: Model = { name: 'account.full.reconcile', description: 'Full Reconcile', fields: {} };

/** Every model that the sandbox has, for one version and the modules installed. */
export function allModels(
  version: Version,
  sequences: Sequences,
  modules: readonly OdooModule[] = [],
): Model[] {
  const moves = new Moves(sequences);
  const posting = new Posting(sequences, moves);
  const reconciliation = new Reconciliation(moves, posting);
  const payments = new Payments(moves, posting);
  posting.afterPost.push(reconcileReversals(reconciliation));
  posting.beforeReset.push((env, id) =>
    reconciliation.undo(
      env,
      linesOf(env, id).map((line) => line.id),
    ),
  );
  return [
    ...baseModels(version, modules),
    apiKeyModel(version),
    modelOfModels,
    ...chartModels(version),
    ...moveModels(version, { moves, posting, reconciliation }),
    partial,
    full,
    paymentModel(version, payments),
    paymentRegister(payments, reconciliation),
    bankLineModel(new BankLines(moves, posting, reconciliation)),
    reversalModel({ moves, posting, reconciliation }),
    serverActions(posting),
  ];
}
