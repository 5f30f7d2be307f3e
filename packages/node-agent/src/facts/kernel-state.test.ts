import { parseAddress, parsePrefix } from '@fairlead/api';
import { TABLE } from '@fairlead/netlink';
import { ourAddress, ourRoute } from '../apply/kernel-objects.ts';
import { prefixKey } from '../plan/keys.ts';
import { KernelState } from './kernel-state.ts';
import { isOurAddress, keepsAddressProtocol } from './ownership.ts';
import type { OwnershipMarks } from './ownership.ts';
import { address, link, route } from './testing.ts';

const marks: OwnershipMarks = { addressProtocol: true, dummyIndex: () => 4, recorded: () => false };
const ours = ourAddress(4, parseAddress('10.8.0.1'));
const prefix = parsePrefix('10.8.0.1/32');

function state(): KernelState {
  const fresh = new KernelState(marks);
  fresh.reset({
    links: [link(2, 'eth0'), link(4, 'kube-lb0')],
    addresses: [address(2, '192.0.2.1/24'), ours],
    routes: [ourRoute(4, prefix), route('192.0.2.0/24', { index: 2 })],
  });
  return fresh;
}

test('what is ours is told from what is not', () => {
  const kernel = state();
  expect([...kernel.ourAddresses]).toEqual([ours]);
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

test.each([
  ['6.18.0', true],
  ['5.18.0-rc1', true],
  ['5.15.0-105-generic', false],
  ['4.18.0-553.el8', false],
])('kernel %s keeps the protocol of addresses: %s', (release, keeps) => {
  expect(keepsAddressProtocol(release)).toBe(keeps);
});

test('without it, form, lifetime and the state file say what is ours', () => {
  const old: OwnershipMarks = { addressProtocol: false, dummyIndex: () => 4, recorded: (index) => index === 2 };
  const local = ourAddress(2, parseAddress('192.0.2.9'), { valid: 60, preferred: 60 });
  expect(isOurAddress(ours, old)).toBe(true);
  expect(isOurAddress({ ...ours, length: 24 }, old)).toBe(false);
  expect(isOurAddress(local, old)).toBe(true);
  expect(isOurAddress({ ...local, validLifetime: Infinity }, old)).toBe(false);
  expect(isOurAddress({ ...local, index: 3 }, old)).toBe(false);
  expect(isOurAddress(address(2, '192.0.2.1/24'), old)).toBe(false);
});
