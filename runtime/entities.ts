import { FinanceError } from '../errors';
import { type Dimension, type LegalEntity, validateLegalEntity } from '../finance';
import { deployedNodes, fromEnvironment, fromJson } from './flows';

/**
 * A legal entity of the deployed flows, as far as comparing with the books needs it: without its policies and rates.
 * @throws CONFIG_INVALID where the flows have none of this key
 */
export function deployedEntity(dataDir: string, key: string): LegalEntity {
  const entities = deployedNodes(dataDir).filter(({ type }) => type === 'ledgerway-legal-entity');
  const node = entities.find((each) => fromEnvironment(each.key) === key);
  if (!node) {
    const known = entities.map((each) => String(each.key)).join(', ') || 'none';
    throw new FinanceError('CONFIG_INVALID', {
      message: `The deployed flows have no legal entity "${key}". There are ${known}.`,
    });
  }
  const text = (field: string): string => fromEnvironment(node[field]);
  const name = text('companyName') || text('name') || key;
  const dimensions = fromJson<Dimension[]>(node.dimensions, []);
  return validateLegalEntity({
    key,
    name,
    odooCompany: Number(text('odooCompany')),
    currency: text('currency'),
    timeZone: text('timeZone'),
    mode: text('mode'),
    numbering: text('numbering'),
    mapping: text('mapping'),
    seller: { name, address: { country: text('sellerCountry') } },
    ...(dimensions.length > 0 && { dimensions }),
    kinds: {},
  });
}
