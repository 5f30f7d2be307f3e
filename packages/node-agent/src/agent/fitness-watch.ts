import type { Timers } from '../apply/timers.ts';
import { fitnessOf, NETWORK_UNAVAILABLE_MS, NOT_SELECTED_MS } from '../facts/exclusion.ts';
import type { Fitness, LeavingReason } from '../facts/exclusion.ts';
import type { Gate } from '../health/data-path.ts';
import type { ClusterView } from './cluster-view.ts';

export interface FitnessWatchOptions {
  readonly timers: Timers;
  /** The gate of the data path as it is now. */
  readonly gate: () => Gate;
  /** Why the kernel answers no ARP for local addresses; undefined: it does. */
  readonly arpIgnored: () => string | undefined;
  /** The agent was started to take everything of ours off this node. */
  readonly withdraw: boolean;
  /** Asks to be asked again within so many ms, though nothing will have happened. */
  readonly askAgain: (afterMs: number) => void;
}

/** Whether this node can hold addresses; remembers for how long that has been in doubt. */
export class FitnessWatch {
  readonly #options: FitnessWatchOptions;
  #networkUnavailableSince: number | undefined;
  #unselectedSince: number | undefined;
  /** Whether an LBNodeAgent, or the lack of any, has made this node one of ours in this life of the agent. */
  #wasSelected = false;

  constructor(options: FitnessWatchOptions) {
    this.#options = options;
  }

  /** The fitness of this node as the view has it. */
  of({ node, selected }: Pick<ClusterView, 'node' | 'selected'>): Fitness {
    const { timers, gate, arpIgnored } = this.#options;
    const now = timers.now();
    this.#networkUnavailableSince = node.networkUnavailable ? (this.#networkUnavailableSince ?? now) : undefined;
    const { state, detail } = gate();
    return fitnessOf({
      node,
      networkUnavailableMs: this.#lasted(this.#networkUnavailableSince, NETWORK_UNAVAILABLE_MS),
      leaving: this.#leaving(selected, now),
      gate: state,
      gateDetail: detail,
      arpIgnored: arpIgnored(),
    });
  }

  #leaving(selected: boolean, now: number): LeavingReason | undefined {
    this.#wasSelected ||= selected;
    this.#unselectedSince = selected ? undefined : (this.#unselectedSince ?? now);
    if (this.#options.withdraw) {
      return 'Withdrawn';
    }
    const unselectedMs = this.#lasted(this.#unselectedSince, NOT_SELECTED_MS) ?? 0;
    // An agent that starts where it is not wanted has nothing to be patient for.
    return !selected && (!this.#wasSelected || unselectedMs >= NOT_SELECTED_MS) ? 'NotSelected' : undefined;
  }

  /**
   * How long it has lasted. Before it counts, it is asked for each time: what was asked for once may be met by an earlier
   * look, and there would be no other.
   */
  #lasted(since: number | undefined, countsMs: number): number | undefined {
    if (since === undefined) {
      return undefined;
    }
    const { timers, askAgain } = this.#options;
    const lasted = timers.now() - since;
    if (lasted < countsMs) {
      askAgain(countsMs - lasted);
    }
    return lasted;
  }
}
