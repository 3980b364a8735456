import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpAnswer } from '../../../connectors/odoo/http';
import { json2 } from '../../../connectors/odoo/protocols/json2';
import { jsonrpc } from '../../../connectors/odoo/protocols/jsonrpc';
import type { Protocol } from '../../../connectors/odoo/protocols/protocol';
import { xmlrpc } from '../../../connectors/odoo/protocols/xmlrpc';

/** One call as a real Odoo answered it. */
export interface WireCall {
  file: string;
  case: string;
  protocol: Protocol;
  request: unknown;
  answer: HttpAnswer;
}

const PROTOCOLS: Record<string, Protocol> = { jsonrpc, json2, xmlrpc };
export const WIRE_FILES = [
  'json2-19',
  'jsonrpc-16',
  'jsonrpc-17',
  'jsonrpc-19',
  'xmlrpc-16',
  'xmlrpc-17',
  'xmlrpc-19',
];

interface Line {
  case: string;
  httpStatus: number | null;
  contentType: string | null;
  request: unknown;
  response: unknown;
}

export function readWire(file: string): WireCall[] {
  const text = readFileSync(join(__dirname, '../../data/odoo-wire', `${file}.jsonl`), 'utf8');
  const lines = text.trim().split('\n');
  return lines.map((line) => toCall(file, JSON.parse(line) as Line));
}

function toCall(file: string, line: Line): WireCall {
  const { response } = line;
  const isText = typeof response === 'string' && !/json/.test(line.contentType ?? '');
  return {
    file,
    case: line.case,
    protocol: PROTOCOLS[file.split('-')[0] ?? ''] as Protocol,
    request: line.request,
    answer: {
      status: line.httpStatus ?? 0,
      contentType: line.contentType ?? '',
      body: isText ? response : JSON.stringify(response),
    },
  };
}
