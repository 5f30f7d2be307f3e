import { setTimeout as delay } from 'node:timers/promises';
import { SERVICE_ANNOTATIONS } from '@fairlead/api';
import { ApiStatusError } from '../lab/index.ts';
import type { LabApi } from '../lab/index.ts';
import { addressesOf, conditionOf } from './cluster.ts';
import type { StoredService } from './cluster.ts';

const SERVICES = '/api/v1/namespaces/default/services';
/** What another program writes on Services has names that begin so; its values are numbers that only grow. */
export const RIVAL = 'rival.example';

/** What has been seen of one Service. */
interface Known {
  readonly object: StoredService;
  readonly addresses: readonly string[];
}

/**
 * Watches all Services from outside and holds each version that the API server ever shows against the promises:
 * no two living Services have one address unless they may share it, no address changes or goes while the Service's own
 * spec stays, and nothing of what another program wrote is lost. It knows nothing of any allocator.
 *
 * The versions of one watch come in the order of their resourceVersions, so what it holds is at each moment what the
 * cluster was: an address is free from the version on in which its Service is gone, or shows it no more.
 */
export class ServiceJudge implements AsyncDisposable {
  /** Broken promises, in words. */
  readonly violations: string[] = [];
  /** How often the watch could not go on where it stopped, as after a restart of the API server. */
  gaps = 0;
  readonly #api: LabApi;
  /** By name. */
  readonly #known = new Map<string, Known>();
  /** Names of those who show it, by address. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #waiting = new Set<() => void>();
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  #version = '';

  private constructor(api: LabApi) {
    this.#api = api;
    this.#running = this.#run();
  }

  /** Returns when it has seen what there is. */
  static async start(api: LabApi): Promise<ServiceJudge> {
    const judge = new ServiceJudge(api);
    await judge.until('the first list', () => judge.#version !== '');
    return judge;
  }

  /** The Services of type LoadBalancer that are not on their way out. */
  get living(): readonly StoredService[] {
    return [...this.#known.values()].map(({ object }) => object).filter(isLiving);
  }

  /** Services of any type, also those that are being deleted. */
  get all(): readonly StoredService[] {
    return [...this.#known.values()].map(({ object }) => object);
  }

  get(name: string): StoredService | undefined {
    return this.#known.get(name)?.object;
  }

  /** Distinct addresses that stand on Services, of one family. */
  addresses(family: 'IPv4' | 'IPv6'): readonly string[] {
    return [...this.#holders.keys()].filter((address) => address.includes(':') === (family === 'IPv6'));
  }

  /** Resolves when the condition holds; it is looked at after each version that is seen. */
  async until(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
    const timeout = AbortSignal.timeout(timeoutMs);
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      timeout.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#waiting.delete(resolve);
      if (timeout.aborted && !condition()) {
        throw new Error(`not within ${timeoutMs} ms: ${what}; ${this.describe()}`);
      }
    }
  }

  /**
   * Resolves when everybody lives whom the API server has at the call, nobody else, and the condition holds for each of
   * them. The watch may be behind: what was made a moment ago is not left out.
   */
  async untilEach(what: string, condition: (service: StoredService) => boolean, timeoutMs = 30_000): Promise<void> {
    const { items } = await this.#api.get<{ readonly items: readonly StoredService[] }>(SERVICES);
    const expected = new Set(items.filter(isLiving).map(({ metadata }) => metadata.uid));
    const isComplete = (): boolean => {
      const { living } = this;
      return living.length === expected.size && living.every(({ metadata }) => expected.has(metadata.uid));
    };
    await this.until(what, () => isComplete() && this.living.every(condition), timeoutMs);
  }

  /** For messages: how many have an address, who has none and why, and what was broken. */
  describe(): string {
    const without = this.living.filter((service) => addressesOf(service).length === 0);
    const reasons = without.slice(0, 5).map((service) => `${service.metadata.name}: ${conditionOf(service)?.message}`);
    return `${this.living.length} living, ${without.length} without address (${reasons.join('; ')}), broken: ${this.violations.slice(0, 5).join('; ') || 'nothing'}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        if (this.#version === '') {
          await this.#list();
        }
        await this.#watch(signal);
      } catch (error) {
        if (error instanceof ApiStatusError && error.status === 410) {
          this.gaps += 1;
          this.#version = '';
        }
        // The server is away, or starts: nothing tells from outside when it is back.
        await delay(10, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #list(): Promise<void> {
    const { items, metadata } = await this.#api.get<{
      items: StoredService[];
      metadata: { resourceVersion: string };
    }>(SERVICES);
    const uids = new Set(items.map(({ metadata: { uid } }) => uid));
    for (const { object } of this.#known.values()) {
      if (!uids.has(object.metadata.uid)) {
        this.#remove(object);
      }
    }
    for (const object of items) {
      this.#take(object);
    }
    for (const address of this.#holders.keys()) {
      this.#checkHolders(address);
    }
    this.#version = metadata.resourceVersion;
    this.#tell();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const events = this.#api.watch<StoredService>(SERVICES, { signal, resourceVersion: this.#version });
    for await (const { type, object } of events) {
      if (type === 'DELETED') {
        this.#remove(object);
      } else {
        for (const address of this.#take(object)) {
          this.#checkHolders(address);
        }
      }
      this.#version = object.metadata.resourceVersion;
      this.#tell();
    }
  }

  #tell(): void {
    for (const resolve of this.#waiting) {
      resolve();
    }
  }

  #remove({ metadata: { name, uid } }: StoredService): void {
    const known = this.#known.get(name);
    if (known?.object.metadata.uid === uid) {
      this.#known.delete(name);
      for (const address of known.addresses) {
        this.#letGo(address, name);
      }
    }
  }

  /** @returns the addresses that the Service has now and had not before */
  #take(object: StoredService): readonly string[] {
    const { name, uid } = object.metadata;
    const known = this.#known.get(name);
    const before = known?.object.metadata.uid === uid ? known : undefined;
    if (known !== undefined && before === undefined) {
      this.#remove(known.object);
    }
    const addresses = addressesOf(object);
    if (before !== undefined) {
      this.#compare(before, { object, addresses });
    }
    for (const address of before?.addresses ?? []) {
      if (!addresses.includes(address)) {
        this.#letGo(address, name);
      }
    }
    for (const address of addresses) {
      const holders = this.#holders.get(address) ?? new Set();
      this.#holders.set(address, holders.add(name));
    }
    this.#known.set(name, { object, addresses });
    return addresses.filter((address) => before?.addresses.includes(address) !== true);
  }

  #letGo(address: string, name: string): void {
    const holders = this.#holders.get(address);
    holders?.delete(name);
    if (holders?.size === 0) {
      this.#holders.delete(address);
    }
  }

  #checkHolders(address: string): void {
    const holders = [...(this.#holders.get(address) ?? [])].flatMap((name) => this.#known.get(name)?.object ?? []);
    for (const [index, one] of holders.entries()) {
      for (const other of holders.slice(index + 1)) {
        if (!mayShare(one, other)) {
          const [first, second] = [one, other].map(
            (each) => `${each.metadata.name}${isLiving(each) ? '' : ' (leaving)'}`,
          );
          this.#blame(other, `${address} stands on ${first} and on ${second}, and they may not share it`);
        }
      }
    }
  }

  #compare(before: Known, after: Known): void {
    const stays = isLiving(after.object) && wishOf(before.object) === wishOf(after.object);
    if (stays && before.addresses.length > 0 && before.addresses.join() !== after.addresses.join()) {
      this.#blame(after.object, `had ${before.addresses.join()} and has ${after.addresses.join() || 'nothing'}`);
    }
    const now = rivalsMarks(after.object);
    for (const [mark, value] of rivalsMarks(before.object)) {
      if (!((now.get(mark) ?? -1) >= value)) {
        this.#blame(after.object, `lost ${mark} of another program: ${value} became ${now.get(mark)}`);
      }
    }
  }

  #blame({ metadata: { name, resourceVersion } }: StoredService, what: string): void {
    this.violations.push(`${name} at version ${resourceVersion} ${what}`);
  }
}

function isLiving({ metadata, spec }: StoredService): boolean {
  return metadata.deletionTimestamp === undefined && spec?.type === 'LoadBalancer';
}

/** Everything by which a user says what the Service is to have. */
function wishOf({ metadata, spec }: StoredService): string {
  const { annotations = {} } = metadata;
  const asked = Object.values(SERVICE_ANNOTATIONS).map((name) => annotations[name] ?? '');
  return JSON.stringify([spec?.type, spec?.ipFamilies, spec?.ports, spec?.loadBalancerIP, asked]);
}

/** DESIGN's rule of sharing, spelled out once more: one key, one policy (Cluster in these tests), disjoint ports. */
function mayShare(a: StoredService, b: StoredService): boolean {
  const [key, other] = [a, b].map(({ metadata }) => metadata.annotations?.[SERVICE_ANNOTATIONS.allowSharedIP]);
  const ports = new Set((a.spec?.ports ?? []).map(({ port }) => port));
  return key !== undefined && key === other && (b.spec?.ports ?? []).every(({ port }) => !ports.has(port));
}

/** What the other program wrote: labels, annotations, and conditions whose message is a number. */
function rivalsMarks({ metadata, status }: StoredService): ReadonlyMap<string, number> {
  const marks = new Map<string, number>();
  const note = (what: string, name: string, value: string): void => {
    if (name.startsWith(RIVAL)) {
      marks.set(`${what} ${name}`, Number(value));
    }
  };
  for (const [name, value] of Object.entries(metadata.labels ?? {})) {
    note('label', name, value);
  }
  for (const [name, value] of Object.entries(metadata.annotations ?? {})) {
    note('annotation', name, value);
  }
  for (const { type, message } of status?.conditions ?? []) {
    note('condition', type, message ?? '');
  }
  return marks;
}
