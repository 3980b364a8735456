import type { Value } from './value';

/** HTTP status that JSON-2 gives an exception; everything unlisted is 500. */
const STATUS: Record<string, number> = {
  'odoo.exceptions.UserError': 422,
  'odoo.exceptions.ValidationError': 422,
  'odoo.exceptions.RedirectWarning': 422,
  'odoo.exceptions.AccessError': 403,
  'odoo.exceptions.AccessDenied': 403,
  'odoo.exceptions.MissingError': 404,
  'werkzeug.exceptions.BadRequest': 400,
  'werkzeug.exceptions.Unauthorized': 401,
  'werkzeug.exceptions.NotFound': 404,
  'werkzeug.exceptions.UnprocessableEntity': 422,
};

const HTTP_TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  422: 'Unprocessable Entity',
};

export interface FaultDetail {
  /** The exception's arguments where they are more than its message. */
  args?: Value[];
  /** The traceback's last line of the exception before this one. */
  before?: string;
  /** Whether this one was raised `from` that one, or while handling it. */
  link?: 'cause' | 'context';
  /** What `load` reports of it instead of the message. */
  loadMessage?: string;
  /** What the traceback says instead of the message. */
  shown?: string;
}

/** An exception of the server, by its Python name; each protocol words it in its own way. */
export class OdooFault extends Error {
  readonly pythonName: string;
  readonly args: Value[];
  readonly detail: FaultDetail;

  constructor(pythonName: string, message: string, detail: FaultDetail = {}) {
    super(message);
    this.pythonName = pythonName;
    this.args = detail.args ?? [message];
    this.detail = detail;
  }

  get status(): number {
    return STATUS[this.pythonName] ?? 500;
  }

  /** The traceback, cut to its last lines. */
  get debug(): string {
    const head = 'Traceback (most recent call last):\n  ...\n';
    const links = {
      cause: '\n\nThe above exception was the direct cause of the following exception:\n\n',
      context: '\n\nDuring handling of the above exception, another exception occurred:\n\n',
    };
    const { before, link = 'context' } = this.detail;
    const first = before === undefined ? '' : `${head}${before}${links[link]}`;
    return `${first}${head}${this.pythonName.replace('builtins.', '')}: ${this.shown}\n`;
  }

  private get shown(): string {
    if (this.detail.shown !== undefined) return this.detail.shown;
    if (!this.pythonName.startsWith('werkzeug.')) return this.message;
    return `${this.status} ${HTTP_TITLES[this.status]}: ${this.message}`;
  }
}

/** UserError and its kin: what `load` turns into a message of a record. */
export function isUserError(fault: OdooFault): boolean {
  return /^odoo\.exceptions\.(?!AccessDenied)/.test(fault.pythonName);
}

export const userError = (message: string) => new OdooFault('odoo.exceptions.UserError', message);
export const accessError = (message: string) => new OdooFault('odoo.exceptions.AccessError', message);
export const accessDenied = () => new OdooFault('odoo.exceptions.AccessDenied', 'Access Denied');
export const validationError = (message: string, detail?: FaultDetail) =>
  new OdooFault('odoo.exceptions.ValidationError', message, detail);
export const valueError = (message: string, detail?: FaultDetail) =>
  new OdooFault('builtins.ValueError', message, detail);
export const typeError = (message: string) => new OdooFault('builtins.TypeError', message);
export const keyError = (key: string) => new OdooFault('builtins.KeyError', key, { shown: `'${key}'` });
export const serializationFailure = () =>
  new OdooFault(
    'psycopg2.errors.SerializationFailure',
    'could not serialize access due to concurrent update\n',
  );
export const missingError = (model: string, id: number, uid: number) =>
  new OdooFault(
    'odoo.exceptions.MissingError',
    `Record does not exist or has been deleted.\n(Record: ${model}(${id},), User: ${uid})`,
  );
/** An HTTP error of JSON-2, by its name in werkzeug. */
export const httpError = (
  name: 'BadRequest' | 'Unauthorized' | 'NotFound' | 'UnprocessableEntity',
  message: string,
  detail?: FaultDetail,
) => {
  const pythonName = `werkzeug.exceptions.${name}`;
  return new OdooFault(pythonName, message, { args: [message, STATUS[pythonName] ?? 500], ...detail });
};
