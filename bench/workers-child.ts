import { openPostgresStore } from '../engine';
import { startWorker, Target } from './documents';

/** Runs documents of a Postgres store; tells the number of settled ones whenever it is asked. */
async function main([url, name, atOnce, delayMs]: string[]): Promise<void> {
  const store = await openPostgresStore({ url: url!, poolSize: Number(atOnce) });
  const sweeper = setInterval(() => void store.sweep({ count: false }).catch(console.error), 200);
  sweeper.unref();
  let settled = 0;
  startWorker(store, name!, Number(atOnce), new Target(Number(delayMs)), () => {
    settled++;
  });
  process.on('message', () => process.send!(settled));
  process.send!('ready');
}

void main(process.argv.slice(2));
