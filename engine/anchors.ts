import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { FinanceError } from '../errors';
import type { Store } from './store';
import { all, one, type Transition, type Tx } from './transaction';

/** Where an audit chain stood at a time. */
export interface AuditHead {
  chain: number;
  seq: number;
  hash: string;
}

/** A head signed with Ed25519; kept where whoever can write to the store cannot. */
export interface Anchor extends AuditHead {
  /** Milliseconds since the epoch, of the store's clock. */
  at: number;
  /** Base64, over {@link statement}. */
  signature: string;
}

const POST_MS = 30_000;

/** The last event of every chain that has one. */
export function* auditHeads(tx: Tx): Transition<{ at: number; heads: AuditHead[] }> {
  const rows = yield* all<AuditHead>('SELECT chain, seq, hash FROM audit_heads WHERE seq > 0 ORDER BY chain');
  const heads = rows.map(({ chain, seq, hash }) => ({ chain: Number(chain), seq: Number(seq), hash }));
  return { at: tx.now, heads };
}

/** What an anchor's signature is over. */
function statement({ chain, seq, hash, at }: Omit<Anchor, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify(['ledgerway-anchor-1', chain, seq, hash, at]));
}

/** A pair of Ed25519 keys, PEM: the private one (PKCS #8) signs in the runtime, the public one (SPKI) verifies. */
export function newAnchorKey(): { privateKey: string; publicKey: string } {
  return generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** @throws CONFIG_INVALID where the PEM text is no Ed25519 key of this kind */
export function anchorKey(pem: string, kind: 'private' | 'public'): KeyObject {
  try {
    const key = kind === 'private' ? createPrivateKey(pem) : createPublicKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // what the parser says may quote the key
  }
  throw new FinanceError('CONFIG_INVALID', {
    message: `The ${kind} key of the anchors is no Ed25519 key in PEM.`,
  });
}

/** Signs where the chains of a store stand now, an anchor a chain. */
export async function makeAnchors(
  store: Pick<Store, 'auditHeads'>,
  privateKey: KeyObject,
): Promise<Anchor[]> {
  const { at, heads } = await store.auditHeads();
  return heads.map((head) => {
    const facts = { ...head, at };
    return { ...facts, signature: sign(null, statement(facts), privateKey).toString('base64') };
  });
}

/**
 * Brings anchors to a file (a JSON line each, appended and on the disk) or to a URL (one POST of the same lines).
 * @throws CONFIG_INVALID for a URL that is not http(s), SOURCE_UNAVAILABLE where it does not answer 2xx
 */
export async function exportAnchors(anchors: Anchor[], to: string): Promise<void> {
  if (anchors.length === 0) return;
  const lines = anchors.map((anchor) => `${JSON.stringify(anchor)}\n`).join('');
  if (to.includes('://')) return await postAnchors(lines, to);
  mkdirSync(dirname(to), { recursive: true });
  const handle = openSync(to, 'a', 0o640);
  try {
    appendFileSync(handle, lines);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

async function postAnchors(lines: string, to: string): Promise<void> {
  if (!/^https?:\/\//.test(to))
    throw new FinanceError('CONFIG_INVALID', { message: 'Anchors go to a file or to an http(s) URL.' });
  try {
    const answer = await fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines,
      redirect: 'error',
      signal: AbortSignal.timeout(POST_MS),
    });
    await answer.body?.cancel();
    if (answer.ok) return;
    throw new Error(`it answered ${answer.status}`);
  } catch (cause) {
    const message = `The anchors were not taken: ${(cause as Error).message}.`;
    throw new FinanceError('SOURCE_UNAVAILABLE', { message, cause });
  }
}

/**
 * Anchors from JSON lines, those whose signature does not verify apart.
 * @returns `findings` in words, with the number of the line
 */
export function readAnchors(text: string, publicKey: KeyObject): { anchors: Anchor[]; findings: string[] } {
  const anchors: Anchor[] = [];
  const findings: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const anchor = anchorOf(line);
    if (!anchor) findings.push(`anchors line ${index + 1}: it is no anchor`);
    else if (!verify(null, statement(anchor), publicKey, Buffer.from(anchor.signature, 'base64')))
      findings.push(`anchors line ${index + 1}: its signature does not verify`);
    else anchors.push(anchor);
  }
  if (anchors.length === 0 && findings.length === 0) findings.push('there are no anchors');
  return { anchors, findings };
}

function anchorOf(line: string): Anchor | undefined {
  try {
    const { chain, seq, hash, at, signature } = JSON.parse(line) as Record<string, unknown>;
    if (![chain, seq, at].every(Number.isSafeInteger)) return undefined;
    if (typeof hash !== 'string' || typeof signature !== 'string') return undefined;
    return { chain: Number(chain), seq: Number(seq), hash, at: Number(at), signature };
  } catch {
    return undefined;
  }
}

/**
 * Compares anchors with the chains. Where the chains verify in themselves as well, everything up to the last
 * anchor is what it was when the anchor was signed.
 * @returns what does not agree, in words
 */
export function* checkAnchors(_tx: Tx, { anchors }: { anchors: Anchor[] }): Transition<string[]> {
  const findings: string[] = [];
  for (const { chain, seq, hash, at } of anchors) {
    const event = yield* one<{ hash: string }>(
      'SELECT hash FROM audit WHERE chain = $1 AND seq = $2',
      chain,
      seq,
    );
    if (event?.hash === hash) continue;
    const place = `chain ${chain} event ${seq}, anchored ${new Date(at).toISOString()}`;
    findings.push(
      event ? `${place}: the chain was written again` : `${place}: the chain was cut off before it`,
    );
  }
  return findings;
}
