import type { IPFamily, Refusal, RefusalToken } from '@fairlead/api';
import { AddressError, validateServiceGroup } from '@fairlead/api';
import type { GroupProblem, GroupView } from './group.ts';
import { Group, compareForAssignment } from './group.ts';
import { findInterval } from './intervals.ts';
import { PermittedGroups } from './permitted-groups.ts';
import type { Pool } from './pool.ts';
import { compilePool } from './pool.ts';
import { refusalOfGroup } from './refusal.ts';

/** How many refusals are kept for others to share. */
const REFUSALS_AT_MOST = 1_024;

/**
 * All groups at one moment: which pool has an address, and which groups a Service tries. Made anew at each edit of a
 * group; groups are few and edits rare.
 */
export class Catalogue {
  readonly groups: ReadonlyMap<string, Group>;
  /** Groups that serve those who name none, in the order in which they are tried. */
  readonly automatic: readonly Group[];
  /** Which of these a Service may draw from. */
  readonly permitted: PermittedGroups;
  readonly #pools: Readonly<Record<IPFamily, readonly Pool[]>>;
  /** By sentence. */
  readonly #refusals = new Map<string, Refusal>();

  private constructor(groups: ReadonlyMap<string, Group>, pools: Readonly<Record<IPFamily, readonly Pool[]>>) {
    this.groups = groups;
    this.automatic = [...groups.values()].filter(({ view }) => view.spec.assign.auto).sort(compareForAssignment);
    this.permitted = new PermittedGroups(this.automatic);
    this.#pools = pools;
  }

  /**
   * @param views every group there is
   * @param isTaken whether a Service has the address
   * @param before the catalogue until now, whose freed addresses go on resting
   */
  static of(
    views: Iterable<GroupView>,
    isTaken: (family: IPFamily, value: bigint) => boolean,
    before?: Catalogue,
  ): Catalogue {
    const pools: Record<IPFamily, Pool[]> = { IPv4: [], IPv6: [] };
    const groups = new Map<string, Group>();
    // An address belongs to the oldest group that has it, whichever was edited last.
    const byAge = [...views].sort((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1));
    for (const view of byAge) {
      const { accepted, problems } = acceptPools(view, pools);
      groups.set(view.name, new Group(view, accepted, problems, isTaken, before?.groups.get(view.name)));
    }
    return new Catalogue(groups, pools);
  }

  /** A refusal by a group; thousands that wait for the same have the same one in memory. */
  refusalOf(group: string, token: RefusalToken, sentence: string): Refusal {
    const known = this.#refusals.get(sentence);
    if (known?.token === token && known.object?.name === group) {
      return known;
    }
    if (this.#refusals.size >= REFUSALS_AT_MOST) {
      this.#refusals.clear();
    }
    const refusal = refusalOfGroup(group, token, sentence);
    this.#refusals.set(sentence, refusal);
    return refusal;
  }

  /** The pool that has the address, be it excluded there. */
  poolOf(family: IPFamily, value: bigint): Pool | undefined {
    return findInterval(this.#pools[family], value);
  }

  /** The group whose pool it is. */
  groupOf(pool: Pool | undefined): Group | undefined {
    return pool === undefined ? undefined : this.groups.get(pool.group);
  }
}

/** Reads the pools of a group and puts those that nobody else has into `pools`, which stay in rising order. */
function acceptPools(
  view: GroupView,
  pools: Record<IPFamily, Pool[]>,
): { readonly accepted: Pool[]; readonly problems: GroupProblem[] } {
  const problems: GroupProblem[] = [...validateServiceGroup(view.spec), ...netboxProblems(view)];
  const accepted: Pool[] = [];
  for (const spec of view.spec.pools ?? []) {
    const pool = readPool(view.name, spec);
    if (pool === undefined) {
      continue;
    }
    const others = pools[pool.family];
    const position = positionOf(others, pool.first);
    const rival = [others[position - 1], others[position]].find(
      (other) => other !== undefined && other.first <= pool.last && pool.first <= other.last,
    );
    if (rival === undefined) {
      others.splice(position, 0, pool);
      accepted.push(pool);
    } else if (rival.group !== view.name) {
      problems.push({
        reason: 'Overlap',
        sentence: `${pool.range} overlaps ${rival.range} of ServiceGroup ${rival.group}, which is older and has it; shorten one of the two`,
      });
    }
  }
  return { accepted, problems };
}

/** A group that nobody fills is not to look like one in use. */
function netboxProblems({ spec }: GroupView): GroupProblem[] {
  const sentence = 'spec.netbox: this version does not ask NetBox for addresses; write spec.pools instead';
  return spec.netbox === undefined ? [] : [{ reason: 'NetBoxUnavailable', sentence }];
}

/** What cannot be read gives no addresses; {@link validateServiceGroup} has said why. */
function readPool(group: string, spec: Parameters<typeof compilePool>[1]): Pool | undefined {
  try {
    return compilePool(group, spec);
  } catch (error) {
    if (error instanceof AddressError) {
      return undefined;
    }
    throw error;
  }
}

/** How many of the pools begin before the value. */
function positionOf(pools: readonly Pool[], value: bigint): number {
  let low = 0;
  let high = pools.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const pool = pools[middle];
    if (pool !== undefined && pool.first < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
