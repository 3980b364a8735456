import type { Stage } from './wire-stage';

export type Fixture = (stage: Stage) => void | Promise<void>;

export const nothing: Fixture = () => {};
export const each =
  (make: (stage: Stage, id: number) => void): Fixture =>
  (stage) => {
    for (const id of stage.target) make(stage, id);
  };
export const drafts = each((stage, id) => stage.invoice(id));
export const posted = each((stage, id) => stage.posted(id));
export const nextMove =
  (id: number): Fixture =>
  (stage) =>
    stage.next('account.move', id);
export const lockedBefore =
  (make: Fixture, field = 'fiscalyear_lock_date', date = '2026-09-30'): Fixture =>
  async (stage) => {
    await make(stage);
    stage.lock(field, date);
  };
export const again =
  (before: Fixture): Fixture =>
  async (stage) => {
    await before(stage);
    stage.once();
  };
export const fault =
  (mode: string, before: Fixture = nothing): Fixture =>
  async (stage) => {
    await before(stage);
    await stage.fault(mode);
  };
export const wizard =
  (model: string, id: number, before: Fixture = nothing): Fixture =>
  async (stage) => {
    await before(stage);
    stage.next(model, id);
  };

/** The move that `load_create_or_get_*` names: 10 on 17, 2 on the others. */
export const shared = (stage: Stage): number => (stage.case_.version === '17.0' ? 10 : 2);
export const lined = (stage: Stage): number => (stage.case_.version === '17.0' ? 9 : 1);
export const loadedPosted: Fixture = (stage) => {
  stage.loaded('nrinv.C1', shared(stage));
  stage.run('account.move', 'action_post', [[shared(stage)]]);
};
export const linedPosted: Fixture = (stage) => {
  stage.loaded('nrinv.A1', lined(stage), { price: '55', lines: true });
  stage.run('account.move', 'action_post', [[lined(stage)]]);
};
/** Invoice and payment whose receivable lines are the ones that the call matches. */
export const matchable: Fixture = (stage) => {
  const [a = 0, b = 0] = stage.target;
  const [invoice, payment] = stage.case_.version === '19.0' ? [b, a] : [a, b];
  stage.posted(undefined, {}, { line: invoice - 1 });
  stage.payment(undefined, { line: payment - 1 });
};
export const suspenseMoved: Fixture = (stage) => {
  stage.bankLine(1, 3070);
  stage.run('account.move.line', 'write', [[3071], { account_id: 6 }], { uid: 8 });
  stage.posted(undefined, {}, { line: 3074 });
};
/** Paying wizards: invoices that the context names, and the wizard's number; `_2_` runs what `_1_` made. */
export const register = (
  id: number,
  payment: number,
  wizardValues = {},
  invoice = {},
): { create: Fixture; act: Fixture } => {
  const create: Fixture = (stage) => {
    for (const move of stage.contextIds) stage.posted(move, invoice);
    stage.next('account.payment.register', id);
  };
  const act: Fixture = async (stage) => {
    await create(stage);
    const context = stage.case_.call.kwargs.context as Record<string, never>;
    stage.run(
      'account.payment.register',
      'create',
      [{ journal_id: 6, payment_date: '2026-11-05', ...wizardValues }],
      { context },
    );
    stage.next('account.payment', payment);
    stage.next('account.move', 60_000);
  };
  return { create, act };
};
export const paid = (stage: Stage) => {
  const context = stage.case_.call.kwargs.context as Record<string, never>;
  for (const move of stage.contextIds) stage.posted(move);
  const id = stage.create('account.payment.register', { journal_id: 6, payment_date: '2026-11-05' }, 1, {
    context,
  });
  stage.next('account.move', 61_000);
  stage.run('account.payment.register', 'action_create_payments', [[id]], { context });
};
export const reversal =
  (id: number, refund: number): Fixture =>
  (stage) => {
    const context = stage.case_.call.kwargs.context as Record<string, never>;
    for (const move of stage.contextIds) stage.posted(move);
    stage.create('account.move.reversal', { journal_id: 1, date: '2026-11-10', reason: 'Wrong price' }, id, {
      context,
    });
    stage.next('account.move', refund);
  };
export const bill = (stage: Stage, id: number, values = {}) =>
  stage.invoice(id, { move_type: 'in_invoice', ref: 'VENDOR-1', ...values }, { account: 13 });
export const vendorTwins: Fixture = (stage) => {
  const [id = 0] = stage.target;
  bill(stage, id - 1);
  stage.run('account.move', 'action_post', [[id - 1]]);
  bill(stage, id);
};

export const eurPay = register(6, 7, { currency_id: 126, amount: 80 });
export const eurPart = register(7, 8, { currency_id: 126, amount: 40 });
export const eurInvoice = register(8, 9, { currency_id: 1, amount: 125 }, { currency_id: 126 });
export const full = register(1, 1, { communication: 'PAY-1' });
export const over = register(4, 5, { amount: 103, payment_difference_handling: 'open' });
export const part = register(2, 3, { amount: 40, communication: 'PAY-2' });
export const writeOff = register(5, 6, {
  amount: 97,
  payment_difference_handling: 'reconcile',
  writeoff_account_id: 27,
  writeoff_label: 'Bank fee',
});
export const group = register(9, 10, { group_payment: true });
export const single = register(10, 11, { group_payment: false });
export const vendor =
  (act: boolean): Fixture =>
  async (stage) => {
    const [id = 0] = stage.contextIds;
    bill(stage, id);
    stage.run('account.move', 'action_post', [[id]]);
    stage.next('account.payment.register', 12);
    if (!act) return;
    const context = stage.case_.call.kwargs.context as Record<string, never>;
    stage.run('account.payment.register', 'create', [{ journal_id: 6, payment_date: '2026-11-05' }], {
      context,
    });
    stage.next('account.payment', 18);
    stage.next('account.move', 60_000);
  };
export const rest =
  (act: boolean): Fixture =>
  async (stage) => {
    const context = stage.case_.call.kwargs.context as Record<string, never>;
    await part.act(stage);
    stage.run('account.payment.register', 'action_create_payments', [[2]], { context });
    stage.next('account.payment.register', 3);
    if (!act) return;
    stage.run(
      'account.payment.register',
      'create',
      [{ journal_id: 6, payment_date: '2026-11-06', amount: 60 }],
      { context },
    );
    stage.next('account.payment', 4);
  };

/** Two drafts that were posted once and keep their numbers, one after the other. */
export function numbered(stage: Stage, ...ids: number[]): void {
  for (const id of ids) stage.posted(id);
  stage.run('account.move', 'button_draft', [ids]);
}
