import { lanLabel } from '@fairlead/api';
import type { Prefix } from '@fairlead/api';
import { LB_NODE_STATUSES } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { projectPeer } from './objects/peer.ts';
import type { PeerFacts } from './objects/peer.ts';
import { watch } from './watch.ts';
import type { Watch } from './watch.ts';

export interface PeerWatchOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** This node, which is no peer of itself. */
  readonly node: string;
  /** Peers came, changed, went, or are complete now. Must not throw. */
  readonly changed: () => void;
}

interface LANWatch {
  readonly watch: Watch<PeerFacts>;
  readonly stop: AbortController;
}

/** The other nodes on this node's own LANs, by one watch a LAN: what an agent costs grows with its LANs, not the cluster. */
export class PeerWatch {
  readonly #options: PeerWatchOptions;
  readonly #lans = new Map<string, LANWatch>();

  constructor(options: PeerWatchOptions) {
    this.#options = options;
  }

  /** Whether the peers on all LANs have been read. */
  get complete(): boolean {
    return [...this.#lans.values()].every((lan) => lan.watch.hasSynced());
  }

  /** The subnets that this node is on now. */
  setSubnets(subnets: readonly Prefix[]): void {
    const labels = new Set(subnets.map(lanLabel));
    for (const [label, lan] of this.#lans) {
      if (!labels.has(label)) {
        lan.stop.abort();
        this.#lans.delete(label);
        this.#options.changed();
      }
    }
    for (const label of labels) {
      if (!this.#lans.has(label)) {
        this.#lans.set(label, this.#start(label));
      }
    }
  }

  /** All peers, each once, by name. */
  peers(): PeerFacts[] {
    const found = new Map<string, PeerFacts>();
    for (const lan of this.#lans.values()) {
      for (const peer of lan.watch.store.list()) {
        if (peer.key !== this.#options.node) {
          found.set(peer.key, peer);
        }
      }
    }
    return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #start(label: string): LANWatch {
    const { client, logger, signal, changed } = this.#options;
    const stop = new AbortController();
    const started = watch({
      client,
      type: LB_NODE_STATUSES,
      project: projectPeer,
      logger,
      signal: AbortSignal.any([signal, stop.signal]),
      labelSelector: label,
    });
    started.store.subscribe(() => {
      changed();
    });
    return { watch: started, stop };
  }
}
