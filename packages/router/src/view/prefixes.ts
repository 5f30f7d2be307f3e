import { AddressError, addressBits, formatPrefix, parseAddressRange, parsePrefix, prefixOf } from '@fairlead/api';
import type { AddressRange, IPFamily, Pool, Prefix } from '@fairlead/api';

/** Routes inside `prefix` whose length is from `minimum` to `maximum`. */
export interface PrefixRange {
  readonly prefix: Prefix;
  readonly minimum: number;
  readonly maximum: number;
}

/** The fewest networks that together are exactly the range: at most 2 x 32 of IPv4, 2 x 128 of IPv6. */
export function networksOf({ first, last }: AddressRange): Prefix[] {
  const { family } = first;
  const bits = addressBits(family);
  const networks: Prefix[] = [];
  for (let next = first.value; next <= last.value;) {
    // As large as the alignment of its first address and the rest of the range allow.
    let hostBits = 0;
    while (
      hostBits < bits &&
      (next & ((1n << BigInt(hostBits + 1)) - 1n)) === 0n &&
      next + (1n << BigInt(hostBits + 1)) - 1n <= last.value
    ) {
      hostBits += 1;
    }
    networks.push({ address: { family, value: next }, length: bits - hostBits });
    next += 1n << BigInt(hostBits);
  }
  return networks;
}

/**
 * What may be announced for a pool: host routes of its addresses (also where it aggregates: Services with
 * `externalTrafficPolicy: Local` and refused aggregates have them), and the aggregates that hold its addresses.
 * @throws {AddressError} where the range, the subnet or the aggregation is none
 */
export function announceablePrefixes(pool: Pick<Pool, 'range' | 'subnet' | 'aggregation'>): PrefixRange[] {
  const range = parseAddressRange(pool.range);
  const networks = networksOf(range);
  const bits = addressBits(range.first.family);
  const hosts = networks.map((prefix) => ({ prefix, minimum: bits, maximum: bits }));
  const length = aggregationLength(pool);
  if (length === undefined || length >= bits) {
    return hosts;
  }
  const aggregates = networks.map((prefix) => ({
    prefix: prefix.length > length ? prefixOf(prefix.address, length) : prefix,
    minimum: length,
    maximum: length,
  }));
  return distinct([...aggregates, ...hosts]);
}

function aggregationLength({ aggregation, subnet }: Pick<Pool, 'subnet' | 'aggregation'>): number | undefined {
  if (aggregation === undefined) {
    return undefined;
  }
  if (aggregation === 'default') {
    return subnet === undefined ? undefined : parsePrefix(subnet).length;
  }
  if (!/^\/([1-9]|[1-9]\d|1[01]\d|12[0-8])$/.test(aggregation)) {
    throw new AddressError(
      `the aggregation ${JSON.stringify(aggregation)} is none; write default or a length such as /24 or /64`,
    );
  }
  return Number(aggregation.slice(1));
}

/** Exactly this route and no other. */
export function exactly(prefix: Prefix): PrefixRange {
  return { prefix, minimum: prefix.length, maximum: prefix.length };
}

/** Leaves repeats out, keeps the order. */
export function distinct(ranges: readonly PrefixRange[]): PrefixRange[] {
  const keyed = ranges.map(
    (range) => [`${formatPrefix(range.prefix)} ${range.minimum} ${range.maximum}`, range] as const,
  );
  return [...new Map(keyed).values()];
}

/** Those of one family. */
export function ofFamily(ranges: readonly PrefixRange[], family: IPFamily): PrefixRange[] {
  return ranges.filter(({ prefix }) => prefix.address.family === family);
}
