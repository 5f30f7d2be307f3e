import { ALLOCATOR_ANNOTATIONS, CLAIM_LABEL, EVENT_REASONS } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import { isConflict, isNotFound, LANS, LEASES, Reflector, SERVICES, Store, TokenBucket } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Caches } from '../caches.ts';
import type { ClaimFacts, LANFacts } from '../objects/claim.ts';
import { projectClaim, projectLAN } from '../objects/claim.ts';
import type { Recorder } from '../recorder.ts';
import type { AnnounceMode, Missing } from './whereabouts.ts';
import { announcedBy, missingHolders } from './whereabouts.ts';

/** What changes within this time is looked at together: a Service and its claims come in several events. */
const GATHER_MS = 250;
/** An address in a LAN without a claim for so long has no candidate. */
const NO_CANDIDATE_MS = 10_000;
/** A claim that no Service needs is kept so long: whoever comes back finds its holder. */
const UNNEEDED_CLAIM_MS = 600_000;
/** Between two looks although nothing seems to have changed: a write may have failed. */
const LONGEST_WAIT_MS = 600_000;
/** Patches of annotations a second: nobody waits for them. */
const BUDGET = { rate: 10, burst: 25 } as const;

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

/**
 * The leader's small loop about where addresses are: copies the holders from the claims into the Services' annotation,
 * says which addresses no node can hold, and removes claims that nobody needs. It is last in line and bounded; while
 * nothing changes it does nothing.
 */
export class ClaimLoop {
  readonly #options: ClaimLoopOptions;
  readonly #claims = new Store<ClaimFacts, 'address'>({ indices: { address: ({ address }) => [address] } });
  readonly #lans = new Store<LANFacts>();
  readonly #bucket: TokenBucket;
  /** Since when an address has lacked a holder, and whether that has been said. */
  readonly #missing = new Map<string, { readonly since: number; said: boolean }>();
  readonly #unneededSince = new Map<string, number>();
  #changed = new AbortController();

  constructor(options: ClaimLoopOptions) {
    this.#options = options;
    this.#bucket = new TokenBucket({ ...BUDGET, now: options.now });
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, logger, caches, namespace } = this.#options;
    const reflectors = [
      new Reflector({
        client,
        type: LEASES,
        namespace,
        labelSelector: CLAIM_LABEL,
        project: projectClaim,
        store: this.#claims,
        logger,
      }),
      new Reflector({ client, type: LANS, project: projectLAN, store: this.#lans, logger }),
    ];
    const wake = (): void => this.#changed.abort();
    const unsubscribe = [this.#claims, this.#lans, caches.services, caches.groups].map((store) =>
      store.subscribe(wake),
    );
    const following = reflectors.map((reflector) => reflector.run(signal));
    await Promise.race([Promise.all(reflectors.map(({ synced }) => synced)), aborted(signal)]);
    while (!signal.aborted) {
      this.#changed = new AbortController();
      const nextLook = await this.#look(signal);
      await this.#options.wait(nextLook, AbortSignal.any([signal, this.#changed.signal]));
      await this.#options.wait(GATHER_MS, signal);
    }
    for (const end of unsubscribe) {
      end();
    }
    await Promise.all(following);
  }

  /** Compares all with what should be. Resolves with the milliseconds after which time alone makes a difference. */
  async #look(signal: AbortSignal): Promise<number> {
    const { caches, now } = this.#options;
    const needed = new Set<string>();
    const due: number[] = [];
    const missing = new Set<string>();
    for (const view of caches.services.list()) {
      for (const address of view.observed.addresses) {
        needed.add(address);
      }
      for (const one of this.#missingOf(view)) {
        const key = `${view.key} ${one.address}`;
        missing.add(key);
        due.push(this.#sayMissing(view, one, key));
      }
    }
    for (const key of this.#missing.keys()) {
      if (!missing.has(key)) {
        this.#missing.delete(key);
      }
    }
    due.push(...(await this.#removeUnneeded(needed, signal)));
    await this.#annotate(signal);
    return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.min(...due) - now()));
  }

  #claimOf(address: string): ClaimFacts | undefined {
    return this.#claims.by('address', address)[0];
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

  /** @returns when to look again, or never */
  #sayMissing(view: ServiceView, { note }: Missing, key: string): number {
    const { now, recorder } = this.#options;
    const known = this.#missing.get(key) ?? { since: now(), said: false };
    this.#missing.set(key, known);
    const at = known.since + NO_CANDIDATE_MS;
    if (known.said) {
      return Number.POSITIVE_INFINITY;
    }
    if (now() >= at) {
      known.said = true;
      recorder.record(view, { type: 'Warning', reason: EVENT_REASONS.noCandidate, action: 'Announce', note });
    }
    return at;
  }

  async #removeUnneeded(needed: ReadonlySet<string>, signal: AbortSignal): Promise<number[]> {
    const { now, client, namespace, logger } = this.#options;
    const due: number[] = [];
    for (const claim of this.#claims.list()) {
      if (needed.has(claim.address)) {
        this.#unneededSince.delete(claim.key);
        continue;
      }
      const since = this.#unneededSince.get(claim.key) ?? now();
      this.#unneededSince.set(claim.key, since);
      const at = since + UNNEEDED_CLAIM_MS;
      due.push(at);
      if (now() >= at) {
        this.#unneededSince.delete(claim.key);
        const preconditions = { uid: claim.uid, resourceVersion: claim.resourceVersion };
        await this.#attempt(signal, async (timeoutMs) => {
          await client.delete(LEASES, { namespace, name: claim.name }, { preconditions, timeoutMs, signal });
          logger.info('Removed a claim that no Service needs', { address: claim.address });
        });
      }
    }
    return due;
  }

  async #annotate(signal: AbortSignal): Promise<void> {
    const { caches, client, annotate, wait, isIdle } = this.#options;
    if (!annotate) {
      return;
    }
    for (const { key } of caches.services.list()) {
      if (this.#annotationChange(key) === undefined) {
        continue;
      }
      await wait(Math.max(this.#bucket.reserve(), isIdle() ? 0 : GATHER_MS), signal);
      const change = this.#annotationChange(key);
      if (change !== undefined && !signal.aborted) {
        const { view, value } = change;
        const { namespace, name, uid } = view;
        const patch = { metadata: { uid, annotations: { [ALLOCATOR_ANNOTATIONS.announcedBy]: value } } };
        await this.#attempt(signal, async (timeoutMs) => {
          await client.patch(SERVICES, { namespace, name }, patch, {
            type: 'merge',
            subresource: 'status',
            timeoutMs,
            signal,
          });
        });
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

  /** Nobody waits for what is written here: a failure is left to the next change, or the next look. */
  async #attempt(signal: AbortSignal, write: (timeoutMs: number) => Promise<void>): Promise<void> {
    const { deadline, now, logger } = this.#options;
    const timeoutMs = Math.min(10_000, deadline() - now());
    if (timeoutMs <= 0 || signal.aborted) {
      return;
    }
    try {
      await write(timeoutMs);
    } catch (error) {
      if (!signal.aborted && !isNotFound(error) && !isConflict(error)) {
        logger.debug('Where an address is could not be written', { error });
      }
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
}
