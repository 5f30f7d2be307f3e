import { DEFAULT_NODE_AGENT_SPEC } from '@fairlead/api';
import type { Link } from '@fairlead/netlink';
import { KernelState } from '../facts/kernel-state.ts';
import { address, link, route } from '../facts/testing.ts';
import { SegmentWatch } from './segment-watch.ts';

const VIEW = { spec: DEFAULT_NODE_AGENT_SPEC, groups: [] };
const BOND = link(4, 'bond0', { kind: 'bond' });

/** A bond with a port, and the default route through it. */
function watching(): { readonly state: KernelState; readonly watch: SegmentWatch } {
  const state = new KernelState();
  state.reset({
    links: [link(1, 'lo'), link(2, 'eth0', { master: BOND.index }), BOND],
    addresses: [address(BOND.index, '192.0.2.1/24')],
    routes: [route('192.0.2.0/24', { index: BOND.index }), route('default IPv4', { index: BOND.index })],
  });
  const timers = { now: () => 0, after: () => () => undefined };
  const watch = new SegmentWatch({ state, timers, askAgain: () => undefined });
  watch.update(VIEW);
  return { state, watch };
}

function withoutCarrier(of: Link): Link {
  return { ...of, flags: { ...of.flags, lowerUp: false } };
}

test('a port that is rewired rewires the bond, once', () => {
  const { watch } = watching();
  watch.rewired(2);
  expect([...watch.update(VIEW)]).toEqual([BOND.index]);
  expect([...watch.update(VIEW)]).toEqual([]);
});

test('a link under no local interface rewires none', () => {
  const { watch } = watching();
  watch.rewired(1);
  expect([...watch.update(VIEW)]).toEqual([]);
});

test('a carrier that went and came between two updates is told, one that was away at an update says so by itself', () => {
  const { state, watch } = watching();
  state.putLink(withoutCarrier(BOND));
  state.putLink(BOND);
  watch.rewired(BOND.index);
  expect([...watch.update(VIEW)]).toEqual([BOND.index]);
  state.putLink(withoutCarrier(BOND));
  watch.update(VIEW);
  state.putLink(BOND);
  watch.rewired(BOND.index);
  expect([...watch.update(VIEW)]).toEqual([]);
});

test('with another MAC it is the segment that differs', () => {
  const { state, watch } = watching();
  state.putLink({ ...BOND, mac: '02:00:00:00:00:07' });
  watch.rewired(BOND.index);
  expect([...watch.update(VIEW)]).toEqual([]);
});
