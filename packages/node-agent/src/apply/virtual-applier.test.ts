import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { formatAddress, formatPrefix, hostPrefix, parseAddress, parsePrefix } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { addLink, addRoute, deleteAddress } from '@fairlead/netlink';
import type { NetlinkRequest } from '@fairlead/netlink';
import { createLogger } from '@fairlead/runtime';
import { seededRandom } from '../election/simulator/timeline.ts';
import { KernelState } from '../facts/kernel-state.ts';
import { Planner } from '../plan/planner.ts';
import { config, group, pool, service } from '../plan/testing.ts';
import type { PlanConfig, ServiceFacts } from '../plan/types.ts';
import { DummyInterface } from './dummy-interface.ts';
import { ourAddress, ourRoute } from './kernel-objects.ts';
import { RestoreLimiter } from './restore-limiter.ts';
import { ManualTimers, ModelKernel } from './testing.ts';
import { VirtualApplier } from './virtual-applier.ts';

const GRACE_MS = 1_000;
const stream = new Writable({
  write: (_chunk, _encoding, done) => {
    done();
  },
});
const logger = createLogger({ process: 'test', level: 'error', stream });

/** Everything from a plan to a model of the kernel. */
class Scene {
  readonly timers = new ManualTimers();
  readonly kernel: ModelKernel;
  readonly state = new KernelState();
  readonly dummy: DummyInterface;
  readonly applier: VirtualApplier;
  readonly planner: Planner;

  constructor(options: { readonly plan?: PlanConfig; readonly fails?: () => boolean } = {}) {
    const { timers, state } = this;
    const { plan = planned(32), fails = () => false } = options;
    this.kernel = new ModelKernel({ timers, fails });
    const netlink = this.kernel;
    this.dummy = new DummyInterface({
      netlink,
      state,
      logger,
      name: 'kube-lb0',
      ipv6: { isOff: () => false, switchOn: () => true, assignment: () => '' },
      problem: () => undefined,
    });
    this.planner = new Planner({ config: plan, readyNodes: (key) => new Set([key.endsWith('1') ? 'here' : 'there']) });
    this.applier = new VirtualApplier({
      netlink,
      state,
      dummy: this.dummy,
      timers,
      limiter: new RestoreLimiter(),
      logger,
      mark: 'protocol',
      graceMs: () => GRACE_MS,
      hooks: {
        restored: () => undefined,
        readEverything: () => undefined,
        executed: () => undefined,
        surprised: () => undefined,
        problem: () => undefined,
      },
    });
    this.applier.follow(this.planner);
  }

  configure(plan: PlanConfig): void {
    this.applier.changed(this.planner.configure(plan));
  }

  set(facts: ServiceFacts): void {
    this.applier.changed(this.planner.setService(facts));
  }

  delete(key: string): void {
    this.applier.changed(this.planner.deleteService(key));
  }

  /** Another interface is the one for virtual addresses. */
  use(name: string): void {
    this.dummy.use(name);
    this.applier.moveFrom(new Set([...this.state.links.keys()].filter((index) => index !== this.dummy.index)));
    this.applier.compareAll();
  }

  /** So many ms go by, and all happens that does in them. */
  async settle(withinMs = 200_000): Promise<void> {
    const end = this.timers.now() + withinMs;
    do {
      await this.applier.idle();
    } while (this.timers.next(end - this.timers.now()));
    this.timers.pass(Math.max(0, end - this.timers.now()));
  }

  /** The addresses that this node is to announce. */
  wanted(): Map<string, Address> {
    return new Map([...this.planner.virtualAddresses()].map(([, address]) => [formatAddress(address), address]));
  }
}

function planned(length: number, over: Partial<PlanConfig> = {}): PlanConfig {
  const pools = [pool('10.8.0.0', '10.8.0.255', length), pool('fd01::', 'fd01::ff', length === 32 ? 128 : length + 90)];
  return config(over, [group('g', { pools })]);
}

function named(name: string, addresses: readonly string[]): ServiceFacts {
  return service(name, addresses, { group: 'g' });
}

test('an address is there before its route, and the route is gone a grace time before its address', async () => {
  const scene = new Scene();
  const seen: string[] = [];
  scene.kernel.observe = ({ kind }) => seen.push(kind);
  scene.set(named('default/a', ['10.8.0.1']));
  await scene.settle(10);
  scene.delete('default/a');
  await scene.settle(500);
  expect(seen).toEqual(['addLink', 'addAddress', 'addRoute', 'deleteRoute']);
  await scene.settle();
  expect(seen.at(-1)).toBe('deleteAddress');
});

test('what is wanted again within its grace time keeps its address', async () => {
  const scene = new Scene();
  scene.set(named('default/a', ['10.8.0.1']));
  await scene.settle(10);
  scene.delete('default/a');
  await scene.settle(500);
  const seen: string[] = [];
  scene.kernel.observe = ({ kind }) => seen.push(kind);
  scene.set(named('default/a', ['10.8.0.1']));
  await scene.settle();
  expect(seen).toEqual(['addRoute']);
});

test('and has a whole one when it is withdrawn again', async () => {
  const scene = new Scene();
  scene.set(named('default/a', ['10.8.0.1']));
  await scene.settle(10);
  scene.delete('default/a');
  await scene.settle(900);
  scene.set(named('default/a', ['10.8.0.1']));
  await scene.settle(10);
  scene.delete('default/a');
  await scene.settle(900);
  expect(scene.kernel.addresses).toEqual(['10.8.0.1 4']);
});

test('a route that could not be set keeps those in whose place it comes', async () => {
  let failing = false;
  const scene = new Scene({ fails: () => failing });
  scene.set(named('default/a', ['10.8.0.1', 'fd01::1']));
  scene.set(named('default/b', ['10.8.0.2', 'fd01::2']));
  await scene.settle(100);
  failing = true;
  scene.configure(planned(24));
  await scene.settle(50);
  expect(scene.kernel.routes).toEqual(['10.8.0.1/32 4', '10.8.0.2/32 4', 'fd01::1/128 4', 'fd01::2/128 4']);
  failing = false;
  await scene.settle();
  expect(scene.kernel.routes).toEqual(['10.8.0.0/24 4', 'fd01::/114 4']);
});

test('an undecided address keeps its own route, and no other Service waits for it', async () => {
  const scene = new Scene({ plan: planned(24) });
  scene.set(named('default/a', ['10.8.0.1']));
  scene.set(service('default/far', ['10.9.0.1']));
  await scene.settle(100);
  scene.configure(planned(24, { lansComplete: false }));
  scene.delete('default/far');
  await scene.settle();
  expect(scene.kernel.routes).toEqual(['10.8.0.0/24 4']);
  expect(scene.kernel.addresses).toEqual(['10.8.0.1 4']);
});

test('what a past life left stays while it may be of an undecided address, and goes when all are decided', async () => {
  const scene = new Scene({ plan: planned(32, { lansComplete: false }) });
  const left = ['10.8.0.0/24', '10.9.0.9/32'].map((text) => parsePrefix(text));
  await scene.kernel.execute([addLink({ name: 'kube-lb0', kind: 'dummy' })]);
  await scene.kernel.execute(left.map((dst) => addRoute({ dst, index: 4 })));
  for (const dst of left) {
    scene.state.putRoute(ourRoute(4, dst));
  }
  scene.set(named('default/a', ['10.8.0.1']));
  scene.applier.compareAll();
  await scene.settle();
  expect(scene.kernel.routes).toEqual(['10.8.0.0/24 4']);
  scene.configure(planned(32));
  await scene.settle();
  expect(scene.kernel.routes).toEqual(['10.8.0.1/32 4']);
});

test('an aggregate that comes to lie over a subnet of the node goes at once, though its addresses are undecided', async () => {
  const scene = new Scene({ plan: planned(24) });
  scene.set(named('default/a', ['10.8.0.1']));
  await scene.settle(100);
  const protectedPrefixes = [{ prefix: hostPrefix(parseAddress('10.8.0.200')), what: 'gateway' }];
  scene.configure(planned(24, { lansComplete: false, protectedPrefixes }));
  await scene.settle();
  expect(scene.kernel.routes).toEqual(['10.8.0.1/32 4']);
});

test('an interface of another name takes everything over, each route in one moment', async () => {
  const scene = new Scene();
  scene.set(named('default/a', ['10.8.0.1', 'fd01::1']));
  await scene.settle(100);
  const routes: string[] = [];
  scene.kernel.observe = (request) => {
    if (request.kind === 'addRoute' || request.kind === 'deleteRoute') {
      routes.push(`${request.kind} ${formatPrefix(request.dst)}`);
    }
  };
  scene.use('kube-lb7');
  await scene.settle();
  expect(routes).toEqual(['addRoute 10.8.0.1/32', 'addRoute fd01::1/128']);
  expect(scene.kernel.addresses).toEqual(['10.8.0.1 5', 'fd01::1 5']);
  expect(scene.kernel.routes).toEqual(['10.8.0.1/32 5', 'fd01::1/128 5']);
});

test('what is removed a sixth time within a minute stays away for the rest of it, whatever else has all compared', async () => {
  const scene = new Scene();
  const address = parseAddress('10.8.0.1');
  scene.set(named('default/a', ['10.8.0.1']));
  await scene.settle(10);
  const takeOff = async (): Promise<void> => {
    await scene.kernel.execute([deleteAddress({ index: 4, address, length: 32 })]);
    scene.applier.kernelChanged(
      scene.state.apply({
        type: 'address',
        action: 'delete',
        address: ourAddress({ index: 4, address, mark: 'protocol' }),
      }),
    );
    scene.applier.compareAll();
    await scene.settle(50);
  };
  for (let time = 1; time <= 5; time += 1) {
    await takeOff();
    expect(scene.kernel.addresses).toEqual(['10.8.0.1 4']);
  }
  await takeOff();
  expect(scene.kernel.addresses).toEqual([]);
  await scene.settle(58_000);
  scene.applier.compareAll();
  await scene.applier.idle();
  expect(scene.kernel.addresses).toEqual([]);
  await scene.settle(5_000);
  expect(scene.kernel.addresses).toEqual(['10.8.0.1 4']);
});

test('what others remove before we hear that it was done is put back', async () => {
  const scene = new Scene();
  const address = parseAddress('10.8.0.1');
  scene.set(named('default/a', ['10.8.0.1']));
  const seen = ourAddress({ index: 4, address, mark: 'protocol' });
  let removals = 0;
  scene.kernel.observe = ({ kind }) => {
    // As it is in a long batch: its events come before the last answer.
    if (kind === 'addRoute' && removals === 0) {
      removals += 1;
      scene.applier.kernelChanged(scene.state.apply({ type: 'address', action: 'new', address: seen }));
      scene.kernel.take('10.8.0.1 4');
      scene.applier.kernelChanged(scene.state.apply({ type: 'address', action: 'delete', address: seen }));
    }
  };
  await scene.settle(100);
  expect([removals, scene.kernel.addresses]).toEqual([1, ['10.8.0.1 4']]);
});

test('between the portions of many addresses everything else has its turn', async () => {
  const scene = new Scene();
  const addresses = Array.from({ length: 200 }, (_, index) => `fd01::${(index + 1).toString(16)}`);
  scene.set(named('default/many', addresses));
  await nextTurn();
  expect(scene.kernel.addresses.length).toBeLessThan(200);
  await scene.applier.idle();
  expect(scene.kernel.addresses).toHaveLength(200);
});

const KEYS = Array.from({ length: 6 }, (_, index) => `default/s${index}`);
const ADDRESSES = Array.from({ length: 12 }, (_, index) => (index < 8 ? `10.8.0.${index * 9}` : `fd01::${index}`));

test.each([
  ['and nothing fails', 0],
  ['and requests fail', 0.15],
])('whatever changes %s: what stays wanted stays reachable, and what goes, goes in order', async (_, failures) => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = seededRandom(seed);
    const chance = (): number => random();
    const scene = new Scene({ fails: () => chance() < failures });
    let steady = new Map<string, Address>();
    const broken: string[] = [];
    scene.kernel.observe = (request) => {
      broken.push(...brokenBy(request, scene, { steady, failures }).map((what) => `${what} (seed ${seed})`));
    };
    for (let step = 0; step < 25; step += 1) {
      const before = scene.wanted();
      change(scene, chance);
      const after = scene.wanted();
      steady = new Map([...before].filter(([text, address]) => after.has(text) && isReachable(scene, address)));
      if (chance() < 0.6) {
        await scene.settle(chance() < 0.5 ? 50 : 3_000);
      }
    }
    await scene.settle();
    expect(broken).toEqual([]);
    const index = scene.dummy.index ?? 0;
    const routes = [...scene.planner.routes()].map(([, prefix]) => `${formatPrefix(prefix)} ${index}`).sort();
    const addresses = [...scene.wanted().keys()].map((text) => `${text} ${index}`).sort();
    expect({ seed, routes: scene.kernel.routes }).toEqual({ seed, routes });
    expect({ seed, addresses: scene.kernel.addresses }).toEqual({ seed, addresses });
  }
});

function isReachable(scene: Scene, address: Address): boolean {
  return scene.kernel.attracts(address) && scene.kernel.has(address);
}

/** One thing happens: to Services, to the group, to the node, or to the interface. */
function change(scene: Scene, random: () => number): void {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const dice = random();
  if (dice < 0.5) {
    const addresses = new Set(Array.from({ length: Math.floor(random() * 3) }, () => pick(ADDRESSES)));
    const endpointsOnly = random() < 0.2;
    scene.set(service(pick(KEYS), [...addresses], { group: random() < 0.8 ? 'g' : undefined, endpointsOnly }));
  } else if (dice < 0.65) {
    scene.delete(pick(KEYS));
  } else if (dice < 0.95) {
    scene.configure(planned(pick([24, 28, 32]), { excluded: random() < 0.15 }));
  } else {
    scene.use(pick(['kube-lb0', 'kube-lb7']));
  }
}

/** What is wrong after a request, in words. */
function brokenBy(
  request: NetlinkRequest,
  scene: Scene,
  { steady, failures }: { readonly steady: ReadonlyMap<string, Address>; readonly failures: number },
): string[] {
  const lost = [...steady].filter(([, address]) => !isReachable(scene, address)).map(([text]) => `${text} was lost`);
  if (request.kind === 'addRoute' && failures === 0 && formatPrefix(request.dst).endsWith('/32')) {
    const { address } = request.dst;
    return scene.kernel.has(address) ? lost : [...lost, `${formatAddress(address)} was announced before it was there`];
  }
  if (request.kind === 'deleteAddress' && !scene.kernel.has(request.address)) {
    const host = formatPrefix(hostPrefix(request.address));
    const since = scene.timers.now() - (scene.kernel.routeGoneAt.get(host) ?? -Infinity);
    return scene.kernel.routes.some((route) => route.startsWith(`${host} `)) || since < GRACE_MS
      ? [...lost, `${host} went before its route, or too soon after it`]
      : lost;
  }
  return lost;
}
