import type { Address } from '@fairlead/api';
import { Election } from '../election.ts';
import { addressKey } from '../key.ts';
import type { Effect, ElectionEvent, SegmentView } from '../protocol.ts';
import type { Candidate, Claim, HolderEvent } from '../types.ts';
import type { Change, ClusterState, SimulatedAPIServer } from './api-server.ts';

/** What an agent's life finds outside: the kernel of its node, and what its node knows of the LAN. */
export interface AgentHost {
  readonly name: string;
  /** Milliseconds on the node's monotonic clock, which agrees with no other node's. */
  readonly clock: () => number;
  /** Milliseconds since 1970 by the node's time of day, which may be wrong and may jump. */
  readonly wallClock: () => number;
  /** Runs the action after so many milliseconds; the result cancels it. */
  readonly after: (ms: number, action: () => void) => { readonly cancel: () => void };
  /** Performs what the API server has no part in; what the kernel answers goes to `answer`. */
  readonly perform: (
    effect: Exclude<Effect, { type: 'claim' | 'accept' | 'read-lease' }>,
    answer: (event: ElectionEvent) => void,
  ) => void;
  readonly mac: string;
  /** Virtual milliseconds now. */
  readonly startedAt: number;
  /** The segment as the kernel shows it, and the settings. */
  readonly view: (state: AgentView) => SegmentView;
  /** The Services of this LAN, as this node's planner makes candidates of them. */
  readonly candidates: (cluster: Pick<ClusterState, 'services'>) => Iterable<Candidate>;
}

/** The part of a view that is the agent's own knowledge. */
export interface AgentView {
  readonly ready: boolean;
  readonly remembered: boolean;
  readonly excluded: ReadonlySet<string>;
  readonly adopted: readonly Address[];
}

/** What an agent leaves in its state file. */
export interface AgentMemory {
  readonly services: ClusterState['services'];
  readonly excluded: ReadonlySet<string>;
}

/** Without the API server, claims are waited for so long. */
const CLAIMS_WAIT_MS = 5000;
/** How often an agent renews its Lease, and how soon again where it could not. */
const LEASE_MS = { renewal: 30_000, retry: 5000 };

/** One life of a node's agent, from its start until it is killed. */
export class SimulatedAgent {
  readonly events: HolderEvent[] = [];
  /** Virtual milliseconds. */
  readonly startedAt: number;
  readonly #host: AgentHost;
  readonly #api: SimulatedAPIServer;
  readonly #election: Election;
  readonly #unwatch: () => void;
  #state: AgentView = { ready: false, remembered: false, excluded: new Set(), adopted: [] };
  #services: ClusterState['services'] = new Map();
  /** What each claim is to say: a later wish replaces an earlier one. */
  readonly #wishes = new Map<bigint, Claim>();
  #killed = false;
  #stopped = false;
  #queue: ElectionEvent[] = [];
  /** Its Lease was to be renewed while it stood still. */
  #leaseIsDue = false;
  #timer: { readonly cancel: () => void } | undefined;
  /** When the timer is due, on the node's clock. */
  #timerAt: number | undefined;

  /**
   * Adopts what the kernel has, and reads everything that the API server tells.
   * @param options.memory the state file of an earlier life: what it goes by while the API server is away
   */
  constructor(options: {
    readonly host: AgentHost;
    readonly api: SimulatedAPIServer;
    readonly random: () => number;
    readonly adopted: readonly Address[];
    readonly memory: AgentMemory | undefined;
  }) {
    const { host, api, memory } = options;
    this.startedAt = host.startedAt;
    this.#host = host;
    this.#api = api;
    this.#election = new Election({
      node: host.name,
      view: host.view({ ...this.#state, adopted: options.adopted }),
      now: host.clock(),
      random: options.random,
    });
    const cluster = api.read(host.name);
    if (cluster !== undefined) {
      this.#list(cluster);
    } else if (memory !== undefined) {
      host.after(CLAIMS_WAIT_MS, () => this.#remember(memory));
    }
    this.#unwatch = api.watch(host.name, (change) => this.#hear(change));
    this.#renewLease();
    this.#schedule();
  }

  /** Whether it knows enough to take addresses. */
  get ready(): boolean {
    return this.#state.ready;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** What is in its state file now. */
  memory(): AgentMemory | undefined {
    return this.#state.ready ? { services: new Map(this.#services), excluded: this.#state.excluded } : undefined;
  }

  /** What the agent itself believes to hold. */
  holds(address: Address): boolean {
    return this.#election.holds(address);
  }

  /** kill -9. */
  kill(): void {
    this.#killed = true;
    this.#timer?.cancel();
    this.#unwatch();
  }

  /** SIGSTOP: frames and events pile up. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timerAt = undefined;
  }

  /** SIGCONT: what piled up comes first, as it does where a socket is drained before a timer runs. */
  continue(): void {
    if (this.#killed || !this.#stopped) {
      return;
    }
    this.#stopped = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const event of queue) {
      this.handle(event);
    }
    if (this.#leaseIsDue) {
      this.#renewLease();
    }
    this.#schedule();
  }

  /** The segment has changed, its carrier for instance. */
  refresh(): void {
    this.handle({ type: 'view', view: this.#host.view(this.#state) });
  }

  /** The segment has got another subnet: addresses that were of no concern may be now. */
  replan(): void {
    this.refresh();
    for (const candidate of this.#host.candidates({ services: this.#services })) {
      this.handle({ type: 'candidate', candidate });
    }
  }

  /** One event of the election and all that follows from it. */
  handle(event: ElectionEvent): void {
    if (this.#killed) {
      return;
    }
    if (this.#stopped) {
      this.#queue.push(event);
      return;
    }
    for (const effect of this.#election.handle(event, this.#host.clock())) {
      this.#perform(effect);
    }
    this.#schedule();
  }

  #hear(change: Change): void {
    const cluster = this.#api.read(this.#host.name);
    if (cluster === undefined) {
      return;
    }
    if (change.type === 'back' || !this.#state.ready || this.#state.remembered) {
      this.#list(cluster);
      return;
    }
    switch (change.type) {
      case 'nodes':
        this.#state = { ...this.#state, excluded: new Set(cluster.excluded) };
        this.refresh();
        return;
      case 'claim':
        this.#claim(change.address, cluster);
        return;
      case 'service': {
        const service = cluster.services.get(addressKey(change.address));
        if (service === undefined) {
          this.#forget(change.address);
          return;
        }
        this.#services.set(addressKey(change.address), service);
        for (const candidate of this.#host.candidates({ services: new Map([[0n, service]]) })) {
          this.handle({ type: 'candidate', candidate });
        }
        return;
      }
    }
  }

  /** Everything, as the API server lists it. */
  #list(cluster: ClusterState): void {
    for (const { address } of cluster.claims.values()) {
      this.#claim(address, cluster);
    }
    for (const [key, { address }] of this.#services) {
      if (!cluster.services.has(key)) {
        this.#forget(address);
      }
    }
    this.#learn({ services: new Map(cluster.services), excluded: new Set(cluster.excluded) }, false);
  }

  /** The API server is still away: the state file says what there was. */
  #remember(memory: AgentMemory): void {
    if (!this.#killed && !this.#state.ready) {
      this.#learn({ services: new Map(memory.services), excluded: memory.excluded }, true);
    }
  }

  #learn(memory: AgentMemory, remembered: boolean): void {
    this.#services = memory.services;
    for (const candidate of this.#host.candidates(memory)) {
      this.handle({ type: 'candidate', candidate });
    }
    this.#state = { ready: true, remembered, excluded: memory.excluded, adopted: [] };
    this.refresh();
  }

  #forget(address: Address): void {
    this.#services.delete(addressKey(address));
    this.handle({ type: 'candidate-gone', address });
  }

  #claim(address: Address, cluster: ClusterState): void {
    const claim = cluster.claims.get(addressKey(address));
    this.handle({ type: 'claim', address, ...(claim === undefined ? {} : { claim }) });
  }

  /** Says to the API server that it lives, and again and again for as long as it does. */
  #renewLease(): void {
    this.#leaseIsDue = this.#stopped;
    if (this.#killed || this.#stopped) {
      return;
    }
    const renewed = new Date(this.#host.wallClock()).toISOString();
    this.#api.renewLease(this.#host.name, renewed, (written) => {
      this.#host.after(written ? LEASE_MS.renewal : LEASE_MS.retry, () => this.#renewLease());
    });
  }

  /** Sets the timer to the election's next deadline, if that is another one. */
  #schedule(): void {
    const next = this.#stopped || this.#killed ? undefined : this.#election.nextDeadline();
    if (next === this.#timerAt) {
      return;
    }
    this.#timer?.cancel();
    this.#timerAt = next;
    if (next !== undefined) {
      this.#timer = this.#host.after(next - this.#host.clock(), () => {
        this.#timerAt = undefined;
        this.handle({ type: 'timer', drained: true });
      });
    }
  }

  #perform(effect: Effect): void {
    const { name, mac } = this.#host;
    switch (effect.type) {
      case 'claim': {
        const { address, successor, move } = effect;
        const claim = {
          address,
          holder: name,
          mac,
          ...(successor === undefined ? {} : { successor }),
          ...(move === undefined ? {} : { move }),
        };
        const key = addressKey(address);
        this.#wishes.set(key, claim);
        const wanted = (): boolean => !this.#killed && this.holds(address) && this.#wishes.get(key) === claim;
        this.#api.write(claim, { node: name, allowed: wanted });
        return;
      }
      case 'accept': {
        const { address, from } = effect;
        this.#api.write(
          { address, holder: name, mac },
          {
            node: name,
            allowed: (found) => !this.#killed && found?.successor === name && found.holder === from,
            done: (accepted) => this.handle({ type: 'move', address, accepted }),
          },
        );
        return;
      }
      case 'read-lease': {
        const { node } = effect;
        const done = (renewed: string | undefined): void =>
          this.handle({ type: 'lease', node, ...(renewed === undefined ? {} : { renewed }) });
        this.#api.readLease({ node: name, of: node, done });
        return;
      }
      case 'event':
        this.events.push(effect.event);
        this.#host.perform(effect, (event) => this.handle(event));
        return;
      default:
        this.#host.perform(effect, (event) => this.handle(event));
    }
  }
}
