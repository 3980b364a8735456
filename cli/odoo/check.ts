import { type Job, POSTED_KINDS, type RightsReport } from '../../connectors/odoo';
import { FinanceError } from '../../errors';
import type { DocumentKind } from '../../finance';
import { type ConnectionCheck, checkConnection, type OdooConnection } from '../../runtime';
import { readOptions } from '../arguments';
import { connectionOf, PLACE } from './connection';

const ALL_JOBS: Job[] = ['intercompany', 'deferral', 'einvoice'];

/**
 * `ledgerway odoo check`: version and protocol, what the integration user may do for the nodes that use the
 * connection, company by company, when its API keys expire, and whether Odoo does a job of theirs by itself. Changes
 * nothing. Exit code 1 where something must be put right first.
 */
export async function check(args: string[]): Promise<number> {
  const { values, positionals } = readOptions(args, {
    ...PLACE,
    kinds: { type: 'string' },
    companies: { type: 'string' },
  });
  const connection = connectionOf(positionals[0], values);
  const checked = await checkConnection({ ...connection, use: useOf(connection, values) });
  const { refusals } = checked.report;
  if (values.json) console.log(JSON.stringify({ ok: refusals.length === 0, ...checked }));
  else console.log(inWords(checked));
  return refusals.length === 0 ? 0 : 1;
}

/** What the flows do; of a connection that is in no flow everything is asked. `--kinds` and `--companies` narrow it. */
function useOf(
  { id, use }: OdooConnection,
  given: { kinds?: string; companies?: string },
): OdooConnection['use'] {
  const asked = id ? use : { kinds: POSTED_KINDS, jobs: ALL_JOBS };
  const kinds = given.kinds === undefined ? asked.kinds : kindsIn(given.kinds);
  const companies = given.companies === undefined ? asked.companies : companiesIn(given.companies);
  // where no legal entity is named, all that the user belongs to
  return { ...asked, kinds, companies: companies?.length ? companies : undefined };
}

function companiesIn(text: string): number[] {
  const companies = text.split(',').map(Number);
  if (companies.every((company) => Number.isInteger(company) && company > 0)) return companies;
  throw new FinanceError('CONFIG_INVALID', { message: '--companies wants ids: 1,2.' });
}

function kindsIn(text: string): DocumentKind[] {
  const kinds = text.split(',') as DocumentKind[];
  if (kinds.every((kind) => POSTED_KINDS.includes(kind))) return kinds;
  throw new FinanceError('CONFIG_INVALID', { message: `--kinds wants some of ${POSTED_KINDS.join(',')}.` });
}

function inWords({ name, url, database, version, protocol, report }: ConnectionCheck): string {
  const { user, companies, kinds, models, keys, warnings, refusals } = report;
  return [
    `${name}: ${url}, database ${database}`,
    `Odoo ${version} over ${protocol}, as ${user.name ?? '(a user that may not read itself)'} (${user.id ?? '?'})`,
    ...companies.map(companyInWords),
    ...kinds.map(({ kind, missing }) => `  ${kind}: ${missing.join(', ') || 'may do what it needs'}`),
    ...models.map(({ model, operation, may }) => `  ${operation} ${model}: ${MAY[String(may)]}`),
    ...keys.map(
      ({ name: key, expires }) => `  API key "${key}": ${expires ? `until ${expires}` : 'no expiry known'}`,
    ),
    ...warnings.map(({ code, message }) => `warning  ${code}: ${message}`),
    ...refusals.map(({ code, message }) => `refused  ${code}: ${message}`),
    refusals.length === 0 ? 'All is in order.' : 'Put right what is refused before anything runs.',
  ].join('\n');
}

const MAY: Record<string, string> = {
  true: 'allowed',
  false: 'not allowed',
  undefined: 'Odoo does not tell',
};

function companyInWords({ id, name, allowed, journals }: RightsReport['companies'][number]): string {
  if (!allowed) return `  company ${id}: not allowed`;
  return `  company ${id} ${name ?? ''}: allowed, journals ${journals.join(' ') || 'none'}`;
}
