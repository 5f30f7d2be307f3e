import { claimName, formatAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { LEASES, Reflector, Store, WorkQueue, isAlreadyExists, isConflict, isNotFound, keyText } from '@fairlead/kube';
import type { KubeClient, Lease } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { addressKey } from '../election/key.ts';
import type { Claim } from '../election/types.ts';
import { claimLease, projectClaim, sameClaim } from './claim-lease.ts';
import type { ClaimFacts } from './claim-lease.ts';

/** Claims that are written at a time. Few, for in a burst of Services the API server has more urgent things to do. */
const CONCURRENCY = 4;
/** A write that fails for good is tried again after this at the latest. */
const LONGEST_RETRY_MS = 5000;

/** What a claim is to say, and whether that is still wanted when its turn comes. */
interface Wish {
  readonly claim: Claim;
  readonly labels: readonly string[];
  readonly wanted: () => boolean;
}

export interface ClaimsOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly logger: Logger;
  /** A claim of a watched LAN as it is now; undefined: there is none any more. */
  readonly onClaim: (address: Address, claim: Claim | undefined) => void;
  /** Another LAN's claims are complete. */
  readonly onSynced: () => void;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly timeOfDay?: () => number;
}

/**
 * The claims of this node's LANs: watched by label, written by compare-and-swap. Nothing waits for a write; one that
 * fails comes again for as long as it is wanted.
 */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #watches = new Map<
    string,
    {
      readonly store: Store<ClaimFacts>;
      readonly reflector: Reflector<Lease, ClaimFacts>;
      readonly stop: AbortController;
    }
  >();
  readonly #known = new Map<bigint, ClaimFacts>();
  readonly #wishes = new Map<string, Wish>();
  readonly #queue = new WorkQueue<string>({ maxDelayMs: LONGEST_RETRY_MS, retriesPerSecond: 50 });
  readonly #stop = new AbortController();
  #written = 0;
  readonly #running: Promise<unknown>;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#running = this.#queue.run((key) => this.#write(key), {
      concurrency: CONCURRENCY,
      signal: this.#stop.signal,
      onError: (key, error, retryInMs) =>
        options.logger.warn('A claim is not written yet', { claim: key, error, retryInMs }),
    });
  }

  /** Watches the claims that carry one of these labels, and no others. */
  watch(labels: ReadonlySet<string>): void {
    for (const [label, watch] of this.#watches) {
      if (!labels.has(label)) {
        watch.stop.abort();
        this.#watches.delete(label);
      }
    }
    for (const label of labels) {
      if (!this.#watches.has(label)) {
        this.#startWatch(label);
      }
    }
  }

  /** Whether all claims with these labels are known. */
  hasSynced(labels: Iterable<string>): boolean {
    return [...labels].every((label) => this.#watches.get(label)?.reflector.hasSynced === true);
  }

  /** How many were written since the start. */
  get written(): number {
    return this.#written;
  }

  /** All claims known. */
  *all(): Iterable<Claim> {
    for (const { claim } of this.#known.values()) {
      yield claim;
    }
  }

  /** Writes the claim as soon as the API server takes it; a later wish for the address replaces an earlier one. */
  record(wish: Wish): void {
    const key = claimName(wish.claim.address);
    this.#wishes.set(key, wish);
    this.#queue.add(key);
  }

  /**
   * Takes a claim over from a holder that names this node as successor: one write against a live read.
   * @returns whether this write won; false as well where the API server cannot be asked
   */
  async accept(claim: Claim, options: { readonly from: string; readonly labels: readonly string[] }): Promise<boolean> {
    const { client, namespace, logger } = this.#options;
    const { signal } = this.#stop;
    try {
      const found = await this.#read(claim.address);
      if (found?.claim.holder !== options.from || found.claim.successor !== claim.holder) {
        return false;
      }
      const lease = claimLease({ claim, namespace, labels: options.labels, before: found, at: this.#timeOfDay() });
      this.#learn(await client.replace(LEASES, lease, { signal }));
      this.#written += 1;
      return true;
    } catch (error) {
      if (!isConflict(error)) {
        logger.warn('A claim cannot be taken over', {
          address: formatAddress(claim.address),
          from: options.from,
          error,
        });
      }
      return false;
    }
  }

  /** Ends watches and writes. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const { stop } of this.#watches.values()) {
      stop.abort();
    }
    await this.#running;
  }

  #startWatch(label: string): void {
    const { client, namespace, logger } = this.#options;
    const store = new Store<ClaimFacts>();
    const stop = new AbortController();
    const reflector = new Reflector<Lease, ClaimFacts>({
      client,
      type: LEASES,
      project: projectClaim,
      store,
      logger,
      namespace,
      labelSelector: label,
    });
    store.subscribe((change) => {
      switch (change.type) {
        case 'added':
        case 'updated':
          this.#known.set(change.object.address, change.object);
          this.#options.onClaim(change.object.claim.address, change.object.claim);
          return;
        case 'deleted':
          this.#known.delete(change.previous.address);
          this.#options.onClaim(change.previous.claim.address, undefined);
          return;
        case 'synced':
          return;
      }
    });
    this.#watches.set(label, { store, reflector, stop });
    void reflector.run(stop.signal);
    void reflector.synced.then(() => this.#options.onSynced());
  }

  async #write(key: string): Promise<void> {
    const wish = this.#wishes.get(key);
    if (wish === undefined || !wish.wanted()) {
      this.#wishes.delete(key);
      return;
    }
    let before = this.#known.get(addressKey(wish.claim.address));
    try {
      await this.#put(wish, before);
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) {
        throw error;
      }
      before = await this.#read(wish.claim.address);
      if (wish.wanted()) {
        await this.#put(wish, before);
      }
    }
    if (this.#wishes.get(key) === wish) {
      this.#wishes.delete(key);
    }
  }

  async #put(wish: Wish, before: ClaimFacts | undefined): Promise<void> {
    const { client, namespace } = this.#options;
    const { claim, labels } = wish;
    const { signal } = this.#stop;
    if (before !== undefined && sameClaim(before.claim, claim) && labels.every((label) => label in before.labels)) {
      return;
    }
    const lease = claimLease({ claim, namespace, labels, before, at: this.#timeOfDay() });
    this.#learn(
      before === undefined
        ? await client.create(LEASES, lease, { signal })
        : await client.replace(LEASES, lease, { signal }),
    );
    this.#written += 1;
  }

  /** Our own write is known before the watch tells it, so that the next one is not guarded by a version of the past. */
  #learn(lease: Lease): void {
    const facts = projectClaim(lease);
    if (facts !== undefined) {
      this.#known.set(facts.address, facts);
    }
  }

  async #read(address: Address): Promise<ClaimFacts | undefined> {
    const { client, namespace } = this.#options;
    try {
      const lease = await client.get(LEASES, { name: claimName(address), namespace }, { signal: this.#stop.signal });
      return projectClaim(lease) ?? orphan(lease, address);
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  #timeOfDay(): number {
    return (this.#options.timeOfDay ?? Date.now)();
  }
}

/** A Lease of the name of a claim that says nothing of an address: it is overwritten. */
function orphan(lease: Lease, address: Address): ClaimFacts {
  return {
    key: keyText(lease.metadata ?? {}),
    uid: lease.metadata?.uid ?? '',
    resourceVersion: lease.metadata?.resourceVersion ?? '',
    claim: { address, holder: '' },
    address: addressKey(address),
    transitions: 0,
    acquired: undefined,
    labels: {},
  };
}
