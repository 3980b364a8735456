import assert from 'node:assert/strict';
import { adopt, type PostableDocument, searchRead, shadow } from '../../../connectors/odoo';
import { externalKey } from '../../../finance/canonical';
import { Books, type Version } from './books';
import { buyer, invoice } from './documents';
import { bankLine, bill, entry, payment } from './kinds';

for (const version of [16, 17, 19] as Version[])
  describe(`cut-over from an earlier connector to Odoo ${version}`, () => {
    let books: Books;
    before(async () => {
      books = await Books.open(version, 'auto', ['account.group_account_user']);
    });
    after(() => books.close());

    /** What the earlier connector does: the same content under a key of its own. */
    const earlier = async (document: PostableDocument): Promise<number> => {
      const posted = await books.post(document, { externalKey: `legacy.${externalKey(document)}` });
      return 'id' in posted ? posted.id : posted.moveId;
    };
    const records = async (): Promise<number> => {
      const models = ['account.move', 'account.payment', 'res.partner', 'ir.model.data'];
      const rows = await Promise.all(models.map((model) => searchRead(books.admin, model, [], ['id'])));
      return rows.flat().length;
    };

    it('shadow mode says what differs, and writes nothing', async () => {
      const same = invoice('shadow_same');
      const other = invoice('shadow_other');
      await earlier(same);
      await earlier({ ...other, dueDate: '2026-12-31' });
      const stranger = invoice('shadow_none', {
        buyer: buyer({ id: 'new', name: 'New', vatId: 'DE811569869', email: 'new@x.example' }),
        issueDate: '2026-11-03',
      });
      const before = await records();
      assert.equal((await shadow(books.client, same, books.options(same))).outcome, 'same');
      const different = await shadow(books.client, other, books.options(other));
      assert.deepEqual(
        [different.outcome, different.differences],
        ['different', [{ field: 'due date', expected: '2026-12-02', found: '2026-12-31' }]],
      );
      assert.equal((await shadow(books.client, stranger, books.options(stranger))).outcome, 'missing');
      assert.equal(await records(), before);
    });

    it('what was adopted is never posted a second time, in every kind', async () => {
      const documents = [
        invoice('adopt'),
        bill('adopt'),
        entry('adopt'),
        payment('adopt', []),
        bankLine('adopt'),
      ];
      for (const document of documents) {
        const id = await earlier(document);
        const adopted = await adopt(books.client, books.admin, document, books.options(document));
        assert.deepEqual([adopted.recordId, adopted.already], [id, false], document.kind);
        const again = await adopt(books.client, books.admin, document, books.options(document));
        assert.equal(again.already, true);
        const before = await records();
        const posted = await books.post(document);
        assert.equal('id' in posted ? posted.id : posted.moveId, id);
        assert.equal(await records(), before);
      }
    });

    it('what differs is not adopted, unless a person says which fields may', async () => {
      const document = invoice('adopt_other');
      await earlier({ ...document, source: { ...document.source, id: 'x' }, dueDate: '2026-12-31' });
      const options = books.options(document);
      await assert.rejects(adopt(books.client, books.admin, document, options), {
        code: 'DOCUMENT_CONFLICT',
        message: /due date/,
      });
      const ignore = ['due date'];
      assert.ok(await adopt(books.client, books.admin, document, { ...options, ignore }));
    });

    it('of two equal documents one record is only for one', async () => {
      const twin = (id: string) => invoice(id, { issueDate: '2026-11-04', number: undefined });
      const [first, second] = [twin('equal_a'), twin('equal_b')];
      await earlier(first);
      assert.ok(await adopt(books.client, books.admin, first, books.options(first)));
      const ignore = ['reference'];
      await assert.rejects(adopt(books.client, books.admin, second, { ...books.options(second), ignore }), {
        code: 'DOCUMENT_CONFLICT',
        message: /is the one of ledgerway\..*equal_a/,
      });
    });

    it('several that fit are for a person', async () => {
      const document = invoice('adopt_twin');
      for (const id of ['a', 'b']) await earlier({ ...document, source: { ...document.source, id } });
      const options = books.options(document);
      await assert.rejects(adopt(books.client, books.admin, document, options), { code: 'ODOO_AMBIGUOUS' });
      await assert.rejects(
        adopt(books.client, books.admin, invoice('adopt_none'), books.options(invoice('adopt_none'))),
        {
          code: 'ODOO_AMBIGUOUS',
        },
      );
    });
  });
