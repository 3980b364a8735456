import { toFinanceError } from '../errors';
import { audit } from './audit';
import { chaos } from './chaos';
import { close } from './close';
import { demo } from './demo';
import { exceptions } from './exceptions';
import { intercompany } from './intercompany';
import { odoo } from './odoo';
import { run } from './run';
import { seed } from './seed/seed';
import { start } from './start';
import { store } from './store';
import { targets } from './targets';
import { user } from './user';

/** A command takes its arguments and gives the exit code. */
type Command = (args: string[]) => Promise<number>;

const COMMANDS: Record<string, { run: Command; about: string }> = {
  start: { run: start, about: 'runtime, sandbox and a day of events: --data DIR --port N --json' },
  run: { run, about: 'the runtime alone: --data DIR --port N --host ADDRESS --json' },
  demo: { run: demo, about: 'the day without staying up, with the tie: --documents N --seed S --json' },
  chaos: {
    run: chaos,
    about:
      'the proof: --store S --kills N --documents N --seed S --faults LIST|all --workers W --naive --json',
  },
  exceptions: {
    run: exceptions,
    about: 'list | retry | skip | reject DOCUMENT --actor NAME --reason TEXT: what is held, and a decision',
  },
  close: {
    run: close,
    about:
      'ENTITY PERIOD: what holds up the close of a period, with amounts; exit code 1 where something does',
  },
  intercompany: {
    run: intercompany,
    about: 'is what entities have booked against each other equal? --from DAY --to DAY --data DIR --json',
  },
  odoo: {
    run: odoo,
    about:
      'check | adopt | install-action CONNECTION: rights, records of an earlier connector, one transaction',
  },
  targets: {
    run: targets,
    about: 'list | pause | resume TARGET --actor NAME --reason TEXT: outside systems that an operator paused',
  },
  audit: {
    run: audit,
    about: 'verify | anchor | keygen: the audit chain, and signed marks of where it stands',
  },
  store: {
    run: store,
    about: 'backup | restore | drill | retain | migrate: --data DIR --from … --to … --json',
  },
  seed: {
    run: seed,
    about:
      'an empty store gets half a year of documents: --documents N --exceptions N --seed S --hostile --data DIR',
  },
  user: { run: user, about: 'hash: reads a password, prints what the file LEDGERWAY_USERS wants of it' },
};

async function main([name, ...args]: string[]): Promise<number> {
  const command = COMMANDS[name ?? ''];
  if (command && !args.includes('--help')) return await command.run(args);
  console.log('usage: ledgerway COMMAND [OPTIONS]\n');
  for (const [key, { about }] of Object.entries(COMMANDS)) console.log(`  ${key.padEnd(11)} ${about}`);
  return command || name === '--help' || name === 'help' ? 0 : 2;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { code, message, hint } = toFinanceError(error);
    console.error(`ledgerway: ${code}: ${message} ${hint}`);
    if (code === 'RUN_UNEXPECTED') console.error((error as Error).stack);
    if (process.argv.includes('--json')) console.log(JSON.stringify({ error: { code, message, hint } }));
    process.exit(1);
  },
);
