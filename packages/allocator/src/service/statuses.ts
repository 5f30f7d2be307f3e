import type { ServiceView } from '@fairlead/ipam';
import { isConflict, isNotFound, SERVICES } from '@fairlead/kube';
import type { KubeClient, Service } from '@fairlead/kube';
import type { AllocatorMetrics } from '../metrics.ts';

/** For one request; less where the Lease ends before. */
const LONGEST_REQUEST_MS = 10_000;
/** A request that could not be answered before the Lease's deadline is not begun. */
const SHORTEST_REQUEST_MS = 50;
/** Until then the Lease has been renewed, or the term is over. */
const UNTIL_RENEWED_MS = 250;

export interface ServiceStatusesOptions {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly metrics: Pick<AllocatorMetrics, 'patched'>;
  /** Monotonic milliseconds until which we may write. */
  readonly deadline: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** What became of a patch. */
export type Sent =
  | { readonly kind: 'ok'; readonly service: Service }
  /** Not sent, as it could have outlasted the Lease; to be tried again after so many milliseconds. */
  | { readonly kind: 'later'; readonly ms: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Reads Services and patches their statuses, within the term of the Lease. */
export class ServiceStatuses {
  readonly #options: ServiceStatusesOptions;

  constructor(options: ServiceStatusesOptions) {
    this.#options = options;
  }

  /** Sends one strategic merge patch, which leaves the conditions of others alone. */
  async patch({ namespace, name }: ServiceView, patch: unknown, signal: AbortSignal): Promise<Sent> {
    const { now, deadline, client, metrics } = this.#options;
    const timeoutMs = Math.min(LONGEST_REQUEST_MS, deadline() - now());
    if (timeoutMs < SHORTEST_REQUEST_MS) {
      return { kind: 'later', ms: UNTIL_RENEWED_MS };
    }
    const begun = now();
    try {
      const options = { type: 'strategic', subresource: 'status', timeoutMs, signal } as const;
      const service = await client.patch(SERVICES, { namespace, name }, patch, options);
      metrics.patched((now() - begun) / 1_000, 'ok');
      return { kind: 'ok', service };
    } catch (error) {
      metrics.patched((now() - begun) / 1_000, isConflict(error) ? 'conflict' : 'error');
      return { kind: 'failed', error };
    }
  }

  /** The Service as it is; undefined when there is none. @throws what the client throws otherwise */
  async get({ namespace, name }: ServiceView, signal: AbortSignal): Promise<Service | undefined> {
    try {
      return await this.#options.client.get(SERVICES, { namespace, name }, { signal });
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }
}
