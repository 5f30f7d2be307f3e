import { ALLOCATOR_ANNOTATIONS, CLAIM_LABEL, EVENT_REASONS } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import { isNotFound, LANS, LEASES, Reflector, SERVICES, Store, TokenBucket, WorkQueue } from '@fairlead/kube';
import type { Change, KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Caches } from '../caches.ts';
import type { ClaimFacts, LANFacts } from '../objects/claim.ts';
import { projectClaim, projectLAN } from '../objects/claim.ts';
import type { GroupFacts } from '../objects/group.ts';
import type { Recorder } from '../recorder.ts';
import { UnneededClaims } from './unneeded.ts';
import type { AnnounceMode, Missing } from './whereabouts.ts';
import { announcedBy, missingHolders } from './whereabouts.ts';

/** What changes within this time is looked at together: a Service and its claims come in several events. */
const GATHER_MS = 250;
/** An address in a LAN without a claim for so long has no candidate. */
const NO_CANDIDATE_MS = 10_000;
/** Patches of annotations a second: nobody waits for them. */
const BUDGET = { rate: 10, burst: 25 } as const;
/** Before the Lease's deadline is renewed nothing can be written. */
const AFTER_DEADLINE_MS = 1_000;

export interface ClaimLoopOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Caches;
  readonly recorder: Recorder;
  /** Namespace of the Leases. */
  readonly namespace: string;
  /** Copy the holders into the Services' annotation. */
  readonly annotate: boolean;
  /** Whether nothing more urgent waits to be written. */
  readonly isIdle: () => boolean;
  readonly deadline: () => number;
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Since when an address has lacked a holder, and whether that has been said. */
interface Lack {
  readonly since: number;
  said: boolean;
}

/**
 * The leader's small loop about where addresses are: copies the holders from the claims into the Services' annotation,
 * says which addresses no node can hold, and removes claims that nobody needs. It is last in line and bounded, and looks
 * at no Service but those that something has changed for.
 */
export class ClaimLoop {
  readonly #options: ClaimLoopOptions;
  readonly #claims = new Store<ClaimFacts, 'address'>({ indices: { address: ({ address }) => [address] } });
  readonly #lans = new Store<LANFacts>();
  readonly #bucket: TokenBucket;
  /** Services to look at. */
  readonly #looks = new WorkQueue<string>();
  /** Services whose annotation is to be written. */
  readonly #annotations = new WorkQueue<string>();
  /** By key of the Service, then by address. */
  readonly #lacks = new Map<string, ReadonlyMap<string, Lack>>();
  readonly #unneeded: UnneededClaims;

  constructor(options: ClaimLoopOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket({ ...BUDGET, now: options.now });
    const isNeeded = (address: string): boolean => options.caches.services.by('address', address).length > 0;
    this.#unneeded = new UnneededClaims({ ...options, claims: this.#claims, isNeeded });
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, logger, caches, namespace } = this.#options;
    const claims = new Reflector({
      client,
      type: LEASES,
      namespace,
      labelSelector: CLAIM_LABEL,
      project: projectClaim,
      store: this.#claims,
      logger,
    });
    const lans = new Reflector({ client, type: LANS, project: projectLAN, store: this.#lans, logger });
    const following = [claims.run(signal), lans.run(signal)];
    await Promise.race([Promise.all([caches.synced(), claims.synced, lans.synced]), aborted(signal)]);
    const unsubscribe = [
      caches.services.subscribe((change) => this.#onService(change)),
      caches.groups.subscribe((change) => this.#onGroup(change)),
      this.#lans.subscribe(({ type }) => type !== 'synced' && this.#lookAtAll()),
      this.#claims.subscribe((change) => this.#onClaim(change)),
    ];
    this.#lookAtAll();
    for (const claim of this.#claims.list()) {
      this.#unneeded.consider(claim);
    }
    await Promise.all([this.#look(signal), this.#annotate(signal), this.#unneeded.run(signal)]);
    for (const end of unsubscribe) {
      end();
    }
    await Promise.all(following);
  }

  #claimOf(address: string): ClaimFacts | undefined {
    return this.#claims.by('address', address)[0];
  }

  #lookAtAll(): void {
    for (const key of this.#options.caches.services.keys()) {
      this.#looks.addAfter(key, GATHER_MS);
    }
  }

  #onService(change: Change<ServiceView>): void {
    const views = viewsOf(change);
    for (const { key, observed } of views) {
      this.#looks.addAfter(key, GATHER_MS);
      for (const claim of observed.addresses.map((address) => this.#claimOf(address))) {
        if (claim !== undefined) {
          this.#unneeded.consider(claim);
        }
      }
    }
  }

  #onGroup(change: Change<GroupFacts>): void {
    const modes = viewsOf(change).map(({ spec }) => spec.announce.mode);
    if (change.type !== 'updated' || modes[0] !== modes[1]) {
      this.#lookAtAll();
    }
  }

  #onClaim(change: Change<ClaimFacts>): void {
    for (const claim of viewsOf(change)) {
      for (const { key } of this.#options.caches.services.by('address', claim.address)) {
        this.#looks.addAfter(key, GATHER_MS);
      }
    }
    if (change.type === 'deleted') {
      this.#unneeded.forget(change.previous.key);
    } else if (change.type !== 'synced') {
      this.#unneeded.consider(change.object);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    await this.#looks.run(async (key) => this.#lookAt(key), {
      signal,
      onError: (key, error) => logger.error('A bug: where a Service is announced', { service: key, error }),
    });
  }

  /** @returns after how long time alone makes a difference */
  #lookAt(key: string): { readonly againInMs: number } | undefined {
    if (this.#options.annotate && this.#annotationChange(key) !== undefined) {
      this.#annotations.add(key);
    }
    const view = this.#options.caches.services.get(key);
    const missing = view === undefined ? [] : this.#missingOf(view);
    if (view === undefined || missing.length === 0) {
      this.#lacks.delete(key);
      return undefined;
    }
    const { now } = this.#options;
    const before = this.#lacks.get(key);
    const lacks = new Map(
      missing.map(({ address }) => [address, before?.get(address) ?? { since: now(), said: false }]),
    );
    this.#lacks.set(key, lacks);
    const waits = missing.map((one) => this.#sayMissing(view, one, lacks.get(one.address)));
    const againInMs = Math.min(...waits);
    return Number.isFinite(againInMs) ? { againInMs } : undefined;
  }

  #missingOf(view: ServiceView): Missing[] {
    const { groups } = this.#options.caches;
    const group = view.observed.allocatedFrom === undefined ? undefined : groups.get(view.observed.allocatedFrom);
    const mode: AnnounceMode = group?.spec.announce.mode ?? 'Auto';
    const lans = [...this.#lans.list()].map(({ subnet }) => subnet);
    return view.role === 'ours'
      ? missingHolders(view, { mode, lans, claimOf: (address) => this.#claimOf(address) })
      : [];
  }

  /** @returns after how many milliseconds it has to be said, or never */
  #sayMissing(view: ServiceView, { note }: Missing, lack: Lack | undefined): number {
    if (lack === undefined || lack.said) {
      return Number.POSITIVE_INFINITY;
    }
    const { now, recorder } = this.#options;
    const leftMs = lack.since + NO_CANDIDATE_MS - now();
    if (leftMs > 0) {
      return leftMs;
    }
    lack.said = true;
    recorder.record(view, { type: 'Warning', reason: EVENT_REASONS.noCandidate, action: 'Announce', note });
    return Number.POSITIVE_INFINITY;
  }

  async #annotate(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    await this.#annotations.run((key) => this.#writeAnnotation(key, signal), {
      signal,
      onError: (key, error, retryInMs) =>
        logger.debug('Where an address is could not be written; trying again', { service: key, error, retryInMs }),
    });
  }

  async #writeAnnotation(key: string, signal: AbortSignal): Promise<void | { readonly againInMs: number }> {
    const { client, wait, isIdle, deadline, now } = this.#options;
    await wait(Math.max(this.#bucket.reserve(), isIdle() ? 0 : GATHER_MS), signal);
    const change = this.#annotationChange(key);
    if (change === undefined || signal.aborted) {
      return;
    }
    const timeoutMs = Math.min(10_000, deadline() - now());
    if (timeoutMs <= 0) {
      return { againInMs: AFTER_DEADLINE_MS };
    }
    const { namespace, name, uid } = change.view;
    const patch = { metadata: { uid, annotations: { [ALLOCATOR_ANNOTATIONS.announcedBy]: change.value } } };
    const options = { type: 'merge', subresource: 'status', timeoutMs, signal } as const;
    try {
      await client.patch(SERVICES, { namespace, name }, patch, options);
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
    }
  }

  /** What to write on the Service as it is now; null takes the annotation away. */
  #annotationChange(key: string): { readonly view: ServiceView; readonly value: string | null } | undefined {
    const view = this.#options.caches.services.get(key);
    if (view?.role !== 'ours') {
      return undefined;
    }
    const wanted = announcedBy(view, (address) => this.#claimOf(address));
    return wanted === view.observed.announcedBy ? undefined : { view, value: wanted ?? null };
  }
}

/** The object as it was and as it is, as far as there is one. */
function viewsOf<T>(change: Change<T>): readonly T[] {
  switch (change.type) {
    case 'added':
      return [change.object];
    case 'updated':
      return [change.previous, change.object];
    case 'deleted':
      return [change.previous];
    case 'synced':
      return [];
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
}
