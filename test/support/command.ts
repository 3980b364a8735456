import { spawn } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(__dirname, '..', '..', 'cli', 'main.js');

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The JSON object on the last line of standard output. */
  json(): Record<string, unknown>;
}

/** Runs a `ledgerway` command to its end. */
export async function ledgerway(args: string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], {
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  const json = () => JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
  return { code, stdout, stderr, json };
}
