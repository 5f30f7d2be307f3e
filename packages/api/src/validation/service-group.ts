import { AddressError, parsePrefix } from '../address.ts';
import type { AddressRange } from '../range.ts';
import { formatAddressRange, parseAddressRange, rangeCovers, rangesOverlap } from '../range.ts';
import type { Pool, ServiceGroupSpec } from '../resources/service-group.ts';
import { interfacePatternProblem } from './interfaces.ts';
import type { Explanations, Problem } from './problem.ts';

/** Reasons of the condition `Ready` of a ServiceGroup. */
export const SERVICE_GROUP_REASONS = {
  Valid: { meaning: 'The group is in use as written.', cure: 'Nothing to do.' },
  InvalidRange: {
    meaning:
      'A range ends before it begins, contains addresses that no Service can have between its ends, or an `exclude` lies outside its range.',
    cure: 'Write the range as the message says.',
  },
  Overlap: {
    meaning:
      'Two pools have addresses in common: both of this group, or one of an older group, which then has them. Addresses in use stay.',
    cure: 'Shorten one of the two.',
  },
  InvalidInterface: {
    meaning: 'An entry of `announce.interfaces` between slashes is not a regular expression.',
    cure: 'Correct it; the flavour is that of JavaScript with the flag `u`.',
  },
  NetBoxUnavailable: {
    meaning: 'The addresses come from NetBox, which cannot be asked; the message says why. Addresses in use stay.',
    cure: 'Do what the message says; the allocator goes on by itself.',
  },
} as const satisfies Explanations;

export type ServiceGroupReason = keyof typeof SERVICE_GROUP_REASONS;

/** What can be wrong with a ServiceGroup by itself. */
export type ServiceGroupProblem = Problem<'InvalidRange' | 'Overlap' | 'InvalidInterface'>;

/** Why the subnet of a pool cannot be read. */
function subnetProblem(subnet: string | undefined, path: string): ServiceGroupProblem | undefined {
  try {
    if (subnet !== undefined) {
      parsePrefix(subnet);
    }
    return undefined;
  } catch (error) {
    if (error instanceof AddressError) {
      return { reason: 'InvalidRange', sentence: `${path}: ${error.message}`, path };
    }
    throw error;
  }
}

/** A range, or why it is none. */
function readRange(text: string, path: string): AddressRange | ServiceGroupProblem {
  try {
    return parseAddressRange(text);
  } catch (error) {
    if (error instanceof AddressError) {
      return { reason: 'InvalidRange', sentence: `${path}: ${error.message}`, path };
    }
    throw error;
  }
}

function isProblem(value: AddressRange | ServiceGroupProblem): value is ServiceGroupProblem {
  return 'reason' in value;
}

function excludeProblems(pool: Pool, range: AddressRange, poolPath: string): ServiceGroupProblem[] {
  return (pool.exclude ?? []).flatMap((text, index) => {
    const path = `${poolPath}.exclude[${index}]`;
    const exclude = readRange(text, path);
    if (isProblem(exclude)) {
      return [exclude];
    }
    if (rangeCovers(range, exclude)) {
      return [];
    }
    const sentence = `${path}: ${text} does not lie inside the range ${pool.range}; write addresses of that range`;
    return [{ reason: 'InvalidRange', sentence, path }];
  });
}

interface ReadPool {
  readonly range: AddressRange;
  readonly path: string;
}

/** The first pair of pools that overlap, for each pool but the first. Sorted, so that n pools cost n log n. */
function overlapProblems(pools: readonly ReadPool[]): ServiceGroupProblem[] {
  const sorted = pools.toSorted((a, b) => {
    if (a.range.first.family !== b.range.first.family) {
      return a.range.first.family === 'IPv4' ? -1 : 1;
    }
    return a.range.first.value < b.range.first.value ? -1 : 1;
  });
  const problems: ServiceGroupProblem[] = [];
  let widest: ReadPool | undefined;
  for (const pool of sorted) {
    if (widest !== undefined && rangesOverlap(widest.range, pool.range)) {
      const sentence = `${pool.path}: ${formatAddressRange(pool.range)} overlaps ${formatAddressRange(widest.range)} (${widest.path}) of the same group; shorten one of the two`;
      problems.push({ reason: 'Overlap', sentence, path: `${pool.path}.range` });
    }
    if (
      widest === undefined ||
      widest.range.first.family !== pool.range.first.family ||
      widest.range.last.value < pool.range.last.value
    ) {
      widest = pool;
    }
  }
  return problems;
}

/**
 * What is wrong with a ServiceGroup that passed the API server, all of it, in the order of the spec; empty when nothing
 * is. Overlaps with other groups are for the allocator, which knows them.
 */
export function validateServiceGroup(spec: ServiceGroupSpec): ServiceGroupProblem[] {
  const problems: ServiceGroupProblem[] = [];
  const pools: ReadPool[] = [];
  for (const [index, pool] of (spec.pools ?? []).entries()) {
    const path = `spec.pools[${index}]`;
    const range = readRange(pool.range, `${path}.range`);
    const subnet = subnetProblem(pool.subnet, `${path}.subnet`);
    if (subnet !== undefined) {
      problems.push(subnet);
    }
    if (isProblem(range)) {
      problems.push(range);
    } else {
      pools.push({ range, path });
      problems.push(...excludeProblems(pool, range, path));
    }
  }
  problems.push(...overlapProblems(pools));
  for (const [index, entry] of (spec.announce.interfaces ?? []).entries()) {
    const sentence = interfacePatternProblem(entry);
    if (sentence !== undefined) {
      const path = `spec.announce.interfaces[${index}]`;
      problems.push({ reason: 'InvalidInterface', sentence: `${path}: ${sentence}`, path });
    }
  }
  return problems;
}
