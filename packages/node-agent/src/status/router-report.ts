import { isDeepStrictEqual } from 'node:util';
import { TokenBucket } from '@fairlead/kube';
import type { RouterStatus } from '@fairlead/router';
import type { Timers } from '../apply/timers.ts';

export interface RouterReportOptions {
  readonly timers: Timers;
  /** There is something new to be told. Must not throw. */
  readonly changed: () => void;
}

/** So many changes are told as they come; beyond, one in so many seconds: the state that is the last one by then. */
const AT_ONCE = 10;
const SECONDS_EACH = 5;

/**
 * What is told of the router in LBNodeStatus. A session that flaps would be one write a second, for as long as it does; of
 * a ToR that is rebooting over and over, from all its nodes. So changes beyond the first few wait; the last one never
 * gets lost. Metrics have them all.
 */
export class RouterReport {
  readonly #options: RouterReportOptions;
  readonly #bucket: TokenBucket;
  #now: RouterStatus | undefined;
  #told: RouterStatus | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: RouterReportOptions) {
    this.#options = options;
    const { timers } = options;
    this.#bucket = new TokenBucket({ rate: 1 / SECONDS_EACH, burst: AT_ONCE, now: () => timers.now() });
  }

  /** What is to be told now; undefined while nothing is known. */
  get told(): RouterStatus | undefined {
    return this.#told;
  }

  /** The router's status is another one. */
  update(status: RouterStatus): void {
    this.#now = status;
    if (isDeepStrictEqual(status, this.#told)) {
      return;
    }
    if (this.#told !== undefined && isDeepStrictEqual(withoutCounts(status), withoutCounts(this.#told))) {
      // Counts have a pace of their own where they are written.
      this.#tell();
    } else if (this.#cancel === undefined) {
      this.#cancel = this.#options.timers.after(this.#bucket.reserve(), () => {
        this.#cancel = undefined;
        this.#tell();
      });
    }
  }

  /** Tells nothing any more. */
  close(): void {
    this.#cancel?.();
  }

  #tell(): void {
    this.#told = this.#now;
    this.#options.changed();
  }
}

function withoutCounts({ sessions, ...rest }: RouterStatus): object {
  return { ...rest, sessions: sessions.map((session) => ({ ...session, exported: 0, imported: 0 })) };
}
