import { parseAddress, parsePrefix } from '@fairlead/api';
import { TABLE } from '@fairlead/netlink';
import { ourAddress, ourRoute } from '../apply/kernel-objects.ts';
import { prefixKey } from '../plan/keys.ts';
import { KernelState } from './kernel-state.ts';
import { ADDRESS_METRIC, isOurAddress } from './ownership.ts';
import { address, link, route } from './testing.ts';

const ours = ourAddress({ index: 4, address: parseAddress('10.8.0.1'), mark: 'protocol' });
const prefix = parsePrefix('10.8.0.1/32');

function state(): KernelState {
  const fresh = new KernelState();
  fresh.reset({
    links: [link(2, 'eth0'), link(4, 'kube-lb0')],
    addresses: [address(2, '192.0.2.1/24'), ours],
    routes: [ourRoute(4, prefix), route('192.0.2.0/24', { index: 2 })],
  });
  return fresh;
}

test('what is ours is told from what is not', () => {
  const kernel = state();
  expect([...kernel.ourAddresses]).toEqual([{ index: 4, address: parseAddress('10.8.0.1'), length: 32 }]);
  expect([...kernel.foreignAddresses]).toHaveLength(1);
  expect([...kernel.ourRoutes]).toHaveLength(1);
});

test('events of what our own requests already did change nothing', () => {
  const kernel = state();
  kernel.dropAddress(ours);
  expect(kernel.apply({ type: 'address', action: 'delete', address: ours })).toEqual({ type: 'nothing' });
  kernel.putAddress(ours);
  expect(kernel.apply({ type: 'address', action: 'new', address: ours })).toEqual({ type: 'nothing' });
});

test('what others take is told', () => {
  const kernel = state();
  expect(kernel.apply({ type: 'address', action: 'delete', address: ours })).toMatchObject({ gone: true });
  expect(kernel.apply({ type: 'route', action: 'delete', route: ourRoute(4, prefix) })).toMatchObject({ gone: true });
  expect(kernel.ourRoutesTo(prefixKey(prefix))).toEqual([]);
});

test('a route of ours that others replace is known to be gone, though the kernel only tells of the new one', () => {
  const kernel = state();
  const theirs = { ...ourRoute(2, prefix), protocol: 4 };
  expect(kernel.apply({ type: 'route', action: 'new', route: theirs })).toMatchObject({ doubtful: true });
  const moved = ourRoute(5, prefix);
  expect(kernel.apply({ type: 'route', action: 'new', route: moved })).toMatchObject({
    type: 'our-route',
    gone: false,
  });
  expect(kernel.ourRoutesTo(prefixKey(prefix)).map(({ index }) => index)).toEqual([5]);
});

test('with an interface goes all that was on it', () => {
  const kernel = state();
  kernel.apply({ type: 'link', action: 'delete', link: link(4, 'kube-lb0') });
  expect([[...kernel.ourAddresses], [...kernel.ourRoutes]]).toEqual([[], []]);
  expect([...kernel.foreignRoutes]).toHaveLength(1);
});

test("the node's own address that comes back is told as such, its renewal is no news", () => {
  const kernel = state();
  const own = address(2, '192.0.2.1/24');
  expect(kernel.apply({ type: 'address', action: 'new', address: { ...own, validLifetime: 60 } })).toEqual({
    type: 'nothing',
  });
  kernel.apply({ type: 'address', action: 'delete', address: own });
  expect(kernel.apply({ type: 'address', action: 'new', address: own })).toMatchObject({ type: 'surroundings', own });
});

test('routes outside the main table are of no interest', () => {
  const local = route('10.9.0.1/32', { index: 4, table: TABLE.local });
  expect(state().apply({ type: 'route', action: 'new', route: local })).toEqual({ type: 'nothing' });
});

test('an interface that is switched off has no IPv4 routes any more, though the kernel does not say so', () => {
  const kernel = state();
  kernel.putRoute(route('default IPv4', { index: 2 }));
  kernel.putRoute(route('2001:db8::/64', { index: 2 }));
  const { flags } = link(2, 'eth0');
  kernel.apply({ type: 'link', action: 'new', link: link(2, 'eth0', { flags: { ...flags, up: false } }) });
  expect([...kernel.foreignRoutes].map(({ family }) => family)).toEqual(['IPv6']);
});

test('with an IPv4 address of the node routes may have gone in silence, with an IPv6 one none', () => {
  const kernel = state();
  const own = address(2, '192.0.2.1/24');
  expect(kernel.apply({ type: 'address', action: 'delete', address: own })).toMatchObject({ doubtful: true });
  const other = address(2, '2001:db8::1/64');
  kernel.putAddress(other);
  expect(kernel.apply({ type: 'address', action: 'delete', address: other })).toMatchObject({ doubtful: false });
});

test('with the last IPv4 address of an interface routes of ours may have gone in silence, whosever the address was', () => {
  const kernel = state();
  const theirs = address(4, '10.8.0.70/32');
  kernel.putAddress(theirs);
  expect(kernel.apply({ type: 'address', action: 'delete', address: theirs })).toMatchObject({ doubtful: true });
});

test('what happened while the kernel was being read is not undone by what was read', () => {
  const kernel = state();
  const before = {
    links: [...kernel.links.values()],
    addresses: [ours],
    routes: [ourRoute(4, prefix)],
  };
  kernel.beginReading();
  const own = address(2, '192.0.2.7/24');
  kernel.apply({ type: 'address', action: 'new', address: own });
  kernel.dropAddress(ours);
  kernel.apply({ type: 'route', action: 'delete', route: ourRoute(4, prefix) });
  kernel.apply({ type: 'link', action: 'new', link: link(5, 'eth1') });
  kernel.apply({ type: 'link', action: 'delete', link: link(2, 'eth0') });
  kernel.apply({ type: 'link', action: 'new', link: link(2, 'eth0') });
  kernel.reset(before);
  expect([...kernel.ourAddresses, ...kernel.ourRoutes]).toEqual([]);
  expect([...kernel.foreignAddresses]).toEqual([]);
  expect(new Set(kernel.links.keys())).toEqual(new Set([2, 4, 5]));
});

const local = parseAddress('192.0.2.9');

test.each(['protocol', 'metric'] as const)('an address of ours is told by its %s', (mark) => {
  expect(isOurAddress(ourAddress({ index: 2, address: local, mark }))).toBe(true);
});

test("a DHCPv6 lease under NetworkManager has our form and not our mark; the metric marks no network's address", () => {
  const marked = ourAddress({ index: 2, address: local, mark: 'metric', lifetimes: { valid: 60, preferred: 60 } });
  expect(isOurAddress({ ...marked, metric: undefined })).toBe(false);
  expect(isOurAddress({ ...marked, metric: 100 })).toBe(false);
  expect(isOurAddress({ ...marked, length: 24 })).toBe(false);
  expect(isOurAddress({ ...marked, flags: { ...marked.flags, noprefixroute: false } })).toBe(false);
  expect(isOurAddress(address(2, '192.0.2.1/24', { metric: ADDRESS_METRIC }))).toBe(false);
});

describe('a link of which there is news', () => {
  const down = { ...link(2, 'eth0').flags, lowerUp: false };

  test('that has its carrier back may send another way, one that lost it sends none', () => {
    const kernel = state();
    const lost = { type: 'link', action: 'new', link: link(2, 'eth0', { flags: down }) } as const;
    expect(kernel.apply(lost)).toMatchObject({ type: 'link', rewired: false });
    const back = { type: 'link', action: 'new', link: link(2, 'eth0') } as const;
    expect(kernel.apply(back)).toMatchObject({ type: 'link', rewired: true });
    expect(kernel.apply(back)).toEqual({ type: 'nothing' });
  });

  test.each(['bonding-failover', 'notify-peers'] as const)(
    'that looks as before: %s says what is not seen',
    (cause) => {
      const event = { type: 'link', action: 'new', link: link(2, 'eth0'), cause } as const;
      expect(state().apply(event)).toMatchObject({ type: 'link', gone: false, rewired: true });
    },
  );

  test('that is new, or is renamed, sends no other way than before', () => {
    const kernel = state();
    for (const each of [link(7, 'eth7'), link(2, 'lan0')]) {
      expect(kernel.apply({ type: 'link', action: 'new', link: each })).toMatchObject({ rewired: false });
    }
  });
});
