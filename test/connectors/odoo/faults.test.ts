import assert from 'node:assert/strict';
import { type LoadMessage, loadError } from '../../../connectors/odoo/faults';
import type { ErrorCode, ErrorKind, FinanceError } from '../../../errors';
import { readWire, WIRE_FILES, type WireCall } from './wire';

/** What each recorded fault of a real Odoo means here; `load`'s messages inside HTTP 200 among them. */
const EXPECTED: readonly { code: ErrorCode; kind: ErrorKind; cases: Record<string, string> }[] = [
  {
    code: 'DOCUMENT_CONFLICT',
    kind: 'conflict',
    cases: {
      'jsonrpc-17': `load_xid_other_model`,
    },
  },
  {
    code: 'ODOO_ACCESS',
    kind: 'unauthorized',
    cases: {
      'json2-19': `access_error access_error_create imd_search unauthorized_company`,
      'jsonrpc-17': `access_error_create access_error_model fk_delete mc_account_mismatch mc_post_wrong_ctx mc_read_other_company_move mc_tax_mismatch mc_user_without_company_ctx mc_user_without_company_journal`,
      'xmlrpc-17': `access_error_create access_error_model fk_delete`,
    },
  },
  {
    code: 'ODOO_BAD_ANSWER',
    kind: 'invalid',
    cases: {
      'jsonrpc-17': `json2_absent malformed_json wrong_content_type`,
    },
  },
  {
    code: 'ODOO_CURRENCY',
    kind: 'rejected',
    cases: {
      'jsonrpc-17': `post_inactive_currency`,
    },
  },
  {
    code: 'ODOO_DATABASE',
    kind: 'invalid',
    cases: {
      'json2-19': `bad_db`,
      'jsonrpc-17': `authenticate_missing_db`,
      'xmlrpc-17': `authenticate_missing_db execute_missing_db`,
    },
  },
  {
    code: 'ODOO_DATE_MOVED',
    kind: 'locked_period',
    cases: {
      'jsonrpc-17': `lock_button_draft lock_load_default_mode lock_write_date`,
    },
  },
  {
    code: 'ODOO_MISSING',
    kind: 'rejected',
    cases: {
      'json2-19': `imd_check_missing load_batch5_bad_account missing_partner_create missing_record_write`,
      'jsonrpc-16': `load_batch5_bad_account load_batch5_bad_partner`,
      'jsonrpc-17': `check_object_reference_missing load_batch5_bad_account load_batch5_bad_partner missing_partner_create missing_record_write`,
      'xmlrpc-17': `check_object_reference_missing missing_partner_create missing_record_write`,
    },
  },
  {
    code: 'ODOO_MODEL',
    kind: 'invalid',
    cases: {
      'json2-19': `api_model_with_ids array_body bad_kwarg json2_wrong_path malformed missing_arg private_method unknown_field_create unknown_field_domain unknown_method unknown_model`,
      'jsonrpc-17': `bad_kwarg bad_service load_blank_external_id load_unknown_column missing_required_arg private_method unknown_field_create unknown_field_domain unknown_field_read unknown_method unknown_model`,
      'xmlrpc-17': `bad_kwarg malformed_xml missing_required_arg private_method unknown_field_create unknown_field_domain unknown_field_read unknown_method unknown_model`,
    },
  },
  {
    code: 'ODOO_SERIALIZATION',
    kind: 'transient',
    cases: {
      'json2-19': `serialization_failure`,
      'jsonrpc-17': `serialization_failure`,
      'xmlrpc-17': `serialization_failure`,
    },
  },
  {
    code: 'ODOO_UNAUTHORIZED',
    kind: 'unauthorized',
    cases: {
      'json2-19': `bad_key no_key`,
      'jsonrpc-17': `execute_bad_key`,
      'xmlrpc-17': `execute_bad_key`,
    },
  },
  {
    code: 'ODOO_UNAVAILABLE',
    kind: 'transient',
    cases: {
      'jsonrpc-17': `pg_backend_terminated`,
      'xmlrpc-17': `pg_backend_terminated`,
    },
  },
  {
    code: 'ODOO_VALIDATION',
    kind: 'rejected',
    cases: {
      'json2-19': `action_post_already_posted bad_selection load_batch5_bad_crossco load_default_on_posted missing_account_create post_no_lines reconcile_again register_on_paid unbalanced`,
      'jsonrpc-16': `action_post_already_posted duplicate_vendor_ref_post load_batch5_bad_crossco load_batch5_bad_date load_batch5_bad_mt load_batch5_bad_num load_init_on_posted load_line_xids_on_posted_changed`,
      'jsonrpc-17': `action_post_already_posted action_post_auto_post_future action_post_batch_one_already_posted action_post_batch_one_bad action_post_cancelled bad_date bad_selection button_draft_on_draft create_state_posted fault_in_french journal_entry_load_unbalanced js_assign_outstanding_line_again load_batch5_bad_crossco load_batch5_bad_date load_batch5_bad_mt load_batch5_bad_num load_state_posted mc_partner_mismatch missing_account_create post_duplicate_name post_without_lines post_without_partner register_on_draft_1_create register_on_paid server_action_post_fails set_lock_date unbalanced_entry unlink_middle_numbered unlink_posted validate_account_move_none_draft vendor_bill_no_date`,
      'jsonrpc-19': `action_post_already_posted`,
      'xmlrpc-16': `action_post_already_posted`,
      'xmlrpc-17': `action_post_already_posted aml_reconcile_again aml_reconcile_draft bad_date bad_selection missing_account_create payment_action_post_again post_without_lines post_without_partner unbalanced_entry`,
    },
  },
];

async function faultOf(call: WireCall): Promise<FinanceError | undefined> {
  try {
    const result = (await call.protocol.read(call.answer, true)) as {
      ids?: unknown;
      messages?: LoadMessage[];
    };
    return result?.ids === false ? loadError(result.messages ?? []) : undefined;
  } catch (error) {
    return error as FinanceError;
  }
}

describe('faults of a recorded Odoo', () => {
  for (const file of WIRE_FILES)
    it(`${file}: each fault has its code and kind, and nothing else is a fault`, async () => {
      const answered = readWire(file).filter(({ answer }) => answer.status > 0);
      const seen: Record<string, string> = {};
      for (const call of answered) {
        const error = await faultOf(call);
        if (error) seen[call.case] = `${error.code} ${error.kind}`;
      }
      const expected: Record<string, string> = {};
      for (const { code, kind, cases } of EXPECTED)
        for (const name of (cases[file] ?? '').split(/\s+/).filter(Boolean))
          expected[name] = `${code} ${kind}`;
      assert.deepEqual(seen, expected);
    });

  it('keeps the words of Odoo and the name of the exception, and cuts what is too long', () => {
    const call = readWire('jsonrpc-17').find((one) => one.case === 'set_lock_date');
    assert.ok(call);
    return faultOf(call).then((error) => {
      assert.match(error?.message ?? '', /still unposted entries/);
      assert.equal(error?.details?.exception, 'odoo.exceptions.RedirectWarning');
      assert.ok((error?.message.length ?? 0) < 700);
    });
  });

  it('a serialization among load messages outweighs the others', () => {
    const error = loadError([
      { message: "'abc' does not seem to be a number for field 'Unit Price'", record: 0 },
      { message: 'could not serialize access due to concurrent update\n' },
    ]);
    assert.equal(error.code, 'ODOO_SERIALIZATION');
    assert.equal(error.kind, 'transient');
  });
});
