import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FinanceError } from '../../errors';
import { checkMapping, type MappingDocument, mappingHash } from '../../finance/mapping';

/**
 * Writes a version of a mapping into its folder as a file of its own, `NAME.vVERSION.json`: whole or not at all, and
 * never over another. The same version a second time is once.
 * @throws CONFIG_INVALID where another mapping has the file, or the folder cannot be written to
 */
export function writeVersion(folder: string, mapping: MappingDocument): void {
  const name = `${mapping.mapping}.v${mapping.version}.json`;
  const file = join(folder, name);
  const draft = join(folder, `.${name}.${process.pid}.new`);
  try {
    writeDurably(draft, `${JSON.stringify(mapping, null, 2)}\n`);
    linkSync(draft, file);
    syncFolder(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new FinanceError('CONFIG_INVALID', {
        message: `The folder of mappings cannot be written to: ${(cause as Error).message}.`,
        hint: 'Put the new version there by hand, or through a bundle.',
        cause,
      });
    assertSame(file, name, mapping);
  } finally {
    rmSync(draft, { force: true });
  }
}

function assertSame(file: string, name: string, mapping: MappingDocument): void {
  if (hashIn(file) === mappingHash(mapping)) return;
  throw new FinanceError('CONFIG_INVALID', { message: `${name} is there already, with other content.` });
}

function hashIn(file: string): string | undefined {
  try {
    return mappingHash(checkMapping(JSON.parse(readFileSync(file, 'utf8'))));
  } catch {
    return undefined;
  }
}

function writeDurably(file: string, text: string): void {
  const descriptor = openSync(file, 'w');
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
