import {
  again,
  bill,
  drafts,
  each,
  eurInvoice,
  eurPart,
  eurPay,
  type Fixture,
  fault,
  full,
  group,
  lined,
  linedPosted,
  loadedPosted,
  lockedBefore,
  matchable,
  nextMove,
  nothing,
  numbered,
  over,
  paid,
  part,
  posted,
  rest,
  reversal,
  shared,
  single,
  suspenseMoved,
  vendor,
  vendorTwins,
  wizard,
  writeOff,
} from './wire-fixture-parts';

/** What stood in the database before each recorded call; by the case's name, or by file and name. */
export const FIXTURES: Record<string, Fixture> = {
  access_error: nothing,
  access_error_create: nothing,
  access_error_model: nothing,
  action_post_already_posted: posted,
  action_post_auto_post_future: each((stage, id) =>
    stage.invoice(id, { auto_post: 'at_date', date: '2026-12-24' }),
  ),
  action_post_batch5: drafts,
  action_post_batch_one_already_posted: (stage) => {
    const [first = 0, ...others] = stage.target;
    stage.posted(first);
    for (const id of others) stage.invoice(id);
  },
  action_post_batch_one_bad: (stage) => {
    const bad = stage.target.at(-1);
    for (const id of stage.target) stage.invoice(id, id === bad ? { invoice_line_ids: [] } : {});
  },
  action_post_cancelled: (stage) => {
    posted(stage);
    stage.run('account.move', 'button_cancel', [stage.target]);
  },
  action_post_ok: drafts,
  aml_reconcile: matchable,
  aml_reconcile_again: again(matchable),
  aml_reconcile_draft: (stage) => {
    stage.invoice(undefined, {}, { line: 2909 });
    stage.payment(undefined, { line: 2911 });
  },
  api_model_with_ids: nothing,
  array_body: nothing,
  authenticate_bad_password: nothing,
  authenticate_missing_db: nothing,
  authenticate_ok: nothing,
  bad_date: nothing,
  bad_db: nothing,
  bad_key: nothing,
  bad_kwarg: nothing,
  bad_selection: nothing,
  bad_service: nothing,
  bsl_create: nothing,
  bsl_load_1: (stage) => stage.next('account.bank.statement.line', stage.case_.version === '19.0' ? 1 : 2),
  bsl_load_2: again((stage) =>
    stage.next('account.bank.statement.line', stage.case_.version === '19.0' ? 1 : 2),
  ),
  bsl_reconcile: suspenseMoved,
  bsl_undo: async (stage) => {
    await suspenseMoved(stage);
    stage.run('account.move.line', 'reconcile', [[3071, 3075]], { uid: 8 });
  },
  bsl_write_suspense_line: (stage) => stage.bankLine(1, 3070),
  button_cancel: drafts,
  button_draft_on_draft: drafts,
  check_object_reference_missing: nothing,
  check_object_reference_no_access: (stage) => stage.foreign(),
  check_object_reference_ok: (stage) => stage.foreign(),
  context_get: nothing,
  create_list: nextMove(7),
  create_single: nextMove(6),
  create_state_posted: nothing,
  credit_note_create: (stage) => {
    stage.posted(1081);
    stage.next('account.move', 1082);
  },
  credit_note_load: (stage) => {
    stage.posted(1083);
    stage.next('account.move', 1084);
  },
  duplicate_vendor_ref_post: vendorTwins,
  execute_bad_key: nothing,
  execute_missing_db: nothing,
  fault_in_french: each((stage, id) => stage.posted(id, { name: 'NR-OWN-1938' })),
  fk_delete: nothing,
  get_external_id: (stage) => stage.loaded('nrinv.C1', 2),
  get_metadata: (stage) => stage.loaded('nrinv.C1', 2),
  imd_check_missing: nothing,
  imd_check_object_reference: (stage) => stage.loaded('nrinv.C1', 2),
  imd_search: nothing,
  journal_entry_load: nextMove(1085),
  journal_entry_load_eur: nextMove(1088),
  journal_entry_load_unbalanced: (stage) => {
    stage.entry(1085);
    stage.next('account.move', 1086);
  },
  js_assign_outstanding_line: (stage) => {
    stage.posted(1064);
    stage.payment(undefined, { line: 2907 });
  },
  js_assign_outstanding_line_again: again((stage) => {
    stage.posted(1064);
    stage.payment(undefined, { line: 2907 });
  }),
  json2_absent: nothing,
  json2_wrong_path: nothing,
  load_after_unlink: (stage) => {
    stage.loaded('nrdel.1', 1117, { rows: 1 });
    stage.run('account.move', 'unlink', [[1117]]);
    stage.next('account.move', 1118);
  },
  load_analytic: nextMove(1089),
  load_batch5_bad_account: nothing,
  load_batch5_bad_crossco: nothing,
  load_batch5_bad_date: nothing,
  load_batch5_bad_mt: nothing,
  load_batch5_bad_num: nothing,
  load_batch5_bad_partner: nothing,
  load_batch5_ok: (stage) => stage.next('account.move', stage.case_.version === '17.0' ? 11 : 3),
  load_blank_external_id: nothing,
  load_company2: nextMove(1115),
  load_create_or_get_first: (stage) => stage.next('account.move', shared(stage)),
  load_create_or_get_posted: loadedPosted,
  load_create_or_get_second: (stage) => stage.loaded('nrinv.C1', shared(stage)),
  load_default_on_posted: loadedPosted,
  load_existing_no_access: (stage) => stage.foreign(),
  load_existing_wrong_company: (stage) => stage.foreign(),
  load_first: nextMove(8),
  load_init_on_posted: loadedPosted,
  load_line_xids_on_posted_changed: linedPosted,
  load_line_xids_on_posted_identical: linedPosted,
  load_same_xid_twice_in_call: (stage) =>
    stage.next('account.move', stage.case_.version === '17.0' ? 54 : 46),
  load_second_identical: again(nextMove(8)),
  load_state_posted: nothing,
  load_unknown_column: nothing,
  load_with_line_xids: (stage) => stage.next('account.move', lined(stage)),
  load_with_line_xids_again: again((stage) => stage.next('account.move', lined(stage))),
  load_xid_other_model: nothing,
  lock_button_draft: lockedBefore(posted, 'fiscalyear_lock_date', '2026-11-20'),
  lock_create_customer_invoice: lockedBefore(nextMove(1120)),
  lock_create_entry: lockedBefore(nextMove(1122)),
  lock_load_default_mode: (stage) => {
    stage.loaded('nrlk.11', 1140, { rows: 1 });
    stage.run('account.move', 'action_post', [[1140]]);
    stage.lock('fiscalyear_lock_date', '2026-11-20');
  },
  lock_post_customer_invoice: lockedBefore(
    each((stage, id) => stage.invoice(id, { invoice_date: '2026-09-15', date: '2026-09-15' })),
  ),
  lock_post_entry: lockedBefore(each((stage, id) => stage.entry(id, { date: '2026-09-15' }))),
  lock_post_invoice: lockedBefore(drafts),
  lock_post_payment: lockedBefore(each((stage, id) => stage.payment(id, { draft: true }))),
  lock_write_date: lockedBefore(posted, 'fiscalyear_lock_date', '2026-11-20'),
  malformed: nothing,
  malformed_json: nothing,
  malformed_xml: nothing,
  mc_account_mismatch: nothing,
  mc_ctx_allowed_company_ids: nextMove(1108),
  mc_journal2_noctx: nextMove(1106),
  mc_partner_mismatch: (stage) => {
    stage.invoice(1111);
  },
  mc_post_wrong_ctx: each((stage, id) => stage.invoice(id, { journal_id: 8 }, { account: 71 })),
  mc_read_other_company_move: each((stage, id) => stage.invoice(id, { journal_id: 8 }, { account: 71 })),
  mc_tax_mismatch: nothing,
  mc_user_without_company_ctx: nothing,
  mc_user_without_company_journal: nothing,
  missing_account_create: nothing,
  missing_arg: nothing,
  missing_partner_create: nothing,
  missing_record_write: nothing,
  missing_required_arg: nothing,
  no_db_header: nothing,
  no_key: nothing,
  none_button_draft: posted,
  none_result_button_draft: posted,
  noresponse_client_abort_committed: fault('drop-after-commit'),
  noresponse_sigterm: fault('drop-before'),
  noresponse_worker_killed: fault('drop-before'),
  payment_action_post: each((stage, id) => stage.payment(id, { draft: true })),
  payment_action_post_again: each((stage, id) => stage.payment(id, { move: 1063 })),
  'json2-19/payment_action_post_again': each((stage, id) => stage.payment(id)),
  payment_action_post_none: each((stage, id) => stage.payment(id, { draft: true })),
  payment_create: wizard('account.payment', 14),
  payment_load_1: (stage) => stage.next('account.payment', stage.case_.version === '19.0' ? 3 : 17),
  payment_load_2: again((stage) => stage.next('account.payment', stage.case_.version === '19.0' ? 3 : 17)),
  period_lock_post_entry: lockedBefore(
    each((stage, id) => stage.entry(id, { date: '2026-09-15' })),
    'period_lock_date',
  ),
  pg_backend_terminated: fault('connection-lost'),
  post_duplicate_name: each((stage, id) => {
    stage.posted(undefined, { name: 'INV/2026/00113' });
    stage.invoice(id, { name: 'INV/2026/00113' });
  }),
  post_inactive_currency: each((stage, id) => stage.invoice(id, { currency_id: 150 })),
  post_no_lines: each((stage, id) => stage.invoice(id, { invoice_line_ids: [] })),
  post_without_lines: each((stage, id) => stage.invoice(id, { invoice_line_ids: [] })),
  post_without_partner: each((stage, id) => stage.invoice(id, { partner_id: false })),
  private_method: nothing,
  read_missing: nothing,
  read_missing_id: nothing,
  reconcile: matchable,
  'jsonrpc-16/reconcile': (stage) => {
    stage.posted(undefined, {}, { line: 1215 });
    stage.payment(undefined, { line: 1217 });
    stage.next('account.partial.reconcile', 2);
  },
  reconcile_again: again(matchable),
  reconcile_three_lines: (stage) => {
    stage.posted(undefined, {}, { line: 15133 });
    stage.payment(undefined, { line: 15135, amount: 97 });
    stage.next('account.move.line', 15137);
    const line_ids = [
      [0, 0, { name: 'fee', account_id: 27, debit: 3 }],
      [0, 0, { name: 'fee', account_id: 6, credit: 3, partner_id: 8 }],
    ];
    stage.entry(70_000, { line_ids });
    stage.run('account.move', 'action_post', [[70_000]]);
  },
  refund_moves: reversal(1, 172),
  register_1_create: full.create,
  register_2_action: full.act,
  register_3_again: async (stage) => {
    await full.act(stage);
    stage.once();
  },
  register_eur_full_1_create: eurPay.create,
  register_eur_full_2_action: eurPay.act,
  register_eur_inv_usd_pay_1_create: eurInvoice.create,
  register_eur_inv_usd_pay_2_action: eurInvoice.act,
  register_eur_partial_1_create: eurPart.create,
  register_eur_partial_2_action: eurPart.act,
  register_full_1_create: full.create,
  register_full_2_action: full.act,
  register_full_3_action_again: again(full.act),
  register_group2_1_create: group.create,
  register_group2_2_action: group.act,
  register_nogroup2_1_create: single.create,
  register_nogroup2_2_action: single.act,
  register_on_draft_1_create: (stage) => {
    for (const id of stage.contextIds) stage.invoice(id);
  },
  register_on_paid: paid,
  register_over_open_1_create: over.create,
  register_over_open_2_action: over.act,
  register_partial_1_create: part.create,
  register_partial_2_action: part.act,
  register_rest_1_create: rest(false),
  register_rest_2_action: rest(true),
  register_vendor_bill_1_create: vendor(false),
  register_vendor_bill_2_action: vendor(true),
  register_writeoff_1_create: writeOff.create,
  register_writeoff_2_action: writeOff.act,
  reversal_create: (stage) => {
    for (const id of stage.contextIds) stage.posted(id);
    stage.next('account.move.reversal', 3);
  },
  reversal_modify_moves: reversal(2, 1077),
  reversal_refund_moves: reversal(1, 1074),
  reversal_refund_moves_again: again(reversal(1, 1074)),
  reversal_reverse_moves: reversal(3, 1080),
  search_ok: nothing,
  serialization_failure: fault(
    'serialization',
    each((stage, id) => stage.invoice(id)),
  ),
  server_action_load_and_post: (stage) => {
    stage.posted(4304, { name: 'NR-OWN-1936' });
    stage.next('account.move', 4305);
  },
  server_action_load_and_post_again: again((stage) => {
    stage.posted(4304, { name: 'NR-OWN-1936' });
    stage.next('account.move', 4305);
  }),
  server_action_post_fails: nothing,
  set_lock_date: (stage) => {
    for (const id of [1078, 1080, 15]) stage.invoice(id);
  },
  taxlock_post_customer_invoice: lockedBefore(
    each((stage, id) => stage.invoice(id, { invoice_date: '2026-09-15', date: '2026-09-15' })),
    'tax_lock_date',
  ),
  unauthorized_company: nothing,
  unbalanced: nothing,
  unbalanced_entry: nothing,
  unknown_field_create: nothing,
  unknown_field_domain: nothing,
  unknown_field_read: nothing,
  unknown_method: nothing,
  unknown_model: nothing,
  unlink_last_numbered: (stage) => numbered(stage, 1132, 1133),
  unlink_middle_numbered: (stage) => numbered(stage, 1132, 1133),
  unlink_ok_none: drafts,
  unlink_posted: posted,
  validate_account_move_none_draft: (stage) => {
    for (const id of stage.contextIds) stage.posted(id);
    stage.create('validate.account.move', {}, 1);
  },
  validate_account_move_wizard: (stage) => {
    const [first = 0, ...others] = stage.contextIds;
    stage.posted(first);
    for (const id of others) stage.invoice(id);
    stage.create('validate.account.move', {}, 1);
  },
  vendor_bill_no_date: each((stage, id) => bill(stage, id, { invoice_date: false })),
  version: nothing,
  write_state_posted: drafts,
  wrong_content_type: nothing,
};
