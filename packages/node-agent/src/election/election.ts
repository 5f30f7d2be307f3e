import type { Address } from '@fairlead/api';
import {
  CONFIRM_MS,
  NEW_RECHECK_MS,
  ON_TIME_MS,
  PROXY_ANSWER_MS,
  RECHECK_MS,
  RESTORES,
  STALL_MS,
} from './constants.ts';
import { heardLease, readLeases } from './agents.ts';
import { hear } from './hearing.ts';
import { announceAll, continueHolding, hold, sendAnnouncement } from './holding.ts';
import { addressKey } from './key.ts';
import { Machine } from './machine.ts';
import type { Broadcast } from './machine.ts';
import { accepted, claimElsewhere, considerMove, continueAccepting, continueMove, offered } from './moving.ts';
import type { Effect, ElectionEvent, SegmentView } from './protocol.ts';
import { begin, continueCheck, continueProof, sendRound } from './proving.ts';
import { newRecord } from './record.ts';
import type { AddressRecord } from './record.ts';
import { ask, backOff, confirmHolder, consider, doubtHolder, livingHolder, waitFor } from './resting.ts';
import type { Claim, HeldAddress, HolderCounts, ProxiedSubnet } from './types.ts';
import { watchPeers } from './watching.ts';

/**
 * Decides which addresses of one LAN segment this node has. A state machine: events in, effects out; time and chance
 * come from outside, so that a simulator can run a thousand of them.
 */
export class Election {
  readonly #machine: Machine;

  /**
   * @param options.node name of this node
   * @param options.view the segment; addresses that it has adopted are held from now on
   * @param options.now milliseconds on any clock that never goes back; all events use it
   * @param options.random 0 … 1
   */
  constructor(options: {
    readonly node: string;
    readonly view: SegmentView;
    readonly now: number;
    readonly random: () => number;
  }) {
    const machine = new Machine({ node: options.node, view: options.view, random: options.random });
    this.#machine = machine;
    machine.now = options.now;
    for (const address of options.view.segment.adopted) {
      const record = this.#record(address);
      hold(machine, record, { taken: false, from: undefined });
    }
    this.#view(options.view);
  }

  /** Takes one event and returns what is to be done, in order. */
  handle(event: ElectionEvent, now: number): readonly Effect[] {
    const machine = this.#machine;
    machine.now = Math.max(machine.now, now);
    this.#dispatch(event);
    machine.watch.need(machine.records.size > 0 || machine.claims.size > 0, machine);
    machine.outbox.drain(machine.now, (item) => this.#broadcast(item));
    const { effects } = machine;
    machine.effects = [];
    return effects;
  }

  /** When a `timer` event is due next. */
  nextDeadline(): number | undefined {
    const { deadlines, leases, outbox, proxies, watch } = this.#machine;
    let next: number | undefined;
    for (const time of [deadlines.next(), outbox.next(), watch.next(), leases.next(), proxies.next()]) {
      if (time !== undefined && (next === undefined || time < next)) {
        next = time;
      }
    }
    return next;
  }

  /** Subnets of the interface on which somebody answers for every address. */
  proxied(): readonly ProxiedSubnet[] {
    const interfaceIndex = this.#machine.view.segment.interface.index;
    return this.#machine.proxies.proxied().map(({ subnet, mac }) => ({ interfaceIndex, subnet, mac }));
  }

  /** What happened since the start, and what is under way. */
  counts(): Omit<HolderCounts, 'claimsWritten'> {
    const { watch, probes, hintsSent, outbox, leases } = this.#machine;
    return { ...watch.counts, probes, hintsSent, queuedBroadcasts: outbox.length, unfitPeers: leases.gone };
  }

  /** What is to be on the interface, with the time of the events since when. */
  held(): readonly HeldAddress[] {
    const held: HeldAddress[] = [];
    for (const record of this.#machine.records.values()) {
      if (record.phase.type === 'held') {
        held.push({
          address: record.address,
          interfaceIndex: this.#machine.view.segment.interface.index,
          services: record.candidate?.services ?? [],
          since: record.phase.since,
        });
      }
    }
    return held;
  }

  /** Whether the address is to be on the interface now. */
  holds(address: Address): boolean {
    return this.#machine.records.get(addressKey(address))?.phase.type === 'held';
  }

  #dispatch(event: ElectionEvent): void {
    switch (event.type) {
      case 'view':
        this.#view(event.view);
        return;
      case 'candidate': {
        if (event.candidate.barred === true && this.#known(event.candidate.address) === undefined) {
          return;
        }
        const record = this.#record(event.candidate.address);
        record.candidate = event.candidate;
        this.#judge(record);
        doubtHolder(this.#machine, record);
        return;
      }
      case 'candidate-gone':
        this.#candidateGone(event.address);
        return;
      case 'claim':
        this.#claim(event.address, event.claim);
        return;
      case 'move': {
        const record = this.#known(event.address);
        if (record !== undefined) {
          accepted(this.#machine, record, event.accepted);
        }
        return;
      }
      case 'lease':
        heardLease(this.#machine, event.node, event.renewed);
        return;
      case 'rewired':
        announceAll(this.#machine);
        return;
      case 'frame':
        hear(this.#machine, event.frame);
        return;
      case 'timer':
        this.#timer(event.drained);
        return;
      case 'kernel':
        this.#kernel(event.address, event.operation, event.done);
        return;
      case 'gone':
        this.#gone(event.address);
        return;
    }
  }

  #known(address: Address): AddressRecord | undefined {
    return this.#machine.records.get(addressKey(address));
  }

  #record(address: Address): AddressRecord {
    const machine = this.#machine;
    const key = addressKey(address);
    const known = machine.records.get(key);
    if (known !== undefined) {
      return known;
    }
    const record = newRecord(address, machine.hash);
    record.claim = machine.claims.get(key);
    record.holder = record.claim?.holder === '' ? undefined : record.claim?.holder;
    machine.records.set(key, record);
    return record;
  }

  /** Judges a record after something around it has changed. */
  #judge(record: AddressRecord): void {
    if (record.phase.type === 'held') {
      considerMove(this.#machine, record, record.phase);
    } else {
      this.#offer(record);
      consider(this.#machine, record);
    }
  }

  #offer(record: AddressRecord): void {
    const { claim } = record;
    if (claim?.successor === this.#machine.node && claim.holder !== this.#machine.node) {
      offered(this.#machine, record, claim.holder);
    }
  }

  #view(view: SegmentView): void {
    const machine = this.#machine;
    const before = machine.view;
    machine.view = view;
    machine.watch.update({
      segment: view.segment,
      peers: view.peers,
      intervalMs: view.settings.failover.intervalMs,
      misses: view.settings.failover.misses,
      now: machine.now,
    });
    machine.proxies.update(view.segment.subnets, machine.now);
    const firstReady = view.ready && machine.readyAt === undefined;
    if (firstReady) {
      machine.readyAt = machine.now;
    }
    const otherMac = view.segment.interface.mac !== before.segment.interface.mac;
    const rewired = view.segment.carrier && !before.segment.carrier;
    for (const record of machine.records.values()) {
      this.#judge(record);
      if (firstReady || otherMac || rewired) {
        this.#checkClaim(record, otherMac);
      }
    }
    if (rewired || otherMac) {
      announceAll(machine);
    }
    if (rewired) {
      machine.proxies.again(machine.now);
    }
  }

  /** Asks for random addresses, and judges who answers for them. */
  #checkProxies(): void {
    const machine = this.#machine;
    const dueAt = machine.proxies.next();
    if (dueAt === undefined || dueAt > machine.now) {
      return;
    }
    if (!machine.view.segment.carrier) {
      machine.proxies.again(machine.now + PROXY_ANSWER_MS);
      return;
    }
    const { ask: addresses, changed } = machine.proxies.due({
      now: machine.now,
      random: machine.random,
      living: (since) => machine.living(since),
      inUse: (address) => machine.inUse(address),
    });
    for (const about of addresses) {
      machine.outbox.enqueue('proof', {
        type: 'frame',
        frame: { type: 'question', about, sender: 'own', to: 'group' },
      });
    }
    if (addresses.length > 0) {
      machine.lookForLife();
    }
    if (changed) {
      machine.effects.push({ type: 'proxied' });
      for (const record of machine.records.values()) {
        this.#judge(record);
      }
    }
  }

  #candidateGone(address: Address): void {
    const machine = this.#machine;
    const record = this.#known(address);
    if (record === undefined) {
      return;
    }
    record.candidate = undefined;
    switch (record.phase.type) {
      case 'held':
        considerMove(machine, record, record.phase);
        return;
      case 'adding':
      case 'removing':
        return;
      default:
        this.#forget(record);
    }
  }

  #forget(record: AddressRecord): void {
    record.phase = { type: 'idle' };
    this.#machine.deadlines.delete(record);
    this.#machine.records.delete(record.key);
  }

  #claim(address: Address, claim: Claim | undefined): void {
    const machine = this.#machine;
    const key = addressKey(address);
    if (claim === undefined) {
      machine.claims.delete(key);
    } else {
      machine.claims.set(key, claim);
    }
    const record = machine.records.get(key);
    if (record === undefined) {
      return;
    }
    record.claim = claim;
    if (record.phase.type === 'held') {
      if (machine.view.ready) {
        this.#checkClaim(record, false);
      }
      return;
    }
    const holder = claim === undefined || claim.holder === '' ? undefined : claim.holder;
    const fresh = record.heardAt !== undefined && machine.now - record.heardAt < RECHECK_MS;
    const heard = fresh && livingHolder(machine, record) !== undefined;
    if (!heard) {
      record.holder = holder;
    }
    this.#judge(record);
    if (heard && holder !== undefined && holder !== record.holder) {
      // Either the claim is old, or this node has not heard the announcement: what it has heard is asked for again soon.
      record.heardAt = undefined;
      confirmHolder(machine, record, NEW_RECHECK_MS);
    }
  }

  /** The claim of a held address is to say so. */
  #checkClaim(record: AddressRecord, renew: boolean): void {
    const { claim, phase } = record;
    if (phase.type !== 'held') {
      return;
    }
    if (claim === undefined || renew) {
      this.#machine.claim(record);
    } else if (claim.holder === this.#machine.node) {
      phase.claimAt = undefined;
    } else {
      claimElsewhere(this.#machine, record, phase, claim.holder);
    }
  }

  #timer(drained: boolean): void {
    const machine = this.#machine;
    const due = this.nextDeadline();
    const lag = due === undefined ? 0 : machine.now - due;
    watchPeers(machine, drained && lag <= ON_TIME_MS);
    readLeases(machine);
    if (drained) {
      this.#checkProxies();
    }
    for (;;) {
      const record = machine.deadlines.take(machine.now);
      if (record === undefined) {
        break;
      }
      this.#due(record, drained);
    }
    if (lag >= STALL_MS) {
      announceAll(machine);
    }
  }

  #due(record: AddressRecord, drained: boolean): void {
    const machine = this.#machine;
    switch (record.phase.type) {
      case 'idle':
      case 'asking':
        ask(machine, record);
        return;
      case 'waiting':
        begin(machine, record);
        return;
      case 'proving':
        continueProof(machine, record, drained);
        return;
      case 'checking':
        continueCheck(machine, record, drained);
        return;
      case 'held':
        continueHolding(machine, record, drained);
        if (record.phase.type === 'held') {
          continueMove(machine, record, record.phase);
        }
        return;
      case 'removing':
        machine.effects.push({ type: 'remove', address: record.address });
        return;
      case 'accepting':
        continueAccepting(machine, record, drained);
        return;
      case 'adding':
        return;
    }
  }

  #kernel(address: Address, operation: 'add' | 'remove', done: boolean): void {
    const machine = this.#machine;
    const record = this.#known(address);
    if (record === undefined) {
      return;
    }
    const { phase } = record;
    if (operation === 'add' && phase.type === 'adding') {
      if (!done) {
        backOff(machine, record, 'kernel');
        return;
      }
      hold(machine, record, phase);
      machine.say(record, { type: 'announced' });
      if (phase.from === undefined) {
        machine.claim(record);
      }
      this.#judge(record);
      return;
    }
    if (operation === 'remove' && phase.type === 'removing') {
      if (!done) {
        machine.deadlines.set(record, machine.now + 1000);
        return;
      }
      machine.deadlines.delete(record);
      machine.say(record, { type: 'withdrawn', reason: phase.reason });
      if (record.candidate === undefined) {
        this.#forget(record);
      } else if (phase.reason === 'conflict') {
        backOff(machine, record, 'conflict');
      } else {
        record.phase = { type: 'idle' };
        consider(machine, record);
        confirmHolder(machine, record, CONFIRM_MS);
      }
    }
  }

  /** Somebody else took it off: back after a new proof, a few times a minute. */
  #gone(address: Address): void {
    const machine = this.#machine;
    const record = this.#known(address);
    if (record === undefined || record.phase.type !== 'held') {
      return;
    }
    machine.held -= 1;
    const recent = record.restores.filter((at) => machine.now - at < RESTORES.withinMs);
    // Whoever removes it may not stop: no more than so many times in any such time.
    const first = recent.at(-RESTORES.most);
    const at = recent.length < RESTORES.most || first === undefined ? machine.now : first + RESTORES.withinMs;
    record.restores = [...recent, at];
    machine.say(record, { type: 'withdrawn', reason: 'gone' });
    if (record.candidate === undefined) {
      this.#forget(record);
    } else {
      waitFor(machine, record, at > machine.now ? 'back-off' : 'yield', at - machine.now);
    }
  }

  #broadcast(item: Broadcast): number {
    switch (item.type) {
      case 'round':
        return sendRound(this.#machine, item.record, item.phase);
      case 'announcement':
        return sendAnnouncement(this.#machine, item.record);
      case 'frame':
        this.#machine.send(item.frame);
        break;
    }
    return 1;
  }
}
