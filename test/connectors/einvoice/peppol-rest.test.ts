import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import {
  assertSame,
  type EInvoiceChannel,
  naturalKeyOf,
  peppolRest,
  type SealedDocument,
  submissionDocument,
} from '../../../connectors/einvoice';
import { type ErrorCode, type FinanceError, isFinanceError } from '../../../errors';
import { sha256 } from '../../../finance/canonical';
import { validateDocument } from '../../../finance/validate';
import { CLEARANCE_TOKEN, startClearance } from '../../../sandbox/clearance';
import type { Running } from '../../../sandbox/lib/server';
import { BUYER, invoiceOf, lineOf, SELLER, validInvoices } from '../../finance/documents';

const failsWith = (code: ErrorCode) => (error: unknown) => isFinanceError(error) && error.code === code;
const invoice = (number = 'RE-1') => invoiceOf([lineOf()], { number });
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the Peppol channel', function () {
  this.timeout(15_000);
  let network: Running;
  let channel: EInvoiceChannel;
  const open = (timeoutMs = 2000, token = CLEARANCE_TOKEN) =>
    peppolRest({ baseUrl: network.url, token, timeoutMs });
  const fault = (body: unknown) =>
    fetch(`${network.url}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const held = async () =>
    (await (await fetch(`${network.url}/_sandbox/documents`)).json()) as { sha256: string }[];

  before(async () => {
    network = await startClearance({ delayMs: 30 });
    channel = open();
  });
  after(() => network.close());

  it('seals an invoice once, submits it, and follows it to its acceptance', async () => {
    const sealed = channel.build(invoice('RE-A'), SELLER);
    assert.deepEqual(
      { ...sealed, bytes: '' },
      {
        bytes: '',
        sha256: sha256(sealed.bytes),
        naturalKey: 'DE811111111/380/RE-A',
        number: 'RE-A',
        mediaType: 'application/xml',
      },
    );
    const submitted = await channel.submit(sealed, 'key-a');
    assert.equal(submitted.transport, 'submitted');
    await wait(40);
    const decided = await channel.status(submitted.id);
    assert.equal(decided.transport, 'accepted');
    const document = submissionDocument(channel, invoice(), sealed, decided);
    assert.deepEqual(validateDocument(document), document);
    assert.equal(submissionDocument(channel, invoice(), sealed).transport, 'unknown');
  });

  it('and the network agree on the natural key and the hash of any valid invoice', async () => {
    let nth = 0;
    await fc.assert(
      fc.asyncProperty(validInvoices, async (given) => {
        const each = { ...given, number: `P-${++nth}` };
        const sealed = channel.build(each, SELLER);
        const { id } = await channel.submit(
          JSON.parse(JSON.stringify(sealed)) as SealedDocument,
          sealed.sha256,
        );
        const found = await channel.lookup(naturalKeyOf(each, SELLER));
        assert.deepEqual([found?.id, found?.sha256], [id, sealed.sha256]);
      }),
      { numRuns: 40 },
    );
  });

  it('builds nothing that breaks a rule, and names rule and term', () => {
    const broken = { ...invoice(), totals: { ...invoice().totals, due: '1.00' }, buyerReference: undefined };
    assert.throws(
      () => channel.build(broken, SELLER),
      (error) => {
        assert.ok(failsWith('EINVOICE_INVALID')(error));
        const { violations } = (error as FinanceError).details as {
          violations: { rule: string; term: string }[];
        };
        assert.deepEqual(violations.map(({ rule }) => rule).toSorted(), ['BR-CO-16', 'PEPPOL-EN16931-R003']);
        return true;
      },
    );
    assert.throws(
      () => channel.build({ ...invoice(), number: undefined }, SELLER),
      failsWith('EINVOICE_INVALID'),
    );
  });

  it('is in doubt after a time-out, and a look-up finds what had arrived; so does the identical resend', async () => {
    const impatient = open(250);
    for (const kind of ['timeout-after-commit', 'drop-after-commit']) {
      const sealed = impatient.build(invoice(`RE-${kind}`), SELLER);
      await fault({ fault: kind, at: 'submit' });
      const error = await impatient.submit(sealed, kind).catch((e: unknown) => e);
      assert.ok(failsWith('EINVOICE_TIMEOUT')(error), kind);
      assert.equal(impatient.classify(error), 'ambiguous');
      const found = await impatient.lookup(sealed.naturalKey);
      assert.ok(found);
      assertSame(sealed, found);
      assert.equal((await impatient.submit(sealed, kind)).id, found.id);
      assert.equal((await held()).filter((each) => each.sha256 === sealed.sha256).length, 1);
    }
  });

  it('finds nothing where the request was lost on its way', async () => {
    const sealed = channel.build(invoice('RE-LOST'), SELLER);
    await fault({ fault: 'drop', at: 'submit' });
    await assert.rejects(channel.submit(sealed, 'lost'), failsWith('EINVOICE_TIMEOUT'));
    assert.equal(await channel.lookup(sealed.naturalKey), undefined);
    assert.equal((await channel.submit(sealed, 'lost')).transport, 'submitted');
  });

  it('takes 409 for what it is: another document under this number', async () => {
    const sealed = channel.build(invoice('RE-C'), SELLER);
    await channel.submit(sealed, 'c1');
    const other = channel.build(invoiceOf([lineOf({ quantity: '2' })], { number: 'RE-C' }), SELLER);
    const error = await channel.submit(other, 'c2').catch((e: unknown) => e);
    assert.ok(failsWith('EINVOICE_CONFLICT')(error));
    assert.equal(channel.classify(error), 'duplicate_conflict');
    const found = await channel.lookup(other.naturalKey);
    assert.throws(() => assertSame(other, found!), failsWith('EINVOICE_CONFLICT'));
  });

  it('names every failure of the network, and what follows from it', async () => {
    const cases: [unknown, ErrorCode, string][] = [
      [{ fault: '500', at: 'submit' }, 'EINVOICE_TIMEOUT', 'ambiguous'],
      [{ fault: '429', at: 'submit', retryAfterSeconds: 7 }, 'EINVOICE_THROTTLED', 'throttle'],
      [{ fault: '403', at: 'submit' }, 'EINVOICE_UNAUTHORIZED', 'auth'],
      [{ fault: '504', at: 'submit' }, 'EINVOICE_TIMEOUT', 'ambiguous'],
      [{ fault: '418', at: 'submit' }, 'EINVOICE_BAD_ANSWER', 'fix'],
      [{ fault: '422', at: 'submit' }, 'EINVOICE_REJECTED', 'fix'],
    ];
    for (const [given, code, classification] of cases) {
      await fault(given);
      const error = await channel
        .submit(channel.build(invoice('RE-F'), SELLER), 'f')
        .catch((e: unknown) => e);
      assert.ok(failsWith(code)(error), `${code}: ${error}`);
      assert.equal(channel.classify(error), classification);
      if (code === 'EINVOICE_THROTTLED') assert.equal((error as FinanceError).retryAfterMs, 7000);
    }
    await assert.rejects(open(500, 'wrong').status('x'), failsWith('EINVOICE_UNAUTHORIZED'));
    await assert.rejects(channel.status('doc_none'), failsWith('EINVOICE_BAD_ANSWER'));
    await fault({ fault: 'drop', at: 'lookup' });
    await assert.rejects(channel.lookup('x'), failsWith('EINVOICE_UNAVAILABLE'));
    const gone = await startClearance();
    await gone.close();
    const nowhere = peppolRest({ baseUrl: gone.url, token: 't' });
    await assert.rejects(
      nowhere.submit(channel.build(invoice(), SELLER), 'n'),
      failsWith('EINVOICE_UNAVAILABLE'),
    );
  });

  it('says what the network said when it refuses or rejects', async () => {
    const sealed = channel.build(
      invoiceOf([lineOf()], {
        number: 'RE-R',
        buyer: { ...BUYER, endpoint: { scheme: '9930', id: 'REJECT1' } },
      }),
      SELLER,
    );
    const { id } = await channel.submit(sealed, 'r');
    await wait(40);
    const rejected = await channel.status(id);
    assert.equal(rejected.transport, 'rejected');
    assert.match(rejected.messages[0]!.text, /REJECT1/);
    const bytes = '<Invoice/>';
    const refused = channel.submit({ ...sealed, bytes, sha256: sha256(bytes) }, 'r2');
    await assert.rejects(
      refused,
      (error) => failsWith('EINVOICE_REJECTED')(error) && /BR-02/.test((error as Error).message),
    );
  });

  it('never sends bytes that changed after they were sealed', async () => {
    const sealed = channel.build(invoice('RE-S'), SELLER);
    const before = (await held()).length;
    await assert.rejects(
      channel.submit({ ...sealed, bytes: `${sealed.bytes} ` }, 's'),
      failsWith('EINVOICE_CONFLICT'),
    );
    assert.equal((await held()).length, before);
  });

  it('refuses answers of another shape, and follows no redirect with its token', async () => {
    const seen: string[] = [];
    const answers: RequestListener[] = [
      (_req, res) => res.end('<html>'),
      (_req, res) => res.end('{"id":1}'),
      (_req, res) => res.end('{"id":"x","status":"maybe","naturalKey":"k"}'),
      (_req, res) => res.writeHead(302, { location: '/stolen' }).end(),
    ];
    const server = createServer((req, res) => {
      seen.push(req.url!);
      answers[seen.length - 1]!(req, res);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const strange = peppolRest({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token: 't',
    });
    for (const _ of answers) await assert.rejects(strange.status('x'), failsWith('EINVOICE_BAD_ANSWER'));
    assert.equal(seen.length, answers.length);
    server.close();
    server.closeAllConnections();
    assert.throws(() => peppolRest({ baseUrl: 'nowhere', token: 't' }), failsWith('CONFIG_INVALID'));
    assert.throws(() => peppolRest({ baseUrl: network.url, token: '' }), failsWith('CONFIG_SECRET_MISSING'));
  });
});
