import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@fairlead/api';
import { addressKey } from './keys.ts';
import { Planner } from './planner.ts';
import type { ReadyNodes } from './planner.ts';
import { config, group, pool, segment, service } from './testing.ts';
import type { PlanConfig, ServiceFacts } from './types.ts';

const readyBySuffix: ReadyNodes = (key) => new Set([key.endsWith('1') ? 'here' : 'there']);

function planner(over: { config?: PlanConfig; readyNodes?: ReadyNodes } = {}): Planner {
  return new Planner({ config: over.config ?? config(), readyNodes: over.readyNodes ?? (() => undefined) });
}

function routes(plan: Planner): string[] {
  return [...plan.routes()].map(([, prefix]) => formatPrefix(prefix)).sort();
}

function virtual(plan: Planner): string[] {
  return [...plan.virtualAddresses()].map(([, address]) => formatAddress(address)).sort();
}

test('a change touches the keys of its own addresses only', () => {
  const plan = planner();
  plan.setService(service('default/a', ['10.8.0.1']));
  const changes = plan.setService(service('default/b', ['10.8.0.2']));
  expect([...changes.addresses]).toEqual([addressKey(parseAddress('10.8.0.2'))]);
  expect(changes.routes.size).toBe(1);
  expect(plan.setService(service('default/b', ['10.8.0.2']))).toEqual({
    addresses: new Set(),
    routes: new Set(),
    candidates: new Set(),
  });
});

test('an aggregate is one route and stays until the last address behind it is gone', () => {
  const groups = [group('g', { pools: [pool('10.8.0.0', '10.8.0.255', 24)] })];
  const plan = planner({ config: config({}, groups) });
  plan.setService(service('default/a', ['10.8.0.1'], { group: 'g' }));
  expect(plan.setService(service('default/b', ['10.8.0.2'], { group: 'g' })).routes.size).toBe(0);
  expect(routes(plan)).toEqual(['10.8.0.0/24']);
  expect(plan.deleteService('default/a').routes.size).toBe(0);
  expect(plan.deleteService('default/b').routes.size).toBe(1);
  expect(routes(plan)).toEqual([]);
});

test('a shared address stays until its last Service is gone', () => {
  const plan = planner();
  plan.setService(service('default/a', ['10.8.0.1']));
  plan.setService(service('default/b', ['10.8.0.1']));
  expect(plan.deleteService('default/a').addresses.size).toBe(0);
  expect(virtual(plan)).toEqual(['10.8.0.1']);
  expect(plan.deleteService('default/b').addresses.size).toBe(1);
  expect(virtual(plan)).toEqual([]);
});

test('a Service that changes its address withdraws the old one', () => {
  const plan = planner();
  plan.setService(service('default/a', ['10.8.0.1', 'fd01::1']));
  plan.setService(service('default/a', ['10.8.0.2', 'fd01::1']));
  expect(virtual(plan)).toEqual(['10.8.0.2', 'fd01::1']);
  expect(routes(plan)).toEqual(['10.8.0.2/32', 'fd01::1/128']);
});

test('sharers of a local address are one candidate', () => {
  const plan = planner();
  plan.setService(service('default/b', ['192.0.2.9']));
  plan.setService(service('default/a', ['192.0.2.9']));
  expect([...plan.candidates()]).toMatchObject([{ interfaceIndex: 2, services: ['default/a', 'default/b'] }]);
  plan.deleteService('default/b');
  expect([...plan.candidates()]).toMatchObject([{ services: ['default/a'] }]);
});

test('an address turns from virtual to local when its LAN is registered', () => {
  const plan = planner({ config: config({ lans: [] }) });
  plan.setService(service('default/a', ['192.0.2.9']));
  expect(virtual(plan)).toEqual(['192.0.2.9']);
  plan.configure(config());
  expect(virtual(plan)).toEqual([]);
  expect(routes(plan)).toEqual([]);
  expect([...plan.candidates()]).toHaveLength(1);
});

test('a new subnet of the node, its LAN not registered yet, moves nothing', () => {
  const plan = planner();
  plan.setService(service('default/a', ['10.8.0.1']));
  const changes = plan.configure(config({ lansComplete: false }));
  expect(changes.routes.size).toBe(0);
  expect(plan.holdCount).toBe(1);
  expect(routes(plan)).toEqual(['10.8.0.1/32']);
  plan.configure(config());
  expect(plan.holdCount).toBe(0);
  expect(virtual(plan)).toEqual(['10.8.0.1']);
});

test('while an address is undecided, routes that may be its own are held, and those of others are not', () => {
  const groups = [group('g', { pools: [pool('10.8.0.0', '10.8.0.255', 24)] })];
  const plan = planner({ config: config({}, groups) });
  plan.setService(service('default/a', ['10.8.0.1'], { group: 'g' }));
  expect(plan.holds(parsePrefix('10.8.0.0/24'))).toBe(false);
  plan.configure(config({ lansComplete: false }, groups));
  const held = ['10.8.0.1/32', '10.8.0.2/32', '10.8.0.0/24', '10.0.0.0/8', '10.9.0.0/24'];
  expect(held.map((text) => plan.holds(parsePrefix(text)))).toEqual([true, false, true, true, false]);
});

test('an undecided address keeps a host route in place of an aggregate that has come to lie over a subnet of the node', () => {
  const groups = [group('g', { pools: [pool('10.8.0.0', '10.8.0.255', 24)] })];
  const plan = planner({ config: config({}, groups) });
  plan.setService(service('default/a', ['10.8.0.1'], { group: 'g' }));
  const protectedPrefixes = [{ prefix: parsePrefix('10.8.0.0/16'), what: 'subnet' }];
  plan.configure(config({ lansComplete: false, protectedPrefixes }, groups));
  expect(routes(plan)).toEqual(['10.8.0.1/32']);
  expect(plan.holds(parsePrefix('10.8.0.0/24'))).toBe(false);
  plan.configure(config({}, groups));
  expect(routes(plan)).toEqual(['10.8.0.0/24']);
});

test('with traffic policy Local addresses follow the endpoints', () => {
  const ready = new Map<string, ReadonlySet<string>>();
  const plan = planner({ readyNodes: (key) => ready.get(key) });
  plan.setService(service('default/a', ['10.8.0.1'], { endpointsOnly: true }));
  expect(virtual(plan)).toEqual([]);
  ready.set('default/a', new Set(['here', 'there']));
  expect(plan.endpointsChanged('default/a').addresses.size).toBe(1);
  expect(routes(plan)).toEqual(['10.8.0.1/32']);
  ready.set('default/a', new Set(['there']));
  plan.endpointsChanged('default/a');
  expect(routes(plan)).toEqual([]);
});

test('routes of addresses that no pool has are known to the router', () => {
  const groups = [group('g', { pools: [pool('10.8.0.0', '10.8.0.255', 24)] })];
  const plan = planner({ config: config({}, groups) });
  plan.setService(service('default/a', ['10.8.0.1'], { group: 'g' }));
  expect(plan.strayRoutes()).toEqual([]);
  const before = plan.strayVersion;
  plan.setService(service('default/b', ['10.9.0.1'], { group: 'g' }));
  plan.setService(service('default/c', ['10.9.0.2'], { group: 'gone' }));
  expect(plan.strayVersion).not.toBe(before);
  expect(plan.strayRoutes()).toEqual([
    { prefix: parsePrefix('10.9.0.1/32'), group: 'g' },
    { prefix: parsePrefix('10.9.0.2/32') },
  ]);
  plan.deleteService('default/b');
  plan.deleteService('default/c');
  expect(plan.strayRoutes()).toEqual([]);
});

test('whatever the order of events, the end state is that of a fresh plan', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = generator(seed);
    let current = randomConfig(random);
    const plan = planner({ config: current, readyNodes: readyBySuffix });
    const services = new Map<string, ServiceFacts>();
    for (let step = 0; step < 40; step += 1) {
      const key = `default/s${Math.floor(random() * 6)}`;
      const dice = random();
      if (dice < 0.6) {
        const next = randomService(key, random);
        services.set(key, next);
        plan.setService(next);
      } else if (dice < 0.8) {
        services.delete(key);
        plan.deleteService(key);
      } else {
        current = randomConfig(random);
        plan.configure(current);
      }
    }
    const fresh = planner({ config: current, readyNodes: readyBySuffix });
    for (const each of services.values()) {
      fresh.setService(each);
    }
    expect({ seed, ...stateOf(plan) }).toEqual({ seed, ...stateOf(fresh) });
  }
});

test('applying only the touched keys follows the plan exactly', () => {
  const random = generator(7);
  const plan = planner({ config: randomConfig(random), readyNodes: () => new Set(['here']) });
  const addresses = new Set<string>();
  const prefixes = new Set<string>();
  for (let step = 0; step < 500; step += 1) {
    const key = `default/s${Math.floor(random() * 8)}`;
    const changes = random() < 0.9 ? plan.setService(randomService(key, random)) : plan.configure(randomConfig(random));
    for (const touched of changes.addresses) {
      toggle(addresses, touched, plan.virtual(touched) === 'yes');
    }
    for (const touched of changes.routes) {
      toggle(prefixes, touched, plan.route(touched) !== undefined);
    }
    expect([...addresses].sort()).toEqual([...plan.virtualAddresses()].map(([each]) => each).sort());
    expect([...prefixes].sort()).toEqual([...plan.routes()].map(([each]) => each).sort());
    expect(plan.virtualCount).toBe(addresses.size);
  }
});

function toggle(set: Set<string>, key: string, present: boolean): void {
  if (present) {
    set.add(key);
  } else {
    set.delete(key);
  }
}

function stateOf(plan: Planner): object {
  return {
    virtual: virtual(plan),
    routes: routes(plan),
    candidates: [...plan.candidates()]
      .map(({ address, preferences, interfaceIndex, services, eligible }) => ({
        interfaceIndex,
        services,
        eligible,
        address: formatAddress(address),
        who: [...preferences],
      }))
      .sort((a, b) => a.address.localeCompare(b.address)),
  };
}

function randomService(key: string, random: () => number): ServiceFacts {
  const pick = (): string => `${random() < 0.5 ? '192.0.2' : '10.8.0'}.${2 + Math.floor(random() * 5)}`;
  const addresses = new Set(Array.from({ length: Math.floor(random() * 3) }, pick));
  return service(key, [...addresses], {
    group: random() < 0.7 ? 'g' : undefined,
    endpointsOnly: random() < 0.3,
  });
}

function randomConfig(random: () => number): PlanConfig {
  const wide = random() < 0.5 ? 24 : 32;
  return config(
    {
      excluded: random() < 0.2,
      lans: random() < 0.7 ? [parsePrefix('192.0.2.0/24')] : [],
      segments: random() < 0.8 ? [segment()] : [],
      protectedPrefixes: random() < 0.3 ? [{ prefix: parsePrefix('10.8.0.0/25'), what: 'pod range' }] : [],
    },
    [group('g', { pools: [pool('10.8.0.0', '10.8.0.255', wide)] })],
  );
}

/** mulberry32: small, seeded, good enough to shuffle events. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
