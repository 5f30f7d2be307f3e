import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Address } from '@fairlead/api';
import { parseAddress, parsePrefix } from '@fairlead/api';
import type { Netlink, NetlinkEvent, NetlinkResult } from '@fairlead/netlink';
import {
  addAddress,
  addLink,
  addRoute,
  deleteAddress,
  deleteLink,
  deleteRoute,
  openNetlink,
  setLinkUp,
  TABLE,
} from '@fairlead/netlink';
import {
  addressAsIp,
  comparableAddresses,
  comparableLinks,
  comparableNeighbours,
  comparableRoutes,
  linkAsIp,
  neighbourAsIp,
  routeAsIp,
} from '@fairlead/netlink/testing';
import type { Namespace } from './namespace.ts';
import { eventually, makeNamespace } from './namespace.ts';

let namespace: Namespace;
let netlink: Netlink;
/** kube-lb0 */
let index: number;

/** The codes of what was refused, 'ok' for the rest. */
function codes(results: readonly NetlinkResult[]): string[] {
  return results.map((result) => (result.ok ? 'ok' : result.error.code));
}

async function lengthOf(list: Promise<readonly unknown[]>): Promise<number> {
  return (await list).length;
}

function sorted(objects: readonly unknown[]): string[] {
  return objects.map((object) => JSON.stringify(object, Object.keys(object as object).toSorted())).toSorted();
}

/** IPv6 has events of its own: link-local addresses come, and are usable a while later. */
function newIPv4Address(event: NetlinkEvent): Address | undefined {
  const found = event.type === 'address' && event.action === 'new' && event.address.address.family === 'IPv4';
  return found ? event.address.address : undefined;
}

beforeEach(async () => {
  namespace = await makeNamespace();
  netlink = await openNetlink({ netns: namespace.path });
  expect(codes(await netlink.execute([addLink({ name: 'kube-lb0', kind: 'ifb' })]))).toEqual(['ok']);
  index = (await netlink.links()).find(({ name }) => name === 'kube-lb0')?.index ?? 0;
  expect(codes(await netlink.execute([setLinkUp(index)]))).toEqual(['ok']);
});

afterEach(async () => {
  await netlink.close();
  await namespace[Symbol.asyncDispose]();
});

describe('dumps', () => {
  it('show what ip shows', async () => {
    namespace.ipBatch([
      'link add br0 type bridge',
      'link add eth0 type veth peer name eth1',
      'link set eth0 master br0 up',
      'link set eth1 up',
      'addr add 192.0.2.10/24 brd + dev eth1',
      'addr add 192.0.2.11/24 dev eth1 label eth1:1',
      'addr add 10.0.0.1 peer 10.0.0.2/32 dev eth1',
      'addr add 2001:db8::5/64 dev eth1 nodad',
      'addr add 2001:db8::6/128 dev kube-lb0 nodad noprefixroute valid_lft 3600 preferred_lft 0',
      'route add default via 192.0.2.254 dev eth1 proto dhcp metric 100 src 192.0.2.10',
      'route add default via 2001:db8::fe dev eth1 proto ra metric 1024',
      'route add 198.51.100.0/24 dev kube-lb0 proto 201 metric 4000000000',
      'route add 203.0.113.0/24 nexthop via 192.0.2.252 dev eth1 weight 2 nexthop via 192.0.2.253 dev eth1 weight 1',
      'route add 203.0.114.0/24 via inet6 2001:db8::fd dev eth1 table 5000',
      'route add unreachable 198.18.0.0/15 table 1000',
      'neigh add 192.0.2.77 lladdr 52:54:00:00:00:77 dev eth1 nud permanent',
      'neigh add 2001:db8::77 lladdr 52:54:00:00:00:78 dev eth1 nud stale',
    ]);
    const links = await netlink.links();
    const names = new Map(links.map((link) => [link.index, link.name]));
    expect(sorted(links.map((link) => linkAsIp(link, names)))).toEqual(
      sorted(comparableLinks(namespace.ipJson('-d link show'))),
    );
    const addresses = await netlink.addresses();
    expect(sorted(addresses.map((address) => addressAsIp(address, names)))).toEqual(
      sorted(comparableAddresses(namespace.ipJson('addr show'))),
    );
    for (const [family, flag] of [
      ['IPv4', '-4'],
      ['IPv6', '-6'],
    ] as const) {
      const routes = await netlink.routes({ family });
      expect(routes.length).toBeGreaterThan(8);
      expect(sorted(routes.map((route) => routeAsIp(route, names)))).toEqual(
        sorted(comparableRoutes(namespace.ipJson(`${flag} route show table all`))),
      );
    }
    const neighbours = (await netlink.neighbours()).filter(({ state }) => state !== 'noarp');
    expect(neighbours).toHaveLength(2);
    expect(sorted(neighbours.map((neighbour) => neighbourAsIp(neighbour, names)))).toEqual(
      sorted(comparableNeighbours(namespace.ipJson('neigh show'))),
    );
  });

  it('can be limited to an interface, a protocol, a table, a family', async () => {
    namespace.ipBatch([
      'addr add 192.0.2.1/32 dev kube-lb0',
      'addr add 2001:db8::1/128 dev kube-lb0 nodad',
      'route add 198.51.100.0/24 dev kube-lb0 proto 201',
      'route add 198.51.101.0/24 dev kube-lb0 proto 202',
      'route add 198.51.102.0/24 dev kube-lb0 proto 201 table 1000',
      'route add 2001:db8:1::/48 dev kube-lb0 proto 201',
    ]);
    expect(new Set((await netlink.addresses({ index })).map((address) => address.index))).toEqual(new Set([index]));
    expect(await lengthOf(netlink.addresses({ index, family: 'IPv4' }))).toBe(1);
    expect(await lengthOf(netlink.addresses({ index: 1 }))).toBe(2);
    expect(await lengthOf(netlink.routes({ protocol: 201 }))).toBe(3);
    expect(await lengthOf(netlink.routes({ protocol: 201, table: TABLE.main, index }))).toBe(2);
    expect(await lengthOf(netlink.routes({ protocol: 201, family: 'IPv6' }))).toBe(1);
    expect(await lengthOf(netlink.routes({ table: 1000 }))).toBe(1);
  });

  it('are complete although the table changes meanwhile', async () => {
    const all = Array.from({ length: 2000 }, (_, host) => {
      const address = parseAddress(`10.0.${host >> 8}.${host & 255}`);
      return addAddress({ index, address, length: 32 });
    });
    await netlink.execute(all);
    // These stand at the front of the kernel's list: without them, everything else moves up past the kernel's mark.
    const [first, ...others] = all;
    const changes = all.slice(1, 200);
    const [dump, deleted] = await Promise.all([
      netlink.addresses({ index, family: 'IPv4' }),
      netlink.execute(changes.map((change) => deleteAddress(change))),
    ]);
    expect(codes(deleted)).toEqual(changes.map(() => 'ok'));
    const present = new Set(dump.map(({ address }) => address.value));
    expect(first && present.has(first.address.value)).toBe(true);
    expect(others.slice(200).filter(({ address }) => !present.has(address.value))).toEqual([]);
  });
});

describe('execute', () => {
  it('adds, renews and deletes addresses that carry our mark', async () => {
    const four = { index, address: parseAddress('192.0.2.1'), length: 32 };
    const six = { index, address: parseAddress('2001:db8::1'), length: 128 };
    const flags = { noprefixroute: true };
    const added = await netlink.execute([
      addAddress({ ...four, protocol: 201, flags, validLifetime: 86_400, preferredLifetime: 43_200 }),
      addAddress({
        ...six,
        protocol: 201,
        flags: { ...flags, nodad: true },
        validLifetime: 86_400,
        preferredLifetime: 0,
      }),
    ]);
    expect(codes(added)).toEqual(['ok', 'ok']);
    const [one, other] = (await netlink.addresses({ index })).filter(({ protocol }) => protocol === 201);
    expect(one).toMatchObject({ ...four, flags: { noprefixroute: true, permanent: false }, validLifetime: 86_400 });
    expect(other).toMatchObject({
      ...six,
      flags: { nodad: true, deprecated: true, tentative: false },
      preferredLifetime: 0,
    });

    await netlink.execute([addAddress({ ...four, protocol: 201, flags, validLifetime: 100_000, replace: true })]);
    const [renewed] = await netlink.addresses({ index, family: 'IPv4' });
    expect(renewed).toMatchObject({ ...four, protocol: 201, validLifetime: 100_000, preferredLifetime: 100_000 });

    expect(codes(await netlink.execute([deleteAddress(four), deleteAddress(six)]))).toEqual(['ok', 'ok']);
    expect((await netlink.addresses({ index })).filter(({ protocol }) => protocol === 201)).toEqual([]);
  });

  it('adds and deletes routes', async () => {
    const flags = { nodad: true, noprefixroute: true };
    const ours = { index, protocol: 201, metric: 4_000_000_000 };
    const routes = [parsePrefix('198.51.100.0/24'), parsePrefix('2001:db8:1::/64')].map((dst) =>
      Object.assign({ dst }, ours),
    );
    const own = addAddress({ index, address: parseAddress('192.0.2.1'), length: 32, flags });
    expect(codes(await netlink.execute([own, ...routes.map(addRoute)]))).toEqual(['ok', 'ok', 'ok']);
    expect(namespace.ipJson('-4 route show proto 201')).toMatchObject([
      { dst: '198.51.100.0/24', metric: ours.metric },
    ]);
    expect(namespace.ipJson('-6 route show proto 201')).toMatchObject([
      { dst: '2001:db8:1::/64', metric: ours.metric },
    ]);
    expect(codes(await netlink.execute(routes.map(deleteRoute)))).toEqual(['ok', 'ok']);
    expect(await netlink.routes({ protocol: 201 })).toEqual([]);
  });

  it('goes on behind a refusal, and repeats what the kernel says to it', async () => {
    const four = { index, address: parseAddress('192.0.2.1'), length: 32 };
    const results = await netlink.execute([
      deleteAddress(four),
      addAddress(four),
      addAddress(four),
      addAddress({ ...four, index: 9999 }),
      addAddress({ ...four, length: 33 }),
      deleteRoute({ dst: parsePrefix('198.51.100.0/24'), index }),
      addLink({ name: 'kube-lb0', kind: 'ifb' }),
      addLink({ name: 'x', kind: 'no-such-kind' }),
      deleteLink(9999),
    ]);
    expect(codes(results)).toEqual([
      'EADDRNOTAVAIL',
      'ok',
      'EEXIST',
      'ENODEV',
      'EINVAL',
      'ESRCH',
      'EEXIST',
      'EOPNOTSUPP',
      'ENODEV',
    ]);
    const [, , exists, , , , , unknownKind] = results;
    expect(exists).toMatchObject({
      error: { message: expect.stringMatching(/192\.0\.2\.1\/32 to interface \d+.*already assigned/) },
    });
    expect(unknownKind).toMatchObject({ error: { kernelMessage: 'Unknown device type' } });
  });

  it('has done a small job when the call returns', () => {
    const execution = netlink.execute([addAddress({ index, address: parseAddress('192.0.2.1'), length: 32 })]);
    expect(namespace.ip('-4 addr show dev kube-lb0')).toContain('192.0.2.1/32');
    return execution;
  });

  it('lets the rest of the program run during a large job, and answers in its order', async () => {
    const requests = Array.from({ length: 2000 }, (_, host) => {
      const address = parseAddress(`10.0.${host >> 8}.${host & 255}`);
      return addAddress({ index: host % 10 === 9 ? 9999 : index, address, length: 32 });
    });
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) {
        setImmediate(count);
      }
    };
    setImmediate(count);
    const results = await netlink.execute(requests);
    running = false;
    expect(turns).toBeGreaterThan(2000 / 32 - 2);
    expect(codes(results)).toEqual(requests.map(({ index: target }) => (target === 9999 ? 'ENODEV' : 'ok')));
    expect(await netlink.addresses({ index, family: 'IPv4' })).toHaveLength(1800);
  });
});

describe('events', () => {
  it('tell of what others do', async () => {
    const events: NetlinkEvent[] = [];
    netlink.subscribe((event) => events.push(event));
    namespace.ipBatch(['addr add 192.0.2.9/32 dev kube-lb0', 'route add 198.51.100.0/24 dev kube-lb0 proto 201']);
    // ip has ended, so the kernel has queued all of it.
    expect(netlink.drained()).toBe(true);
    const dst = parsePrefix('198.51.100.0/24');
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'address',
        action: 'new',
        address: expect.objectContaining({ index, length: 32 }),
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'route',
        action: 'new',
        route: expect.objectContaining({ index, dst, protocol: 201 }),
      }),
    );
    events.length = 0;
    namespace.ipBatch(['route del 198.51.100.0/24', 'addr del 192.0.2.9/32 dev kube-lb0', 'link del kube-lb0']);
    expect(netlink.drained()).toBe(true);
    expect(events.filter(({ type }) => type === 'address').map((event) => 'action' in event && event.action)).toContain(
      'delete',
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'link', action: 'delete', link: expect.objectContaining({ name: 'kube-lb0' }) }),
    );
  });

  it('come by themselves', async () => {
    const heard = eventually(netlink, newIPv4Address);
    namespace.ip('addr add 192.0.2.9/32 dev kube-lb0');
    expect(await heard).toEqual(parseAddress('192.0.2.9'));
  });

  it('do not call the port that leaves a bridge a deleted interface', () => {
    const deleted: string[] = [];
    netlink.subscribe((event) => {
      if (event.type === 'link' && event.action === 'delete') {
        deleted.push(event.link.name);
      }
    });
    namespace.ipBatch([
      'link add br0 type bridge',
      'link set kube-lb0 master br0',
      'link set kube-lb0 nomaster',
      'link del br0',
    ]);
    expect(netlink.drained()).toBe(true);
    expect(deleted).toEqual(['br0']);
  });

  it('say when some were lost, and go on', async () => {
    const resync = eventually(netlink, (event) => (event.type === 'resync' ? event.reason : undefined));
    // This call blocks the event loop, as a long computation would, for longer than the buffer lasts.
    namespace.ipBatch([
      'addr add 192.0.2.1/32 dev kube-lb0',
      ...Array.from(
        { length: 40_000 },
        (_, host) => `route add 10.${host >> 16}.${(host >> 8) & 255}.${host & 255}/32 dev kube-lb0`,
      ),
    ]);
    expect(await resync).toContain('more events than the socket could hold');
    while (!netlink.drained()) {
      // Old events are still coming.
    }
    const heard = eventually(netlink, newIPv4Address);
    namespace.ip('addr add 192.0.2.9/32 dev kube-lb0');
    expect(await heard).toEqual(parseAddress('192.0.2.9'));
  }, 30_000);

  it('can be drained from inside of a listener without losing or repeating one', () => {
    const seen: Address[] = [];
    netlink.subscribe((event) => {
      expect(netlink.drained()).toBe(false);
      seen.push(...[newIPv4Address(event)].filter((address) => address !== undefined));
    });
    const texts = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    namespace.ipBatch(texts.map((text) => `addr add ${text}/32 dev kube-lb0`));
    expect(netlink.drained()).toBe(true);
    expect(seen).toEqual(texts.map(parseAddress));
  });
});

describe('openNetlink', () => {
  it('works in several namespaces at once, and leaves this process where it was', async () => {
    const before = execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' });
    await using elsewhere = await makeNamespace();
    const other = await openNetlink({ netns: elsewhere.path });
    expect((await other.links()).map(({ name }) => name)).toEqual(['lo']);
    expect((await netlink.links()).map(({ name }) => name)).toEqual(['lo', 'kube-lb0']);
    expect(execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' })).toBe(before);
    await other.close();
  });

  it('says which namespace is missing', async () => {
    await expect(openNetlink({ netns: '/run/netns/no-such' })).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('/run/netns/no-such'),
    });
  });

  it('is closed by its signal', async () => {
    const controller = new AbortController();
    const other = await openNetlink({ netns: namespace.path, signal: controller.signal });
    const events: NetlinkEvent[] = [];
    other.subscribe((event) => events.push(event));
    controller.abort();
    namespace.ip('addr add 192.0.2.9/32 dev kube-lb0');
    expect(other.drained()).toBe(true);
    expect(events).toEqual([]);
    await expect(other.links()).rejects.toMatchObject({ code: 'EBADF' });
  });

  it('knows whether the kernel keeps the mark', async () => {
    await netlink.execute([addAddress({ index, address: parseAddress('192.0.2.1'), length: 32, protocol: 201 })]);
    const [address] = await netlink.addresses({ index, family: 'IPv4' });
    expect(await netlink.keepsAddressProtocol()).toBe(address?.protocol === 201);
  });

  it('names the capability that is missing, reads all the same, and ends with its sockets', () => {
    const script = join(dirname(fileURLToPath(import.meta.url)), 'unprivileged.ts');
    const dropped = ['--bounding-set', '-net_admin,-net_raw', '--inh-caps', '-net_admin,-net_raw'];
    // It ends by itself only when no handle is left over.
    const output = namespace.run('setpriv', ...dropped, process.execPath, '--no-warnings', script);
    expect(JSON.parse(output)).toEqual({
      links: ['lo', 'kube-lb0'],
      request: expect.stringMatching(/EPERM.*lacks CAP_NET_ADMIN/),
      lan: expect.stringMatching(/EPERM.*lacks CAP_NET_RAW/),
    });
  });
});
