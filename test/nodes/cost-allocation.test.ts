import { strict as assert } from 'node:assert';
import { afterEach, describe, it } from 'mocha';
import { intercompanyPairs } from '../../cli/intercompany';
import { money, pairReport } from '../../finance';
import { bill } from '../connectors/odoo/kinds';
import { node } from './bench';
import { GroupBench, kinds } from './group-bench';

const SHARES = [
  { from: '2025-01-01', to: '2026-10-31', receiver: 'acme_us', share: '100' },
  { from: '2026-11-01', receiver: 'acme_us', share: '1' },
  { from: '2026-11-01', receiver: 'acme_de', share: '2' },
];

const ALLOCATION = {
  entity: 'entity',
  connection: 'odoo',
  mode: 'entities',
  account: '4900',
  journal: 'MISC',
  shares: JSON.stringify(SHARES),
  residue: '',
  dueFrom: '1360',
  dueTo: '211000',
  expense: '600000',
  elimination: '',
  approval: 'entity',
};

describe('cost allocation', () => {
  let group: GroupBench;
  afterEach(() => group.close());

  const open = async (more: object = {}, us: object = {}) => {
    const allocation = node('allocation', 'cost-allocation', { ...ALLOCATION, ...more });
    group = await GroupBench.open({ between: [allocation], us });
  };
  const linesOf = async (company: number) =>
    (await group.moves(company))
      .filter(({ moveType }) => moveType === 'entry')
      .flatMap(({ lines }) =>
        lines.map(({ account, amountCurrency, partner }) => [account, amountCurrency, partner]),
      );

  it('takes the shares of others off the cost, and books them with those who bear them', async () => {
    await open();
    const [parent] = await group.post(bill('1'));
    const children = await group.children(parent!);
    for (const { id } of children) assert.equal(await group.end(id), 'completed');
    assert.deepEqual(await linesOf(1), [
      ['1360', '66.67', 'Ledgerway Demo Inc.'],
      ['4900', '-66.67', null],
    ]);
    assert.deepEqual(await linesOf(2), [
      ['600000', '66.67', 'Ledgerway Demo GmbH'],
      ['211000', '-66.67', 'Ledgerway Demo GmbH'],
    ]);
    const { equal, balances } = pairReport(await intercompanyPairs(group.bench.store));
    assert.deepEqual([equal, balances[0]?.toAmount], [true, '66.67']);
  });

  it('gives all of the cost, to the cent, to the cost centres of its own books', async () => {
    const shares = ['SUB', 'SRV'].map((analytic, at) => ({
      from: '2026-01-01',
      receiver: analytic,
      share: String(at + 1),
      analytic,
    }));
    await open({ mode: 'lines', shares: JSON.stringify(shares), residue: 'SRV' });
    const [parent] = await group.post(bill('1'));
    const [child] = await group.children(parent!);
    assert.equal(await group.end(child!.id), 'completed');
    const amounts = (await linesOf(1)).map(([, amount]) => String(amount));
    assert.deepEqual(amounts, ['66.67', '-66.67', '133.33', '-133.33']);
    assert.ok(money.isZero(money.sum(amounts)));
  });

  it('shares out what stands on several accounts, each by a node of its own', async () => {
    const second = node('fees', 'cost-allocation', { ...ALLOCATION, account: '4970' });
    group = await GroupBench.open({ between: [node('allocation', 'cost-allocation', ALLOCATION), second] });
    const one = bill('1');
    const lines = ['4900', '4970'].map((account, at) => ({
      ...one.lines[0]!,
      id: String(at),
      unitPrice: '100.00',
      netAmount: '100.00',
      posting: { account, taxes: ['VSt 19%'] },
    }));
    const [parent] = await group.post({ ...one, lines });
    const children = await group.children(parent!);
    for (const { id } of children) assert.equal(await group.end(id), 'completed');
    assert.equal(children.length, 4);
    const { equal, balances } = pairReport(await intercompanyPairs(group.bench.store));
    assert.deepEqual([equal, balances[0]?.pairs, balances[0]?.toAmount], [true, 2, '66.66']);
  });

  it('waits for the approval of a receiver that asks for one, and shows it as an open pair', async () => {
    await open({}, { kinds: kinds({ kind: 'journal_entry', approval: true }) });
    const [parent] = await group.post(bill('1'));
    const [own, other] = await group.children(parent!);
    assert.deepEqual(
      [await group.end(own!.id), await group.end(other!.id)],
      ['completed', 'DOCUMENT_APPROVAL'],
    );
    const { unpaired } = pairReport(await intercompanyPairs(group.bench.store));
    assert.deepEqual(
      unpaired.map(({ why }) => why),
      ['waits for an approval of acme_us'],
    );
  });

  it('refuses a key that names nothing to bear a share in the own books', async () => {
    await open({ mode: 'lines', shares: '[{"from":"2026-01-01","receiver":"SUB","share":"1"}]' });
    const [held] = await group.receive(bill('1'));
    assert.equal(await group.end(held!), 'CONFIG_INVALID');
    assert.deepEqual(await group.children(held!), []);
  });

  it('a day without a key holds the document; what is not on the cost account goes on', async () => {
    await open({ shares: JSON.stringify(SHARES.slice(0, 1)) });
    const [late] = await group.receive(bill('1'));
    assert.equal(await group.end(late!), 'CONFIG_INVALID');
    const other = bill('2');
    const lines = other.lines.map((one) => ({ ...one, posting: { account: '4970', taxes: ['VSt 19%'] } }));
    const [passed] = await group.post({ ...other, lines });
    assert.deepEqual(await group.children(passed!), []);
  });
});
