import { isDeepStrictEqual } from 'node:util';
import type { LBNodeStatusStatus, NodeRouterStatus } from '@fairlead/api';

/**
 * What differs between two statuses. `own-count`: how many virtual addresses this node announces; `session-counts`: how many
 * routes its sessions carry, perhaps the former as well; `other`: anything that somebody acts upon.
 */
export type StatusChange = 'none' | 'own-count' | 'session-counts' | 'other';

/**
 * Says how one status differs from another. Pure.
 * @param fields names of the fields that differ
 */
export function changeOf(
  fields: readonly string[],
  { before, now }: { readonly before: LBNodeStatusStatus | undefined; readonly now: LBNodeStatusStatus },
): StatusChange {
  if (fields.length === 0) {
    return 'none';
  }
  if (fields.every((name) => name === 'virtualCount')) {
    return before === undefined ? 'other' : 'own-count';
  }
  const counts =
    fields.every((name) => name === 'virtualCount' || name === 'router') &&
    isDeepStrictEqual(withoutCounts(before?.router), withoutCounts(now.router));
  return counts ? 'session-counts' : 'other';
}

function withoutCounts(router: NodeRouterStatus | undefined): NodeRouterStatus | undefined {
  return (
    router && {
      ...router,
      sessions: router.sessions?.map((session) => ({ ...session, prefixes: 0, imported: 0 })) ?? [],
    }
  );
}

/** The router is asked for its counts every 1.5 s; by then they come along. */
const TOGETHER_MS = 2_000;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * How soon counts may be written that change alone. Each virtual Service changes those of every node: of 5,000 nodes each
 * would write twice for each Service. Here they write once where Services come rarely, and once a minute at most where they
 * come all the time; in between the pace halves from write to write.
 */
export class CountPace {
  readonly #random: () => number;
  #intervalMs = SHORTEST_MS;
  #notBefore = -Infinity;
  /** When the counts first differed from what is written. */
  #since: number | undefined;

  /** @param random from 0 to below 1, so that the nodes, which all see the same Services, do not write together */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** How long such a change has to wait from now on, ms; 0: not at all. @param now steady ms */
  waitMs(change: Extract<StatusChange, 'own-count' | 'session-counts'>, now: number): number {
    this.#since ??= now;
    const together = change === 'own-count' ? this.#since + TOGETHER_MS : now;
    return Math.max(0, this.#notBefore - now, together - now);
  }

  /** They are as written: along with something else, or they have gone back. */
  told(): void {
    this.#since = undefined;
  }

  /** They were written alone. @param now steady ms */
  written(now: number): void {
    // Nothing had to wait for as long again: times are quiet.
    const quiet = now >= this.#notBefore + this.#intervalMs;
    this.#intervalMs = quiet ? SHORTEST_MS : Math.min(this.#intervalMs * 2, LONGEST_MS);
    this.#notBefore = now + this.#intervalMs * (1 + this.#random() / 2);
    this.told();
  }
}
