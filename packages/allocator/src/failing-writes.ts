import { OutageLog } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';

/** What a handler of a work queue resolves with. */
type Handled = void | { readonly againInMs: number };

/** Objects whose last write failed. As long as there are any, the log says so once a minute, and in the end that all is well. */
export class FailingWrites {
  readonly #keys = new Set<string>();
  readonly #outage: OutageLog;

  /**
   * @param options.what objects that are written, in the plural
   * @param options.now monotonic milliseconds
   */
  constructor({ what, logger, now }: { readonly what: string; readonly logger: Logger; readonly now: () => number }) {
    this.#outage = new OutageLog({ logger, subject: `writing of ${what}`, now });
  }

  /** Does a write; one that is to be done again later has not succeeded yet, nor failed. */
  async attempt(key: string, write: () => Promise<Handled>): Promise<Handled> {
    const handled = await write();
    if (handled === undefined) {
      this.forget(key);
    }
    return handled;
  }

  /** The write was rejected. */
  failed(key: string, error: unknown): void {
    this.#keys.add(key);
    this.#outage.failed(error);
  }

  /** The object is well, or gone. */
  forget(key: string): void {
    if (this.#keys.delete(key) && this.#keys.size === 0) {
      this.#outage.succeeded();
    }
  }

  keys(): Iterable<string> {
    return this.#keys;
  }
}
