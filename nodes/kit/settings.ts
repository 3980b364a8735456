import type { MappingSource } from '../../connectors/files';
import { Host, type Log } from '../../engine';
import { FinanceError } from '../../errors';
import type { RedApi } from './red';

/** What the runtime hands to the nodes, as `settings.ledgerway`. */
export interface LedgerwaySettings {
  host: Host;
  mappings?: MappingSource;
  log?: Log;
}

/** @throws CONFIG_HOST_MISSING in a Node-RED that the runtime did not start */
export function settingsOf(RED: RedApi): LedgerwaySettings {
  const settings = RED.settings.ledgerway as Partial<LedgerwaySettings> | undefined;
  if (!(settings?.host instanceof Host)) throw new FinanceError('CONFIG_HOST_MISSING');
  return settings as LedgerwaySettings;
}

/** @throws CONFIG_HOST_MISSING */
export const hostOf = (RED: RedApi): Host => settingsOf(RED).host;

/** @throws CONFIG_HOST_MISSING, CONFIG_INVALID where the runtime has no mappings */
export function mappingsOf(RED: RedApi): MappingSource {
  const { mappings } = settingsOf(RED);
  if (mappings) return mappings;
  throw new FinanceError('CONFIG_INVALID', { message: 'The runtime has no folder of mappings.' });
}
