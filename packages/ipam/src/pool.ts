import type { Address, IPFamily, Pool as PoolSpec } from '@fairlead/api';
import { addressBits, lastAddress, parseAddressRange, parsePrefix } from '@fairlead/api';
import type { Interval } from './intervals.ts';
import { findInterval, intervalsSize, subtractIntervals } from './intervals.ts';

/** One range of a group, ready to be drawn from. */
export interface Pool extends Interval {
  /** Name of the ServiceGroup. */
  readonly group: string;
  /** The range as its user wrote it. */
  readonly range: string;
  readonly family: IPFamily;
  /** What may be handed out, `avoidBuggyIPs` aside: the range without excludes and without its subnet's own addresses. */
  readonly usable: readonly Interval[];
  /** Skip IPv4 addresses that end in .0 or .255. */
  readonly avoidBuggyIPs: boolean;
}

/**
 * Reads a pool of a ServiceGroup.
 * @throws {AddressError} where range, subnet or an exclude make no sense
 */
export function compilePool(group: string, spec: PoolSpec): Pool {
  const range = parseAddressRange(spec.range);
  const excludes = (spec.exclude ?? []).map(parseAddressRange);
  const { family } = range.first;
  const holes = excludes
    .filter((exclude) => exclude.first.family === family)
    .map((exclude) => ({ first: exclude.first.value, last: exclude.last.value }));
  const whole = { first: range.first.value, last: range.last.value };
  return {
    ...whole,
    group,
    range: spec.range,
    family,
    usable: subtractIntervals([whole], [...holes, ...addressesOfSubnet(spec.subnet)]),
    avoidBuggyIPs: spec.avoidBuggyIPs && family === 'IPv4',
  };
}

/**
 * Addresses that belong to the subnet itself: network and broadcast address of IPv4 (none in a /31, RFC 3021, nor /32),
 * the subnet-router anycast address of IPv6 (RFC 4291, 2.6.1; none in a /127, RFC 6164, nor /128).
 */
function addressesOfSubnet(subnet: string | undefined): Interval[] {
  if (subnet === undefined) {
    return [];
  }
  const prefix = parsePrefix(subnet);
  const { family, value } = prefix.address;
  if (addressBits(family) - prefix.length <= 1) {
    return [];
  }
  const broadcast = lastAddress(prefix).value;
  return [{ first: value, last: value }, ...(family === 'IPv4' ? [{ first: broadcast, last: broadcast }] : [])];
}

/** Whether old equipment may take the address for a network or broadcast address. */
export function isBuggy(value: bigint): boolean {
  const lowByte = value & 0xffn;
  return lowByte === 0n || lowByte === 0xffn;
}

/** Whether the pool may hand out the address. */
export function isUsable(pool: Pool, value: bigint): boolean {
  return findInterval(pool.usable, value) !== undefined && !(pool.avoidBuggyIPs && isBuggy(value));
}

/** How many addresses the pool may hand out when none is in use. */
export function poolCapacity(pool: Pool): bigint {
  const all = intervalsSize(pool.usable);
  return pool.avoidBuggyIPs ? all - pool.usable.reduce((sum, interval) => sum + buggyIn(interval), 0n) : all;
}

/** How many numbers of the interval end in .0 or .255, without looking at each. */
function buggyIn({ first, last }: Interval): bigint {
  const endingIn = (byte: bigint): bigint => ((last - byte) >> 8n) - ((first - 1n - byte) >> 8n);
  return endingIn(0n) + endingIn(255n);
}

/** Whether the pool has the address, be it excluded. */
export function poolContains(pool: Pool, address: Address): boolean {
  return pool.family === address.family && pool.first <= address.value && address.value <= pool.last;
}
