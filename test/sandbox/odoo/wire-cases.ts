import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Value, Values } from '../../../sandbox/odoo/core/value';

/** The repository's root, seen from `dist/test/sandbox/odoo`. */
const DATA = join(__dirname, '..', '..', '..', '..', 'test', 'data', 'odoo-wire');

/** One call that was recorded of a real Odoo. */
export interface WireCase {
  /** `jsonrpc-17/action_post_ok`. */
  key: string;
  file: string;
  name: string;
  version: '16.0' | '17.0' | '19.0';
  endpoint: string;
  /** Absent where no response came. */
  status: number | null;
  contentType: string | null;
  request: Value;
  response: Value;
  /** What is called, where the request is a call of a model. */
  call: WireCall;
}

export interface WireCall {
  uid: number;
  model: string;
  method: string;
  args: Value[];
  kwargs: Values;
}

const deserializer = require('xmlrpc/lib/deserializer') as new () => {
  deserializeMethodCall(
    from: Readable,
    done: (error: unknown, method: string, params: Value[]) => void,
  ): void;
  deserializeMethodResponse(from: Readable, done: (error: unknown, result: Value) => void): void;
};

function parseCall(xml: string): Promise<{ method: string; params: Value[] }> {
  return new Promise((resolve) => {
    new deserializer().deserializeMethodCall(Readable.from([xml]), (_error, method, params) =>
      resolve({ method, params: params ?? [] }),
    );
  });
}

/** An XML-RPC response as JSON: its result, or its fault. */
export function parseXmlResponse(xml: string): Promise<Value> {
  return new Promise((resolve) => {
    new deserializer().deserializeMethodResponse(Readable.from([xml]), (error, result) => {
      if (!error) return resolve({ result });
      const { faultCode, faultString } = error as { faultCode?: number; faultString?: string };
      resolve({ faultCode: faultCode ?? null, faultString: faultString ?? String(error) });
    });
  });
}

const struct = (value: Value | undefined): Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const list = (value: Value | undefined): Value[] => (Array.isArray(value) ? value : []);

async function callOf(endpoint: string, request: Value, uid: number): Promise<WireCall> {
  if (endpoint.startsWith('/json/2/')) {
    const [model = '', method = ''] = endpoint.slice('/json/2/'.length).split('/');
    const { ids, ...named } = struct(request);
    return { uid, model, method, args: ids === undefined ? [] : [ids], kwargs: named };
  }
  const params = endpoint.startsWith('/xmlrpc')
    ? (await parseCall(String(request))).params
    : list(struct(struct(request).params).args);
  const [, caller, , model, method, args, kwargs] = params;
  return {
    uid: Number(caller) || uid,
    model: String(model ?? ''),
    method: String(method ?? ''),
    args: list(args),
    kwargs: struct(kwargs),
  };
}

/** Every recorded call, in the files' order. */
export async function wireCases(): Promise<WireCase[]> {
  const files = readdirSync(DATA)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  const cases: WireCase[] = [];
  for (const file of files) {
    const name = file.replace('.jsonl', '');
    const lines = readFileSync(join(DATA, file), 'utf8').split('\n').filter(Boolean);
    for (const line of lines) cases.push(await caseOf(name, struct(JSON.parse(line) as Value)));
  }
  return cases;
}

async function caseOf(file: string, row: Values): Promise<WireCase> {
  const version = String(row.odoo) as WireCase['version'];
  const endpoint = String(row.endpoint);
  const uid = version === '19.0' ? 5 : 6;
  return {
    key: `${file}/${String(row.case)}`,
    file,
    name: String(row.case),
    version,
    endpoint,
    status: typeof row.httpStatus === 'number' ? row.httpStatus : null,
    contentType: typeof row.contentType === 'string' ? row.contentType : null,
    request: row.request ?? null,
    response: row.response ?? null,
    call: await callOf(endpoint, row.request ?? null, uid),
  };
}
