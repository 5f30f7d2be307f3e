import { lanName, prefixContains, sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import {
  BROADCAST_BURST,
  BROADCASTS_PER_SECOND,
  HINTED_RANKS,
  LAST_RANK,
  LIFE_PAUSE_MS,
  LIVING_MS,
  RANK_WAIT_MS,
  SETTLED_MS,
} from './constants.ts';
import { Deadlines } from './deadlines.ts';
import { addressKey } from './key.ts';
import { Outbox } from './outbox.ts';
import type { Effect, SegmentView, SentFrame } from './protocol.ts';
import { LeaseWatch } from './lease-watch.ts';
import { ProxyWatch } from './proxies.ts';
import { compareContenders, hashName, score } from './rank.ts';
import type { Contender, NameHash } from './rank.ts';
import type { AddressRecord } from './record.ts';
import { DEFAULT_HOLDER_POLICY } from './types.ts';
import type { Claim, HolderEvent, HolderPolicy, MAC, WithdrawReason } from './types.ts';
import { PeerWatch } from './watch.ts';
import type { WatchedPeer } from './watch.ts';

/** Something that waits for its turn to be broadcast. */
export type Broadcast =
  | { readonly type: 'round'; readonly record: AddressRecord; readonly phase: AddressRecord['phase'] }
  | { readonly type: 'announcement'; readonly record: AddressRecord }
  | { readonly type: 'frame'; readonly frame: SentFrame };

/** The state of one segment's election, and the few things that all its parts do. */
export class Machine {
  readonly node: string;
  readonly hash: NameHash;
  readonly random: () => number;
  readonly records = new Map<bigint, AddressRecord>();
  /** Claims, those of addresses that are no candidates here included: Services may come after them. */
  readonly claims = new Map<bigint, Claim>();
  readonly deadlines = new Deadlines<AddressRecord>();
  readonly outbox = new Outbox<Broadcast>({ perSecond: BROADCASTS_PER_SECOND, burst: BROADCAST_BURST });
  readonly watch: PeerWatch;
  readonly leases = new LeaseWatch();
  readonly proxies = new ProxyWatch();
  /** MACs of the gateways, as heard. */
  readonly gatewayMacs = new Map<bigint, MAC>();
  view: SegmentView;
  now = 0;
  /** When the last frame of another station came in. */
  lanHeardAt = Number.NEGATIVE_INFINITY;
  askedForLifeAt = Number.NEGATIVE_INFINITY;
  broadcastForLifeAt = Number.NEGATIVE_INFINITY;
  /** Number of addresses in the phase `held`. */
  held = 0;
  /** Since when there was enough knowledge to take addresses. */
  readyAt: number | undefined;
  effects: Effect[] = [];
  /** Rounds of proofs and hints that went out. */
  probes = 0;
  hintsSent = 0;

  constructor(options: { readonly node: string; readonly view: SegmentView; readonly random: () => number }) {
    this.node = options.node;
    this.hash = hashName(options.node);
    this.random = options.random;
    this.view = options.view;
    this.watch = new PeerWatch(options.node);
  }

  /** Whether what comes now is news, and no part of the first picture. */
  get settled(): boolean {
    return this.readyAt !== undefined && this.now - this.readyAt >= SETTLED_MS;
  }

  /** A number between half of the value and one and a half times it, so that nodes do not march in step. */
  jitter(value: number): number {
    return value * (0.5 + this.random());
  }

  send(frame: SentFrame): void {
    this.effects.push({ type: 'send', frame });
  }

  /** Asks one station by unicast; the switch does not repeat it to all, so the bucket does not count it. */
  ask(record: AddressRecord, mac: MAC): void {
    this.send({ type: 'question', about: record.address, sender: 'own', to: { mac } });
  }

  say(
    record: AddressRecord,
    what:
      | { readonly type: 'announced' | 'no-successor' }
      | { readonly type: 'withdrawn'; readonly reason: WithdrawReason }
      | { readonly type: 'conflict'; readonly mac: MAC; readonly held: boolean }
      | { readonly type: 'holder-unfit'; readonly node: string },
  ): void {
    const event: HolderEvent = {
      ...what,
      address: record.address,
      interfaceIndex: this.view.segment.interface.index,
      services: record.candidate?.services ?? [],
    };
    this.effects.push({ type: 'event', event });
  }

  /** Records in the claim that this node holds the address, with or without a successor. */
  claim(record: AddressRecord, move?: { readonly successor: string; readonly reason: string }): void {
    this.effects.push({
      type: 'claim',
      address: record.address,
      ...(move === undefined ? {} : { successor: move.successor, move: move.reason }),
    });
  }

  /** Whether silence since then would mean anything: frames pass, or there is nobody else who could have the address. */
  living(since: number): boolean {
    if (this.watch.size === 0) {
      return true;
    }
    return this.lanHeardAt >= since && this.now - this.lanHeardAt <= LIVING_MS;
  }

  /**
   * Asks a peer and the gateways to say something, so that the LAN can be told from a dead one. Where nobody has since the
   * last time, another peer is asked: of a part of a LAN that was split, a single kernel may be left that answers.
   */
  lookForLife(): void {
    if (this.now - this.askedForLifeAt < LIFE_PAUSE_MS.unicast) {
      return;
    }
    const answered = this.lanHeardAt >= this.askedForLifeAt;
    this.askedForLifeAt = this.now;
    const peer = answered ? this.watch.lastHeard() : this.watch.inTurn();
    if (peer?.question !== undefined) {
      this.send(peer.question);
    }
    for (const gateway of this.view.segment.gateways) {
      const mac = this.gatewayMacs.get(addressKey(gateway));
      const frame: SentFrame = {
        type: 'question',
        about: gateway,
        sender: 'own',
        to: mac === undefined ? 'group' : { mac },
      };
      if (mac === undefined) {
        if (this.now - this.broadcastForLifeAt < LIFE_PAUSE_MS.broadcast) {
          continue;
        }
        this.broadcastForLifeAt = this.now;
        this.outbox.enqueue('proof', { type: 'frame', frame });
      } else {
        this.send(frame);
      }
    }
  }

  /** Whose MAC it is, as far as LBNodeStatus or the claim of the address know: a node's name. */
  nodeOf(mac: MAC, record: AddressRecord): string | undefined {
    return this.watch.byMac(mac)?.node ?? (record.claim?.mac === mac ? record.claim.holder : undefined);
  }

  /** Number of living nodes that come before this one for the address: 0 is the first rank. */
  rank(record: AddressRecord): number {
    const { candidate } = record;
    if (candidate === undefined) {
      return LAST_RANK;
    }
    const own: Contender = {
      excluded: this.view.excluded,
      preference: candidate.preferences.get(this.node) ?? 0,
      score: record.score,
    };
    let rank = 0;
    for (const peer of this.watch.all()) {
      const contender = this.#contender(record, peer);
      if (contender !== undefined && canTake(peer) && compareContenders(contender, own) < 0) {
        rank += 1;
      }
    }
    return rank;
  }

  /** The best living peers for the address, first ranks first. */
  bestPeers(record: AddressRecord, most: number): readonly WatchedPeer[] {
    const contenders: { readonly peer: WatchedPeer; readonly contender: Contender }[] = [];
    for (const peer of this.watch.all()) {
      const contender = this.#contender(record, peer);
      if (contender !== undefined && canTake(peer)) {
        contenders.push({ peer, contender });
      }
    }
    contenders.sort((a, b) => compareContenders(a.contender, b.contender));
    return contenders.slice(0, most).map(({ peer }) => peer);
  }

  /** Whether somebody is known to use the address on this segment. */
  inUse(address: Address): boolean {
    const key = addressKey(address);
    const { ownAddresses, gateways } = this.view.segment;
    return (
      this.records.has(key) ||
      this.claims.has(key) ||
      this.watch.byOwnAddress(address) !== undefined ||
      [...ownAddresses, ...gateways].some((used) => sameAddress(used, address))
    );
  }

  /** By hash alone, which every node computes alike: whether this node goes before the other one. */
  outranks(record: AddressRecord, node: string): boolean {
    const theirs = score(hashName(node), record.words);
    return record.score === theirs ? this.node > node : record.score > theirs;
  }

  /** How long a node of that rank waits before it asks. */
  rankWait(rank: number): number {
    return rank < LAST_RANK ? rank * RANK_WAIT_MS : (LAST_RANK + this.random() * LAST_RANK) * RANK_WAIT_MS;
  }

  /** Whether this node is among those that look after the addresses of that peer. */
  looksAfter(peer: WatchedPeer): boolean {
    for (const record of this.records.values()) {
      if (record.holder === peer.node && record.candidate?.eligible === true && this.rank(record) <= HINTED_RANKS) {
        return true;
      }
    }
    return false;
  }

  /** What the address's group says of disputes. */
  policyOf(record: AddressRecord): HolderPolicy {
    return record.candidate?.policy ?? DEFAULT_HOLDER_POLICY;
  }

  /** Whether the address may be announced over that node, which answers for it and has no agent. */
  overrules(record: AddressRecord, node: string | undefined): boolean {
    return node !== undefined && this.policyOf(record).takeOver === 'Force' && this.watch.get(node)?.unfit === true;
  }

  #contender(record: AddressRecord, peer: WatchedPeer): Contender | undefined {
    const preference = record.candidate?.preferences.get(peer.node);
    return preference === undefined || !this.#reaches(peer, record)
      ? undefined
      : { excluded: peer.excluded, preference, score: score(peer.hash, record.words) };
  }

  /** Whether the peer is on a LAN that the address is part of: an interface may be on several. */
  #reaches(peer: WatchedPeer, { address }: AddressRecord): boolean {
    if (this.watch.uniform) {
      return true;
    }
    const { subnets, lans } = this.view.segment;
    const names = subnets.flatMap((subnet) => (prefixContains(subnet, address) ? [lanName(subnet)] : []));
    const known = names.filter((name) => lans.includes(name));
    return known.length === 0 || known.some((name) => peer.lans.has(name));
  }
}

/** A node that is dead, or whose agent is gone, takes nothing. */
function canTake(peer: WatchedPeer): boolean {
  return !peer.dead && !peer.unfit;
}
