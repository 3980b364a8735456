import assert from 'node:assert/strict';
import { startOdoo } from '../../../sandbox/odoo';
import type { Value } from '../../../sandbox/odoo/core/value';
import { parseXmlResponse, type WireCase, wireCases } from './wire-cases';
import { FIXTURES } from './wire-fixtures';
import { WIRE_KEY, wireSeed } from './wire-seed';
import { Stage } from './wire-stage';

/** Recorded calls that are not replayed, each with the reason; nothing else may be left out. */
const NOT_REPLAYED: Record<string, string> = {};

const NOW = new Date('2026-11-21T12:42:15Z');

interface Answer {
  status: number | null;
  contentType: string | null;
  body: Value;
}

/** Texts that differ from run to run: numbers of moves, addresses in Python's memory, times, the ids of drafts. */
function withoutAccidents(text: string): string {
  return text
    .replace(/\b(R?INV|BILL|MISC|P?BNK1)\/\d{4}\/(\d\d\/)?\d+/g, '<NAME>')
    .replace(/NR-OWN-\d+/g, '<NAME>')
    .replace(/\(\* \d+\)/g, '(* N)')
    .replace(/ at 0x[0-9a-f]+/g, ' at 0x0')
    .replace(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, '<TIME>')
    .replace(/\('id', 'in', \[[\d, ]*\]\)/g, "('id', 'in', [IDS])")
    .replace(/\s+$/g, '');
}

function normal(value: Value): Value {
  if (typeof value === 'string') return withoutAccidents(value);
  if (Array.isArray(value)) {
    const [field, operator, ids] = value;
    const isIdLeaf =
      value.length === 3 && field === 'id' && operator === 'in' && Array.isArray(ids) && ids.length !== 2;
    return isIdLeaf ? ['id', 'in', 'IDS'] : value.map(normal);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normal(item)]));
}

/**
 * Odoo 16 puts the whole window action, with its views, into the refusal of a vendor's reference; a client only
 * hands it to a browser. Kept of it: its model and domain.
 */
function withoutAction(answer: Value): Value {
  const error = (answer as { error?: { data?: { arguments?: Value[]; message?: Value; debug?: Value } } })
    .error;
  const [message, action] = error?.data?.arguments ?? [];
  if (!error?.data || typeof action !== 'object' || action === null || !('domain' in action)) return answer;
  const { domain, res_model } = action as { domain: Value; res_model: Value };
  return {
    ...error,
    data: { ...error.data, arguments: [message ?? null, { domain, res_model }], message: '', debug: '' },
  } as Value;
}

async function comparable({ endpoint, name }: WireCase, answer: Answer): Promise<Answer> {
  const { status, contentType } = answer;
  const type = contentType?.replace(/\s/g, '') ?? null;
  const text = typeof answer.body === 'string' ? answer.body : '';
  if (type?.startsWith('text/xml') && endpoint.startsWith('/xmlrpc'))
    return { status, contentType: type, body: normal(await parseXmlResponse(text)) };
  // A page for people: that it is one is all that a client can see in it.
  const isPage = type?.startsWith('text/html') && text.length > 400;
  if (isPage || name === 'json2_absent') return { status, contentType: type, body: '<PAGE>' };
  const body = name === 'duplicate_vendor_ref_post' ? withoutAction(answer.body) : answer.body;
  return { status, contentType: type, body: normal(body) };
}

function headersOf({ endpoint, name, version }: WireCase): Record<string, string> {
  if (endpoint.startsWith('/xmlrpc')) return { 'Content-Type': 'text/xml' };
  if (name === 'wrong_content_type') return { 'Content-Type': 'application/x-www-form-urlencoded' };
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (!endpoint.startsWith('/json/2') || version !== '19.0') return headers;
  if (name !== 'no_key') headers.Authorization = `Bearer ${name === 'bad_key' ? 'wrong' : WIRE_KEY}`;
  if (name !== 'no_db_header') headers['X-Odoo-Database'] = name === 'bad_db' ? 'nodb' : 'ledger';
  return headers;
}

async function send(url: string, case_: WireCase): Promise<Answer> {
  const { request, endpoint } = case_;
  const body = typeof request === 'string' ? request : JSON.stringify(request);
  try {
    const response = await fetch(`${url}${endpoint}`, { method: 'POST', headers: headersOf(case_), body });
    const contentType = response.headers.get('content-type');
    const text = await response.text();
    return {
      status: response.status,
      contentType,
      body: contentType?.includes('json') ? (JSON.parse(text) as Value) : text,
    };
  } catch {
    return { status: null, contentType: null, body: '' };
  }
}

async function replay(case_: WireCase): Promise<Answer> {
  const server = await startOdoo({ version: case_.version, seed: wireSeed(case_.version), now: () => NOW });
  try {
    await FIXTURES[case_.key]?.(new Stage(server, case_));
    if (!FIXTURES[case_.key]) await FIXTURES[case_.name]!(new Stage(server, case_));
    return await send(server.url, case_);
  } finally {
    await server.close();
  }
}

describe('Sandbox Odoo: the recorded calls of real Odoo 16, 17 and 19', () => {
  let cases: WireCase[] = [];
  let replayed = 0;

  before(async () => {
    cases = await wireCases();
  });

  it('knows every recorded call: each has a fixture or a reason why it is not replayed', () => {
    assert.equal(cases.length, 287);
    const unknown = cases.filter(
      ({ key, name }) => !(key in FIXTURES) && !(name in FIXTURES) && !(key in NOT_REPLAYED),
    );
    assert.deepEqual(
      unknown.map(({ key }) => key),
      [],
    );
  });

  for (const file of [
    'json2-19',
    'jsonrpc-16',
    'jsonrpc-17',
    'jsonrpc-19',
    'xmlrpc-16',
    'xmlrpc-17',
    'xmlrpc-19',
  ])
    it(`answers every call of ${file} as the real one did`, async function () {
      this.timeout(60_000);
      const different: string[] = [];
      for (const case_ of cases.filter((each) => each.file === file && !(each.key in NOT_REPLAYED))) {
        try {
          const [seen, recorded] = [
            await comparable(case_, await replay(case_)),
            await comparable(case_, {
              status: case_.status,
              contentType: case_.contentType,
              body: case_.response,
            }),
          ];
          assert.deepEqual(seen, recorded);
        } catch (error) {
          different.push(`${case_.key}: ${error instanceof Error ? error.message : String(error)}`);
        }
        replayed += 1;
      }
      assert.equal(different.length, 0, `${different.length} differ:\n${different.join('\n\n')}`);
    });

  after(() => {
    const left = Object.entries(NOT_REPLAYED).map(([key, reason]) => `${key}: ${reason}`);
    console.log(
      `      ${replayed} of ${cases.length} recorded calls replayed${left.length ? `; not: ${left.join('; ')}` : ''}`,
    );
  });
});
