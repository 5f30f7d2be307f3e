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
}

/** Whether a status that somebody has changed is put back now, or after how many milliseconds. */
export type Restore =
  { readonly kind: 'now' } | { readonly kind: 'wait'; readonly ms: number; readonly first: boolean };

/** Two programs that each put a status back would write for ever: the one that notices waits. */
export class Contests {
  readonly #records = new Map<string, Record>();

  /**
   * To be asked before each restore.
   * @param now monotonic milliseconds
   */
  ask(key: string, now: number): Restore {
    const record = this.#records.get(key) ?? { restores: [], contests: 0, until: 0 };
    this.#records.set(key, record);
    if (now < record.until) {
      return { kind: 'wait', ms: record.until - now, first: false };
    }
    record.restores = record.restores.filter((at) => now - at < WINDOW_MS);
    if (record.restores.length < RESTORES_ALLOWED) {
      record.restores.push(now);
      return { kind: 'now' };
    }
    const ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** record.contests);
    record.contests += 1;
    record.restores = [];
    record.until = now + ms;
    return { kind: 'wait', ms, first: true };
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#records.delete(key);
  }
}
