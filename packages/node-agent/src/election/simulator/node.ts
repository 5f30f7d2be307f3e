import { sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import type { Effect, ElectionEvent, SegmentView, SentFrame } from '../protocol.ts';
import type { Candidate, HolderEvent } from '../types.ts';
import { SimulatedAgent } from './agent.ts';
import type { AgentMemory, AgentView } from './agent.ts';
import type { ClusterState, SimulatedAPIServer } from './api-server.ts';
import { Host } from './host.ts';
import type { Link } from './lan.ts';
import type { WireFrame } from './wire.ts';

/** Called by a node of whatever others may want to judge. */
export interface NodeObserver {
  /** The kernel's service addresses, or what reaches them, have changed. */
  readonly changed: (node: SimulatedNode) => void;
  /** The kernel has got an address that it did not have. */
  readonly added?: (node: SimulatedNode, address: Address) => void;
  /** The agent sends a frame. */
  readonly sent?: (node: SimulatedNode, frame: SentFrame) => void;
  /** The agent says that something happened to an address. */
  readonly said?: (node: SimulatedNode, event: HolderEvent) => void;
}

export interface SimulatedNodeOptions {
  readonly name: string;
  /** The node's own addresses on this LAN; the first one is asked for by its kernel's neighbours. */
  readonly ownAddresses: readonly Address[];
  readonly api: SimulatedAPIServer;
  readonly random: () => number;
  readonly view: (state: AgentView, link: Link) => SegmentView;
  readonly candidates: (cluster: Pick<ClusterState, 'services'>) => Iterable<Candidate>;
  /** Whether the address is in a subnet that the interface is on once it has all of them. */
  readonly reaches: (address: Address) => boolean;
  /** It knows its IPv6 subnet from router advertisements alone, which come a while after it has booted (DHCPv6). */
  readonly advertised: boolean;
}

/** What the node's monotonic clock may be ahead of virtual time, at most: no node knows another one's. */
const CLOCK_OFFSET_MS = 1e7;
/** The time of day at which every history begins, in milliseconds since 1970, and how wrong a node may have it. */
const TIME_OF_DAY = { beginsAt: 1.8e12, wrongByMs: 1e6 };
/** A router answers a solicitation, or advertises by itself, within so long of a boot (RFC 4861 6.2.6, 6.3.7). */
const ADVERTISEMENT_MS = 3000;

/** A node on one LAN: a kernel that answers, and an agent that may be stopped, killed and started again without the kernel noticing. */
export class SimulatedNode extends Host {
  readonly name: string;
  readonly ownAddresses: readonly Address[];
  readonly events: HolderEvent[] = [];
  observer: NodeObserver | undefined;
  readonly #options: SimulatedNodeOptions;
  readonly #clockOffset: number;
  #wallOffset: number;
  #onLink: readonly Address['family'][] = [];
  #agent: SimulatedAgent | undefined;
  #memory: AgentMemory | undefined;
  /** The whole machine stands still. */
  #frozen = false;
  /** The agent alone stands still. */
  #stopped = false;
  /** What the kernel was about to do when it froze. */
  #thawing: (() => void)[] = [];

  constructor(options: ConstructorParameters<typeof Host>[0] & SimulatedNodeOptions) {
    super(options);
    this.name = options.name;
    this.ownAddresses = options.ownAddresses;
    this.#options = options;
    this.#clockOffset = options.random() * CLOCK_OFFSET_MS;
    this.#wallOffset = TIME_OF_DAY.beginsAt + options.random() * TIME_OF_DAY.wrongByMs;
    this.#findSubnets();
  }

  /** The agent's present life. */
  get agent(): SimulatedAgent | undefined {
    return this.#agent;
  }

  get ownAddress(): Address {
    const [first] = this.ownAddresses;
    if (first === undefined) {
      throw new RangeError(`${this.name} has no address of its own`);
    }
    return first;
  }

  override up(): boolean {
    return super.up() && !this.#frozen;
  }

  /** The service addresses that the kernel answers for. */
  serviceAddresses(): readonly Address[] {
    return [...this.addresses.values()].filter(
      (address) => !this.ownAddresses.some((own) => sameAddress(own, address)),
    );
  }

  /** Whether the address is in a subnet that the interface is on now. */
  isOnLink(address: Address): boolean {
    return this.#onLink.includes(address.family) && this.#options.reaches(address);
  }

  /** The time of day jumps. */
  stepClock(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** Starts the agent: it adopts what the kernel has, and then knows everything that the API server does. */
  startAgent(): void {
    const { api, random, view } = this.#options;
    this.#agent?.kill();
    this.#agent = new SimulatedAgent({
      host: {
        name: this.name,
        mac: this.mac,
        startedAt: this.timeline.now,
        clock: () => this.timeline.now + this.#clockOffset,
        wallClock: () => this.timeline.now + this.#wallOffset,
        after: (ms, action) => this.timeline.after(ms, action),
        perform: (effect, answer) => this.#perform(effect, answer),
        view: (state) => view(state, { carrier: this.connected, onLink: this.#onLink }),
        candidates: (cluster) => this.#candidates(cluster),
      },
      api,
      random,
      adopted: this.serviceAddresses(),
      memory: this.#memory,
    });
    if (this.#frozen || this.#stopped) {
      this.#agent.stop();
    }
    this.observer?.changed(this);
  }

  /** Somebody with a root shell takes an address off. */
  removeByHand(address: Address): void {
    if (this.addresses.delete(addressKey(address))) {
      this.observer?.changed(this);
      this.timeline.after(0.2, () => this.handle({ type: 'gone', address }));
    }
  }

  /**
   * kill -9: the kernel keeps what it has.
   * @param options.stateFile whether the state file stays (default: it does)
   */
  killAgent(options: { readonly stateFile?: boolean } = {}): void {
    this.#memory = options.stateFile === false ? undefined : (this.#agent?.memory() ?? this.#memory);
    this.#agent?.kill();
    this.#agent = undefined;
    this.observer?.changed(this);
  }

  /** Power gone: kernel state, agent, and the state file, which is in memory. */
  crash(): void {
    this.killAgent({ stateFile: false });
    this.on = false;
    this.#frozen = false;
    this.#thawing = [];
    this.addresses.clear();
    this.observer?.changed(this);
  }

  /** Power back, and the agent starts. */
  boot(): void {
    this.bootKernel();
    this.startAgent();
  }

  /** Power back; the agent is not there yet. */
  bootKernel(): void {
    this.on = true;
    for (const own of this.ownAddresses) {
      this.addresses.set(addressKey(own), own);
    }
    this.#findSubnets();
    this.observer?.changed(this);
  }

  /** The whole machine stands still, as a virtual machine does that is moved. */
  pause(): void {
    this.#frozen = true;
    this.#agent?.stop();
    this.observer?.changed(this);
  }

  resume(): void {
    this.#frozen = false;
    this.observer?.changed(this);
    const actions = this.#thawing;
    this.#thawing = [];
    for (const action of actions) {
      action();
    }
    if (!this.#stopped) {
      this.#agent?.continue();
    }
  }

  /** The cable is pulled, or put back: the kernel tells the agent. */
  setCarrier(carrier: boolean): void {
    this.connected = carrier;
    this.observer?.changed(this);
    this.timeline.after(0.2, () => this.#agent?.refresh());
  }

  /** SIGSTOP: frames and events pile up. */
  stopAgent(): void {
    this.#stopped = true;
    this.#agent?.stop();
    this.observer?.changed(this);
  }

  /** SIGCONT. */
  continueAgent(): void {
    this.#stopped = false;
    if (!this.#frozen) {
      this.#agent?.continue();
    }
    this.observer?.changed(this);
  }

  override receive(frame: WireFrame): void {
    super.receive(frame);
    const { content, source } = frame;
    this.#agent?.handle({ type: 'frame', frame: { at: this.timeline.now + this.#clockOffset, source, content } });
  }

  handle(event: ElectionEvent): void {
    this.#agent?.handle(event);
  }

  *#candidates(cluster: Pick<ClusterState, 'services'>): IterableIterator<Candidate> {
    for (const candidate of this.#options.candidates(cluster)) {
      if (this.isOnLink(candidate.address)) {
        yield candidate;
      }
    }
  }

  /** The kernel has just booted: it is on the subnets of its addresses, and learns of the others later. */
  #findSubnets(): void {
    const families = [...new Set(this.ownAddresses.map(({ family }) => family))];
    if (!this.#options.advertised || !families.includes('IPv6')) {
      this.#onLink = families;
      return;
    }
    this.#onLink = families.filter((family) => family === 'IPv4');
    this.timeline.after(this.#options.random() * ADVERTISEMENT_MS, () => {
      if (this.on) {
        this.#onLink = families;
        this.observer?.changed(this);
        this.#agent?.replan();
      }
    });
  }

  #perform(
    effect: Exclude<Effect, { type: 'claim' | 'accept' | 'read-lease' }>,
    answer: (event: ElectionEvent) => void,
  ): void {
    switch (effect.type) {
      case 'send':
        this.observer?.sent?.(this, effect.frame);
        this.wire.send(onTheWire(effect.frame, this));
        return;
      case 'add':
      case 'remove':
        this.timeline.after(0.2 + this.#options.random(), () => this.#awake(() => this.#change(effect, answer)));
        return;
      case 'event':
        this.events.push(effect.event);
        this.observer?.said?.(this, effect.event);
        return;
      case 'proxied':
        return;
    }
  }

  #change(effect: Extract<Effect, { type: 'add' | 'remove' }>, answer: (event: ElectionEvent) => void): void {
    if (!this.on) {
      return;
    }
    const { type, address } = effect;
    const key = addressKey(address);
    if (type === 'remove') {
      this.addresses.delete(key);
    } else if (!this.addresses.has(key)) {
      this.addresses.set(key, address);
      this.observer?.added?.(this, address);
    }
    this.observer?.changed(this);
    answer({ type: 'kernel', address, operation: type, done: true });
  }

  #awake(action: () => void): void {
    if (this.#frozen) {
      this.#thawing.push(action);
    } else {
      action();
    }
  }
}

function onTheWire(frame: SentFrame, node: SimulatedNode): WireFrame {
  const source = node.mac;
  if (frame.type === 'announcement') {
    const destination = frame.to === undefined ? {} : { destination: frame.to.mac };
    return { source, ...destination, content: { type: 'announcement', about: frame.about, mac: source } };
  }
  const { about, sender, to } = frame;
  const unicast = typeof to === 'object';
  const own = node.ownAddresses.find(({ family }) => family === about.family);
  // IPv6 has no sender 0: questions come from the link-local address, and those to all nodes are the probes.
  const content = {
    type: 'question' as const,
    about,
    unicast,
    probe: about.family === 'IPv4' ? sender === 'none' : to === 'all',
    ...(own === undefined || (about.family === 'IPv4' && sender === 'none') ? {} : { sender: own }),
  };
  return { source, content, ...(typeof to === 'object' ? { destination: to.mac } : {}) };
}
