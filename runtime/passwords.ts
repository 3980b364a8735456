import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost of one check: about 50 ms and 16 MiB. */
const COST = { N: 2 ** 14, r: 8, p: 1 };
const BYTES = 32;

function derive(password: string, salt: Buffer, { N, r, p }: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password, salt, BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}

/** `scrypt:N:r:p:salt:hash`, salt and hash in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join(':');
}

const SHAPE = /^scrypt:(\d{4,7}):(\d{1,2}):(\d{1,2}):([\w-]{16,}):([\w-]{43})$/;

export const isPasswordHash = (text: string): boolean => SHAPE.test(text);

/** One check at a time: the threads that they run on also look up the addresses of outside systems. */
let lastCheck: Promise<unknown> = Promise.resolve();

/** Whether the password is the one of this hash; takes the same time either way. */
export async function isPassword(given: string, passwordHash: string): Promise<boolean> {
  const check = lastCheck.then(() => compare(given, passwordHash));
  lastCheck = check.catch(() => undefined);
  return await check;
}

async function compare(given: string, passwordHash: string): Promise<boolean> {
  const [, N, r, p, salt, key] = SHAPE.exec(passwordHash)!;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const derived = await derive(given, Buffer.from(salt!, 'base64url'), cost);
  return timingSafeEqual(derived, Buffer.from(key!, 'base64url'));
}
