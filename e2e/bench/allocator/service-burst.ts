import { DEFAULT_LOAD_BALANCER_CLASS } from '@fairlead/api';
import type { AllocatorCluster, StoredService } from '../../allocator/cluster.ts';
import { addressesOf } from '../../allocator/cluster.ts';

const SERVICES = '/api/v1/namespaces/default/services';
/** Requests in flight; more do not make the API server faster. */
const IN_FLIGHT = 32;

/** Runs a task for each index, some at a time. */
async function forEach(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await task(index);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

function manifest(name: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { type: 'LoadBalancer', loadBalancerClass: DEFAULT_LOAD_BALANCER_CLASS, ports: [{ port: 80 }] },
  };
}

/** Milliseconds that creating so many Services and patching the status of each takes without us. */
export async function floorOfBurst({ plane }: AllocatorCluster, count: number): Promise<number> {
  const begun = performance.now();
  await forEach(count, async (index) => {
    const name = `floor-${index}`;
    await plane.api.create(SERVICES, manifest(name));
    const ingress = [{ ip: `10.9.${index >> 8}.${index & 255}`, ipMode: 'VIP' }];
    await plane.api.patch(`${SERVICES}/${name}/status`, { status: { loadBalancer: { ingress } } }, 'strategic');
  });
  const took = performance.now() - begun;
  await removeAll(plane.api, 'floor-', count);
  return took;
}

/** Milliseconds until so many Services, created as fast as the API server takes them, all have addresses. */
export async function burst({ plane }: AllocatorCluster, count: number): Promise<number> {
  const served = new Set<string>();
  const end = new AbortController();
  const { metadata } = await plane.api.get<{ metadata: { resourceVersion: string } }>(`${SERVICES}?limit=1`);
  const watching = (async () => {
    const options = { signal: end.signal, resourceVersion: metadata.resourceVersion };
    for await (const { object } of plane.api.watch<StoredService>(SERVICES, options)) {
      if (object.metadata.name.startsWith('burst-') && addressesOf(object).length > 0) {
        served.add(object.metadata.name);
        if (served.size === count) {
          return;
        }
      }
    }
  })();
  const begun = performance.now();
  await Promise.all([
    forEach(count, async (index) => {
      await plane.api.create(SERVICES, manifest(`burst-${index}`));
    }),
    watching,
  ]);
  const took = performance.now() - begun;
  end.abort();
  return took;
}

export async function removeAll(api: AllocatorCluster['plane']['api'], prefix: string, count: number): Promise<void> {
  await forEach(count, async (index) => {
    await api.delete(`${SERVICES}/${prefix}${index}`);
  });
}

/**
 * One Service after the other: milliseconds of its create, and from the answer to it until a watch shows the address.
 */
export async function oneByOne(
  { plane }: AllocatorCluster,
  count: number,
): Promise<{ readonly create: number[]; readonly status: number[] }> {
  const waiting = new Map<string, (at: number) => void>();
  const end = new AbortController();
  const { metadata } = await plane.api.get<{ metadata: { resourceVersion: string } }>(`${SERVICES}?limit=1`);
  const watching = (async () => {
    const options = { signal: end.signal, resourceVersion: metadata.resourceVersion };
    for await (const { object } of plane.api.watch<StoredService>(SERVICES, options)) {
      if (addressesOf(object).length > 0) {
        waiting.get(object.metadata.name)?.(performance.now());
      }
    }
  })().catch((error: unknown) => {
    if (!end.signal.aborted) {
      throw error;
    }
  });
  const create: number[] = [];
  const status: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const { promise, resolve } = Promise.withResolvers<number>();
    waiting.set(`single-${index}`, resolve);
    const begun = performance.now();
    await plane.api.create(SERVICES, manifest(`single-${index}`));
    const created = performance.now();
    create.push(created - begun);
    status.push(Math.max(0, (await promise) - created));
  }
  end.abort();
  await watching;
  await removeAll(plane.api, 'single-', count);
  return { create, status };
}
