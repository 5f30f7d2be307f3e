/** A status that is put back so often within {@link WINDOW_MS} is contested. */
const RESTORES_ALLOWED = 3;
const WINDOW_MS = 60_000;
/** The first wait; it doubles with each further contest, up to {@link LONGEST_WAIT_MS}. */
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 600_000;

interface Record {
  /** Monotonic milliseconds of the restores within the window. */
  restores: number[];
  contests: number;
  until: number;
  told: boolean;
}

/** Whether a status that somebody has changed is put back now, or after how many milliseconds. */
export type Restore =
  | { readonly kind: 'now' }
  /** `told`: the Service says already that it is contested. */
  | { readonly kind: 'wait'; readonly ms: number; readonly told: boolean };

/**
 * Two programs that each put a status back would write for ever: the one that notices waits. However fast the other is,
 * there are 3 writes within a minute, one more that says so, and then none for 1, 2, 4, 8, 10, 10, … minutes, each followed
 * by such a round.
 */
export class Contests {
  readonly #records = new Map<string, Record>();

  /** Services whose status is left to another program for now. */
  contested(now: number): number {
    return [...this.#records.values()].filter(({ until }) => now < until).length;
  }

  /**
   * To be asked before each restore.
   * @param now monotonic milliseconds
   */
  ask(key: string, now: number): Restore {
    const record = this.#records.get(key) ?? { restores: [], contests: 0, until: 0, told: false };
    this.#records.set(key, record);
    if (now < record.until) {
      return { kind: 'wait', ms: record.until - now, told: record.told };
    }
    record.restores = record.restores.filter((at) => now - at < WINDOW_MS);
    if (record.restores.length < RESTORES_ALLOWED) {
      record.restores.push(now);
      return { kind: 'now' };
    }
    if (now - record.until > LONGEST_WAIT_MS) {
      record.contests = 0; // peace has been long
    }
    const ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** record.contests);
    record.contests += 1;
    record.restores = [];
    record.until = now + ms;
    record.told = false;
    return { kind: 'wait', ms, told: false };
  }

  /** The Service says now that it is contested. */
  told(key: string): void {
    const record = this.#records.get(key);
    if (record !== undefined) {
      record.told = true;
    }
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#records.delete(key);
  }
}
