import { parseAddress, parsePrefix } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { Election } from './election.ts';
import { addressKey } from './key.ts';
import type { Effect, ElectionEvent, SegmentView, SentFrame } from './protocol.ts';
import { seededRandom } from './simulator/timeline.ts';
import { DEFAULT_HOLDER_SETTINGS } from './types.ts';
import type { Candidate, HolderEvent, LocalSegment, MAC, Peer } from './types.ts';

/** Name of the node whose election it is. */
export const SELF = 'self';
const OWN_MAC = '02:00:00:00:00:01';
/** The node's own address. */
export const OWN_ADDRESS = parseAddress('10.0.0.1');
/** How long a station takes to answer. */
const ANSWER_MS = 0.2;
/** How often a neighbour's agent asks this node. */
const SPEAK_MS = 100;

/** Name of the nth neighbour, counted from 0. */
export function neighbour(index: number): string {
  return `node-${index}`;
}

export function macOf(index: number): MAC {
  const [high = '', low = ''] = [index >> 8, index & 255].map((byte) => byte.toString(16).padStart(2, '0'));
  return `02:00:00:01:${high}:${low}`;
}

export function ownAddressOf(index: number): Address {
  return { family: 'IPv4', value: parseAddress('10.0.1.0').value + BigInt(index) };
}

/** What a {@link LoneElection} is made of. */
export interface LoneOptions {
  readonly neighbours?: number;
  readonly seed?: number;
  readonly segment?: Partial<LocalSegment>;
  readonly view?: Partial<SegmentView>;
  /** Peers in place of the usual ones. */
  readonly peers?: readonly Peer[];
}

/**
 * One node's election among stations that only answer: for tests of what a node does by itself. Kernel and API server do
 * at once what is asked of them.
 */
export class LoneElection {
  now = 1000;
  readonly sent: { readonly at: number; readonly frame: SentFrame }[] = [];
  readonly events: HolderEvent[] = [];
  readonly effects: Effect[] = [];
  /** Who answers for an address. */
  readonly owners = new Map<bigint, MAC>();
  /** Answers for every address that nobody has. */
  proxy: MAC | undefined;
  /** Neighbours whose agents ask this node as they should, by index. */
  readonly speaking = new Set<number>();
  /** What the Leases say, by node. */
  readonly leases = new Map<string, string>();
  view: SegmentView;
  readonly #election: Election;
  #pending: { readonly at: number; readonly event: ElectionEvent }[] = [];

  constructor({ neighbours = 2, seed = 1, segment = {}, view = {}, peers }: LoneOptions = {}) {
    const random = seededRandom(seed);
    this.view = {
      ready: true,
      excluded: false,
      segment: {
        interface: { index: 2, name: 'eth0', mac: OWN_MAC },
        carrier: true,
        subnets: [parsePrefix('10.0.0.0/16')],
        ownAddresses: [OWN_ADDRESS],
        gateways: [],
        lans: ['lan'],
        adopted: [],
        ...segment,
      },
      peers: peers ?? Array.from({ length: neighbours }, (_, index) => peerOf(index)),
      settings: DEFAULT_HOLDER_SETTINGS,
      ...view,
    };
    for (let index = 0; index < neighbours; index += 1) {
      this.owners.set(addressKey(ownAddressOf(index)), macOf(index));
      this.speaking.add(index);
    }
    this.#election = new Election({ node: SELF, view: this.view, now: this.now, random });
  }

  /** A Service has the address; every node may have it unless said otherwise. */
  service(text: string, over: Partial<Candidate> = {}): Address {
    const address = parseAddress(text);
    const names = [SELF, ...this.view.peers.map(({ node }) => node)];
    this.handle({
      type: 'candidate',
      candidate: {
        address,
        interfaceIndex: 2,
        services: [`default/${text}`],
        preferences: new Map(names.map((name) => [name, 0])),
        eligible: true,
        ...over,
      },
    });
    return address;
  }

  /** A neighbour of ours has the address, says so and has written so. */
  heldBy(index: number, address: Address): void {
    const mac = macOf(index);
    this.owners.set(addressKey(address), mac);
    this.handle({ type: 'claim', address, claim: { address, holder: neighbour(index), mac } });
    this.announce(index, address);
  }

  /** The station says to all that it has the address. */
  announce(index: number, address: Address): void {
    this.hear(macOf(index), { type: 'announcement', about: address, mac: macOf(index) });
  }

  /** The view changes. */
  change(over: Partial<SegmentView>): void {
    this.view = { ...this.view, ...over };
    this.handle({ type: 'view', view: this.view });
  }

  hear(source: MAC, content: Extract<ElectionEvent, { type: 'frame' }>['frame']['content']): void {
    this.handle({ type: 'frame', frame: { at: this.now, source, content } });
  }

  holds(address: Address): boolean {
    return this.#election.holds(address);
  }

  proxied(): ReturnType<Election['proxied']> {
    return this.#election.proxied();
  }

  counts(): ReturnType<Election['counts']> {
    return this.#election.counts();
  }

  /** Lets time pass. */
  run(ms: number): void {
    const end = this.now + ms;
    let speakAt = this.now;
    for (;;) {
      const deadline = this.#election.nextDeadline() ?? Number.POSITIVE_INFINITY;
      const pending = this.#pending.toSorted((a, b) => a.at - b.at)[0];
      const next = Math.min(deadline, pending?.at ?? deadline, speakAt);
      if (next > end) {
        this.now = end;
        return;
      }
      this.now = Math.max(this.now, next);
      if (pending !== undefined && pending.at <= this.now) {
        this.#pending = this.#pending.filter((each) => each !== pending);
        const { event } = pending;
        this.handle(event.type === 'frame' ? { ...event, frame: { ...event.frame, at: this.now } } : event);
      } else if (speakAt <= this.now) {
        speakAt = this.now + SPEAK_MS;
        for (const index of this.speaking) {
          this.hear(macOf(index), {
            type: 'question',
            about: OWN_ADDRESS,
            sender: ownAddressOf(index),
            probe: false,
            unicast: true,
          });
        }
      } else {
        this.handle({ type: 'timer', drained: true });
      }
    }
  }

  handle(event: ElectionEvent): void {
    for (const effect of this.#election.handle(event, this.now)) {
      this.effects.push(effect);
      this.#perform(effect);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.sent.push({ at: this.now, frame: effect.frame });
        this.#answer(effect.frame);
        return;
      case 'add':
      case 'remove':
        this.#after({ type: 'kernel', address: effect.address, operation: effect.type, done: true });
        return;
      case 'event':
        this.events.push(effect.event);
        return;
      case 'read-lease': {
        const renewed = this.leases.get(effect.node);
        this.#after({ type: 'lease', node: effect.node, ...(renewed === undefined ? {} : { renewed }) });
        return;
      }
      case 'claim':
      case 'accept':
      case 'proxied':
    }
  }

  #answer(frame: SentFrame): void {
    if (frame.type !== 'question') {
      return;
    }
    const owner = this.owners.get(addressKey(frame.about));
    const mac = owner ?? this.proxy;
    const reached = typeof frame.to !== 'object' || frame.to.mac === mac;
    if (mac !== undefined && reached) {
      const content = { type: 'answer' as const, about: frame.about, mac };
      this.#after({ type: 'frame', frame: { at: this.now, source: mac, content } });
    }
  }

  #after(event: ElectionEvent): void {
    this.#pending.push({ at: this.now + ANSWER_MS, event });
  }
}

/** A neighbour; on the only LAN unless said otherwise. */
export function peerOf(index: number, lans: readonly string[] = ['lan']): Peer {
  return {
    node: neighbour(index),
    excluded: false,
    interfaces: [{ mac: macOf(index), addresses: [ownAddressOf(index)], lans }],
  };
}
