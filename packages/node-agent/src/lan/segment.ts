import { lanLabel, lanName, prefixContains } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { SystemCallError, openLanSocket } from '@fairlead/netlink';
import type { LanEvent, LanFrame, LanSocket } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import { STALL_MS } from '../election/constants.ts';
import { Election } from '../election/election.ts';
import type { Effect, ElectionEvent, SegmentView, SentFrame } from '../election/protocol.ts';
import type { Claim, HeldAddress, HolderHooks, LocalAddress, LocalSegment, ProxiedSubnet } from '../election/types.ts';
import type { Claims } from './claims.ts';
import { heardContent, toLanFrame } from './frames.ts';
import { WallClock } from './wall-clock.ts';

/** A socket that cannot be opened is tried again after this: the interface may be just coming up. */
const REOPEN_MS = 1000;

/**
 * Where the election looks at the clock as soon as this, frames to this node alone may wait until then: they count by the
 * kernel's timestamps. A process that wakes up for each answer of its peers needs three times the processor.
 */
const DEFER_MS = 250;

export interface SegmentOptions {
  readonly node: string;
  readonly view: SegmentView;
  readonly hooks: HolderHooks;
  readonly claims: Claims;
  /**
   * Reads the Lease of a node's agent: what changes with each renewal, empty where there is none, undefined where it
   * cannot be read. Never rejects.
   */
  readonly readLease: (node: string) => Promise<string | undefined>;
  readonly logger: Logger;
  readonly random: () => number;
  /** Network namespace of the interface; default the process's own. */
  readonly netns?: string | undefined;
}

/** The labels of the claims of a segment's addresses, or of those of one address. */
export function claimLabels(segment: LocalSegment, address?: Address): readonly string[] {
  const lans = new Set(segment.lans);
  return segment.subnets
    .filter((subnet) => lans.has(lanName(subnet)) && (address === undefined || prefixContains(subnet, address)))
    .map(lanLabel);
}

/** Runs the election of one interface: frames, time and the kernel go in, frames, kernel changes and claims come out. */
export class Segment {
  readonly #options: SegmentOptions;
  readonly #election: Election;
  readonly #wallClock = new WallClock();
  #view: SegmentView;
  #socket: LanSocket | undefined;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #timerAt: number | undefined;
  #reopen: NodeJS.Timeout | undefined;
  /** Why the socket could not be opened the last time: said once. */
  #openFailure: string | undefined;
  #closed = false;
  /** Kernel changes of this turn of the loop, so that a hundred addresses are one batch of netlink. */
  #adds: LocalAddress[] = [];
  #removes: LocalAddress[] = [];
  #flushing = false;
  /** The frames that come now are followed by the timer's own event. */
  #draining = false;
  /** When the election was told something for the last time. */
  #handledAt = performance.now();
  /** What questions to one station are on the wire, as long as the view stays: peers are asked the same over and over. */
  #frames = new WeakMap<SentFrame, LanFrame>();

  /** Holds what the segment has adopted. Nothing is taken before {@link update} says ready and the socket is open. */
  constructor(options: SegmentOptions) {
    this.#options = options;
    this.#view = { ...options.view, ready: false };
    this.#election = new Election({
      node: options.node,
      view: this.#effective(),
      now: performance.now(),
      random: options.random,
    });
    void this.#open();
  }

  get view(): SegmentView {
    return this.#view;
  }

  update(view: SegmentView): void {
    const moved = view.segment.interface.index !== this.#view.segment.interface.index;
    this.#view = view;
    this.#frames = new WeakMap();
    if (moved) {
      this.#closeSocket();
      void this.#open();
    }
    this.handle({ type: 'view', view: this.#effective() });
  }

  /** One event of the election, with all that follows from it. */
  handle(event: ElectionEvent): void {
    if (this.#closed) {
      return;
    }
    this.#catchUp();
    this.#perform(this.#election.handle(event, performance.now()));
    this.#schedule();
  }

  /**
   * After a stall the timers of the loop come first, then its sockets in whatever order; but what this node has it may say
   * only when it knows what the kernel has let go of meanwhile. Clients would come, and nobody would answer them.
   */
  #catchUp(): void {
    const now = performance.now();
    const silentMs = now - this.#handledAt;
    this.#handledAt = now; // what the kernel tells comes here, too
    if (silentMs >= STALL_MS) {
      this.#options.hooks.readKernel?.();
    }
  }

  /** What is to be on the interface; `since` in milliseconds since 1970. */
  held(): readonly HeldAddress[] {
    return this.#election.held().map(({ address, interfaceIndex, services, since }) => {
      return { address, interfaceIndex, services, since: this.#wallClock.at(since) };
    });
  }

  holds(address: Address): boolean {
    return this.#election.holds(address);
  }

  /** Subnets on which some station answers for every address. */
  proxied(): readonly ProxiedSubnet[] {
    return this.#election.proxied();
  }

  /** What the election has counted. */
  counts(): ReturnType<Election['counts']> {
    return this.#election.counts();
  }

  /** Ends; the kernel keeps what it has. */
  close(): void {
    this.#closed = true;
    this.#closeSocket();
    this.#cancelTimer();
    clearTimeout(this.#reopen);
  }

  /** Without a socket the node is deaf, and must take nothing. */
  #effective(): SegmentView {
    const { segment } = this.#view;
    return { ...this.#view, segment: { ...segment, carrier: segment.carrier && this.#socket !== undefined } };
  }

  async #open(): Promise<void> {
    const { netns, logger } = this.#options;
    const { index, name } = this.#view.segment.interface;
    try {
      const socket = await openLanSocket({ index, ...(netns === undefined ? {} : { netns }) });
      if (this.#closed) {
        await socket.close();
        return;
      }
      this.#socket = socket;
      this.#openFailure = undefined;
      socket.subscribe((event) => this.#heard(event));
      this.handle({ type: 'view', view: this.#effective() });
    } catch (error) {
      const code = error instanceof SystemCallError ? error.code : 'unknown';
      if (code !== this.#openFailure) {
        this.#openFailure = code;
        logger.error('Cannot listen on the interface, so no address is taken there', { interface: name, error });
      }
      this.#openLater();
    }
  }

  #openLater(): void {
    if (!this.#closed) {
      this.#reopen = setTimeout(() => void this.#open(), REOPEN_MS);
    }
  }

  #closeSocket(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    void socket?.close();
  }

  #heard(event: LanEvent): void {
    switch (event.type) {
      case 'frame': {
        const { frame, receivedAt } = event;
        this.handle({
          type: 'frame',
          frame: { at: receivedAt, source: frame.sourceMAC, content: heardContent(frame) },
        });
        return;
      }
      case 'closed':
        this.#options.logger.warn('The interface is off or gone', {
          interface: this.#view.segment.interface.name,
          error: event.error,
        });
        this.#socket = undefined;
        this.handle({ type: 'view', view: this.#effective() });
        this.#openLater();
        return;
    }
  }

  #schedule(): void {
    if (this.#closed || this.#draining) {
      return;
    }
    const next = this.#election.nextDeadline();
    if (next === this.#timerAt) {
      return;
    }
    this.#cancelTimer();
    const wait = next === undefined ? Number.POSITIVE_INFINITY : next - performance.now();
    this.#socket?.deferUnicast(wait <= DEFER_MS);
    if (next === undefined) {
      return;
    }
    this.#timerAt = next;
    // setTimeout counts from a time that was taken in whole milliseconds when this turn of the loop began: without one
    // more, every other timer is early, and the next one, of 1 ms at least, is the one that counts.
    this.#timer = wait <= 0 ? setImmediate(() => this.#due()) : setTimeout(() => this.#due(), Math.ceil(wait) + 1);
  }

  #cancelTimer(): void {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer as NodeJS.Timeout);
      clearImmediate(this.#timer as NodeJS.Immediate);
    }
    this.#timer = undefined;
    this.#timerAt = undefined;
  }

  #due(): void {
    this.#timer = undefined;
    this.#timerAt = undefined;
    this.#draining = true;
    const drained = this.#socket?.drained() ?? false;
    this.#draining = false;
    this.handle({ type: 'timer', drained });
  }

  #perform(effects: readonly Effect[]): void {
    if (effects.length === 0) {
      return;
    }
    const frames: SentFrame[] = [];
    const index = this.#view.segment.interface.index;
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          frames.push(effect.frame);
          break;
        case 'add':
          this.#adds.push({ address: effect.address, interfaceIndex: index });
          break;
        case 'remove':
          this.#removes.push({ address: effect.address, interfaceIndex: index });
          break;
        case 'claim':
          this.#claim(effect);
          break;
        case 'accept':
          void this.#accept(effect);
          break;
        case 'read-lease':
          void this.#readLease(effect.node);
          break;
        case 'proxied':
          this.#options.hooks.proxiedChanged?.();
          break;
        case 'event':
          this.#options.hooks.event(effect.event);
          break;
      }
    }
    this.#send(frames);
    if (!this.#flushing && (this.#adds.length > 0 || this.#removes.length > 0)) {
      this.#flushing = true;
      queueMicrotask(() => this.#flush());
    }
  }

  #send(frames: readonly SentFrame[]): void {
    if (frames.length === 0 || this.#socket === undefined) {
      return;
    }
    const result = this.#socket.send(frames.map((frame) => this.#lanFrame(frame)));
    if (!result.ok) {
      this.#options.logger.debug('Frames were not sent', { count: frames.length - result.sent, error: result.error });
    }
  }

  #lanFrame(frame: SentFrame): LanFrame {
    if (frame.type !== 'question' || typeof frame.to !== 'object') {
      return toLanFrame(frame, this.#view.segment);
    }
    const known = this.#frames.get(frame);
    if (known !== undefined) {
      return known;
    }
    const made = toLanFrame(frame, this.#view.segment);
    this.#frames.set(frame, made);
    return made;
  }

  #flush(): void {
    this.#flushing = false;
    const { hooks } = this.#options;
    const adds = this.#adds;
    const removes = this.#removes;
    this.#adds = [];
    this.#removes = [];
    void this.#change('remove', removes, (addresses) => hooks.remove(addresses));
    void this.#change('add', adds, (addresses) => hooks.add(addresses));
  }

  async #change(
    operation: 'add' | 'remove',
    addresses: readonly LocalAddress[],
    change: (addresses: readonly LocalAddress[]) => Promise<readonly boolean[]>,
  ): Promise<void> {
    if (addresses.length === 0) {
      return;
    }
    let results: readonly boolean[] = [];
    try {
      results = await change(addresses);
    } catch (error) {
      this.#options.logger.error(`Local addresses: ${operation} failed`, { count: addresses.length, error });
    }
    for (const [position, { address }] of addresses.entries()) {
      this.handle({ type: 'kernel', address, operation, done: results[position] === true });
    }
  }

  #claimOf(address: Address, move: { readonly successor?: string; readonly move?: string } = {}): Claim {
    const { name, mac } = this.#view.segment.interface;
    const { successor, move: reason } = move;
    return {
      address,
      holder: this.#options.node,
      interface: name,
      mac,
      ...(successor === undefined ? {} : { successor }),
      ...(reason === undefined ? {} : { move: reason }),
    };
  }

  #claim(effect: Extract<Effect, { type: 'claim' }>): void {
    this.#options.claims.record({
      claim: this.#claimOf(effect.address, effect),
      labels: claimLabels(this.#view.segment, effect.address),
      wanted: () => !this.#closed && this.#election.holds(effect.address),
    });
  }

  async #readLease(node: string): Promise<void> {
    const renewed = await this.#options.readLease(node);
    this.handle({ type: 'lease', node, ...(renewed === undefined ? {} : { renewed }) });
  }

  async #accept({ address, from }: Extract<Effect, { type: 'accept' }>): Promise<void> {
    const labels = claimLabels(this.#view.segment, address);
    const accepted = await this.#options.claims.accept(this.#claimOf(address), { from, labels });
    this.handle({ type: 'move', address, accepted });
  }
}
