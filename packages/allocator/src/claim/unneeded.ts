import { isConflict, isNotFound, LEASES, WorkQueue } from '@fairlead/kube';
import type { KubeClient, Store } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { ClaimFacts } from '../objects/claim.ts';

/** A claim that no Service needs is kept so long: whoever comes back finds its holder. */
const UNNEEDED_CLAIM_MS = 600_000;
/** The watch brings what was changed meanwhile. */
const AFTER_CONFLICT_MS = 1_000;
/** Before the Lease's deadline is renewed nothing can be written. */
const AFTER_DEADLINE_MS = 1_000;

export interface UnneededClaimsOptions {
  readonly client: Pick<KubeClient, 'delete'>;
  readonly logger: Pick<Logger, 'debug' | 'info'>;
  readonly claims: Pick<Store<ClaimFacts>, 'get'>;
  /** Whether a Service has the address. */
  readonly isNeeded: (address: string) => boolean;
  /** Namespace of the Leases. */
  readonly namespace: string;
  /** Monotonic milliseconds until which we may write. */
  readonly deadline: () => number;
  readonly now: () => number;
}

/** Removes claims of addresses that no Service has had for ten minutes. */
export class UnneededClaims {
  readonly #options: UnneededClaimsOptions;
  readonly #since = new Map<string, number>();
  readonly #queue = new WorkQueue<string>({ baseDelayMs: 1_000 });

  constructor(options: UnneededClaimsOptions) {
    this.#options = options;
  }

  /** To be called for a claim that is new or changed, and when a Service got or lost its address. */
  consider({ key, address }: ClaimFacts): void {
    if (this.#options.isNeeded(address)) {
      this.#since.delete(key);
    } else if (!this.#since.has(key)) {
      this.#since.set(key, this.#options.now());
      this.#queue.addAfter(key, UNNEEDED_CLAIM_MS);
    }
  }

  /** The claim is gone. */
  forget(key: string): void {
    this.#since.delete(key);
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run((key) => this.#remove(key, signal), {
      signal,
      onError: (key, error, retryInMs) =>
        this.#options.logger.debug('A claim could not be removed; trying again', { claim: key, error, retryInMs }),
    });
  }

  async #remove(key: string, signal: AbortSignal): Promise<void | { readonly againInMs: number }> {
    const { claims, client, namespace, deadline, now, logger } = this.#options;
    const since = this.#since.get(key);
    const claim = claims.get(key);
    if (since === undefined || claim === undefined) {
      return;
    }
    const leftMs = since + UNNEEDED_CLAIM_MS - now();
    if (leftMs > 0) {
      return { againInMs: leftMs }; // needed in between
    }
    const timeoutMs = Math.min(10_000, deadline() - now());
    if (timeoutMs <= 0) {
      return { againInMs: AFTER_DEADLINE_MS };
    }
    const { name, uid, resourceVersion } = claim;
    try {
      const preconditions = { uid, resourceVersion };
      await client.delete(LEASES, { namespace, name }, { preconditions, timeoutMs, signal });
      logger.info('Removed a claim that no Service needs', { address: claim.address });
    } catch (error) {
      if (isConflict(error)) {
        return { againInMs: AFTER_CONFLICT_MS };
      }
      if (!isNotFound(error)) {
        throw error;
      }
    }
  }
}
