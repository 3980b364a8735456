import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { FinanceError, toFinanceError } from '../../errors';
import { sha256 } from '../../finance/canonical';
import type { Day } from '../../finance/documents';
import {
  checkMapping,
  type MappingDocument,
  mappingHash,
  pickMapping,
  type UsedMapping,
} from '../../finance/mapping';
import { writeVersion } from './mapping-writer';

/** A file that is not used, and why. */
export interface MappingProblem {
  file: string;
  error: FinanceError;
}

export interface MappingSource {
  /**
   * The highest approved version of a mapping that is valid on a day.
   * @throws MAP_NOT_FOUND
   */
  latest(name: string, day: Day): MappingDocument;
  /**
   * Exactly the mapping that an earlier delivery used, whatever came since.
   * @throws MAP_NOT_FOUND
   */
  pinned(used: UsedMapping): MappingDocument;
  /** All mappings of the folder, drafts included. */
  list(): MappingDocument[];
  /** Files that are not used. A file that was right before stays in use as it was. */
  problems(): MappingProblem[];
}

interface KnownFile {
  /** Size and time of the last change: what was read need not be read again. */
  stamp: string;
  mapping?: MappingDocument;
  error?: FinanceError;
}

/** How long the folder is believed to be as it was, in milliseconds. */
const BELIEVE_MS = 500;
/** Below the folder: every approved version that was ever read, for replays after its file has changed. */
const VERSIONS = 'versions';

/**
 * The mappings of a folder, a JSON file each. Files that come, change or go are noticed by themselves.
 * @throws CONFIG_INVALID where the folder cannot be read
 */
export const openMappingFolder = (folder: string): MappingFolder => new MappingFolder(folder);

export class MappingFolder implements MappingSource {
  private readonly files = new Map<string, KnownFile>();
  /** Approved versions by hash. */
  private readonly versions = new Map<string, MappingDocument>();
  private readAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly folder: string) {
    this.refresh();
  }

  latest(name: string, day: Day): MappingDocument {
    return pickMapping(this.list(), name, day);
  }

  pinned(used: UsedMapping): MappingDocument {
    this.refresh();
    const mapping = this.versions.get(used.hash) ?? this.archived(used);
    if (mapping) return mapping;
    throw new FinanceError('MAP_NOT_FOUND', {
      message: `Version ${used.version} of mapping "${used.name}", which made the document before, is gone.`,
      hint: 'Put the file of that version back, or replay with the latest mapping.',
      details: { ...used },
    });
  }

  list(): MappingDocument[] {
    this.refresh();
    return [...this.files.values()].flatMap(({ mapping }) => mapping ?? []);
  }

  problems(): MappingProblem[] {
    this.refresh();
    return [...this.files].flatMap(([file, { error }]) => (error ? { file, error } : []));
  }

  /**
   * Adds a version, approved by a second person; files are never written over.
   * @throws CONFIG_INVALID
   */
  add(mapping: MappingDocument): void {
    writeVersion(this.folder, checkMapping(mapping));
    this.readAt = Number.NEGATIVE_INFINITY;
  }

  private refresh(): void {
    if (performance.now() - this.readAt < BELIEVE_MS) return;
    const names = this.names();
    for (const name of this.files.keys()) if (!names.includes(name)) this.files.delete(name);
    for (const name of names) this.read(name);
    this.readAt = performance.now();
  }

  private names(): string[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => name.endsWith('.json'))
        .sort();
    } catch (cause) {
      throw new FinanceError('CONFIG_INVALID', {
        message: `The folder of mappings cannot be read: ${(cause as Error).message}.`,
        cause,
      });
    }
  }

  private read(name: string): void {
    const before = this.files.get(name);
    try {
      const path = join(this.folder, name);
      const { mtimeMs, size, ino } = statSync(path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      if (before?.stamp === stamp) return;
      this.files.set(name, { stamp, ...this.check(name, readFileSync(path, 'utf8'), before) });
    } catch (error) {
      this.files.set(name, {
        stamp: '',
        mapping: before?.mapping,
        error: toFinanceError(error, 'CONFIG_INVALID'),
      });
    }
  }

  private check(name: string, text: string, before: KnownFile | undefined): Omit<KnownFile, 'stamp'> {
    try {
      const mapping = checkMapping(parse(name, text));
      this.assertOnlyOne(name, mapping);
      if (mapping.status === 'approved') this.keep(mapping);
      return { mapping };
    } catch (error) {
      return { mapping: before?.mapping, error: toFinanceError(error, 'CONFIG_INVALID') };
    }
  }

  private assertOnlyOne(name: string, { mapping, version }: MappingDocument): void {
    for (const [other, known] of this.files)
      if (other !== name && known.mapping?.mapping === mapping && known.mapping.version === version)
        throw new FinanceError('CONFIG_INVALID', {
          message: `${name} and ${other} are both version ${version} of mapping "${mapping}".`,
        });
  }

  private keep(mapping: MappingDocument): void {
    const hash = mappingHash(mapping);
    this.versions.set(hash, mapping);
    const file = this.archiveFile({ name: mapping.mapping, version: mapping.version, hash });
    if (existsSync(file)) return;
    try {
      mkdirSync(join(this.folder, VERSIONS), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify(mapping));
      renameSync(`${file}.new`, file);
    } catch {
      // a folder that is mounted read-only changes with its image only; memory has the version
    }
  }

  private archived(used: UsedMapping): MappingDocument | undefined {
    try {
      const mapping = checkMapping(JSON.parse(readFileSync(this.archiveFile(used), 'utf8')));
      if (mappingHash(mapping) !== used.hash) return undefined;
      this.versions.set(used.hash, mapping);
      return mapping;
    } catch {
      return undefined;
    }
  }

  /** Names of mappings are not trusted to be names of files. */
  private archiveFile({ name, version, hash }: UsedMapping): string {
    const readable = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 60);
    return join(this.folder, VERSIONS, `${readable}.${version}.${sha256(hash).slice(0, 16)}.json`);
  }
}

/** @throws CONFIG_INVALID */
function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new FinanceError('CONFIG_INVALID', { message: `${name} is not JSON.`, cause });
  }
}
