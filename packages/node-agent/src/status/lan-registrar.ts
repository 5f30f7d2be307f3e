import { API_VERSION, formatPrefix, lanName } from '@fairlead/api';
import type { Prefix } from '@fairlead/api';
import { isAlreadyExists, LANS } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';

/** After a LAN that could not be made. */
const RETRY_MS = 5_000;

export interface LANRegistrarOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** Whether a LAN of that name is known to exist. */
  readonly exists: (name: string) => boolean;
}

/** Makes the LAN objects of this node's subnets where they are missing. It never removes one: LANs outlive their nodes. */
export class LANRegistrar {
  readonly #options: LANRegistrarOptions;
  readonly #making = new Set<string>();

  constructor(options: LANRegistrarOptions) {
    this.#options = options;
  }

  /** The subnets that this node is on; call it only when the LANs have been read. */
  register(subnets: readonly Prefix[]): void {
    for (const subnet of subnets) {
      const name = lanName(subnet);
      if (!this.#options.exists(name) && !this.#making.has(name)) {
        this.#making.add(name);
        void this.#make(name, subnet);
      }
    }
  }

  async #make(name: string, subnet: Prefix): Promise<void> {
    const { client, logger, timers, signal } = this.#options;
    try {
      const spec = { subnet: formatPrefix(subnet) };
      await client.create(LANS, { apiVersion: API_VERSION, kind: 'LAN', metadata: { name }, spec }, { signal });
      logger.info('Registered a LAN that this node is on', { subnet: formatPrefix(subnet) });
    } catch (error) {
      if (!isAlreadyExists(error) && !signal.aborted) {
        logger.warn('A LAN cannot be registered; it is tried again', { subnet: formatPrefix(subnet), error });
        timers.after(RETRY_MS, () => {
          this.#making.delete(name);
          if (!signal.aborted) {
            this.register([subnet]);
          }
        });
        return;
      }
    }
    this.#making.delete(name);
  }
}
