import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import readRaw from 'raw-body';
import { FinanceError } from '../../errors';

const DECODERS: Record<string, () => NodeJS.ReadWriteStream & Readable> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** A body that cannot be read, with the HTTP status to say so. */
export class BodyRefused extends Error {
  constructor(
    readonly status: number,
    readonly error: FinanceError,
  ) {
    super(error.message, { cause: error });
  }
}

/**
 * The exact bytes that the sender signed, after its content encoding.
 * @param limit e.g. `1mb`; holds for what is unpacked too
 * @throws BodyRefused 413, 415, 400; 500 where something before read the body
 */
export async function readBody(req: IncomingMessage & { body?: unknown }, limit: string): Promise<Buffer> {
  if (req.body !== undefined || req.readableEnded) throw refused(500, 'RUN_UNEXPECTED', CONSUMED);
  const encoding = req.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return await bytesOf(req, limit, Number(req.headers['content-length']));
  const decoder = DECODERS[encoding]?.();
  if (!decoder) throw refused(415, 'SOURCE_UNPARSABLE', `The content encoding ${encoding} is not known.`);
  // Anyone may send this, signed or not: what goes wrong after a refusal must find a listener, or it ends the process.
  decoder.on('error', () => undefined);
  req.on('error', (error) => decoder.destroy(error));
  try {
    return await bytesOf(req.pipe(decoder), limit);
  } finally {
    req.unpipe(decoder);
    decoder.destroy();
  }
}

const CONSUMED =
  'Something in front of webhook in has read the body, so its signature cannot be checked: remove that middleware.';

const refused = (
  status: number,
  code: 'RUN_UNEXPECTED' | 'SOURCE_UNPARSABLE' | 'SOURCE_BODY_TOO_LARGE',
  message?: string,
): BodyRefused => new BodyRefused(status, new FinanceError(code, { message }));

async function bytesOf(stream: Readable, limit: string, length?: number): Promise<Buffer> {
  try {
    return await readRaw(stream, { limit, length: Number.isInteger(length) ? length : undefined });
  } catch (error) {
    const { type, message } = error as { type?: unknown; message: string };
    if (type === 'entity.too.large') throw refused(413, 'SOURCE_BODY_TOO_LARGE');
    throw refused(400, 'SOURCE_UNPARSABLE', `The body could not be read: ${message}.`);
  }
}
