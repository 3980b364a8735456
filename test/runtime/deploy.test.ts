import { strict as assert } from 'node:assert';
import { Host, type Store } from '../../engine';
import { type FlowsApi, guardDeploys, pipelinesOf } from '../../runtime/deploy';
import { lease, PIPELINE, receive, Scratch } from '../support/store';

const entity = (id: string, key: string) => ({ id, type: 'ledgerway-legal-entity', key });
const pipeline = (id: string, entities: string[], kinds: string[] = []) => ({
  id,
  type: 'ledgerway-pipeline-in',
  name: id,
  entities: JSON.stringify(entities),
  kinds: JSON.stringify(kinds),
});

describe('Deploys', () => {
  let scratch: Scratch;
  let store: Store;
  let host: Host;
  let deployed: number;
  let api: FlowsApi;

  beforeEach(async () => {
    scratch = new Scratch();
    store = await scratch.store();
    await store.syncPipelines([PIPELINE]);
    host = new Host({ default: store });
    deployed = 0;
    const deploy = async () => {
      deployed++;
      assert.equal(host.paused, true, 'intake stands still while flows change');
    };
    api = { setFlows: deploy, addFlow: deploy, updateFlow: deploy, deleteFlow: deploy };
  });
  afterEach(async () => {
    await host.close();
    await scratch.remove();
  });

  it('reads the pipelines of a flow configuration, with the keys of their entities', () => {
    const flows = [
      entity('e1', 'acme_de'),
      pipeline('p1', ['e1'], ['invoice']),
      { ...pipeline('off', []), d: true },
    ];
    assert.deepEqual(
      pipelinesOf(flows).map(({ name, entities, kinds }) => ({ name, entities, kinds })),
      [{ name: 'p1', entities: ['acme_de'], kinds: ['invoice'] }],
    );
  });

  it('refuses pipelines that would claim the same documents, with 400 and plain words', async () => {
    guardDeploys(api, host, 1000);
    const flows = [entity('e1', 'acme_de'), pipeline('wide', []), pipeline('narrow', ['e1'])];
    await assert.rejects(
      api.setFlows({ flows: { flows } }),
      (error: Error & { status?: number; code?: string }) => {
        assert.deepEqual([error.status, error.code], [400, 'CONFIG_PIPELINES_OVERLAP']);
        assert.match(error.message, /"wide" and "narrow"/);
        return true;
      },
    );
    assert.equal(deployed, 0);
  });

  it('waits for documents in flight, then deploys, then intake goes on', async () => {
    guardDeploys(api, host, 5000);
    await host.flowsStarted();
    await store.syncPipelines([PIPELINE]);
    await receive(store, 'in_1');
    const [document] = await lease(store, 1, host.worker);
    host.leases().add([document!]);
    const deploy = api.setFlows({ flows: { flows: [] } });
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(deployed, 0);
    await store.settle({ ...document!.context, outcome: 'completed' });
    await deploy;
    assert.equal(deployed, 1);
    assert.equal(host.paused, false);
  });

  it('does not wait for ever', async () => {
    guardDeploys(api, host, 50);
    await receive(store, 'in_1');
    host.leases().add(await lease(store, 1, host.worker));
    await api.updateFlow({});
    assert.equal(deployed, 1);
  });

  it('stores outlive a deploy that fails', async () => {
    api.setFlows = () => Promise.reject(new Error('not saved'));
    guardDeploys(api, host, 50);
    await host.flowsStarted();
    await assert.rejects(api.setFlows({ flows: { flows: [] } }), /not saved/);
    assert.equal(host.paused, false);
    assert.deepEqual(await host.store().sweep(), { open: 0 });
  });
});
