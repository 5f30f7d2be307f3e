import type { AgentState, ClusterMemory } from '../state-file/codec.ts';

/** What a past life of the agent wrote down, for as long as it is needed: with ten thousand Services it is 4 MiB. */
export class PastLife {
  readonly #dataPathGood: boolean;
  #cluster: ClusterMemory | undefined;

  /** @param state what the state file has; undefined: there was none of use */
  constructor(state: AgentState | undefined) {
    this.#dataPathGood = state?.dataPathGood ?? false;
    this.#cluster = state?.cluster;
  }

  /** Whether the data path has been good since boot. */
  get dataPathGood(): boolean {
    return this.#dataPathGood;
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
