import { parseAddress, parsePrefix } from '@fairlead/api';
import { segment } from '../plan/testing.ts';
import { SegmentMemory } from './segment-memory.ts';

const both = segment();
const onlyIPv6 = segment({
  defaultFor: ['IPv6'],
  subnets: [parsePrefix('2001:db8::/64')],
  ownAddresses: [{ address: parseAddress('2001:db8::1'), length: 64 }],
  gateways: [],
});
const exists = (): boolean => true;

test('a family that vanishes for a moment is kept, as it was', () => {
  const memory = new SegmentMemory();
  memory.update([both], { exists, now: 0 });
  const { segments, againMs } = memory.update([onlyIPv6], { exists, now: 1000 });
  expect(segments[0]?.ownAddresses.map(({ address }) => address.family).sort()).toEqual(['IPv4', 'IPv6']);
  expect(segments[0]?.gateways).toEqual(both.gateways);
  expect(againMs).toBe(9000);
});

test('after ten seconds it is gone', () => {
  const memory = new SegmentMemory();
  memory.update([both], { exists, now: 0 });
  memory.update([onlyIPv6], { exists, now: 1000 });
  expect(memory.update([onlyIPv6], { exists, now: 10_000 })).toEqual({ segments: [onlyIPv6], againMs: undefined });
});

test('an interface that lost everything is kept, one that is gone is not', () => {
  const memory = new SegmentMemory();
  memory.update([both], { exists, now: 0 });
  expect(memory.update([], { exists, now: 1 }).segments).toHaveLength(1);
  expect(memory.update([], { exists: () => false, now: 2 }).segments).toEqual([]);
});

test('what changes while it is there is taken over at once', () => {
  const memory = new SegmentMemory();
  memory.update([both], { exists, now: 0 });
  const moved = segment({ subnets: [parsePrefix('198.51.100.0/24')] });
  expect(memory.update([moved], { exists, now: 1 }).segments).toEqual([moved]);
});
