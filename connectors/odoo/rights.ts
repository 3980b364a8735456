import { type ErrorCode, isFinanceError } from '../../errors';
import type { DocumentKind } from '../../finance/documents';
import { type Automation, automations, type Job } from './automation';
import type { OdooClient } from './client';
import { type ApiKey, apiKeys, expiringKeys, type KeyAlarm } from './key-expiry';
import { type Company, lookupsOf } from './lookups';
import { idOf, idsOf, searchRead, textOf } from './records';

/** What a user may do to records of a model. */
export interface Right {
  model: string;
  operation: 'read' | 'create' | 'write';
  /** `undefined` where this Odoo does not tell. */
  may?: boolean;
}

export interface CompanyRights {
  id: number;
  name?: string;
  /** The user belongs to the company. */
  allowed: boolean;
  /** Journals that the user sees there. */
  journals: string[];
  automations: Automation[];
}

/** What is done to a model, whatever kind of document it is for. */
export interface ModelUse {
  model: string;
  operations: readonly Right['operation'][];
}

/** What a connection is used for. */
export interface ConnectionUse {
  /** Ids of the companies of the legal entities; all that the user belongs to where it is left out. */
  companies?: readonly number[];
  /** Kinds of documents that are posted. */
  kinds: readonly DocumentKind[];
  /** What is read or written beside them. */
  models?: readonly ModelUse[];
  /** Jobs of ours that Odoo could do as well. */
  jobs?: readonly Job[];
}

/** Something that a person should know, in words. */
export interface Finding {
  code: ErrorCode;
  message: string;
}

export interface RightsReport {
  user: { id?: number; name?: string };
  companies: CompanyRights[];
  kinds: { kind: DocumentKind; rights: Right[]; missing: string[] }[];
  models: Right[];
  /** Names of groups that an integration user should not have. */
  tooMuch: string[];
  /** Every key of the user. */
  keys: ApiKey[];
  expiring: KeyAlarm[];
  /** Nothing where all is well. */
  warnings: Finding[];
  /** What must be put right before anything runs. */
  refusals: Finding[];
}

interface Need {
  models: Readonly<Record<string, readonly Right['operation'][]>>;
  /** Where Odoo does not tell what the user may do, this group is asked for. */
  group: string;
}

const BILLING = 'account.group_account_invoice';
const MOVES: Need = {
  models: { 'account.move': ['read', 'create', 'write'], 'account.journal': ['read'] },
  group: BILLING,
};
const PAYMENTS: Need = {
  models: { 'account.payment': ['read', 'create', 'write'], 'account.move.line': ['read', 'write'] },
  group: BILLING,
};
const NEEDS: Partial<Record<DocumentKind, Need>> = {
  invoice: MOVES,
  credit_note: MOVES,
  journal_entry: MOVES,
  payout: MOVES,
  payment: PAYMENTS,
  refund: PAYMENTS,
  bank_transaction: {
    models: { 'account.bank.statement.line': ['read', 'create'] },
    group: 'account.group_account_user',
  },
  party: { models: { 'res.partner': ['read', 'create', 'write'] }, group: 'base.group_partner_manager' },
  product: {
    models: { 'product.product': ['read', 'create', 'write'] },
    group: 'product.group_product_manager',
  },
};

/** Kinds of documents that need rights in Odoo. */
export const POSTED_KINDS = Object.keys(NEEDS) as DocumentKind[];

/** A compromised key of such a user can change more than books. */
const TOO_MUCH = ['base.group_system', 'base.group_erp_manager', 'account.group_account_manager'];

/**
 * What the integration user may do and may not, company by company, for what the connection is used for; what it has
 * too much of; what Odoo would do a second time; when its keys expire. Changes nothing.
 *
 * @throws FinanceError ODOO_UNAUTHORIZED and those of a call; a right that is missing is part of the report
 */
export async function checkRights(
  client: OdooClient,
  { companies, kinds, models = [], jobs = [] }: ConnectionUse,
  now = new Date(),
): Promise<RightsReport> {
  const user = await whoAmI(client);
  const keys = user.id === undefined ? [] : await apiKeys(client, user.id);
  const report: RightsReport = {
    user: { id: user.id, name: user.name },
    companies: [],
    kinds: [],
    models: [],
    tooMuch: [],
    keys,
    expiring: expiringKeys(keys, now),
    warnings: [],
    refusals: [],
  };
  for (const id of companies ?? user.companies ?? [])
    report.companies.push(await companyRights(client, id, user.companies, jobs));
  for (const kind of kinds) {
    const need = NEEDS[kind];
    if (need) report.kinds.push({ kind, ...(await kindRights(client, user.id, need)) });
  }
  for (const { model, operations } of models)
    report.models.push(...(await modelRights(client, model, operations)));
  for (const group of TOO_MUCH) if (await hasGroup(client, user.id, group)) report.tooMuch.push(group);
  return { ...report, ...verdict(report) };
}

function verdict(report: RightsReport): Pick<RightsReport, 'warnings' | 'refusals'> {
  const all = (code: ErrorCode, messages: string[]): Finding[] =>
    messages.map((message) => ({ code, message }));
  const { tooMuch, expiring, companies, kinds, models } = report;
  return {
    warnings: [
      ...all(
        'ODOO_ADMINISTRATOR',
        tooMuch.map((group) => `The integration user has ${group}: it needs no administrator's rights.`),
      ),
      ...all('ODOO_KEY_EXPIRING', expiring.map(inWords)),
    ],
    refusals: [
      ...all('ODOO_ACCESS', [
        ...companies
          .filter(({ allowed }) => !allowed)
          .map(({ id }) => `The integration user does not belong to company ${id}.`),
        ...kinds.flatMap(({ kind, missing }) => missing.map((what) => `${kind}: ${what}.`)),
        ...denied(models).map((what) => `The integration user ${what}.`),
      ]),
      ...all(
        'ODOO_AUTOMATION',
        companies.flatMap(({ id, automations: settings }) =>
          settings.map(
            ({ label, field }) =>
              `Company ${id} has "${label}" switched on (${field}): the job would be done twice.`,
          ),
        ),
      ),
    ],
  };
}

const inWords = ({ name, expires, daysLeft }: KeyAlarm): string =>
  daysLeft < 0
    ? `The API key "${name}" expired on ${expires}.`
    : `The API key "${name}" expires on ${expires}, in ${daysLeft} days.`;

const denied = (rights: readonly Right[]): string[] =>
  rights.filter(({ may }) => may === false).map(({ model, operation }) => `may not ${operation} ${model}`);

interface User {
  id?: number;
  name?: string;
  /** `undefined` where the user may not read itself. */
  companies?: number[];
}

async function whoAmI(client: OdooClient): Promise<User> {
  const context = (await client.call('res.users', 'context_get')) as { uid?: unknown } | null;
  const id = idOf(context?.uid);
  if (id === undefined) return {};
  const rows = await tolerantly(() =>
    searchRead(client, 'res.users', [['id', '=', id]], ['name', 'company_ids']),
  );
  return { id, name: textOf(rows?.[0]?.name), companies: rows?.[0] && idsOf(rows[0].company_ids) };
}

async function companyRights(
  client: OdooClient,
  id: number,
  own: readonly number[] | undefined,
  jobs: readonly Job[],
): Promise<CompanyRights> {
  const journals = await tolerantly(() =>
    searchRead(client, 'account.journal', [['company_id', '=', id]], ['code'], { company: id, order: 'id' }),
  );
  const company: Company | undefined = await tolerantly(() => lookupsOf(client).company(id));
  const allowed = journals !== undefined && company !== undefined && (own?.includes(id) ?? true);
  return {
    id,
    name: company?.name,
    allowed,
    journals: (journals ?? []).map(({ code }) => textOf(code) ?? ''),
    automations: company && allowed ? await automations(client, company, jobs) : [],
  };
}

async function kindRights(
  client: OdooClient,
  user: number | undefined,
  { models, group }: Need,
): Promise<{ rights: Right[]; missing: string[] }> {
  const rights: Right[] = [];
  for (const [model, operations] of Object.entries(models))
    rights.push(...(await modelRights(client, model, operations)));
  const missing = denied(rights);
  const isUntold = rights.some(({ may }) => may === undefined);
  const lacksGroup = missing.length === 0 && isUntold && (await hasGroup(client, user, group)) === false;
  return { rights, missing: lacksGroup ? [`the group ${group} is missing`] : missing };
}

async function modelRights(
  client: OdooClient,
  model: string,
  operations: readonly Right['operation'][],
): Promise<Right[]> {
  const rights: Right[] = [];
  for (const operation of operations)
    rights.push({ model, operation, may: await mayDo(client, model, operation) });
  return rights;
}

/** `has_access` from 18 on, `check_access_rights` before. */
async function mayDo(
  client: OdooClient,
  model: string,
  operation: Right['operation'],
): Promise<boolean | undefined> {
  const { major } = await client.version();
  const [method, input] =
    major >= 18
      ? (['has_access', { ids: [], named: { operation } }] as const)
      : (['check_access_rights', { named: { operation, raise_exception: false } }] as const);
  const answer = await tolerantly(() => client.call(model, method, input, { write: false }));
  return typeof answer === 'boolean' ? answer : undefined;
}

/** Asked of the record from 18 on, of the model before. */
async function hasGroup(
  client: OdooClient,
  user: number | undefined,
  group: string,
): Promise<boolean | undefined> {
  const { major } = await client.version();
  const named = { group_ext_id: group };
  const options = { write: false };
  const asked = (ids?: number[]) =>
    tolerantly(() => client.call('res.users', 'has_group', { ids, named }, options));
  const answer = (major >= 18 && user ? await asked([user]) : undefined) ?? (await asked());
  return typeof answer === 'boolean' ? answer : undefined;
}

/** What this Odoo does not know or does not tell is not known; everything else is an error. */
async function tolerantly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const untold = ['ODOO_MODEL', 'ODOO_ACCESS', 'ODOO_LOOKUP', 'ODOO_VALIDATION'];
    if (isFinanceError(error) && untold.includes(error.code)) return undefined;
    throw error;
  }
}
