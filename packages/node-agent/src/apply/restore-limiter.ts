/** How often something that others removed is put back. */
export interface RestoreLimits {
  /** So many times within the window at once. Default 5. */
  readonly times: number;
  /** The window in ms. Default one minute. */
  readonly windowMs: number;
  /** Then only once in so many ms. Default one minute. */
  readonly backOffMs: number;
}

export const DEFAULT_RESTORE_LIMITS: RestoreLimits = { times: 5, windowMs: 60_000, backOffMs: 60_000 };

/** What to do about a removed object: put it back now, or after so many ms (somebody fights us: say so). */
export type RestoreDecision = { readonly type: 'now' } | { readonly type: 'later'; readonly afterMs: number };

/**
 * Bounds how often each object is put back, so that two programs which disagree do not fight at full speed. Time is
 * passed in. Memory is that of the objects removed within the last window.
 */
export class RestoreLimiter {
  readonly #limits: RestoreLimits;
  readonly #times = new Map<string, number[]>();

  constructor(limits: RestoreLimits = DEFAULT_RESTORE_LIMITS) {
    this.#limits = limits;
  }

  /** Somebody removed the object: is it put back now? Counts as put back when so. */
  removed(key: string, nowMs: number): RestoreDecision {
    const { times, windowMs, backOffMs } = this.#limits;
    const recent = (this.#times.get(key) ?? []).filter((time) => nowMs - time < windowMs);
    const last = recent.at(-1);
    if (recent.length >= times && last !== undefined && nowMs - last < backOffMs) {
      this.#times.set(key, recent);
      return { type: 'later', afterMs: last + backOffMs - nowMs };
    }
    this.#times.set(key, [...recent, nowMs].slice(-times));
    return { type: 'now' };
  }

  /** Objects that are fought over: put back as often as is allowed within the last window. Forgets the quiet ones. */
  contested(nowMs: number): string[] {
    const found: string[] = [];
    for (const [key, all] of this.#times) {
      const recent = all.filter((time) => nowMs - time < this.#limits.windowMs);
      if (recent.length === 0) {
        this.#times.delete(key);
      } else if (recent.length >= this.#limits.times) {
        found.push(key);
      }
    }
    return found;
  }
}
