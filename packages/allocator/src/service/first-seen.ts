import type { ServiceView } from '@fairlead/ipam';

/** Since when Services have been without an address, for the metric of how long they wait for it. */
export class FirstSeen {
  readonly #since = new Map<string, { readonly uid: string; readonly at: number }>();

  /** The Service has no address; only the first time counts. */
  note({ key, uid }: ServiceView, now: number): void {
    if (this.#since.get(key)?.uid !== uid) {
      this.#since.set(key, { uid, at: now });
    }
  }

  /** The Service has one now. @returns since when it had none; undefined when that has not been seen */
  take({ key, uid }: ServiceView): number | undefined {
    const first = this.#since.get(key);
    this.#since.delete(key);
    return first?.uid === uid ? first.at : undefined;
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#since.delete(key);
  }
}
