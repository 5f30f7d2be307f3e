import { API_VERSION, DEFAULT_LOAD_BALANCER_CLASS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { ServiceGroup } from '@fairlead/api';
import { seedServices } from '../lab/index.ts';
import { AllocatorCluster, conditionOf } from './cluster.ts';
import type { ServiceInput } from './cluster.ts';

/** ServiceGroup with room for all. */
export const ROOMY = 'roomy';
/** ServiceGroup of one address, which is taken. */
export const FULL = 'full';

/** How long the API server and an allocator may take to see tens of thousands of objects. */
const PATIENCE_MS = 120_000;

/** A Service for a group, without node ports: a cluster has 2,768 of them. */
export function serviceIn(group: string): ServiceInput {
  return {
    annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: group },
    spec: { loadBalancerClass: DEFAULT_LOAD_BALANCER_CLASS, allocateLoadBalancerNodePorts: false },
  };
}

/**
 * A cluster with many Services as an allocator leaves them. One is served, and one refused, by a real allocator; the others
 * are copies of these, written past the API server. The allocator sees all of them, brings the counts of the groups up to
 * date and stops. Nothing is left to be written then.
 * @param options.served Services with addresses of {@link ROOMY}, at least one: `served`, `served-0`, …
 * @param options.waiting Services that wait for one of {@link FULL}, at least one: `waiting`, `waiting-0`, …; default 1
 * @param options.program the allocator's bundle; default: its sources
 */
export async function startSeeded(options: {
  readonly served: number;
  readonly waiting?: number;
  readonly program?: string;
}): Promise<AllocatorCluster> {
  const { served, waiting = 1, ...program } = options;
  const cluster = await AllocatorCluster.start({ audit: true });
  try {
    await cluster.group(ROOMY, { pools: [{ range: '10.8.0.0/15' }], assign: { auto: false } });
    await cluster.group(FULL, { pools: [{ range: '192.0.2.1' }], assign: { auto: false } });
    const allocator = await cluster.allocator(program);
    await cluster.create('full', serviceIn(FULL));
    await cluster.untilAddresses('full', ['192.0.2.1']);
    await cluster.create('served', serviceIn(ROOMY));
    const sample = await cluster.until('served', (service) => conditionOf(service)?.status === 'True');
    await cluster.create('waiting', serviceIn(FULL));
    const refused = await cluster.untilRefused('waiting', 'PoolExhausted');
    const addresses = (index: number): string[] => [addressAt(index + 256)];
    // Those that are counted come last: when their number is right, the others have been seen as well.
    await seedServices(cluster.plane, { sample: refused, count: waiting - 1, name: (index) => `waiting-${index}` });
    await seedServices(cluster.plane, { sample, count: served - 1, name: (index) => `served-${index}`, addresses });
    const counted = ({ status }: ServiceGroup): boolean => status?.allocatedIPv4 === String(served);
    await untilGroup(cluster, ROOMY, counted);
    await allocator.process.kill('SIGTERM');
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

async function untilGroup(
  { plane }: AllocatorCluster,
  name: string,
  condition: (group: ServiceGroup) => boolean,
): Promise<void> {
  const options = { fieldSelector: `metadata.name=${name}`, timeoutMs: PATIENCE_MS };
  await plane.api.until<ServiceGroup>(`/apis/${API_VERSION}/servicegroups`, condition, options);
}

/** The n-th address of 10.8.0.0/15, from 0. */
function addressAt(index: number): string {
  return `10.${8 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}
