import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import type { Claim } from '../types.ts';
import type { Timeline } from './timeline.ts';

/** Claims as the API server keeps them: writes take time, watchers hear later, and sometimes nothing works at all. */
export class SimulatedAPIServer {
  readonly claims = new Map<bigint, Claim>();
  readonly latency = { least: 2, most: 20 };
  /** While it is away, writes wait for it. */
  away = false;
  writes = 0;
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #watchers = new Set<(address: Address, claim: Claim | undefined) => void>();

  constructor(options: { readonly timeline: Timeline; readonly random: () => number }) {
    this.#timeline = options.timeline;
    this.#random = options.random;
  }

  /** The listener hears of each claim that is written, and without one of each that is removed. */
  watch(listener: (address: Address, claim: Claim | undefined) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  /**
   * Writes a claim when the server gets to it, unless `allowed` says no to what it finds there.
   * `done` hears whether it was written.
   */
  write(
    claim: Claim,
    options: { allowed: (found: Claim | undefined) => boolean; done?: (written: boolean) => void },
  ): void {
    this.#timeline.after(this.#latency(), () => {
      if (this.away) {
        this.#timeline.after(500, () => this.write(claim, options));
        return;
      }
      const key = addressKey(claim.address);
      const allowed = options.allowed(this.claims.get(key));
      if (allowed) {
        this.writes += 1;
        this.claims.set(key, claim);
        this.#tell(claim.address);
      }
      this.#timeline.after(this.#latency(), () => options.done?.(allowed));
    });
  }

  /** Removes a claim, as the allocator's leader does with those that nobody needs. */
  remove(address: Address): void {
    this.claims.delete(addressKey(address));
    this.#tell(address);
  }

  /** Tells all watchers of the address what is there when they hear it. */
  #tell(address: Address): void {
    for (const watcher of this.#watchers) {
      this.#timeline.after(
        this.#latency(),
        () => this.#watchers.has(watcher) && watcher(address, this.claims.get(addressKey(address))),
      );
    }
  }

  #latency(): number {
    return this.latency.least + this.#random() * (this.latency.most - this.latency.least);
  }
}
