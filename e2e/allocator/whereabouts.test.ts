import {
  ALLOCATOR_ANNOTATIONS,
  API_VERSION,
  CLAIM_ANNOTATIONS,
  CLAIM_LABEL,
  claimName,
  EVENT_REASONS,
  lanName,
  parseAddress,
  parsePrefix,
} from '@fairlead/api';
import type { Router } from '@fairlead/api';
import { AllocatorCluster, addressesOf } from './cluster.ts';

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '192.0.2.10-192.0.2.19' }] });
  const subnet = '192.0.2.0/24';
  const lan = {
    apiVersion: API_VERSION,
    kind: 'LAN',
    metadata: { name: lanName(parsePrefix(subnet)) },
    spec: { subnet },
  };
  await cluster.plane.apply(['-'], JSON.stringify(lan));
  await cluster.allocator({ flags: ['--leader-elect=false'] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/fairlead-system/leases';

/** What an agent writes when it holds an address. */
async function claim(address: string, holder: string): Promise<void> {
  const annotations = { [CLAIM_ANNOTATIONS.address]: address, [CLAIM_ANNOTATIONS.interface]: 'eth0' };
  const name = claimName(parseAddress(address));
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'fairlead-system', annotations, labels: { [CLAIM_LABEL]: '' } },
    spec: { holderIdentity: holder },
  };
  await cluster.plane.apply(['-'], JSON.stringify(lease));
}

it('a Service says which node announces its address, in one patch a move', async () => {
  await cluster.create('held');
  const [address = ''] = addressesOf(await cluster.until('held', (object) => addressesOf(object).length > 0));
  const patches = await cluster.requests('PATCH', 'services', 'status');
  const says = (text: string | undefined) =>
    cluster.until('held', ({ metadata }) => metadata.annotations?.[ALLOCATOR_ANNOTATIONS.announcedBy] === text);
  await claim(address, 'node-1');
  await says('node-1/eth0');
  await claim(address, 'node-2');
  await says('node-2/eth0');
  expect((await cluster.requests('PATCH', 'services', 'status')) - patches).toBe(2);
  await cluster.plane.api.delete(`${LEASES}/${claimName(parseAddress(address))}`);
  await says(undefined);
});

it('an address of a LAN that no node holds for 10 s is said to have no candidate', async () => {
  await cluster.create('nowhere');
  const [address = ''] = addressesOf(await cluster.until('nowhere', (object) => addressesOf(object).length > 0));
  const events = '/apis/events.k8s.io/v1/namespaces/default/events';
  const event = await cluster.plane.api.until<{
    metadata: { name: string };
    reason: string;
    note: string;
    regarding: { name: string };
  }>(events, ({ reason, regarding }) => reason === EVENT_REASONS.noCandidate && regarding.name === 'nowhere', {
    timeoutMs: 20_000,
  });
  expect(event.note).toContain(address);
}, 30_000);

it('a Router that cannot be used as written says so', async () => {
  const neighbor = { address: '192.0.2.1', asn: 64512 };
  const spec = {
    asn: 64513,
    bgp: {
      neighbors: [
        { name: 'a', ...neighbor },
        { name: 'b', ...neighbor },
      ],
    },
  };
  const router = { apiVersion: API_VERSION, kind: 'Router', metadata: { name: 'twice' }, spec };
  await cluster.plane.apply(['-'], JSON.stringify(router));
  const routers = `/apis/${API_VERSION}/routers`;
  const said = await cluster.plane.api.until<Router>(routers, ({ status }) => status?.conditions !== undefined);
  expect(said.status?.conditions?.[0]).toMatchObject({ type: 'Ready', status: 'False', reason: 'DuplicateNeighbor' });
});
