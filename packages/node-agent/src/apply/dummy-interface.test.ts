import { Writable } from 'node:stream';
import { NetlinkError } from '@fairlead/netlink';
import type { Link, NetlinkRequest, NetlinkResult } from '@fairlead/netlink';
import { createLogger } from '@fairlead/runtime';
import { KernelState } from '../facts/kernel-state.ts';
import { link } from '../facts/testing.ts';
import { DummyInterface } from './dummy-interface.ts';
import type { DummyInterfaceOptions } from './dummy-interface.ts';

const EOPNOTSUPP = 95;

/** A node's links, and what is said of the interface. */
class Scene {
  readonly links = new Map<string, Link>();
  readonly requests: string[] = [];
  readonly log: string[] = [];
  /** Names for which IPv6 is off. */
  readonly off = new Set<string>();
  /** Kinds that the kernel has. */
  kinds = new Set(['dummy', 'ifb']);
  writable = true;
  problem: Error | undefined;
  readonly state = new KernelState();
  readonly dummy: DummyInterface;

  constructor(...links: readonly Link[]) {
    for (const each of links) {
      this.links.set(each.name, each);
    }
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        this.log.push(String(chunk));
        done();
      },
    });
    this.state.reset({ links, addresses: [], routes: [] });
    const netlink: DummyInterfaceOptions['netlink'] = {
      links: () => Promise.resolve([...this.links.values()]),
      drained: () => true,
      execute: (requests) => Promise.resolve(requests.map((request) => this.#do(request))),
    };
    this.dummy = new DummyInterface({
      netlink,
      state: this.state,
      logger: createLogger({ process: 'test', format: 'json', stream }),
      name: 'kube-lb0',
      ipv6: {
        isOff: (name) => this.off.has(name),
        switchOn: (name) => this.writable && this.off.delete(name),
        assignment: (name) => `net.ipv6.conf.${name}.disable_ipv6=0`,
      },
      problem: (error) => {
        this.problem = error;
      },
    });
  }

  #do(request: NetlinkRequest): NetlinkResult {
    if (request.kind === 'addLink') {
      this.requests.push(`add ${request.name} ${request.linkKind}`);
      if (!this.kinds.has(request.linkKind)) {
        return { ok: false, error: new NetlinkError('add', { errno: EOPNOTSUPP }) };
      }
      const down = { ...link(9, request.name).flags, up: false };
      this.links.set(request.name, link(9, request.name, { kind: request.linkKind, flags: down }));
    } else if (request.kind === 'setLink') {
      this.requests.push(request.mtu === undefined ? 'up' : `mtu ${request.mtu}`);
      const found = [...this.links.values()].find(({ index }) => index === request.index);
      if (found !== undefined) {
        const { mtu = found.mtu, up = found.flags.up } = request;
        this.links.set(found.name, { ...found, mtu, flags: { ...found.flags, up } });
      }
    }
    return { ok: true };
  }
}

test('it is made of kind dummy and switched on', async () => {
  const scene = new Scene();
  expect(await scene.dummy.ensure()).toBe(9);
  expect(scene.requests).toEqual(['add kube-lb0 dummy', 'up']);
  expect([scene.dummy.ready, scene.dummy.kind, scene.problem]).toEqual([true, 'dummy', undefined]);
});

test('where the kernel has none, of kind ifb, with a warning', async () => {
  const scene = new Scene();
  scene.kinds = new Set(['ifb']);
  await scene.dummy.ensure();
  expect([scene.dummy.ready, scene.dummy.kind]).toEqual([true, 'ifb']);
  expect(scene.log.join('')).toContain('modprobe dummy');
});

test('where it has neither, the kind that is lacking is named, once, and again when it failed in another way', async () => {
  const scene = new Scene();
  scene.kinds = new Set();
  for (let time = 0; time < 3; time += 1) {
    expect(await scene.dummy.ensure()).toBeUndefined();
  }
  expect(scene.problem).toBeInstanceOf(NetlinkError);
  expect(scene.log).toHaveLength(1);
});

test.each([
  ['a bridge', 'bridge'],
  ['a device', undefined],
])('%s of that name is left alone', async (_, kind) => {
  const scene = new Scene(link(3, 'kube-lb0', { kind }));
  expect(scene.dummy.index).toBeUndefined();
  expect(await scene.dummy.ensure()).toBeUndefined();
  expect(scene.requests).toEqual([]);
  expect(scene.problem?.message).toContain('it is left alone');
});

test('one of kind dummy that somebody else has made is used, and mended: up, and with an MTU that lets IPv6 be', async () => {
  const flags = { ...link(3, 'kube-lb0').flags, up: false };
  const scene = new Scene(link(3, 'kube-lb0', { kind: 'dummy', flags, mtu: 1000 }));
  expect(scene.dummy.ready).toBe(false);
  expect(await scene.dummy.ensure()).toBe(3);
  expect(scene.requests).toEqual(['mtu 1500', 'up']);
});

test('a large MTU is left as it is', async () => {
  const scene = new Scene(link(3, 'kube-lb0', { kind: 'dummy', mtu: 9000 }));
  await scene.dummy.ensure();
  expect(scene.requests).toEqual([]);
});

describe('IPv6 that is refused', () => {
  test('is switched on where it is off for this interface alone; nobody asks before it is refused', async () => {
    const scene = refusing('kube-lb0');
    await scene.dummy.ensure();
    expect(scene.off).toEqual(new Set(['kube-lb0']));
    scene.dummy.ipv6Refused();
    expect(scene.dummy.ready).toBe(false);
    await scene.dummy.ensure();
    expect([scene.off.size, scene.dummy.ready, scene.problem]).toEqual([0, true, undefined]);
  });

  test('is left off where the whole node has none; the interface is used all the same, for IPv4', async () => {
    const scene = refusing('kube-lb0', 'all');
    scene.dummy.ipv6Refused();
    expect(await scene.dummy.ensure()).toBe(3);
    expect([scene.off.size, scene.dummy.ready]).toEqual([2, true]);
    expect(scene.problem?.message).toContain(
      'sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.kube-lb0.disable_ipv6=0',
    );
  });

  test('is named where the agent may not set it, until somebody else has', async () => {
    const scene = refusing('kube-lb0');
    scene.writable = false;
    scene.dummy.ipv6Refused();
    await scene.dummy.ensure();
    expect(scene.problem?.message).toContain('net.ipv6.conf.kube-lb0.disable_ipv6=0');
    scene.off.clear();
    scene.dummy.ipv6Refused();
    await scene.dummy.ensure();
    expect(scene.problem).toBeUndefined();
  });
});

test.each<[string, (scene: Scene) => void, boolean]>([
  ['is gone', ({ state }) => state.dropLink(3), true],
  ['is down', ({ state }) => state.putLink(changed({ flags: { ...link(3, '').flags, up: false } })), true],
  ['has an MTU without IPv6', ({ state }) => state.putLink(changed({ mtu: 1279 })), true],
  ['has another MTU', ({ state }) => state.putLink(changed({ mtu: 1280 })), false],
  ['is renamed', ({ state }) => state.putLink(changed({ name: 'old0' })), true],
  [
    'is replaced by one of another kind',
    ({ state }) => {
      state.dropLink(3);
      state.putLink(link(4, 'kube-lb0', { kind: 'veth' }));
    },
    true,
  ],
  ['is as it was', () => undefined, false],
])('it %s: that is noticed', (_, happen, noticed) => {
  const scene = new Scene(link(3, 'kube-lb0', { kind: 'dummy' }));
  happen(scene);
  expect(scene.dummy.kernelChanged()).toBe(noticed);
});

function changed(over: Partial<Link>): Link {
  return link(3, 'kube-lb0', { kind: 'dummy', ...over });
}

function refusing(...off: readonly string[]): Scene {
  const scene = new Scene(link(3, 'kube-lb0', { kind: 'dummy' }));
  for (const name of off) {
    scene.off.add(name);
  }
  return scene;
}
