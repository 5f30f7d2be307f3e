import { ADDRESSES_ALLOCATED, ALLOCATOR_ANNOTATIONS } from '@fairlead/api';
import type { IPFamily } from '@fairlead/api';
import { AllocatorCluster, addressesOf, conditionOf, DUAL } from './cluster.ts';
import type { StoredService } from './cluster.ts';

const { allocatedFrom, reason } = ALLOCATOR_ANNOTATIONS;

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }, { range: '2001:db8::/64' }] });
  await cluster.group('one', { pools: [{ range: '198.51.100.1' }], assign: { auto: false } });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

interface Edit {
  readonly what: string;
  /** A JSON merge patch of the status, and of annotations, for a Service that has one address of each family. */
  readonly patch: (service: StoredService) => object;
  /** Addresses have gone: when no allocator ran, there is nothing left to tell which they were. */
  readonly loses?: readonly IPFamily[];
}

const EDITS: readonly Edit[] = [
  { what: 'no address', patch: () => ({ status: { loadBalancer: null } }), loses: ['IPv4', 'IPv6'] },
  {
    what: 'one address fewer',
    patch: (service) => ({ status: { loadBalancer: { ingress: ingressOf(service).slice(1) } } }),
    loses: ['IPv4'],
  },
  { what: 'everything', patch: () => ({ status: null, metadata: { annotations: null } }), loses: ['IPv4', 'IPv6'] },
  {
    what: 'the order',
    patch: (service) => ({ status: { loadBalancer: { ingress: ingressOf(service).toReversed() } } }),
  },
  { what: 'ipMode', patch: (service) => changed(service, { ipMode: 'Proxy' }) },
  { what: 'ports', patch: (service) => changed(service, { ports: [{ port: 80, protocol: 'TCP' }] }) },
  { what: 'a host name in an entry', patch: (service) => changed(service, { hostname: 'example.com' }) },
  {
    what: 'an entry more',
    patch: (service) => ({
      status: { loadBalancer: { ingress: [...ingressOf(service), { hostname: 'example.com' }] } },
    }),
  },
  { what: 'our condition deleted', patch: () => ({ status: { conditions: null } }) },
  { what: 'our condition flipped', patch: (service) => condition(service, { status: 'False' }) },
  { what: 'the reason of our condition', patch: (service) => condition(service, { reason: 'Mine' }) },
  { what: 'the group', patch: () => ({ metadata: { annotations: { [allocatedFrom]: 'one' } } }) },
  { what: 'the group deleted', patch: () => ({ metadata: { annotations: { [allocatedFrom]: null } } }) },
  { what: 'a reason', patch: () => ({ metadata: { annotations: { [reason]: 'because' } } }) },
];

/** Only while the leader runs: when none ran, these addresses are as good as any and are kept. */
const WHILE_IT_RUNS: readonly Edit[] = [
  {
    what: 'a foreign address',
    patch: () => ({ status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } }),
  },
  {
    what: 'another address of ours',
    patch: () => ({ status: { loadBalancer: { ingress: [{ ip: '192.0.2.200', ipMode: 'VIP' }] } } }),
  },
];

describe('what somebody changes in a status is put back as it was', () => {
  it('while the leader runs', async () => {
    const allocator = await cluster.allocator({ flags: ['--leader-elect=false'] });
    const edits = [...EDITS, ...WHILE_IT_RUNS];
    const before = await makeEach('running', edits);
    await Promise.all(before.map(({ edit, service }) => make(edit, service)));
    await Promise.all(before.map(({ service }) => untilWritten(service)));
    const after = await Promise.all(before.map(({ service }) => cluster.get(service.metadata.name)));
    expect(after.map(written)).toEqual(before.map(({ service }) => written(service)));
    await allocator.process.kill('SIGTERM');
  });

  it('when none ran, and where addresses have gone others are given', async () => {
    const first = await cluster.allocator({ flags: ['--leader-elect=false'] });
    const before = await makeEach('stopped', EDITS);
    await first.process.kill('SIGTERM');
    await Promise.all(before.map(({ edit, service }) => make(edit, service)));

    const second = await cluster.allocator({ flags: ['--leader-elect=false'] });
    const after = await Promise.all(
      before.map(async ({ edit, service }) => {
        const { name } = service.metadata;
        return edit.loses === undefined ? await untilWritten(service) : await cluster.until(name, isComplete);
      }),
    );
    const kept = before.map(({ edit, service }) => addressesOf(service).slice(edit.loses?.length ?? 0));
    expect(after.map(addressesOf).map((now, index) => now.filter((one) => kept[index]?.includes(one)))).toEqual(kept);
    const all = after.flatMap(addressesOf);
    expect([all.length, new Set(all).size]).toEqual([2 * EDITS.length, 2 * EDITS.length]);
    await second.process.kill('SIGTERM');
  });
});

/** Makes a Service for each edit; returns when each has its addresses. */
async function makeEach(
  prefix: string,
  edits: readonly Edit[],
): Promise<readonly { readonly edit: Edit; readonly service: StoredService }[]> {
  return await Promise.all(
    edits.map(async (edit, index) => {
      const { metadata } = await cluster.create(`${prefix}-${index}`, { spec: DUAL });
      return { edit, service: await cluster.until(metadata.name, isComplete) };
    }),
  );
}

/** Status and annotations are written in one request, as whoever may write the status can. */
async function make({ patch }: Edit, service: StoredService): Promise<void> {
  const { metadata } = await cluster.patchStatus(service.metadata.name, patch(service));
  if (metadata.resourceVersion === service.metadata.resourceVersion) {
    throw new Error('the edit changed nothing');
  }
}

function isComplete(service: StoredService): boolean {
  return (
    conditionOf(service)?.status === 'True' &&
    addressesOf(service).length === service.spec?.ipFamilies?.length &&
    service.metadata.annotations?.[allocatedFrom] !== undefined
  );
}

/** Waits until everything that the allocator writes stands there as it did. */
async function untilWritten(before: StoredService): Promise<StoredService> {
  const wanted = JSON.stringify(written(before));
  return await cluster.until(before.metadata.name, (service) => JSON.stringify(written(service)) === wanted);
}

/** Everything that the allocator writes, times aside. */
function written(service: StoredService): object {
  const { status, reason: why, message } = conditionOf(service) ?? {};
  const { annotations = {} } = service.metadata;
  return {
    ingress: ingressOf(service),
    condition: { status, why, message },
    annotations: [annotations[allocatedFrom], annotations[reason]],
  };
}

function ingressOf({ status }: StoredService): readonly object[] {
  return status?.loadBalancer?.ingress ?? [];
}

/** Each entry with something else in it. */
function changed(service: StoredService, entry: object): object {
  return { status: { loadBalancer: { ingress: ingressOf(service).map((each) => Object.assign({}, each, entry)) } } };
}

/** Our condition with something else in it. */
function condition({ status }: StoredService, change: object): object {
  const ours = status?.conditions?.find(({ type }) => type === ADDRESSES_ALLOCATED);
  return { status: { conditions: [{ ...ours, ...change }] } };
}
