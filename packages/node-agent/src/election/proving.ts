import {
  CHECK_ASK_MS,
  CHECK_ASKS,
  DEAF_RETRY_MS,
  MAXIMUM_YIELDS,
  MOST_ROUNDS,
  PROOF_MS,
  PROOF_ROUNDS,
  PROXY_SETTLE_MS,
  YIELD_MS,
} from './constants.ts';
import type { Machine } from './machine.ts';
import type { SentFrame } from './protocol.ts';
import type { AddressRecord } from './record.ts';
import { backOff, consider, leaveTo, livingHolder, mayTake, movePause, rest, waitFor } from './resting.ts';
import type { MAC } from './types.ts';
import type { WatchedPeer } from './watch.ts';

/** The proof that nobody has an address (RFC 5227 2.1, with a bound on time), and what can come in between. */

/** Milliseconds that each round waits for an answer. */
export function roundMs(machine: Machine): number {
  return Math.max(PROOF_MS / PROOF_ROUNDS, machine.watch.roundTrip);
}

/** The wait is over: begin to ask, unless there is no reason any more. */
export function begin(machine: Machine, record: AddressRecord): void {
  if (!mayTake(machine, record) || livingHolder(machine, record) !== undefined) {
    record.phase = { type: 'idle' };
    consider(machine, record);
    return;
  }
  const pause = movePause(machine, record);
  if (pause > 0) {
    waitFor(machine, record, 'moves', pause);
    return;
  }
  startRound(machine, record, { type: 'proving', rounds: 0, sent: 0, sentAt: machine.now });
}

function startRound(
  machine: Machine,
  record: AddressRecord,
  phase: Extract<AddressRecord['phase'], { type: 'proving' }>,
): void {
  record.phase = phase;
  machine.deadlines.delete(record);
  machine.outbox.enqueue(phase.sent > 0 ? 'begun-proof' : 'proof', { type: 'round', record, phase });
}

/** Sends the next round now that its turn has come. Returns the number of broadcasts. */
export function sendRound(machine: Machine, record: AddressRecord, phase: AddressRecord['phase']): number {
  if (record.phase !== phase || phase.type !== 'proving') {
    return 0;
  }
  const frame = question(machine, record, phase.rounds);
  phase.sent += 1;
  phase.sentAt = machine.now;
  machine.send(frame);
  machine.probes += 1;
  machine.lookForLife();
  machine.deadlines.set(record, machine.now + roundMs(machine));
  return frame.type === 'question' && typeof frame.to === 'object' ? 0 : 1;
}

/**
 * Round 1 asks with sender 0, so that no cache is touched and rivals know it for a probe. Round 2 asks with our own
 * address: switches that suppress ARP answer nothing else. Round 3 asks the MAC that the claim gives, which no proxy
 * answers for. IPv6 has no sender 0: all nodes hear round 1, the solicited-node group is asked in round 2.
 */
function question(machine: Machine, record: AddressRecord, round: number): SentFrame {
  const { address } = record;
  const mac = claimant(machine, record);
  if (round === 1) {
    return { type: 'question', about: address, sender: 'own', to: 'group' };
  }
  if (round === 2 && mac !== undefined) {
    return { type: 'question', about: address, sender: 'own', to: { mac } };
  }
  return { type: 'question', about: address, sender: 'none', to: 'all' };
}

/** The MAC of the node that the claim names, where that is another one. */
function claimant(machine: Machine, { claim }: AddressRecord): MAC | undefined {
  if (claim === undefined || claim.holder === machine.node) {
    return undefined;
  }
  const mac = machine.watch.get(claim.holder)?.mac ?? claim.mac;
  return mac === machine.view.segment.interface.mac ? undefined : mac;
}

/**
 * A round has had its time: the next one, or the verdict of silence. A round in which nothing at all was heard of the LAN
 * says nothing and is asked again.
 */
export function continueProof(machine: Machine, record: AddressRecord, drained: boolean): void {
  const { phase } = record;
  if (phase.type !== 'proving') {
    return;
  }
  if (!drained) {
    machine.deadlines.set(record, machine.now + 1);
    return;
  }
  if (machine.living(phase.sentAt)) {
    phase.rounds += 1;
  }
  if (phase.rounds >= PROOF_ROUNDS) {
    take(machine, record);
  } else if (phase.sent < MOST_ROUNDS) {
    startRound(machine, record, phase);
  } else {
    waitFor(machine, record, 'deaf', machine.jitter(DEAF_RETRY_MS));
  }
}

/** Nobody has it. */
function take(machine: Machine, record: AddressRecord): void {
  if (!mayTake(machine, record)) {
    rest(machine, record);
    return;
  }
  record.yields = new Map();
  record.phase = { type: 'adding', from: undefined, taken: true };
  machine.deadlines.delete(record);
  machine.effects.push({ type: 'add', address: record.address });
}

/**
 * Another node of ours asks for the address as well: the higher rank goes on, everybody else lets the other one go first.
 * Who goes on says so to the other one alone: fabrics that suppress ARP keep probes from each other, and pass unicast.
 */
export function heardRival(
  machine: Machine,
  record: AddressRecord,
  { node, mac }: WatchedPeer,
  { probe, unicast }: { readonly probe: boolean; readonly unicast: boolean },
): void {
  const { phase } = record;
  const yields =
    phase.type === 'proving'
      ? !machine.outranks(record, node)
      : phase.type === 'waiting' && phase.why === 'rank' && probe;
  const yielded = record.yields.get(node) ?? 0;
  if (yields && yielded < MAXIMUM_YIELDS) {
    record.yields = new Map([...record.yields, [node, yielded + 1]]);
    waitFor(machine, record, 'yield', YIELD_MS);
  } else if (phase.type === 'proving' && !yields && !unicast) {
    machine.ask(record, mac);
  }
}

/** Somebody says that the address is at that MAC while this node asks for it, or waits to. */
export function heardOwner(machine: Machine, record: AddressRecord, mac: MAC, answer: boolean): void {
  const { phase } = record;
  const node = machine.nodeOf(mac, record);
  if (node === undefined) {
    foreignOwner(machine, record, mac);
    return;
  }
  if (machine.overrules(record, node)) {
    return;
  }
  if (!answer || phase.type === 'asking') {
    leaveTo(machine, record, node);
    return;
  }
  if (phase.type === 'proving') {
    // Neither is that answer a sign that the LAN still lives.
    const since = machine.now + PROXY_SETTLE_MS;
    record.phase = { type: 'checking', mac, asks: 0, since };
    machine.deadlines.set(record, since);
  } else if (phase.type === 'checking' && phase.mac === mac && phase.asks > 0) {
    leaveTo(machine, record, node);
  }
}

/** A station that is no node of ours has it: never take it. */
function foreignOwner(machine: Machine, record: AddressRecord, mac: MAC): void {
  const { phase } = record;
  if (phase.type === 'waiting' && phase.why === 'back-off') {
    return;
  }
  if (!mayTake(machine, record)) {
    return;
  }
  machine.proxies.suspect(record.address, machine.now);
  machine.say(record, { type: 'conflict', mac, held: false });
  backOff(machine, record, 'conflict');
}

/** Asks the MAC that answered, by unicast, three times; silence means that a proxy answered for it. */
export function continueCheck(machine: Machine, record: AddressRecord, drained: boolean): void {
  const { phase } = record;
  if (phase.type !== 'checking') {
    return;
  }
  if (phase.asks < CHECK_ASKS || !drained) {
    phase.asks += 1;
    machine.ask(record, phase.mac);
    machine.lookForLife();
    machine.deadlines.set(record, machine.now + CHECK_ASK_MS);
    return;
  }
  const claimed = claimant(machine, record);
  if (!machine.living(phase.since)) {
    waitFor(machine, record, 'deaf', machine.jitter(DEAF_RETRY_MS));
  } else if (claimed !== undefined && claimed !== phase.mac && machine.watch.byMac(claimed)?.dead !== true) {
    // A fabric that answers for the dead may know of an owner before the last one, and keeps the question to all from him.
    record.phase = { type: 'checking', mac: claimed, asks: 0, since: machine.now };
    continueCheck(machine, record, drained);
  } else {
    take(machine, record);
  }
}
