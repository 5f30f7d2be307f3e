import { AGENT_TRUST_MS, LEASE_RETRY_MS, LEASE_STALE_MS, LEASE_WAIT_MS } from './constants.ts';

/** What is known of an agent that is suspected. */
interface Suspicion {
  /** When its Lease is to be read. */
  readAt: number;
  /** What the Lease said first, and when that was read. */
  observed: { readonly renewed: string; readonly at: number } | undefined;
  /** Its Lease did not change for {@link LEASE_STALE_MS}. */
  stale: boolean;
}

/** What a look at a Lease says of its agent. */
export type LeaseVerdict =
  /** It renews its Lease: nothing is wrong, or nothing any more. */
  | 'lives'
  /** It has not renewed it for too long, as of now. */
  | 'gone'
  /** Nothing new. */
  | 'wait';

/**
 * The slow second net: agents that fell silent while their nodes answer. Their Leases are read on suspicion, not watched,
 * and judged by whether they change while this node looks, so that no clock of another machine counts.
 */
export class LeaseWatch {
  readonly #suspicions = new Map<string, Suspicion>();
  readonly #trusted = new Map<string, number>();

  /** Number of agents that are gone. */
  get gone(): number {
    return [...this.#suspicions.values()].filter(({ stale }) => stale).length;
  }

  /** Begins to look at the agent's Lease. False where that is under way, or it has just proved that it lives. */
  suspect(node: string, now: number): boolean {
    const trustedAt = this.#trusted.get(node);
    if (this.#suspicions.has(node) || (trustedAt !== undefined && now - trustedAt < AGENT_TRUST_MS)) {
      return false;
    }
    this.#trusted.delete(node);
    this.#suspicions.set(node, { readAt: now + LEASE_WAIT_MS, observed: undefined, stale: false });
    return true;
  }

  /** Whether the agent is looked at: it was silent, and may be gone. */
  suspects(node: string): boolean {
    return this.#suspicions.has(node);
  }

  /** Nothing more is to be known of it: it is dead as a whole, it lives, or there is no such node. */
  drop(node: string): void {
    this.#suspicions.delete(node);
  }

  /** When {@link due} is to be called next. */
  next(): number | undefined {
    let next: number | undefined;
    for (const { readAt } of this.#suspicions.values()) {
      next = next === undefined ? readAt : Math.min(next, readAt);
    }
    return next;
  }

  /** Names of the nodes whose Leases are to be read now. */
  due(now: number): readonly string[] {
    const due: string[] = [];
    for (const [node, suspicion] of this.#suspicions) {
      if (suspicion.readAt <= now) {
        suspicion.readAt = now + LEASE_RETRY_MS;
        due.push(node);
      }
    }
    return due;
  }

  /**
   * A Lease was read.
   * @param options.renewed whatever changes with each renewal, empty where there is no Lease; undefined: it cannot be read
   * @param options.silent whether nothing was heard of the agent for a while: one that speaks may have no API server
   */
  read(
    node: string,
    options: { readonly renewed: string | undefined; readonly silent: boolean; readonly now: number },
  ): LeaseVerdict {
    const { renewed, silent, now } = options;
    const suspicion = this.#suspicions.get(node);
    if (suspicion === undefined || renewed === undefined) {
      return 'wait';
    }
    const { observed } = suspicion;
    if (observed === undefined) {
      suspicion.observed = { renewed, at: now };
      suspicion.readAt = now + LEASE_STALE_MS;
      return 'wait';
    }
    if (observed.renewed !== renewed) {
      this.#suspicions.delete(node);
      this.#trusted.set(node, now);
      return 'lives';
    }
    suspicion.readAt = Math.max(observed.at + LEASE_STALE_MS, now + LEASE_RETRY_MS);
    if (suspicion.stale || !silent || now - observed.at < LEASE_STALE_MS) {
      return 'wait';
    }
    suspicion.stale = true;
    return 'gone';
  }
}
