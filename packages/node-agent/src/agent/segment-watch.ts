import type { Prefix } from '@fairlead/api';
import type { Timers } from '../apply/timers.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import { SegmentMemory } from '../facts/segment-memory.ts';
import { standingOn } from '../facts/stacking.ts';
import type { Segment } from '../plan/types.ts';
import { FormerMACs } from '../status/former-macs.ts';
import { subnetsOf } from '../status/node-status.ts';
import type { ClusterView } from './cluster-view.ts';
import { currentSegments } from './plan-config.ts';

export interface SegmentWatchOptions {
  readonly state: KernelState;
  readonly timers: Timers;
  /** Asks for another update after so many ms, though nothing will have happened. */
  readonly askAgain: (afterMs: number) => void;
}

/** The local interfaces of this node that everything goes by: as of the last update, with what is remembered of them. */
export class SegmentWatch {
  readonly #options: SegmentWatchOptions;
  readonly #memory = new SegmentMemory();
  readonly #formerMACs = new FormerMACs();
  #segments: readonly Segment[] = [];
  /** Links that were rewired since the last update. */
  readonly #rewired = new Set<number>();

  constructor(options: SegmentWatchOptions) {
    this.#options = options;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Their subnets, each once. */
  get subnets(): readonly Prefix[] {
    return subnetsOf(this.#segments);
  }

  /** MAC addresses that the interfaces had in the last day, by their names. */
  get formerMACs(): ReadonlyMap<string, readonly string[]> {
    return this.#formerMACs.former(this.#segments);
  }

  /** Frames of this link may go another way than before; what that means for segments is told by the next update. */
  rewired(index: number): void {
    this.#rewired.add(index);
  }

  /**
   * Takes the kernel's state as it is now; settings and groups say which interfaces count.
   * @returns the segments, by index, whose frames may go another way though they look as before
   */
  update(view: Pick<ClusterView, 'spec' | 'groups'>): ReadonlySet<number> {
    const { state, timers, askAgain } = this.#options;
    const { segments, againMs } = this.#memory.update(currentSegments(state, view), {
      exists: (index) => state.links.has(index),
      now: timers.now(),
    });
    const before = new Map(this.#segments.map((segment) => [segment.index, segment]));
    this.#segments = segments;
    this.#formerMACs.observe(segments, Date.now());
    if (againMs !== undefined) {
      askAgain(againMs);
    }
    return this.#takeRewired(before);
  }

  /** One whose carrier or MAC differs from before says so by itself. */
  #takeRewired(before: ReadonlyMap<number, Segment>): ReadonlySet<number> {
    const { state } = this.#options;
    const above = new Set([...this.#rewired].flatMap((index) => Array.from(standingOn(state.links.values(), index))));
    this.#rewired.clear();
    const alike = this.#segments.filter(({ index, mac, carrier }) => {
      const old = before.get(index);
      return above.has(index) && old?.mac === mac && old.carrier === carrier;
    });
    return new Set(alike.map(({ index }) => index));
  }
}
