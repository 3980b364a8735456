import type { Host, Log, Pulse } from '../engine';

/** What each store that answers says of itself, by the name of the store. */
export async function readPulses(host: Host, log: Log): Promise<Map<string, Pulse>> {
  const pulses = new Map<string, Pulse>();
  for (const name of host.storeNames()) {
    try {
      pulses.set(name, await host.reader(name).pulse());
    } catch (err) {
      log.warn({ err, store: name }, 'the store does not say how it is');
    }
  }
  return pulses;
}
