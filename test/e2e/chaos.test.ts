import { strict as assert } from 'node:assert';
import { ledgerway } from '../support/command';

describe('ledgerway chaos', () => {
  it('20 SIGKILLs in 500 documents: 0 lost, 0 posted twice, the tie holds', async () => {
    const seed = Number(process.env.LEDGERWAY_CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000));
    console.log(`      seed ${seed}`);
    const { code, stderr, json } = await ledgerway([
      'chaos',
      '--json',
      '--kills',
      '20',
      '--documents',
      '500',
      '--seed',
      String(seed),
    ]);
    const result = json();
    assert.deepEqual(
      {
        lost: result.lost,
        duplicates: result.duplicates,
        kills: result.kills,
        ties: result.ties,
        auditOk: result.auditOk,
      },
      { lost: 0, duplicates: 0, kills: 20, ties: true, auditOk: true },
      `seed ${seed}: ${stderr}`,
    );
    assert.equal(code, 0);
  });
});
