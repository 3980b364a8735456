import { type Api, httpApi, type WriteMethod } from '../../connectors/api';
import { secretSource } from '../../connectors/odoo';
import { knowSecret } from '../../engine';
import { FinanceError } from '../../errors';
import { compileExpression, type Expression } from '../../finance/expression';
import { numberField, optionalField, requiredField } from '../kit/fields';
import type { NodeConfig } from '../kit/red';

export interface ApiCallConfig extends NodeConfig {
  /** What the step does, as part of its kind: `api.<step>`. */
  step?: string;
  url?: string;
  method?: WriteMethod;
  /** JSONata on the message, as all that follows. */
  path?: string;
  body?: string;
  key?: string;
  keyHeader?: string;
  refusesDoubles?: boolean;
  /** A path to GET that finds what was written, where something is in doubt. */
  probe?: string;
  /** What is written: older states of one thing are not sent. */
  object?: string;
  revision?: string;
  authentication?: 'none' | 'bearer' | 'header';
  authHeader?: string;
  timeoutSeconds?: number | string;
}

/** A configuration that was read and checked. */
export interface CallRules {
  /** `api.<step>` */
  kind: string;
  /** The base address: rate, slots and breaker are of it. */
  target: string;
  method: WriteMethod;
  refusesDoubles: boolean;
  path: Expression;
  key: Expression;
  body?: Expression;
  probe?: Expression;
  object?: Expression;
  revision?: Expression;
}

const METHODS: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'];
const DEFAULT_KEY = 'ledgerway.documentId';

const wrong = (field: string, what: string): FinanceError =>
  new FinanceError('CONFIG_INVALID', { message: `The field ${field} ${what}.`, details: { field } });

/** @throws CONFIG_INVALID, MAP_EXPRESSION on a syntax error */
export function readRules(config: ApiCallConfig): CallRules {
  const { method = 'POST', refusesDoubles } = config;
  if (!METHODS.includes(method)) throw wrong('method', 'is none of POST, PUT, PATCH, DELETE');
  const step = optionalField(config.step) ?? 'call';
  if (!/^[a-z0-9_]+$/.test(step)) throw wrong('step', 'is not made of a–z, 0–9 and _');
  const optional = (field: 'body' | 'probe' | 'object' | 'revision'): Expression | undefined => {
    const source = optionalField(config[field]);
    return source === undefined ? undefined : compileExpression(source, field);
  };
  return {
    kind: `api.${step}`,
    target: requiredField(config.url, 'url').replace(/\/+$/, ''),
    method,
    refusesDoubles: refusesDoubles === true,
    path: compileExpression(requiredField(config.path, 'path'), 'path'),
    key: compileExpression(optionalField(config.key) ?? DEFAULT_KEY, 'key'),
    body: optional('body'),
    probe: optional('probe'),
    object: optional('object'),
    revision: optional('revision'),
  };
}

/** @throws CONFIG_INVALID */
export function apiOf(config: ApiCallConfig, secret: string | undefined): Api {
  const timeoutMs = numberField(config.timeoutSeconds, 'timeoutSeconds', 20, 0.1) * 1000;
  return httpApi({
    baseUrl: requiredField(config.url, 'url'),
    keyHeader: optionalField(config.keyHeader),
    authentication: authenticationOf(config, secretSource(secret ?? '')),
    timeoutMs,
  });
}

function authenticationOf(
  { authentication = 'bearer', authHeader }: ApiCallConfig,
  readSecret: () => string,
): (() => { header: string; value: string }) | undefined {
  if (authentication === 'none') return undefined;
  const header = authentication === 'header' ? requiredField(authHeader, 'authHeader') : 'authorization';
  return () => {
    const secret = readSecret();
    if (!secret)
      throw new FinanceError('CONFIG_SECRET_MISSING', { message: 'The key of the API is not set.' });
    knowSecret(secret);
    return { header, value: authentication === 'header' ? secret : `Bearer ${secret}` };
  };
}
