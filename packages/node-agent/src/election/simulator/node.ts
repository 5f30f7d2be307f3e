import { sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { Election } from '../election.ts';
import { addressKey } from '../key.ts';
import type { Effect, ElectionEvent, SegmentView, SentFrame } from '../protocol.ts';
import type { Candidate, HolderEvent } from '../types.ts';
import type { SimulatedAPIServer } from './api-server.ts';
import { Host } from './host.ts';
import type { WireFrame } from './wire.ts';

/** A node: a kernel that answers, and an agent that may be stopped, killed and started again without the kernel noticing. */
export class SimulatedNode extends Host {
  readonly name: string;
  readonly ownAddress: Address;
  readonly events: HolderEvent[] = [];
  /** Called whenever the kernel's service addresses change. */
  onChange: (() => void) | undefined;
  readonly #api: SimulatedAPIServer;
  readonly #random: () => number;
  readonly #view: (adopted: readonly Address[], ready: boolean) => SegmentView;
  readonly #candidates: () => Iterable<Candidate>;
  #election: Election | undefined;
  #stopped = false;
  #queue: { readonly event: ElectionEvent }[] = [];
  #timer: { readonly cancel: () => void } | undefined;
  #unwatch: (() => void) | undefined;
  /** Numbers each life of the agent, so that what an earlier one asked for finds nobody. */
  #life = 0;

  constructor(
    options: ConstructorParameters<typeof Host>[0] & {
      readonly name: string;
      readonly ownAddress: Address;
      readonly api: SimulatedAPIServer;
      readonly random: () => number;
      readonly view: (adopted: readonly Address[], ready: boolean) => SegmentView;
      readonly candidates: () => Iterable<Candidate>;
    },
  ) {
    super(options);
    this.name = options.name;
    this.ownAddress = options.ownAddress;
    this.#api = options.api;
    this.#random = options.random;
    this.#view = options.view;
    this.#candidates = options.candidates;
  }

  /** The service addresses that the kernel answers for. */
  serviceAddresses(): readonly Address[] {
    return [...this.addresses.values()].filter((address) => !sameAddress(address, this.ownAddress));
  }

  /** Starts the agent: it adopts what the kernel has, and then knows everything that the API server does. */
  startAgent(): void {
    this.#life += 1;
    this.#stopped = false;
    this.#queue = [];
    this.#election = new Election({
      node: this.name,
      view: this.#view(this.serviceAddresses(), false),
      now: this.timeline.now,
      random: this.#random,
    });
    for (const claim of this.#api.claims.values()) {
      this.handle({ type: 'claim', address: claim.address, claim });
    }
    for (const candidate of this.#candidates()) {
      this.handle({ type: 'candidate', candidate });
    }
    this.handle({ type: 'view', view: this.#view([], true) });
    const life = this.#life;
    this.#unwatch = this.#api.watch((address, claim) => {
      if (life === this.#life) {
        this.handle({ type: 'claim', address, ...(claim === undefined ? {} : { claim }) });
      }
    });
  }

  /** The agent reads its peers and its own state again. */
  refresh(): void {
    this.handle({ type: 'view', view: this.#view([], true) });
  }

  /** Somebody with a root shell takes an address off. */
  removeByHand(address: Address): void {
    this.addresses.delete(addressKey(address));
    this.onChange?.();
    this.timeline.after(0.2, () => this.handle({ type: 'gone', address }));
  }

  /** kill -9: the kernel keeps what it has. */
  killAgent(): void {
    this.#life += 1;
    this.#election = undefined;
    this.#timer?.cancel();
    this.#unwatch?.();
  }

  /** Power gone: kernel state and agent. */
  crash(): void {
    this.killAgent();
    this.on = false;
    this.addresses.clear();
    this.onChange?.();
  }

  /** Power back, and the agent starts. */
  boot(): void {
    this.on = true;
    this.addresses.set(addressKey(this.ownAddress), this.ownAddress);
    this.startAgent();
  }

  /** The whole machine stands still, as a virtual machine does that is moved. */
  pause(): void {
    this.connected = false;
    this.stopAgent();
    this.onChange?.();
  }

  resume(): void {
    this.connected = true;
    this.onChange?.();
    this.continueAgent();
  }

  /** SIGSTOP: frames and events pile up. */
  stopAgent(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** SIGCONT. */
  continueAgent(): void {
    this.#stopped = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const { event } of queue) {
      this.handle(event);
    }
    this.#schedule();
  }

  override receive(frame: WireFrame): void {
    super.receive(frame);
    const { content } = frame;
    const at = this.timeline.now;
    this.handle({ type: 'frame', frame: { at, source: frame.source, content } });
  }

  handle(event: ElectionEvent): void {
    if (this.#election === undefined) {
      return;
    }
    if (this.#stopped) {
      this.#queue.push({ event });
      return;
    }
    for (const effect of this.#election.handle(event, this.timeline.now)) {
      this.#perform(effect);
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#timer?.cancel();
    const next = this.#election?.nextDeadline();
    if (next !== undefined && !this.#stopped) {
      this.#timer = this.timeline.after(next - this.timeline.now, () => this.handle({ type: 'timer', drained: true }));
    }
  }

  #perform(effect: Effect): void {
    const life = this.#life;
    switch (effect.type) {
      case 'send':
        this.wire.send(onTheWire(effect.frame, this));
        return;
      case 'add':
      case 'remove':
        this.timeline.after(0.2 + this.#random(), () => {
          if (!this.on) {
            return;
          }
          if (effect.type === 'add') {
            this.addresses.set(addressKey(effect.address), effect.address);
          } else {
            this.addresses.delete(addressKey(effect.address));
          }
          this.onChange?.();
          if (life === this.#life) {
            this.handle({ type: 'kernel', address: effect.address, operation: effect.type, done: true });
          }
        });
        return;
      case 'claim': {
        const { address, successor, move } = effect;
        const claim = {
          address,
          holder: this.name,
          mac: this.mac,
          ...(successor === undefined ? {} : { successor }),
          ...(move === undefined ? {} : { move }),
        };
        this.#api.write(claim, { allowed: () => life === this.#life && this.#holds(address) });
        return;
      }
      case 'accept': {
        const claim = { address: effect.address, holder: this.name, mac: this.mac };
        this.#api.write(claim, {
          allowed: (found) => found?.successor === this.name && found.holder === effect.from,
          done: (accepted) => {
            if (life === this.#life) {
              this.handle({ type: 'move', address: effect.address, accepted });
            }
          },
        });
        return;
      }
      case 'event':
        this.events.push(effect.event);
        return;
    }
  }

  #holds(address: Address): boolean {
    return this.#election?.holds(address) === true;
  }
}

function onTheWire(frame: SentFrame, node: SimulatedNode): WireFrame {
  const source = node.mac;
  if (frame.type === 'announcement') {
    return { source, content: { type: 'announcement', about: frame.about, mac: source } };
  }
  const unicast = typeof frame.to === 'object';
  const content = {
    type: 'question' as const,
    about: frame.about,
    unicast,
    probe: frame.sender === 'none',
    ...(frame.sender === 'own' ? { sender: node.ownAddress } : {}),
  };
  return { source, content, ...(typeof frame.to === 'object' ? { destination: frame.to.mac } : {}) };
}
