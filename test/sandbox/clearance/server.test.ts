import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '../../../connectors/webhooks';
import { CLEARANCE_TOKEN, type SubmissionView, startClearance } from '../../../sandbox/clearance';
import type { Running } from '../../../sandbox/lib/server';

const ubl = (
  number: string,
  more: { receiver?: string; sender?: string; note?: string } = {},
) => `<?xml version="1.0"?>
<Invoice xmlns:cac="urn:cac" xmlns:cbc="urn:cbc"><cbc:ID>${number}</cbc:ID><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
<cbc:Note>${more.note ?? 'a &amp; b'}</cbc:Note>
<cac:AccountingSupplierParty><cac:Party>${more.sender ?? '<cbc:EndpointID schemeID="9930">DE1</cbc:EndpointID>'}
<cac:PartyTaxScheme><cbc:CompanyID>DE1</cbc:CompanyID></cac:PartyTaxScheme></cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party><cbc:EndpointID schemeID="9930">${more.receiver ?? 'DE2'}</cbc:EndpointID>
</cac:Party></cac:AccountingCustomerParty></Invoice>`;

interface Answer {
  status: number;
  body: SubmissionView & { messages: { code: string }[]; data: SubmissionView[] };
}

async function call(network: Running, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${CLEARANCE_TOKEN}`, ...(init.headers as Record<string, string>) };
  const answer = await fetch(network.url + path, { ...init, headers });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

const submit = (network: Running, xml: string, key = xml.slice(0, 200)) =>
  call(network, '/v1/documents', {
    method: 'POST',
    body: xml,
    headers: { 'content-type': 'application/xml', 'idempotency-key': Buffer.from(`k${key}`).toString('hex') },
  });

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the clearance sandbox', function () {
  this.timeout(15_000);
  let network: Running;
  afterEach(() => network.close());

  it('takes a document, and decides later', async () => {
    network = await startClearance({ delayMs: 300 });
    const taken = await submit(network, ubl('1'));
    assert.equal(taken.status, 202);
    assert.deepEqual([taken.body.status, taken.body.naturalKey], ['submitted', 'DE1/380/1']);
    assert.equal((await call(network, `/v1/documents/${taken.body.id}`)).body.status, 'submitted');
    await wait(310);
    assert.equal((await call(network, `/v1/documents/${taken.body.id}`)).body.status, 'accepted');
    const found = await call(network, `/v1/documents?naturalKey=${encodeURIComponent('DE1/380/1')}`);
    assert.deepEqual(
      found.body.data.map((each) => each.id),
      [taken.body.id],
    );
    assert.equal((await call(network, '/v1/documents/doc_none')).status, 404);
    assert.equal((await call(network, '/v1/documents?naturalKey=other')).body.data.length, 0);
  });

  it('holds one document a natural key: identical bytes again are the same, other bytes a conflict', async () => {
    network = await startClearance();
    const first = await submit(network, ubl('1'), 'a');
    const again = await submit(network, ubl('1'), 'b');
    assert.deepEqual([again.status, again.body.id], [200, first.body.id]);
    assert.equal((await submit(network, ubl('1', { note: 'other' }), 'c')).status, 409);
    assert.equal(
      (await submit(network, ubl('2'), 'a')).status,
      409,
      'an idempotency key stands for its bytes',
    );
    const racing = await Promise.all(
      Array.from({ length: 8 }, (_, at) => submit(network, ubl('3'), `r${at}`)),
    );
    assert.equal(new Set(racing.map(({ body }) => body.id)).size, 1);
    assert.equal(racing.filter(({ status }) => status === 202).length, 1);
  });

  it('rejects receivers that it does not know, with a message', async () => {
    network = await startClearance({ delayMs: 1 });
    const { body } = await submit(network, ubl('1', { receiver: 'REJECT77' }));
    await wait(10);
    const decided = await call(network, `/v1/documents/${body.id}`);
    assert.equal(decided.body.status, 'rejected');
    assert.equal(decided.body.messages[0]!.code, 'RECEIVER-UNKNOWN');
  });

  it('refuses at the door what is no invoice', async () => {
    network = await startClearance();
    const codes = async (xml: string) => {
      const { status, body } = await submit(network, xml);
      assert.equal(status, 422, xml.slice(0, 80));
      return body.messages.map(({ code }) => code);
    };
    const good = ubl('1');
    for (const broken of [
      '',
      'text',
      good.replace('</Invoice>', ''),
      good.replace('<cbc:Note>', '<cbc:Not>'),
      good.replace('&amp;', '&unknown;'),
      good.replace('&amp;', '& '),
      good.replace('<?xml version="1.0"?>', '<!DOCTYPE x [<!ENTITY e "boom">]>'),
      good.replace('schemeID="9930"', 'schemeID="9930" schemeID="1"'),
      `${good}<More/>`,
    ])
      assert.deepEqual(await codes(broken), ['XML']);
    assert.deepEqual(await codes('<Order/>'), ['UBL']);
    assert.deepEqual(await codes(ubl('', { sender: ' ' })), ['BR-02', 'PEPPOL-EN16931-R020']);
  });

  it('refuses a wrong token and a missing Idempotency-Key', async () => {
    network = await startClearance();
    const headers = { authorization: 'Bearer wrong' };
    assert.equal((await call(network, '/v1/documents?naturalKey=x', { headers })).status, 401);
    assert.equal((await call(network, '/v1/documents', { method: 'POST', body: ubl('1') })).status, 400);
  });

  it('remembers over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clearance-'));
    const dataFile = join(folder, 'clearance.db');
    network = await startClearance({ dataFile, delayMs: 30 });
    const { body } = await submit(network, ubl('1'));
    await network.close();
    await wait(40);
    network = await startClearance({ dataFile });
    assert.equal((await call(network, `/v1/documents/${body.id}`)).body.status, 'accepted');
    assert.equal((await submit(network, ubl('1'))).status, 200);
    assert.equal((await submit(network, ubl('1', { note: 'other' }), 'x')).status, 409);
    rmSync(folder, { recursive: true });
  });

  it('reports its decision with a signed webhook, until it is taken', async () => {
    const secret = `whsec_${Buffer.from('network').toString('base64')}`;
    const got: { type: string; data: SubmissionView }[] = [];
    const receiver = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const rawBody = Buffer.concat(chunks);
      verify('standard-webhooks', {
        rawBody,
        headers: req.headers,
        secrets: [secret],
        now: new Date(),
        toleranceSeconds: 5,
      });
      got.push(JSON.parse(rawBody.toString()));
      res.writeHead(got.length === 1 ? 503 : 204).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    network = await startClearance({ delayMs: 10, notify: { url, secret } });
    const { body } = await submit(network, ubl('1'));
    for (let tries = 0; got.length < 2 && tries < 100; tries++) await wait(20);
    await wait(30);
    receiver.close();
    receiver.closeAllConnections();
    assert.equal(got.length, 2);
    assert.deepEqual([got[1]!.type, got[1]!.data.id], ['document.accepted', body.id]);
  });
});
