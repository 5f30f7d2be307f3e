import { setTimeout as delay } from 'node:timers/promises';
import { SERVICE_ANNOTATIONS } from '@fairlead/api';
import { randomFrom, seedOfRun } from '../kube/random.ts';
import { ApiStatusError } from '../lab/index.ts';
import { AllocatorCluster, addressesOf, conditionOf, DUAL, untilReady } from './cluster.ts';
import type { RunningAllocator, ServiceInput } from './cluster.ts';
import { RIVAL, ServiceJudge } from './judge.ts';

/** Creates and deletes of the burst. */
const OPERATIONS = 1_000;
/** Requests of the burst at a time. */
const WORKERS = 8;
/** Services of type LoadBalancer around which the burst keeps their number; more than there are addresses for. */
const LIVING = 190;
const POOL = { range: '192.0.2.0-192.0.2.127', size: 128 } as const;
const KILLS = 6;
const HOLD = `${RIVAL}/hold`;
const PATIENCE_MS = 30_000;

let cluster: AllocatorCluster;
let replicas: ReadonlyMap<string, RunningAllocator>;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('default', { pools: [{ range: POOL.range }, { range: '2001:db8::/64' }] });
  const names = ['a', 'b'];
  const started = await Promise.all(names.map((identity) => cluster.allocator({ identity })));
  replicas = new Map(started.map((replica, index) => [names[index] ?? '', replica]));
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

it('a burst under kills, an API restart and a rival loses, doubles and moves nothing', async () => {
  const seed = seedOfRun();
  console.log(`chaos with FAIRLEAD_SEED=${seed}`);
  const random = randomFrom(seed);
  await using judge = await ServiceJudge.start(cluster.plane.api);
  const rival = new Rival(judge, randomFrom(seed + 1));
  const burst = new Burst(judge, random);
  const strikes = new Strikes(random);
  const begun = performance.now();
  await burst.run((operation) => strikes.at(operation));
  await strikes.done;
  const struck = performance.now();

  await burst.letGo();
  // More than the pool has: everything is in use and the rest waits, and says so.
  await burst.fill(POOL.size + 20);
  await judge.until('a full pool and a line of those who wait', () => isSettled(judge), PATIENCE_MS);
  const waiting = judge.living.filter((service) => addressesOf(service).length === 0);
  expect(waiting.length).toBeGreaterThanOrEqual(20);
  await untilCountsAreTrue(judge);

  await Promise.all([burst.drain(waiting.length + 5), killLeader()]);
  await judge.untilEach('an address for everybody', isServed, PATIENCE_MS);
  await rival.end();
  await untilCountsAreTrue(judge);
  expect(judge.violations).toEqual([]);
  expect(judge.all.filter((service) => !isLiving(service)).flatMap(addressesOf)).toEqual([]);
  for (const { process } of replicas.values()) {
    expect((await process.log()).split('\n').filter((line) => /"level":"error"|Error:/.test(line))).toEqual([]);
  }
  console.log(
    `${burst.created} created and ${burst.removed} removed, ${strikes.kills} kills, ${rival.patches} patches of the rival, ` +
      `${judge.gaps} gaps in the watch; burst ${seconds(struck - begun)}, end ${seconds(performance.now() - struck)}`,
  );
}, 150_000);

/** Creates and deletes Services in random order, of all kinds. */
class Burst {
  created = 0;
  removed = 0;
  readonly #judge: ServiceJudge;
  readonly #random: () => number;
  /** Those that are there, and whether they take an IPv4 address of their own. */
  readonly #living = new Map<string, { readonly alone: boolean }>();
  /** Names of deleted Services, to be used again. */
  readonly #free: string[] = [];

  constructor(judge: ServiceJudge, random: () => number) {
    this.#judge = judge;
    this.#random = random;
  }

  async run(onOperation: (operation: number) => void): Promise<void> {
    let operation = 0;
    const work = async (): Promise<void> => {
      while (operation < OPERATIONS) {
        operation += 1;
        onOperation(operation);
        const grows = this.#random() < (this.#living.size < LIVING ? 0.8 : 0.4);
        await (grows ? this.#create(this.#anyInput()) : this.#remove(this.#anyLiving()));
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
  }

  /** Adds Services that share nothing until so many of them live. */
  async fill(wanted: number): Promise<void> {
    const alone = [...this.#living.values()].filter((service) => service.alone).length;
    await Promise.all(Array.from({ length: Math.max(0, wanted - alone) }, () => this.#create({})));
  }

  /** Removes so many that share nothing. */
  async drain(count: number): Promise<void> {
    const alone = [...this.#living].filter(([, service]) => service.alone).slice(0, count);
    await Promise.all(alone.map(([name]) => this.#remove(name)));
  }

  /** Takes the finalizers away that hold deleted Services, once those have lost their addresses. */
  async letGo(): Promise<void> {
    const held = this.#judge.all.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    await this.#judge.until(
      'deleted Services without addresses',
      () => held.every(({ metadata }) => addressesOf(this.#judge.get(metadata.name) ?? {}).length === 0),
      PATIENCE_MS,
    );
    await Promise.all(
      held.map(({ metadata }) => insist(() => cluster.patch(metadata.name, { metadata: { finalizers: null } }))),
    );
  }

  #anyInput(): ServiceInput {
    const finalizers = this.#random() < 0.05 ? [HOLD] : [];
    if (this.#random() < 0.25) {
      const key = `key-${Math.floor(this.#random() * 5)}`;
      const port = 1_000 + Math.floor(this.#random() * 30);
      return { finalizers, annotations: { [SERVICE_ANNOTATIONS.allowSharedIP]: key }, spec: { ports: [{ port }] } };
    }
    return this.#random() < 0.2 ? { finalizers, spec: DUAL } : { finalizers };
  }

  #anyLiving(): string | undefined {
    return [...this.#living.keys()][Math.floor(this.#random() * this.#living.size)];
  }

  async #create(input: ServiceInput): Promise<void> {
    const again = this.#random() < 0.3 ? this.#free.pop() : undefined;
    const name = again ?? `service-${this.created}`;
    this.created += 1;
    await insist(() => cluster.create(name, input));
    this.#living.set(name, { alone: input.annotations === undefined });
  }

  /** Deletes it, or makes it a Service of another type. */
  async #remove(name: string | undefined): Promise<void> {
    if (name === undefined || !this.#living.delete(name)) {
      return;
    }
    this.removed += 1;
    if (this.#random() < 0.1) {
      await insist(() => cluster.patch(name, { spec: { type: 'ClusterIP', loadBalancerClass: null } }));
      return;
    }
    const held = this.#judge.get(name)?.metadata.finalizers !== undefined;
    await insist(() => cluster.delete(name));
    if (!held) {
      this.#free.push(name);
    }
  }
}

/** Kills of the leader and one restart of the API server, at operations that chance has chosen. */
class Strikes {
  kills = 0;
  /** One after the other. */
  done: Promise<void> = Promise.resolve();
  readonly #kills: ReadonlySet<number>;
  readonly #restart: number;

  constructor(random: () => number) {
    const between = (from: number, to: number): number => from + Math.floor(random() * (to - from));
    this.#kills = new Set(Array.from({ length: KILLS }, () => between(50, OPERATIONS - 50)));
    this.#restart = between(OPERATIONS * 0.3, OPERATIONS * 0.7);
  }

  at(operation: number): void {
    if (this.#kills.has(operation)) {
      this.kills += 1;
      this.done = this.done.then(killLeader);
    }
    if (operation === this.#restart) {
      this.done = this.done.then(restartApiServer);
    }
  }
}

/** Another program that writes on the same Services all the time, and never takes back what it wrote. */
class Rival {
  patches = 0;
  readonly #judge: ServiceJudge;
  readonly #random: () => number;
  readonly #running: Promise<void>;
  #ended = false;

  constructor(judge: ServiceJudge, random: () => number) {
    this.#judge = judge;
    this.#random = random;
    this.#running = this.#run();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const services = this.#judge.all.filter(({ metadata }) => metadata.name !== 'kubernetes');
      const service = services[Math.floor(this.#random() * services.length)];
      if (service === undefined) {
        await this.#judge.until('a Service', () => this.#ended || this.#judge.living.length > 0);
      } else {
        await this.#patch(service.metadata.name);
      }
    }
  }

  async #patch(name: string): Promise<void> {
    this.patches += 1;
    const value = String(this.patches);
    const condition = {
      type: `${RIVAL}/Ready`,
      status: 'True',
      reason: 'Fine',
      message: value,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const mark = { [`${RIVAL}/mark`]: value };
    const [path, patch] =
      this.#random() < 0.5
        ? [name, { metadata: { labels: mark, annotations: mark } }]
        : [`${name}/status`, { status: { conditions: [condition] } }];
    try {
      await cluster.plane.api.patch(`/api/v1/namespaces/default/services/${path}`, patch, 'strategic');
    } catch (error) {
      if (!(error instanceof ApiStatusError)) {
        await delay(10); // the API server is away
      }
    }
  }
}

/**
 * Returns when the API server answers. Its `/readyz` can say no for minutes more: while Services are being made, its first
 * comparison of ClusterIPs with Services meets a conflict, and it takes its time for the next.
 */
async function restartApiServer(): Promise<void> {
  await cluster.plane.apiServer.restart('SIGKILL');
  await insist(() => cluster.plane.api.get('/api/v1/namespaces/default'));
}

/** Kills whoever leads and starts it again under its identity, as a kubelet does. */
async function killLeader(): Promise<void> {
  const lease = '/apis/coordination.k8s.io/v1/namespaces/fairlead-system/leases/fairlead-allocator';
  const found = await insist(() => cluster.plane.api.get<{ spec: { holderIdentity: string } }>(lease));
  const leader = replicas.get(found?.spec.holderIdentity ?? '');
  if (leader === undefined) {
    throw new Error(`nobody leads: ${JSON.stringify(found)}`);
  }
  await leader.process.restart('SIGKILL');
  await untilReady(leader);
}

/** Does it again until the API server has done it; a create whose answer was lost has been done. */
async function insist<R>(action: () => Promise<R>): Promise<R | undefined> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (error instanceof ApiStatusError && ['AlreadyExists', 'NotFound'].includes(error.reason)) {
        return undefined;
      }
      if (error instanceof ApiStatusError && error.status < 500 && error.status !== 429 && error.status !== 409) {
        throw error;
      }
      await delay(20);
    }
  }
}

function isLiving({ metadata, spec }: Parameters<typeof conditionOf>[0]): boolean {
  return metadata?.deletionTimestamp === undefined && spec?.type === 'LoadBalancer';
}

function isServed(service: Parameters<typeof conditionOf>[0]): boolean {
  return conditionOf(service)?.status === 'True' && addressesOf(service).length === service.spec?.ipFamilies?.length;
}

/** Whether nobody waits beside a free address: all are served, or none is free and those without say so. */
function isSettled(judge: ServiceJudge): boolean {
  const without = judge.living.filter((service) => !isServed(service));
  return (
    judge.addresses('IPv4').length === POOL.size &&
    without.every((service) => conditionOf(service)?.reason === 'PoolExhausted')
  );
}

async function untilCountsAreTrue(judge: ServiceJudge): Promise<void> {
  const [used4, used6] = [judge.addresses('IPv4').length, judge.addresses('IPv6').length];
  await cluster.untilGroup(
    'default',
    ({ status }) =>
      status?.allocatedIPv4 === String(used4) &&
      status.availableIPv4 === String(POOL.size - used4) &&
      status.allocatedIPv6 === String(used6) &&
      status.availableIPv6 === String((1n << 64n) - BigInt(used6)),
  );
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
