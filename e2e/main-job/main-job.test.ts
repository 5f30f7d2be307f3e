import { startIpMonitor } from '../lab/ip-monitor.ts';
import { service, type Families, type GroupName } from '../scene/manifests.ts';
import {
  addressesOn,
  createService,
  deleteService,
  holdersOf,
  markedAddressesOn,
  OUR_PROTOCOL,
  ourRoutesOn,
  untilAddresses,
  untilNextHops,
  untilService,
  urlOf,
} from '../scene/observe.ts';
import { startScene, type Scene } from '../scene/scene.ts';

/** Families that a Service asks for, and how many addresses that makes. */
const FAMILIES: readonly (readonly [Families, number])[] = [
  ['IPv4', 1],
  ['IPv6', 1],
  ['dual', 2],
];

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  await scene.lab.deployment({ name: 'web', replicas: 3 });
}, 120_000);

afterAll(async () => {
  await scene?.lab.close();
});

function name(group: GroupName, families: Families): string {
  return `${group}-${families.toLowerCase()}`;
}

/** A Service that has its addresses. */
async function served(group: GroupName, families: Families, count: number): Promise<string[]> {
  await createService(scene.lab, service({ name: name(group, families), group, families, app: 'web' }));
  return untilAddresses(scene.lab, name(group, families), count);
}

describe.each(FAMILIES)('a Service with %s addresses of the LAN', (families, count) => {
  let addresses: string[];
  beforeAll(async () => {
    addresses = await served('lan', families, count);
  });

  it('says in its condition and annotations that it has them, and from where', async () => {
    const { metadata, status } = await untilService(scene.lab, name('lan', families), () => true);
    expect(metadata.annotations).toMatchObject({ 'fairlead.dev/allocated-from': 'lan' });
    expect(metadata.annotations).not.toHaveProperty('fairlead.dev/reason');
    expect(status?.loadBalancer?.ingress?.map(({ ipMode }) => ipMode)).toEqual(addresses.map(() => 'VIP'));
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'fairlead.dev/AddressesAllocated', status: 'True' }),
    );
  });

  it('answers HTTP on the LAN and from behind the router', async () => {
    for (const address of addresses) {
      const answers = await Promise.all(
        ['client', 'remote'].map((from) => scene.lab.httpUntilOk(from, urlOf(address))),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    }
  });

  it('has each on exactly one node, as a host address with our mark behind the node’s own', async () => {
    for (const address of addresses) {
      const [holder, ...others] = await holdersOf(scene.lab, address);
      expect(others).toEqual([]);
      const node = scene.lab.node(holder ?? '');
      const all = await addressesOn(node, 'eth0');
      const ours = all.find(({ local }) => local === address);
      expect(ours).toMatchObject({
        prefixlen: address.includes(':') ? 128 : 32,
        noprefixroute: true,
      });
      expect(await markedAddressesOn(scene.lab, node)).toContain(address);
      expect(ours?.valid_life_time).toBeLessThanOrEqual(24 * 3600);
      if (!address.includes(':')) {
        expect(all[0]?.local).toBe(node.address.IPv4);
      }
    }
  });

  it('names the holder in its annotation', async () => {
    const holders = await Promise.all(addresses.map(async (address) => (await holdersOf(scene.lab, address))[0]));
    const expected = holders.map((holder) => `${holder}/eth0`).join(',');
    const { metadata } = await untilService(
      scene.lab,
      name('lan', families),
      (seen) => seen.metadata.annotations?.['fairlead.dev/announced-by']?.replaceAll(' ', '') === expected,
    );
    expect(metadata.annotations?.['fairlead.dev/announced-by']).toBeDefined();
  });

  it('leaves nothing behind when it is deleted', async () => {
    const monitors = await Promise.all(scene.lab.nodes.map((node) => startIpMonitor(scene.lab.run, node.namespace)));
    try {
      await deleteService(scene.lab, name('lan', families));
      for (const address of addresses) {
        await Promise.any(
          monitors.map(({ events }) =>
            events.waitFor((event) => event.type === 'address' && event.deleted && event.address === address),
          ),
        );
        expect(await holdersOf(scene.lab, address)).toEqual([]);
      }
    } finally {
      await Promise.all(monitors.map((monitor) => monitor.stop()));
    }
  });
});

describe.each(FAMILIES)('a Service with %s virtual addresses', (families, count) => {
  let addresses: string[];
  beforeAll(async () => {
    addresses = await served('routed', families, count);
  });

  it('answers HTTP from behind the router and, through it, on the LAN', async () => {
    for (const address of addresses) {
      const answers = await Promise.all(
        ['client', 'remote'].map((from) => scene.lab.httpUntilOk(from, urlOf(address))),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    }
  });

  it('stands in the ToR with every node as next hop', async () => {
    for (const address of addresses) {
      expect(await untilNextHops(scene.lab, address, scene.lab.nodes.length)).toBe(scene.lab.nodes.length);
    }
  });

  it('is on kube-lb0 of every node as a host address, and a route with our mark', async () => {
    for (const node of scene.lab.nodes) {
      const seen = await addressesOn(node, 'kube-lb0');
      const routes = await ourRoutesOn(node);
      const marked = await markedAddressesOn(scene.lab, node);
      for (const address of addresses) {
        expect(seen).toContainEqual(expect.objectContaining({ local: address, noprefixroute: true }));
        expect(marked).toContain(address);
        expect(routes).toContainEqual(expect.objectContaining({ dst: address, dev: 'kube-lb0' }));
      }
    }
  });

  it('is withdrawn from the ToR and the nodes when it is deleted', async () => {
    const monitors = await Promise.all(scene.lab.nodes.map((node) => startIpMonitor(scene.lab.run, node.namespace)));
    try {
      await deleteService(scene.lab, name('routed', families));
      for (const address of addresses) {
        for (const { events } of monitors) {
          const route = await events.waitFor(
            (event) =>
              event.type === 'route' &&
              event.deleted &&
              event.destination === address &&
              event.protocol === OUR_PROTOCOL,
          );
          const gone = await events.waitFor(
            (event) => event.type === 'address' && event.deleted && event.address === address,
          );
          expect(gone.at).toBeGreaterThan(route.at);
        }
        expect(await untilNextHops(scene.lab, address, 0)).toBe(0);
      }
    } finally {
      await Promise.all(monitors.map((monitor) => monitor.stop()));
    }
  });
});

it('gives a Service the address it asks for, and refuses one that is taken, on the Service itself', async () => {
  const wish = { group: 'routed', families: 'IPv4', app: 'web', addresses: '10.99.7.7' } as const;
  await createService(scene.lab, service({ ...wish, name: 'first' }));
  expect(await untilAddresses(scene.lab, 'first', 1)).toEqual(['10.99.7.7']);
  await createService(scene.lab, service({ ...wish, name: 'second' }));
  const refused = await untilService(scene.lab, 'second', ({ status }) =>
    (status?.conditions ?? []).some(({ status: value }) => value === 'False'),
  );
  const [condition] = refused.status?.conditions ?? [];
  expect(condition).toMatchObject({ reason: 'AddressInUse', message: expect.stringContaining('default/first') });
  expect(refused.metadata.annotations?.['fairlead.dev/reason']).toBe(condition?.message);
  await deleteService(scene.lab, 'first');
  expect(await untilAddresses(scene.lab, 'second', 1)).toEqual(['10.99.7.7']);
  await deleteService(scene.lab, 'second');
});
