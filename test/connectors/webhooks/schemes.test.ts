import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import Stripe from 'stripe';
import { addScheme, type SchemeConfig, schemeOf, signTestHeader, verify } from '../../../connectors/webhooks';
import { type ErrorCode, isFinanceError } from '../../../errors';

const NOW = new Date('2026-11-20T12:00:00Z');
const seconds = (time: Date) => Math.floor(time.getTime() / 1000);
const later = (s: number) => new Date(NOW.getTime() + s * 1000);
const vendor = new Stripe('sk_test_1');

const failsWith = (code: ErrorCode) => (error: unknown) => isFinanceError(error) && error.code === code;
const check = (
  scheme: SchemeConfig,
  rawBody: Buffer,
  headers: Record<string, string>,
  secrets: string[],
  now = NOW,
) => verify(scheme, { rawBody, headers, secrets, now, toleranceSeconds: 300 });

const ed = generateKeyPairSync('ed25519');
const raw = (jwk: { x?: string; d?: string }, part: 'x' | 'd') =>
  Buffer.from(jwk[part]!, 'base64url').toString('base64');
const whpk = `whpk_${raw(ed.publicKey.export({ format: 'jwk' }), 'x')}`;
const whsk = `whsk_${raw(ed.privateKey.export({ format: 'jwk' }), 'd')}`;
const whsec = `whsec_${Buffer.from('a key of twenty-four byte').toString('base64')}`;

const GITHUB: SchemeConfig = {
  scheme: 'hmac',
  header: 'X-Hub-Signature-256',
  encoding: 'hex',
  prefix: 'sha256=',
};
const TIMED: SchemeConfig = {
  scheme: 'hmac',
  header: 'X-Sig',
  encoding: 'base64',
  key: 'hex',
  signed: 'v0:{id}:{timestamp}:{body}',
  timestamp: { header: 'X-Time', unit: 'milliseconds' },
  idHeader: 'X-Id',
};
/** scheme, what signs, what verifies */
const ALL: [SchemeConfig, string, string][] = [
  ['stripe', 'whsec_text', 'whsec_text'],
  ['standard-webhooks', whsec, whsec],
  ['standard-webhooks', whsk, whpk],
  [GITHUB, 'plain', 'plain'],
  [TIMED, '00ff10', '00ff10'],
];

describe('webhook signatures', () => {
  it('accept what the Stripe library signs, and give event id and time', () => {
    const body = JSON.stringify({ id: 'evt_1', name: 'Müller 💶' });
    const header = vendor.webhooks.generateTestHeaderString({
      payload: body,
      secret: 'whsec_x',
      timestamp: seconds(NOW),
    });
    const verified = check('stripe', Buffer.from(body), { 'stripe-signature': header }, ['whsec_x']);
    assert.deepEqual(verified, { eventId: 'evt_1', timestamp: NOW });
  });

  it('are accepted by the Stripe library when we sign', () => {
    const body = JSON.stringify({ id: 'evt_2', object: 'event' });
    const headers = signTestHeader('stripe', {
      rawBody: Buffer.from(body),
      secret: 'whsec_x',
      timestamp: new Date(),
    });
    assert.equal(vendor.webhooks.constructEvent(body, headers['stripe-signature']!, 'whsec_x').id, 'evt_2');
  });

  for (const [scheme, signer, verifier] of ALL) {
    const name = `${schemeOf(scheme).name} (${verifier.slice(0, 5)})`;

    it(`${name}: any body passes as signed, and with any byte changed is refused`, () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 1, maxLength: 300 }),
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          (bytes, where, flip) => {
            const rawBody = Buffer.from(bytes);
            const headers = signTestHeader(scheme, { rawBody, secret: signer, timestamp: NOW });
            check(scheme, rawBody, headers, [verifier]);
            rawBody[where % rawBody.length]! ^= flip;
            assert.throws(() => check(scheme, rawBody, headers, [verifier]), failsWith('SOURCE_SIGNATURE'));
          },
        ),
        { numRuns: 60 },
      );
    });

    it(`${name}: another secret is refused, a second one and a second signature are not`, () => {
      const rawBody = Buffer.from('{"id":"evt_3"}');
      const headers = signTestHeader(scheme, { rawBody, secret: signer, timestamp: NOW });
      const other = verifier.startsWith('whpk_')
        ? `whpk_${Buffer.alloc(32, 7).toString('base64')}`
        : 'whsec_b3RoZXI=';
      const wrong = scheme === TIMED ? 'ffff' : other;
      assert.throws(() => check(scheme, rawBody, headers, [wrong]), failsWith('SOURCE_SIGNATURE'));
      check(scheme, rawBody, headers, [wrong, verifier]);
    });
  }

  it('refuse every changed character of a Stripe header', () => {
    const rawBody = Buffer.from('{"id":"evt_4"}');
    const header = signTestHeader('stripe', { rawBody, secret: 's', timestamp: NOW })['stripe-signature']!;
    for (let at = 0; at < header.length; at++)
      for (const put of ['0', 'F', ',']) {
        if (header[at] === put) continue;
        const changed = header.slice(0, at) + put + header.slice(at + 1);
        assert.throws(
          () => check('stripe', rawBody, { 'stripe-signature': changed }, ['s']),
          failsWith('SOURCE_SIGNATURE'),
          changed,
        );
      }
  });

  it('pass when one of several signatures is right, as in a rotation', () => {
    const rawBody = Buffer.from('{}');
    const of = (secret: string) =>
      signTestHeader('stripe', { rawBody, secret, timestamp: NOW })['stripe-signature']!;
    const both = `${of('old')},${of('new').split(',')[1]}`;
    check('stripe', rawBody, { 'stripe-signature': both }, ['new']);
    check('stripe', rawBody, { 'stripe-signature': both }, ['old']);

    const sign = (secret: string) => signTestHeader('standard-webhooks', { rawBody, secret, timestamp: NOW });
    const joined = {
      ...sign(whsec),
      'webhook-signature': `${sign(whsk)['webhook-signature']} ${sign(whsec)['webhook-signature']}`,
    };
    check('standard-webhooks', rawBody, joined, [whsec]);
    check('standard-webhooks', rawBody, joined, [whpk]);
  });

  it('are refused when their time lies too far back or ahead', () => {
    const rawBody = Buffer.from('{}');
    for (const [scheme, signer, verifier] of ALL) {
      if (scheme === GITHUB) continue;
      const at = (time: Date) => signTestHeader(scheme, { rawBody, secret: signer, timestamp: time });
      for (const s of [-300, 300]) check(scheme, rawBody, at(later(s)), [verifier]);
      for (const s of [-301, 301, 3600])
        assert.throws(() => check(scheme, rawBody, at(later(s)), [verifier]), failsWith('SOURCE_TIMESTAMP'));
    }
  });

  it('are refused without header, with a header twice, or without a single time', () => {
    const rawBody = Buffer.from('{}');
    const mac = (t: string) => createHmac('sha256', 's').update(`${t}.{}`).digest('hex');
    const t = String(seconds(NOW));
    const input = { rawBody, secrets: ['s'], now: NOW, toleranceSeconds: 300 };
    for (const header of [
      undefined,
      '',
      ['a', 'b'],
      `v1=${mac(t)}`,
      `t=${t},t=${t},v1=${mac(t)}`,
      `t=now,v1=${mac('now')}`,
      `t=${t},v0=${mac(t)}`,
    ])
      assert.throws(
        () => verify('stripe', { ...input, headers: { 'stripe-signature': header } }),
        failsWith('SOURCE_SIGNATURE'),
      );
    assert.throws(() => check('stripe', rawBody, {}, ['']), failsWith('CONFIG_SECRET_MISSING'));
  });

  it('know the published example of Standard Webhooks', () => {
    const verified = verify('standard-webhooks', {
      rawBody: Buffer.from('{"test": 2432232314}'),
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      now: new Date(1614265330_000),
      toleranceSeconds: 1,
    });
    assert.equal(verified.eventId, 'msg_p5jXN8AQM9LWM0D4loKWxJek');
  });

  it('of a declared scheme cover id and time, and take hex in either case', () => {
    const rawBody = Buffer.from('{}');
    const headers = signTestHeader(TIMED, { rawBody, secret: '00ff10', timestamp: NOW, id: 'e-7' });
    assert.deepEqual(check(TIMED, rawBody, headers, ['00ff10']), { eventId: 'e-7', timestamp: NOW });
    for (const name of ['x-id', 'x-time'])
      assert.throws(
        () => check(TIMED, rawBody, { ...headers, [name]: '1' }, ['00ff10']),
        failsWith('SOURCE_SIGNATURE'),
      );
    const upper = signTestHeader(GITHUB, { rawBody, secret: 'k', timestamp: NOW })['x-hub-signature-256']!;
    check(GITHUB, rawBody, { 'x-hub-signature-256': `sha256=${upper.slice(7).toUpperCase()}` }, ['k']);
  });

  it('are declared within limits', () => {
    const base = { scheme: 'hmac', header: 'X', encoding: 'hex' } as const;
    for (const bad of [
      { scheme: 'hmac' },
      { ...base, encoding: 'rot13' },
      { ...base, header: 'a b' },
      { ...base, signed: '{timestamp}' },
      { ...base, signed: '{timestamp}.{body}' },
      { ...base, timestamp: { header: 'T' } },
      { ...base, signed: '{id}.{body}' },
      { ...base, signed: '{secret}.{body}' },
      { ...base, extra: 1 },
      'morse',
    ])
      assert.throws(() => schemeOf(bad as SchemeConfig), failsWith('CONFIG_INVALID'), JSON.stringify(bad));
  });

  it('can be added to the table', () => {
    addScheme('open-sesame', () => ({
      name: 'open-sesame',
      verify: () => ({ eventId: 'cave' }),
      sign: () => ({}),
    }));
    assert.equal(check('open-sesame', Buffer.from(''), {}, ['x']).eventId, 'cave');
    assert.throws(() => addScheme('stripe', () => schemeOf('stripe')), failsWith('CONFIG_INVALID'));
  });
});
