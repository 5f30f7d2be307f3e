import { prefixContains, sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import {
  AGENT_SILENT_MS,
  CHECK_ASK_MS,
  CHECK_ASKS,
  CHECK_PAUSE_MS,
  DEAD_ASK_MS,
  ON_TIME_MS,
  SPEAK_MS,
  WATCHED,
  WATCHED_ON_SUSPICION,
} from './constants.ts';
import { addressKey } from './key.ts';
import type { SentFrame } from './protocol.ts';
import { hashName, ringPosition } from './rank.ts';
import type { NameHash } from './rank.ts';
import type { LocalSegment, MAC, Peer } from './types.ts';

/** A peer on this segment and what the wire says of its life. */
export interface WatchedPeer {
  readonly node: string;
  readonly hash: NameHash;
  readonly position: number;
  excluded: boolean;
  /** Names of the LANs of its interface here. */
  lans: ReadonlySet<string>;
  /** Since when it could hold addresses without a break, as far as seen here. */
  fitSince: number;
  /** It answers, and its agent has been gone for a while: it takes nothing and keeps what it has. */
  unfit: boolean;
  /** Where unicast questions go. */
  mac: MAC;
  /** Its own address that it is asked for; without one it cannot be watched. */
  ask: Address | undefined;
  /** Asks it alone for that address: one object for as long as it stays the same, so that its bytes are made once. */
  question: SentFrame | undefined;
  dead: boolean;
  /** Last sign of life. */
  heardAt: number;
  /** Last frame that it sent of its own accord. */
  spokeAt: number;
  /** When it was last asked, so that it heard that the agent here lives. */
  spokenToAt: number;
  /** The question that is out, if the last one counts. */
  askedAt: number | undefined;
  misses: number;
  /** A question to all about it went out: an answer may come by proxy (EVPN answers for the dead). */
  broadcastAt: number;
  /** When it was last asked by ourselves because of a hint. */
  checkedAt: number;
}

/** Asking a peer by ourselves because of a hint. */
interface Check {
  asks: number;
  nextAt: number;
  readonly since: number;
  late: boolean;
}

/** What is to be done after a look at the clock. */
export interface WatchOutcome {
  /** Ask these by unicast for their own address. */
  readonly ask: readonly WatchedPeer[];
  /** These are dead as of now, by misses of our own. */
  readonly dead: readonly WatchedPeer[];
  /** These were to ask this node by themselves, and have not for a while. */
  readonly silent: readonly WatchedPeer[];
  /** Somebody is silent: ask another station whether the LAN lives. */
  readonly lookForLife: boolean;
}

/** How this node's own loop does, without which silence means nothing. */
export interface Attention {
  /** Every frame received until now has been heard. */
  readonly drained: boolean;
  /** When the last frame of any other station came in. */
  readonly lanHeardAt: number;
}

/**
 * Watches the peers of a segment: the nodes form a ring by hash and each asks its next two, so the cost of a node does
 * not grow with the LAN; and it checks any other one by itself where somebody hints that it may be dead. The ring rests
 * while there is no address that anybody could hold: ten looks a second are most of what an idle agent costs.
 */
export class PeerWatch {
  readonly #position: number;
  readonly #peers = new Map<string, WatchedPeer>();
  #byMac = new Map<MAC, WatchedPeer>();
  #byOwnAddress = new Map<bigint, WatchedPeer>();
  readonly #checks = new Map<WatchedPeer, Check>();
  /** Everybody else, beginning behind this node. */
  #ring: WatchedPeer[] = [];
  /** Those that the last look at the ring came by. */
  #visited = new Set<WatchedPeer>();
  #needed = false;
  /** When the ring is looked at next; undefined while it rests. */
  #tickAt: number | undefined;
  #intervalMs = 100;
  #misses = 3;
  #roundTrip = 0;
  /** Since when the ring is looked at. */
  #lookedSince = 0;
  #uniform = true;
  #deadVerdicts = 0;
  #falseAlarms = 0;
  #lastHeard: WatchedPeer | undefined;
  /** Whose turn it is where nobody answers. */
  #turn = 0;
  #hintsHeard = 0;

  /** @param node name of this node */
  constructor(node: string) {
    this.#position = ringPosition(hashName(node));
  }

  /** Registered peers, dead ones included. */
  get size(): number {
    return this.#peers.size;
  }

  /** Smoothed round trip to peers in milliseconds. */
  get roundTrip(): number {
    return this.#roundTrip;
  }

  /** Whether every peer is on every LAN of this segment. */
  get uniform(): boolean {
    return this.#uniform;
  }

  /** What happened since the start. */
  get counts(): { readonly deadVerdicts: number; readonly falseAlarms: number; readonly hintsHeard: number } {
    return { deadVerdicts: this.#deadVerdicts, falseAlarms: this.#falseAlarms, hintsHeard: this.#hintsHeard };
  }

  get(node: string): WatchedPeer | undefined {
    return this.#peers.get(node);
  }

  /** Whose MAC it is. */
  byMac(mac: MAC): WatchedPeer | undefined {
    return this.#byMac.get(mac);
  }

  all(): IterableIterator<WatchedPeer> {
    return this.#peers.values();
  }

  /** The first living ones of the ring: whoever is asked for a sign of life. */
  nearest(): WatchedPeer | undefined {
    return this.#ring.find((peer) => !peer.dead && peer.ask !== undefined);
  }

  /** The peer that spoke or answered last; where that one is believed dead, the first living one of the ring. */
  lastHeard(): WatchedPeer | undefined {
    const last = this.#lastHeard;
    return last?.ask === undefined || last.dead || !this.#peers.has(last.node) ? this.nearest() : last;
  }

  /** One after the other, those that are believed dead included. */
  inTurn(): WatchedPeer | undefined {
    const askable = this.#ring.filter(({ ask }) => ask !== undefined);
    this.#turn += 1;
    return askable[this.#turn % askable.length];
  }

  /** Takes over who is on the segment, and keeps what is known of those that stay. */
  update(options: {
    readonly segment: LocalSegment;
    readonly peers: readonly Peer[];
    readonly intervalMs: number;
    readonly misses: number;
    readonly now: number;
  }): void {
    const lans = new Set(options.segment.lans);
    const macs = new Map<MAC, WatchedPeer>();
    const present = new Set<string>();
    for (const peer of options.peers) {
      const here = peer.interfaces.find((candidate) => candidate.lans.some((lan) => lans.has(lan)));
      if (here === undefined) {
        continue;
      }
      const known = this.#peers.get(peer.node) ?? newPeer(peer.node, here.mac);
      const heeded = here.addresses.filter(({ family }) => peer.deaf !== true || family === 'IPv6');
      const ask = askableAddress(options.segment, heeded);
      if (known.question === undefined || known.mac !== here.mac || !sameOrNone(known.ask, ask)) {
        known.question = ask && { type: 'question', about: ask, sender: 'own', to: { mac: here.mac } };
      }
      if (!this.#peers.has(peer.node) || (known.excluded && !peer.excluded)) {
        known.fitSince = options.now;
      }
      known.excluded = peer.excluded;
      known.lans = new Set(peer.interfaces.flatMap((each) => each.lans));
      known.mac = here.mac;
      known.ask = ask;
      this.#peers.set(peer.node, known);
      present.add(peer.node);
      for (const { mac } of peer.interfaces) {
        macs.set(mac, known);
      }
    }
    for (const [node, peer] of this.#peers) {
      if (!present.has(node)) {
        this.#peers.delete(node);
        this.#checks.delete(peer);
        this.#visited.delete(peer);
      }
    }
    this.#byMac = macs;
    this.#uniform = [...this.#peers.values()].every((peer) => lans.isSubsetOf(peer.lans));
    this.#ring = [...this.#peers.values()].sort(
      (a, b) => this.#distance(a) - this.#distance(b) || (a.node < b.node ? -1 : 1),
    );
    // The first of the ring goes before others where two say that an address is theirs.
    this.#byOwnAddress = new Map(
      this.#ring.toReversed().flatMap((peer) => (peer.ask ? [[addressKey(peer.ask), peer]] : [])),
    );
    this.#intervalMs = options.intervalMs;
    this.#misses = options.misses;
  }

  /**
   * Whether there is an address that a peer could hold, so that its death would mean something. What was known of the
   * peers while nobody watched them is forgotten when the ring begins anew, within an interval.
   */
  need(needed: boolean, options: { readonly now: number; readonly random: () => number }): void {
    if (needed === this.#needed) {
      return;
    }
    this.#needed = needed;
    this.#tickAt = needed ? options.now + options.random() * this.#intervalMs : undefined;
    this.#visited.clear();
    this.#lookedSince = options.now;
    for (const peer of this.#peers.values()) {
      peer.askedAt = undefined;
      peer.misses = 0;
      peer.dead = false;
    }
  }

  /** The peer whose own address it is. */
  byOwnAddress(address: Address): WatchedPeer | undefined {
    return this.#byOwnAddress.get(addressKey(address));
  }

  /**
   * A frame that the peer itself sent. True where it was believed dead.
   * @param options.answer that it answers for its own address, which a proxy can do as well
   */
  heard(peer: WatchedPeer, options: { readonly at: number; readonly now: number; readonly answer: boolean }): boolean {
    if (options.answer && peer.dead && options.at - peer.broadcastAt < this.#intervalMs) {
      this.check(peer, options.now, { again: true });
      peer.broadcastAt = Number.NEGATIVE_INFINITY;
      return false;
    }
    if (options.answer && peer.askedAt !== undefined && options.at >= peer.askedAt) {
      const sample = options.at - peer.askedAt;
      this.#roundTrip = this.#roundTrip === 0 ? sample : this.#roundTrip * 0.875 + sample * 0.125;
    }
    const revived = peer.dead;
    this.#lastHeard = peer;
    if (revived) {
      peer.fitSince = options.now;
    }
    peer.heardAt = Math.max(peer.heardAt, options.at);
    if (!options.answer) {
      peer.spokeAt = Math.max(peer.spokeAt, options.at);
    }
    peer.dead = false;
    peer.misses = 0;
    if (this.#checks.delete(peer)) {
      this.#falseAlarms += 1;
    }
    return revived;
  }

  /**
   * A peer that is believed dead has answered a question to it alone, about an address that it has: no proxy does that.
   * True where it was believed dead.
   */
  answered(peer: WatchedPeer, options: { readonly at: number; readonly now: number }): boolean {
    if (!peer.dead) {
      return false;
    }
    peer.broadcastAt = Number.NEGATIVE_INFINITY;
    // That answer is none to the last look, whose time says nothing of the way to it.
    peer.askedAt = undefined;
    return this.heard(peer, { ...options, answer: true });
  }

  /** Whether a hint about the peer is worth a look: it is believed alive, and was not checked a moment ago. */
  wantsCheck(peer: WatchedPeer, now: number): boolean {
    return !peer.dead && !this.#checks.has(peer) && now - peer.checkedAt >= CHECK_PAUSE_MS;
  }

  /** Somebody asks for a peer: find out by own questions, once a second at most unless it is to be looked at again. */
  check(peer: WatchedPeer, now: number, options: { readonly again?: boolean } = {}): void {
    if (this.#checks.has(peer) || peer.ask === undefined || (peer.dead && options.again !== true)) {
      return;
    }
    if (now - peer.checkedAt < CHECK_PAUSE_MS && options.again !== true) {
      return;
    }
    peer.checkedAt = now;
    this.#hintsHeard += 1;
    this.#checks.set(peer, { asks: 0, nextAt: now, since: now, late: false });
  }

  /**
   * The peer has asked this node for its own address. Out of turn, it does so because it doubts that the node or its agent
   * lives; kernels answer such a question, so the agent asks back, once a second at most.
   * @returns whether the peer is to be asked now
   */
  asked(peer: WatchedPeer, now: number): boolean {
    if (now - peer.spokenToAt < SPEAK_MS || this.#watchers().includes(peer)) {
      return false;
    }
    peer.spokenToAt = now;
    return true;
  }

  /** When {@link due} is to be called next. */
  next(): number | undefined {
    let next = this.#ring.length === 0 ? undefined : this.#tickAt;
    for (const { nextAt } of this.#checks.values()) {
      if (next === undefined || nextAt < next) {
        next = nextAt;
      }
    }
    return next;
  }

  /** Judges what is due, and says whom to ask. */
  due(now: number, attention: Attention): WatchOutcome {
    const ask: WatchedPeer[] = [];
    const dead: WatchedPeer[] = [];
    let silent: readonly WatchedPeer[] = [];
    let lookForLife = false;
    for (const [peer, check] of this.#checks) {
      if (check.nextAt <= now) {
        lookForLife = this.#dueCheck(peer, check, now, attention, { ask, dead }) || lookForLife;
      }
    }
    if (this.#tickAt !== undefined && this.#tickAt <= now) {
      const onTime = attention.drained && now - this.#tickAt <= ON_TIME_MS;
      // Those that are asked late have the whole interval to answer, too.
      this.#tickAt = (onTime ? this.#tickAt : now) + this.#intervalMs;
      lookForLife = this.#look(now, onTime, attention.lanHeardAt, { ask, dead }) || lookForLife;
      silent = onTime ? this.#silent(now) : [];
    }
    this.#deadVerdicts += dead.length;
    return { ask, dead, silent, lookForLife };
  }

  /** Those whose turn it is to ask this node, and who do not. */
  #silent(now: number): readonly WatchedPeer[] {
    const since = now - AGENT_SILENT_MS;
    return this.#watchers().filter((peer) => Math.max(peer.spokeAt, peer.fitSince, this.#lookedSince) < since);
  }

  /** Those whose turn it is to ask this node: the next living ones before it in the ring. */
  #watchers(): readonly WatchedPeer[] {
    const watchers: WatchedPeer[] = [];
    for (let index = this.#ring.length - 1; index >= 0 && watchers.length < WATCHED; index -= 1) {
      const peer = this.#ring[index];
      if (peer !== undefined && !peer.dead && peer.ask !== undefined) {
        watchers.push(peer);
      }
    }
    return watchers;
  }

  #dueCheck(
    peer: WatchedPeer,
    check: Check,
    now: number,
    attention: Attention,
    outcome: { readonly ask: WatchedPeer[]; readonly dead: WatchedPeer[] },
  ): boolean {
    check.late ||= !attention.drained || now - check.nextAt > ON_TIME_MS;
    if (check.asks < CHECK_ASKS) {
      check.asks += 1;
      check.nextAt = now + CHECK_ASK_MS;
      peer.spokenToAt = now;
      outcome.ask.push(peer);
      return true;
    }
    this.#checks.delete(peer);
    if (!check.late && attention.lanHeardAt >= check.since && !peer.dead) {
      peer.dead = true;
      peer.misses = this.#misses;
      outcome.dead.push(peer);
    }
    return false;
  }

  /** Looks at the ring, from the next peer to the last one that is to be watched. */
  #look(
    now: number,
    onTime: boolean,
    lanHeardAt: number,
    outcome: { readonly ask: WatchedPeer[]; readonly dead: WatchedPeer[] },
  ): boolean {
    let missing = false;
    let watched = 0;
    let limit = WATCHED;
    const before = this.#visited;
    this.#visited = new Set();
    for (const peer of this.#ring) {
      if (watched >= limit) {
        break;
      }
      this.#visited.add(peer);
      before.delete(peer);
      if (peer.ask === undefined) {
        continue;
      }
      if (peer.dead) {
        if (peer.askedAt === undefined || now - peer.askedAt >= DEAD_ASK_MS) {
          peer.askedAt = now;
          outcome.ask.push(peer);
        }
        continue;
      }
      if (peer.askedAt !== undefined && peer.heardAt < peer.askedAt) {
        missing = true;
        limit = WATCHED_ON_SUSPICION;
        if (onTime && lanHeardAt >= peer.askedAt) {
          peer.misses += 1;
        }
      }
      if (peer.misses >= this.#misses) {
        peer.dead = true;
        this.#checks.delete(peer);
        outcome.dead.push(peer);
        continue;
      }
      watched += 1;
      if (now - peer.spokeAt < this.#intervalMs && now - peer.spokenToAt < SPEAK_MS && !missing) {
        // It asks us as often as we would ask it; one of the two will do, and a small LAN has half the frames.
        peer.askedAt = undefined;
        continue;
      }
      peer.askedAt = now;
      peer.spokenToAt = now;
      outcome.ask.push(peer);
    }
    for (const peer of before) {
      peer.askedAt = undefined;
      peer.misses = peer.dead ? peer.misses : 0;
    }
    return missing;
  }

  #distance(peer: WatchedPeer): number {
    const distance = peer.position - this.#position;
    return distance < 0 ? distance + Number.MAX_SAFE_INTEGER : distance;
  }
}

function newPeer(node: string, mac: MAC): WatchedPeer {
  const hash = hashName(node);
  return {
    node,
    hash,
    position: ringPosition(hash),
    excluded: false,
    lans: new Set(),
    fitSince: Number.NEGATIVE_INFINITY,
    unfit: false,
    mac,
    ask: undefined,
    question: undefined,
    dead: false,
    heardAt: Number.NEGATIVE_INFINITY,
    spokeAt: Number.NEGATIVE_INFINITY,
    spokenToAt: Number.NEGATIVE_INFINITY,
    askedAt: undefined,
    misses: 0,
    broadcastAt: Number.NEGATIVE_INFINITY,
    checkedAt: Number.NEGATIVE_INFINITY,
  };
}

function sameOrNone(one: Address | undefined, other: Address | undefined): boolean {
  return one === undefined || other === undefined ? one === other : sameAddress(one, other);
}

/** ARP where both sides have IPv4 on the segment; else the link-local address, which every IPv6 interface has. */
function askableAddress(segment: LocalSegment, addresses: readonly Address[]): Address | undefined {
  const onLink = (address: Address): boolean => segment.subnets.some((subnet) => prefixContains(subnet, address));
  const own = (family: Address['family']): boolean => segment.ownAddresses.some((address) => address.family === family);
  return (
    (own('IPv4') ? addresses.find((address) => address.family === 'IPv4' && onLink(address)) : undefined) ??
    (own('IPv6') ? addresses.find((address) => isLinkLocal(address)) : undefined) ??
    (own('IPv6') ? addresses.find((address) => address.family === 'IPv6' && onLink(address)) : undefined)
  );
}

function isLinkLocal(address: Address): boolean {
  return address.family === 'IPv6' && address.value >> 118n === 0x3fan;
}
