import assert from 'node:assert/strict';
import { TemplateRun } from '../../support/template-run';

interface Event {
  id: string;
}

for (const version of ['17.0', '16.0'])
  describe(`the template billing credit note, on Odoo ${version}`, function () {
    this.timeout(60_000);
    let run: TemplateRun;
    before(async () => {
      run = await TemplateRun.start('billing-credit-note', undefined, { odooVersion: version });
    });
    after(() => run.stop());

    const events = (): Event[] => run.file<{ events: Event[] }>('sample-input.json').events;
    const expected = (): object[] => run.file<{ moves: object[] }>('expected-postings.json').moves;

    it('a credit note that comes before its invoice waits for it', async () => {
      await run.deliver(events().slice(0, 1));
      await run.until(async () => (await run.states('credit_note')).includes('waiting'), 'the waiting');
      assert.deepEqual(await run.posted(), []);
    });

    it('then it is posted, linked to its invoice and matched with it', async () => {
      await run.feed(events().slice(1));
      assert.deepEqual(await run.exceptions(), []);
      assert.deepEqual(await run.posted(), expected());
      const notes = await run.records(
        'account.move',
        [['move_type', '=', 'out_refund']],
        ['reversed_entry_id'],
      );
      const linked = notes.map(({ reversed_entry_id }) => (reversed_entry_id as [number, string])[1]);
      assert.ok(linked.some((name) => name.startsWith('SR-1001')));
      assert.ok(linked.some((name) => name.startsWith('SR-1002')));
    });

    it('the same facts again change nothing', async () => {
      await run.feedAgain(events());
      assert.deepEqual(await run.posted(), expected());
      assert.deepEqual(await run.exceptions(), []);
    });
  });
