import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import type { Claim, HolderPolicy } from '../types.ts';
import type { Timeline } from './timeline.ts';

/** A Service's local address, as everybody who reads the API server computes it. */
export interface SimulatedService {
  readonly address: Address;
  /** Names of the nodes that may hold it, and the weights that `preferredNodes` give them. */
  readonly weights: ReadonlyMap<string, number>;
  /** Names of the nodes without a ready endpoint (`externalTrafficPolicy: Local`). */
  readonly ineligible: ReadonlySet<string>;
  readonly policy: HolderPolicy;
}

/** What the API server keeps, as far as local addresses go. */
export interface ClusterState {
  readonly claims: Map<bigint, Claim>;
  readonly services: Map<bigint, SimulatedService>;
  /** Names of the nodes that are to hand over. */
  readonly excluded: Set<string>;
}

/** What a watcher is told of: it reads the rest. */
export type Change =
  | { readonly type: 'claim' | 'service'; readonly address: Address }
  | { readonly type: 'nodes' }
  /** The API server can be reached again, or for the first time. */
  | { readonly type: 'back' };

/** What goes wrong between the API server and the agents. */
export interface APIFaults {
  /** It answers nobody; writes wait for it. */
  away: boolean;
  /** Names of the nodes that it does not answer. */
  readonly cutOff: Set<string>;
  /** Names of the nodes whose requests, and what they are told, take long. */
  readonly slow: Set<string>;
  /** Names of the nodes that lose the answer to half of what they write, though it is done. */
  readonly lostAnswers: Set<string>;
}

/** What each way takes, in milliseconds. */
const LATENCY_MS = { usual: { least: 0.5, most: 5 }, slow: { least: 50, most: 2000 } };

/** How often a write that found no API server is tried again, in milliseconds. */
const RETRY_MS = 500;

/** Objects as the API server keeps them: writes take time, watchers hear later, and sometimes nothing works at all. */
export class SimulatedAPIServer {
  readonly faults: APIFaults = {
    away: false,
    cutOff: new Set(),
    slow: new Set(),
    lostAnswers: new Set(),
  };
  writes = 0;
  readonly #state: ClusterState = { claims: new Map(), services: new Map(), excluded: new Set() };
  /** What reads and watches give to nodes, by name, for which the watch cache stands still. */
  readonly #cached = new Map<string, ClusterState>();
  /** What the Lease of each node's agent says. */
  readonly #leases = new Map<string, string>();
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #watches = new Set<Watch>();

  constructor(options: { readonly timeline: Timeline; readonly random: () => number }) {
    this.#timeline = options.timeline;
    this.#random = options.random;
  }

  get claims(): Map<bigint, Claim> {
    return this.#state.claims;
  }

  /** What is true, whatever anybody can read. */
  get state(): ClusterState {
    return this.#state;
  }

  get away(): boolean {
    return this.faults.away;
  }

  /** While it is away, writes wait for it and watchers hear nothing. */
  set away(away: boolean) {
    this.faults.away = away;
    this.faultsChanged();
  }

  /**
   * For these nodes it is stale: their reads and watches show what was there when that began. Writes and live reads do not.
   * For all others it is not, or no longer.
   */
  setStale(names: ReadonlySet<string>): void {
    const { claims, services, excluded } = this.#state;
    for (const name of this.#cached.keys()) {
      if (!names.has(name)) {
        this.#cached.delete(name);
      }
    }
    for (const name of names) {
      if (!this.#cached.has(name)) {
        this.#cached.set(name, { claims: new Map(claims), services: new Map(services), excluded: new Set(excluded) });
      }
    }
    this.faultsChanged();
  }

  /** What the node's agent gets when it lists everything; undefined while it cannot ask. */
  read(node: string): ClusterState | undefined {
    return this.#answers(node) ? (this.#cached.get(node) ?? this.#state) : undefined;
  }

  /**
   * The listener hears of each change, as soon as the API server can say it to that node; where what the node reads is
   * stale, of those as well that came before, for a watch begins where the list ended. Returns how to end that.
   */
  watch(node: string, listener: (change: Change) => void): () => void {
    const pending = new Map<string, Change>(this.#cached.has(node) ? [['back', { type: 'back' }]] : []);
    const watch: Watch = { node, listener, missed: !this.#answers(node), pending };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  /** To be called after {@link faults} were changed: what was held back comes through. */
  faultsChanged(): void {
    for (const watch of this.#watches) {
      if (!this.#answers(watch.node)) {
        watch.missed = true;
      } else if (watch.missed) {
        watch.missed = false;
        watch.pending.set('back', { type: 'back' });
      }
      this.#flush(watch);
    }
  }

  /**
   * Writes a claim when the server gets to it, unless `allowed` says no to what it finds there.
   * `done` hears whether it was written; where the answer is lost, that it was not.
   */
  write(
    claim: Claim,
    options: {
      readonly node: string;
      readonly allowed: (found: Claim | undefined) => boolean;
      readonly done?: (written: boolean) => void;
    },
  ): void {
    this.#timeline.after(this.#latency(options.node), () => {
      if (!this.#answers(options.node)) {
        if (options.done === undefined) {
          this.#timeline.after(RETRY_MS, () => this.write(claim, options));
        } else {
          options.done(false);
        }
        return;
      }
      const key = addressKey(claim.address);
      const allowed = options.allowed(this.#state.claims.get(key));
      if (allowed) {
        this.writes += 1;
        this.#state.claims.set(key, claim);
        this.#tell({ type: 'claim', address: claim.address });
      }
      const known = !this.faults.lostAnswers.has(options.node) || this.#random() < 0.5;
      this.#timeline.after(this.#latency(options.node), () => options.done?.(allowed && known));
    });
  }

  /** The node's agent says that it lives; `done` hears whether it could. */
  renewLease(node: string, renewed: string, done: (written: boolean) => void): void {
    this.#timeline.after(this.#latency(node), () => {
      const answers = this.#answers(node);
      if (answers) {
        this.#leases.set(node, renewed);
      }
      this.#timeline.after(this.#latency(node), () => done(answers));
    });
  }

  /**
   * A node reads the Lease of another node's agent.
   * @param options.done hears what it says, empty where there is none; undefined where it cannot be read
   */
  readLease(options: {
    readonly node: string;
    readonly of: string;
    readonly done: (renewed: string | undefined) => void;
  }): void {
    const { node, of, done } = options;
    this.#timeline.after(this.#latency(node), () => {
      const renewed = this.#answers(node) ? (this.#leases.get(of) ?? '') : undefined;
      this.#timeline.after(this.#latency(node), () => done(renewed));
    });
  }

  /** Removes a claim, as the allocator's leader does with those that nobody needs. */
  remove(address: Address): void {
    this.#state.claims.delete(addressKey(address));
    this.#tell({ type: 'claim', address });
  }

  /** A Service that is new or has changed. */
  setService(service: SimulatedService): void {
    this.#state.services.set(addressKey(service.address), service);
    this.#tell({ type: 'service', address: service.address });
  }

  removeService(address: Address): void {
    this.#state.services.delete(addressKey(address));
    this.#tell({ type: 'service', address });
  }

  /** These nodes, by name, are to hand over. */
  setExcluded(names: Iterable<string>): void {
    this.#state.excluded.clear();
    for (const name of names) {
      this.#state.excluded.add(name);
    }
    this.#tell({ type: 'nodes' });
  }

  #tell(change: Change): void {
    const key =
      change.type === 'claim' || change.type === 'service'
        ? `${change.type} ${addressKey(change.address)}`
        : change.type;
    for (const watch of this.#watches) {
      watch.pending.set(key, change);
      this.#flush(watch);
    }
  }

  /** Says what is pending, each after its own while, to a watcher that can hear it. */
  #flush(watch: Watch): void {
    if (!this.#speaksTo(watch) || watch.pending.size === 0) {
      return;
    }
    const said = [...watch.pending];
    watch.pending.clear();
    for (const [key, change] of said) {
      this.#timeline.after(this.#latency(watch.node), () => {
        if (!this.#watches.has(watch)) {
          return;
        }
        if (this.#speaksTo(watch)) {
          watch.listener(change);
        } else {
          watch.pending.set(key, change);
        }
      });
    }
  }

  #speaksTo(watch: Watch): boolean {
    return !this.#cached.has(watch.node) && this.#answers(watch.node);
  }

  #answers(node: string): boolean {
    return !this.faults.away && !this.faults.cutOff.has(node);
  }

  #latency(node: string): number {
    const { least, most } = this.faults.slow.has(node) ? LATENCY_MS.slow : LATENCY_MS.usual;
    return least + this.#random() * (most - least);
  }
}

interface Watch {
  readonly node: string;
  readonly listener: (change: Change) => void;
  /** The API server was away for it: it lists anew when it is back. */
  missed: boolean;
  readonly pending: Map<string, Change>;
}
