import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import type { ControlResult } from '../../finance';
import type { Message } from '../../nodes/kit/red';
import { invoice } from '../connectors/odoo/documents';
import { bankLine, bill, entry, payment, payout } from '../connectors/odoo/kinds';
import { node } from './bench';
import { GroupBench } from './group-bench';

type Recorded = ControlResult & { documentId: string };

const NOVEMBER = { from: '2026-11-01', to: '2026-11-30' };

describe('checkpoint', () => {
  let group: GroupBench;
  afterEach(() => group.close());

  async function open(more: object = {}, version?: '16.0' | '17.0' | '19.0'): Promise<void> {
    const loose = [
      node('check', 'checkpoint', {
        name: 'close',
        entities: '["entity"]',
        connection: 'odoo',
        period: 'given',
        kinds: '["invoice","credit_note"]',
        journals: '["INV"]',
        ...more,
        wires: [['equal'], ['different']],
      }),
      node('equal', 'helper'),
      node('different', 'helper'),
      node('errors', 'catch', { scope: ['check'], wires: [['caught']] }),
      node('caught', 'helper'),
    ];
    group = await GroupBench.open({ loose, version });
  }

  async function check(at: 'equal' | 'different', payload: object = { period: NOVEMBER }): Promise<Recorded> {
    const before = group.bench.at(at).length;
    group.bench.send('check', { payload });
    const msg: Message = await group.bench.message(at, before + 1);
    return (msg.checkpoint as Recorded[])[0]!;
  }

  const told = ({ differences }: ControlResult) =>
    differences.map(({ type, number, source, odoo, cause, record }) => [
      type,
      source,
      odoo,
      cause,
      number ?? record?.name,
    ]);

  for (const version of ['16.0', '17.0', '19.0'] as const)
    it(`proves every kind of document against Odoo ${version}, and keeps the proof`, async () => {
      await open({ kinds: '[]', journals: '[]' }, version);
      const sold = invoice('1');
      const usd = invoice('2', { currency: 'USD' });
      await group.post(
        sold,
        usd,
        bill('1'),
        entry('1'),
        entry('2', {
          currency: 'USD',
          lines: [
            { account: '4970', label: 'Fee', debit: '11.00', credit: '0.00', homeDebit: '10.00' },
            { account: '1360', label: 'Fee', debit: '0.00', credit: '11.00', homeCredit: '10.00' },
          ],
        }),
        payout('1'),
        bankLine('1'),
      );
      await group.post(
        payment('1', [], {
          amount: '119.50',
          allocations: [{ sourceId: 'in_1', amount: '119.00' }],
          posting: { journal: 'BNK1', writeOffAccount: '4970', tolerance: '0.50' },
        }),
      );
      const result = await check('equal');
      assert.equal(result.equal, true, JSON.stringify(result.differences));
      assert.deepEqual(
        result.rows.map(({ kind, currency, source, odoo }) => [kind, currency, source.count, odoo.total]),
        [
          ['bank_transaction', 'EUR', 1, '-42.10'],
          ['invoice', 'EUR', 2, '357.00'],
          ['invoice', 'USD', 1, '119.00'],
          ['journal_entry', 'EUR', 1, '10.50'],
          ['journal_entry', 'USD', 1, '11.00'],
          ['payment', 'EUR', 1, '119.50'],
          ['payout', 'EUR', 1, '119.00'],
        ],
      );
      const row = await group.bench.store.documentRow({ documentId: result.documentId });
      assert.deepEqual(
        [row.kind, row.state, row.outcome, row.date],
        ['control_result', 'settled', 'completed', '2026-11-30'],
      );
      const { bodies } = await group.bench.store.trace({ documentId: result.documentId });
      const { documentId: _id, ...kept } = result;
      assert.deepEqual(JSON.parse(bodies[0]!.text!), kept);
      assert.deepEqual((await group.bench.store.audit()).findings, []);
    });

  it('leaves out the entries that hang on other documents: schedules, fees and settlements', async () => {
    await open({ kinds: '["invoice","payment","journal_entry"]', journals: '[]' });
    const period = { start: '2026-11-01', end: '2026-11-30' };
    const posting = { account: '0990', taxes: ['USt 19%'], deferral: { account: '8400', journal: 'MISC' } };
    await group.post(invoice('1', { lines: [{ ...invoice('1').lines[0]!, period, posting }] }));
    await group.post(
      payment('1', [], {
        amount: '119.50',
        fee: '1.20',
        allocations: [{ sourceId: 'in_1', amount: '119.00' }],
        posting: {
          journal: 'PSP',
          feeAccount: '4970',
          clearingAccount: '1360',
          writeOffAccount: '4970',
          tolerance: '0.50',
        },
      }),
    );
    const { rows } = await check('equal');
    assert.deepEqual(
      rows.map(({ kind, odoo }) => [kind, odoo.count, odoo.total]),
      [
        ['invoice', 1, '119.00'],
        ['payment', 1, '119.50'],
      ],
    );
  });

  it('explains the difference by each document, holds the result, and closes it when all is put right', async () => {
    await open();
    await group.post(invoice('1'), invoice('2'), invoice('october', { issueDate: '2026-10-31' }));
    const [held] = await group.receive(
      invoice('3', { lines: [{ ...invoice('3').lines[0]!, posting: { account: '8888', taxes: [] } }] }),
    );
    assert.equal(await group.end(held!), 'ODOO_LOOKUP');
    const [first, second] = (await group.moves()).filter(({ externalId }) => externalId?.includes('in_'));
    // a person cancels one, changes another, and books a third by hand
    await group.edit({ do: 'write', model: 'account.move', id: first!.id, values: { state: 'cancel' } });
    await group.edit({
      do: 'write',
      model: 'account.move',
      id: second!.id,
      values: { amount_total: '118.00' },
    });
    const result = await check('different');
    assert.deepEqual(
      told(result).sort(),
      [
        ['amount', '119.00', '118.00', undefined, second!.name],
        ['held', '119.00', undefined, 'ODOO_LOOKUP', undefined],
        ['missing', '119.00', undefined, 'cancel', first!.name],
      ].sort(),
    );
    assert.deepEqual(result.rows[0]?.difference, { count: 2, total: '239.00' });
    const open1 = await group.bench.store.exceptions({ entity: 'acme_de' });
    const exception = open1.find(({ code }) => code === 'CHECKPOINT_DIFFERS');
    assert.deepEqual([exception?.document_id, exception?.amount], [result.documentId, '239.00']);
    assert.match(exception!.cause, /from 2026-11-01 to 2026-11-30: 1 amount, 1 missing, 1 held/);

    const again = await check('different');
    const codes = (await group.bench.store.exceptions({})).filter(
      ({ code }) => code === 'CHECKPOINT_DIFFERS',
    );
    assert.deepEqual(
      codes.map(({ document_id }) => document_id),
      [again.documentId],
    );

    await group.edit({ do: 'write', model: 'account.move', id: first!.id, values: { state: 'posted' } });
    await group.edit({
      do: 'write',
      model: 'account.move',
      id: second!.id,
      values: { amount_total: '119.00' },
    });
    await group.bench.store.dismiss({
      documentId: held!,
      outcome: 'rejected',
      effects: 'kept',
      actor: 'carla',
      reason: 'not ours',
    });
    await check('equal');
    assert.deepEqual(await group.bench.codes(), []);
    const { exceptions } = await group.bench.store.trace({ documentId: again.documentId });
    assert.match(String(exceptions[0]?.reason), /^equal: doc_/);
    assert.equal(exceptions[0]?.actor, 'checkpoint close');
  });

  it('finds what was booked past the source, and what the source never sent', async () => {
    await open();
    const ours = await group.post(invoice('1'), invoice('2'));
    // the key of one is taken away: what a person books by hand has none
    const keys = group.odoo.odoo.db.all('ir.model.data').filter(({ name }) => String(name).endsWith('in_2'));
    await group.edit({
      do: 'write',
      model: 'ir.model.data',
      id: keys[0]!.id,
      values: { name: 'of_somebody_else' },
    });
    const source = [{ kind: 'invoice', currency: 'EUR', count: 4, total: '400.00' }];
    const result = await check('different', { period: NOVEMBER, source });
    assert.deepEqual(
      result.differences.map(({ type, documentId, source: said, odoo, received }) => [
        type,
        documentId,
        said,
        odoo,
        received,
      ]),
      [
        ['missing', ours[1], '119.00', undefined, undefined],
        ['extra', undefined, undefined, '119.00', undefined],
        ['not_received', undefined, '400.00', undefined, '238.00'],
      ],
    );
  });

  it('refuses a message without a period where it is to give one, and totals of another shape', async () => {
    await open();
    group.bench.send('check', { payload: 1_763_000_000 });
    group.bench.send('check', { payload: { period: NOVEMBER, source: [{ kind: 'invoice' }] } });
    await group.bench.message('caught', 2);
    for (const { error } of group.bench.at('caught'))
      assert.equal((error as { code?: string }).code, 'MAP_INPUT_INVALID');
  });
});
