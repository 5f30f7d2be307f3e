import { DEFAULT_LOAD_BALANCER_CLASS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { AllocatorCluster, StoredService } from '../../allocator/cluster.ts';
import { addressesOf } from '../../allocator/cluster.ts';
import { Sightings } from '../main-job/sightings.ts';

export const SERVICES = '/api/v1/namespaces/default/services';
/** Requests in flight; more do not make the API server faster. */
const IN_FLIGHT = 32;
/** The slowest that is waited for: the last Service of a large burst. */
const LONGEST_MS = 600_000;

/** Runs a task for each index, some at a time. */
export async function forEach(count: number, task: (index: number) => Promise<void>): Promise<void> {
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

/** Makes a Service that is to get an address, from the group given or from any. */
export async function createService({ plane }: AllocatorCluster, name: string, group?: string): Promise<StoredService> {
  const annotations = group === undefined ? {} : { [SERVICE_ANNOTATIONS.serviceGroup]: group };
  return await plane.api.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: DEFAULT_LOAD_BALANCER_CLASS,
      // A cluster has 2,768 node ports, and a Service with an address of its own has no need of one.
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: 80 }],
    },
  });
}

/** Deletes Services, some at a time. */
export async function deleteServices({ plane }: AllocatorCluster, names: readonly string[]): Promise<void> {
  await forEach(names.length, async (index) => {
    await plane.api.delete(`${SERVICES}/${names[index]}`);
  });
}

/** A watch that notes when each Service had its address. */
export class AddressWatch implements AsyncDisposable {
  readonly #served = new Sightings<number>();
  readonly #end = new AbortController();
  readonly #watching: Promise<void>;

  private constructor(cluster: AllocatorCluster, resourceVersion: string) {
    this.#watching = this.#watch(cluster, resourceVersion);
  }

  /** Sees everything that happens after this call. */
  static async start(cluster: AllocatorCluster): Promise<AddressWatch> {
    const list = await cluster.plane.api.get<{ metadata: { resourceVersion: string } }>(`${SERVICES}?limit=1`);
    return new AddressWatch(cluster, list.metadata.resourceVersion);
  }

  /** Resolves with the moment (`performance.now()`) at which the Service was seen with an address. */
  async served(name: string): Promise<number> {
    return await this.#served.of(name, LONGEST_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#watching;
  }

  async #watch({ plane }: AllocatorCluster, resourceVersion: string): Promise<void> {
    const { signal } = this.#end;
    let version = resourceVersion;
    try {
      while (!signal.aborted) {
        // The API server ends a watch that reads too slowly; it goes on where it stopped.
        const events = plane.api.watch<StoredService>(SERVICES, { signal, resourceVersion: version });
        for await (const { object } of events) {
          version = object.metadata.resourceVersion;
          if (addressesOf(object).length > 0) {
            this.#served.record(object.metadata.name, performance.now());
          }
        }
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }
}
