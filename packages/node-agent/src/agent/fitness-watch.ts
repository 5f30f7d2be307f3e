import type { Timers } from '../apply/timers.ts';
import type { NodeFacts } from '../cluster/objects/node.ts';
import { fitnessOf, NETWORK_UNAVAILABLE_MS } from '../facts/exclusion.ts';
import type { Fitness } from '../facts/exclusion.ts';
import type { Gate } from '../health/data-path.ts';

export interface FitnessWatchOptions {
  readonly timers: Timers;
  /** The gate of the data path as it is now. */
  readonly gate: () => Gate;
  /** Asks to be asked again after so many ms, though nothing will have happened. */
  readonly askAgain: (afterMs: number) => void;
}

/** Whether this node can hold addresses; remembers since when its network has been unavailable. */
export class FitnessWatch {
  readonly #options: FitnessWatchOptions;
  #networkUnavailableSince: number | undefined;

  constructor(options: FitnessWatchOptions) {
    this.#options = options;
  }

  /** The fitness of this node, whose Node is as given. */
  of(node: NodeFacts): Fitness {
    const { timers, gate, askAgain } = this.#options;
    const now = timers.now();
    if (!node.networkUnavailable) {
      this.#networkUnavailableSince = undefined;
    } else if (this.#networkUnavailableSince === undefined) {
      this.#networkUnavailableSince = now;
      askAgain(NETWORK_UNAVAILABLE_MS);
    }
    const { state, detail } = gate();
    return fitnessOf({
      node,
      networkUnavailableSince: this.#networkUnavailableSince,
      gate: state,
      gateDetail: detail,
      now,
    });
  }
}
