import type { GateState } from '../health/data-path.ts';
import type { AgentState, ClusterMemory } from '../state-file/codec.ts';

/** What a past life of the agent wrote down, for as long as it is needed: with ten thousand Services it is 4 MiB. */
export class PastLife {
  readonly #dataPath: GateState | undefined;
  #cluster: ClusterMemory | undefined;

  /** @param state what the state file has; undefined: there was none of use */
  constructor(state: AgentState | undefined) {
    this.#dataPath = state?.dataPath;
    this.#cluster = state?.cluster;
  }

  /** What was known of the data path since boot; undefined: nothing. */
  get dataPath(): GateState | undefined {
    return this.#dataPath;
  }

  /** What was known of the cluster; undefined where nothing was, or the API server has told better. */
  get cluster(): ClusterMemory | undefined {
    return this.#cluster;
  }

  /** The API server's word counts from now on, for good. */
  forgetCluster(): void {
    this.#cluster = undefined;
  }
}
