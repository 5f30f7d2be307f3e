import { API_VERSION, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { Condition, ServiceGroup, ServiceGroupManifest } from '@fairlead/api';
import { AllocatorCluster, addressesOf } from '../cluster.ts';
import type { RunningAllocator, ServiceInput, StoredService } from '../cluster.ts';

const GROUPS = `/apis/${API_VERSION}/servicegroups`;
const CANARY = 'canary';

/** What the tests of one file share: a control plane and one allocator. */
export class Assignment {
  readonly cluster: AllocatorCluster;
  readonly allocator: RunningAllocator;
  #canaries = 0;

  private constructor(cluster: AllocatorCluster, allocator: RunningAllocator) {
    this.cluster = cluster;
    this.allocator = allocator;
  }

  static async start(): Promise<Assignment> {
    const cluster = await AllocatorCluster.start();
    await cluster.group(CANARY, { pools: [{ range: '203.0.113.0/24' }], assign: { auto: false } });
    return new Assignment(cluster, await cluster.allocator({ flags: ['--leader-elect=false'] }));
  }

  /** Makes a ServiceGroup of these ranges, for who names it. */
  async group(
    name: string,
    ranges: readonly string[],
    spec: Partial<ServiceGroupManifest['spec']> = {},
  ): Promise<void> {
    await this.cluster.group(name, { pools: ranges.map((range) => ({ range })), assign: { auto: false }, ...spec });
  }

  /** Edits fields of a living ServiceGroup; null removes one. */
  async editGroup(name: string, spec: object): Promise<void> {
    await this.cluster.plane.api.patch(`${GROUPS}/${name}`, { spec });
  }

  async deleteGroup(name: string): Promise<void> {
    await this.cluster.plane.api.delete(`${GROUPS}/${name}`);
  }

  /** Waits until the group's condition says this, of the spec as it is now. */
  async untilGroupSays(name: string, wanted: Partial<Condition>): Promise<ServiceGroup> {
    return await this.cluster.untilGroup(name, ({ metadata, status }) =>
      (status?.conditions ?? []).some(
        (condition) =>
          condition.observedGeneration === metadata.generation &&
          condition.type === (wanted.type ?? 'Ready') &&
          (wanted.status === undefined || condition.status === wanted.status) &&
          (wanted.reason === undefined || condition.reason === wanted.reason),
      ),
    );
  }

  /** The Service once it has an address and says so; with its first address. */
  async served(key: string): Promise<StoredService & { readonly address: string }> {
    const service = await this.cluster.until(
      key,
      (object) => addressesOf(object).length > 0 && object.status?.conditions?.[0]?.status === 'True',
    );
    return Object.assign(service, { address: addressesOf(service)[0] ?? '' });
  }

  /**
   * Returns when the allocator has judged everything that was done to Services before: a Service that is made now has its
   * address. For what must not happen.
   */
  async caughtUp(): Promise<void> {
    this.#canaries += 1;
    const name = `${CANARY}-${this.#canaries}`;
    await this.cluster.create(name, from(CANARY));
    await this.served(name);
    await this.cluster.delete(name);
  }

  /** What `kubectl describe service` prints. */
  async described(key: string): Promise<string> {
    const slash = key.indexOf('/');
    const namespace = slash < 0 ? 'default' : key.slice(0, slash);
    return await this.cluster.plane.kubectl(['describe', 'service', key.slice(slash + 1), '--namespace', namespace]);
  }

  async close(): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Starts it before the tests of the file and ends it after them. */
export function useAssignment(): { readonly now: Assignment } {
  let started: Assignment | undefined;
  beforeAll(async () => {
    started = await Assignment.start();
  }, 60_000);
  afterAll(async () => {
    await started?.close();
  });
  return {
    get now() {
      if (started === undefined) {
        throw new Error('there is no control plane before the tests begin');
      }
      return started;
    },
  };
}

/** A Service that names its group; with further annotations. */
export function from(group: string, more: ServiceInput = {}): ServiceInput {
  return { ...more, annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: group, ...more.annotations } };
}

/** A patch that sets annotations, or removes those that are null. */
export function annotate(annotations: Readonly<Record<string, string | null>>): object {
  return { metadata: { annotations } };
}

/** The Services, the oldest first: who waits longest, and who keeps an address that two claim. */
export function byAge(services: readonly StoredService[]): readonly StoredService[] {
  return services.toSorted((a, b) => (birth(a) < birth(b) ? -1 : 1));
}

/** Creation in whole seconds, then the uid. */
function birth({ metadata }: StoredService): string {
  return `${String(metadata.creationTimestamp)} ${metadata.uid}`;
}
