import { join } from 'node:path';
import { SERVICE_ANNOTATIONS } from '@fairlead/api';
import { REPOSITORY } from '../lab/index.ts';
import { AllocatorCluster, addressesOf, conditionOf, readiness, untilReady } from './cluster.ts';
import type { RunningAllocator } from './cluster.ts';

let cluster: AllocatorCluster;
let running: RunningAllocator | undefined;

/** Nobody may write the status of Services with the label `frozen`. */
const FREEZE = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: freeze}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [services/status]}]
  validations: [{expression: "!has(object.metadata.labels) || !('frozen' in object.metadata.labels)"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: freeze}
spec: {policyName: freeze, validationActions: [Deny]}
`;

/** The API server tells nobody when a new policy is in force: it is tried until it is. */
async function untilDenied(request: () => Promise<unknown>): Promise<void> {
  try {
    for (;;) {
      await request();
    }
  } catch (error) {
    expect(String(error)).toContain('freeze');
  }
}

function asking(address: string): Readonly<Record<string, string>> {
  return { [SERVICE_ANNOTATIONS.addresses]: address };
}

/** Starts an allocator and ends the one before. */
async function allocator(...flags: readonly string[]): Promise<RunningAllocator> {
  await running?.process.kill('SIGTERM');
  running = await cluster.allocator({ flags });
  return running;
}

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

afterEach(async () => {
  await cluster.clear();
});

describe('a status that the API server refuses to take', () => {
  beforeAll(async () => {
    await cluster.group('default', { pools: [{ range: '198.51.100.0/24' }] });
    await allocator('--leader-elect=false');
  });

  afterAll(async () => {
    await cluster.plane.api.delete('/apis/fairlead.dev/v1/servicegroups/default');
  });

  it('is told by an event on the Service, as the status cannot tell it, and is written when there is room', async () => {
    // Our annotations do not fit: all of an object's together have 256 KiB.
    await cluster.create('full', { annotations: { 'example.com/notes': 'x'.repeat(262_110) } });
    const { note } = await cluster.untilEvent('full', 'AllocationFailed');
    expect(note).toMatch(/^The API server refuses what is to stand in the status: .*metadata\.annotations: Too long/);
    await cluster.patch('full', { metadata: { annotations: { 'example.com/notes': 'x' } } });
    await cluster.until('full', (object) => addressesOf(object).length === 1);
  });

  it('for lack of rights is told by an event and in the log, and is written when the rights are there', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/fairlead-allocator';
    const role = await cluster.plane.api.get<{ rules: { resources: string[] }[] }>(path);
    const rules = role.rules.filter(({ resources }) => !resources.includes('services/status'));
    await cluster.plane.api.patch(path, { rules });
    await cluster.create('forbidden');
    const { note } = await cluster.untilEvent('forbidden', 'AllocationFailed');
    expect(note).toMatch(/forbidden: .* cannot patch resource "services\/status"/);
    await running?.process.waitForLog(/"level":"warn","message":"The writing of Services fails and is tried again"/);
    await cluster.plane.api.patch(path, { rules: role.rules });
    await cluster.until('forbidden', (object) => conditionOf(object)?.status === 'True');
    await running?.process.waitForLog(/The writing of Services works again/);
  });

  it('holds up whoever is to have its address, who is told so', async () => {
    await cluster.create('frozen', { annotations: asking('198.51.100.7'), labels: { frozen: 'yes' } });
    await cluster.untilAddresses('frozen', ['198.51.100.7']);
    await cluster.plane.apply(['-'], FREEZE);
    await untilDenied(() => cluster.patchStatus('frozen', { status: {} }));
    await cluster.patch('frozen', { metadata: { annotations: asking('198.51.100.8') } });
    await cluster.create('next', { annotations: asking('198.51.100.7') });
    // For five seconds nothing is said, as the address is to go with the next write.
    const held = await cluster.until('next', (object) => conditionOf(object)?.reason === 'AddressInUse', {
      timeoutMs: 30_000,
    });
    expect(conditionOf(held)?.message).toContain('Service default/frozen has it still');
    expect((await cluster.get('frozen')).status?.loadBalancer?.ingress?.[0]?.ip).toBe('198.51.100.7');
    await cluster.patch('frozen', { metadata: { labels: { frozen: null } } });
    await cluster.untilAddresses('frozen', ['198.51.100.8']);
    await cluster.untilAddresses('next', ['198.51.100.7']);
  });
});

it('an address that was given under other flags is not given a second time', async () => {
  await cluster.group('pair', { pools: [{ range: '192.0.2.1-192.0.2.2' }] });
  await allocator('--leader-elect=false', '--default-class');
  await cluster.create('classless', { spec: { loadBalancerClass: undefined } });
  await cluster.untilAddresses('classless', ['192.0.2.1']);
  await allocator('--leader-elect=false');
  const before = await cluster.get('classless');
  await cluster.create('first');
  await cluster.untilAddresses('first', ['192.0.2.2']);
  await cluster.create('second');
  await cluster.untilRefused('second', 'PoolExhausted');
  await cluster.untilGroup('pair', ({ status }) => status?.allocatedIPv4 === '2' && status.availableIPv4 === '0');
  expect((await cluster.get('classless')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  await cluster.delete('classless');
  await cluster.untilAddresses('second', ['192.0.2.1']);
});

it('a leader whose Lease somebody else has taken leaves it to them, and does not give it up in their stead', async () => {
  const { process: leader } = await allocator();
  await leader.waitForLog(/"message":"Allocating"/);
  const path = '/apis/coordination.k8s.io/v1/namespaces/fairlead-system/leases/fairlead-allocator';
  // By hand, so that the time of the last renewal is still the leader's own.
  await cluster.plane.api.patch(path, { spec: { holderIdentity: 'somebody-else' } });
  await leader.waitForLog(/"message":"No longer leading"/);
  const { spec } = await cluster.plane.api.get<{ spec: { holderIdentity?: string } }>(path);
  expect(spec.holderIdentity).toBe('somebody-else');
});

it('an allocator that is there before its resources says so, and works when they come', async () => {
  const crds = join(REPOSITORY, 'deploy', 'crds');
  await running?.process.kill('SIGTERM');
  await cluster.plane.kubectl(['delete', '-f', crds]);
  running = await cluster.allocator({ flags: ['--leader-elect=false'], wait: false });
  await cluster.create('early');
  await running.process.waitForLog(/The watch of servicegroups fails and is tried again/);
  expect(await readiness(running.url)).toMatch(
    /^waiting for the API server: ServiceGroups not read yet; .*404.*: are the CustomResourceDefinitions of deploy\/crds applied\?$/,
  );
  await cluster.plane.apply([crds]);
  await untilReady(running);
  await cluster.group('default', { pools: [{ range: '203.0.113.1' }] });
  await cluster.untilAddresses('early', ['203.0.113.1']);
});
