import { CHECK_ASK_MS, CHECK_ASKS, MOVE_RETRY_MS, MOVE_TIMEOUT_MS, RIVAL_FRESH_MS } from './constants.ts';
import { schedule, suspectRival, withdraw } from './holding.ts';
import type { Machine } from './machine.ts';
import type { AcceptingPhase, AddressRecord, HeldPhase } from './record.ts';
import { consider, movePause } from './resting.ts';
import type { Candidate, MAC } from './types.ts';
import type { WatchedPeer } from './watch.ts';

/**
 * Planned moves: the holder names a successor in the claim; the successor takes the claim over, adds the address and
 * announces it; the holder lets go when it hears that. There is never a moment without a holder.
 */

/** Why a holder hands over; written into the claim. */
type MoveReason = 'not selected' | 'not eligible' | 'excluded' | 'preferred';

/** Judges a held address after anything that may make this node hand over, or let it go. */
export function considerMove(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  if (!machine.view.ready) {
    return;
  }
  const { candidate } = record;
  phase.reconsiderAt = undefined;
  if (candidate === undefined) {
    letGo(machine, record);
    return;
  }
  const reason = leaveReason(machine, candidate);
  const successor = reason === undefined ? preferredPeer(machine, record, phase) : successorOf(machine, record, phase);
  if (reason === undefined) {
    phase.saidNoSuccessor = false;
  }
  if (phase.move !== undefined) {
    if (reason === undefined && successor === undefined) {
      callOff(machine, record, phase);
    }
    return;
  }
  if (successor === undefined) {
    if (reason !== undefined) {
      stayAlone(machine, record, phase);
    }
    schedule(machine, record, phase);
    return;
  }
  const earliest = Math.max(phase.moveAfter, machine.now + movePause(machine, record));
  if (machine.now < earliest) {
    phase.reconsiderAt = earliest;
    schedule(machine, record, phase);
    return;
  }
  phase.move = { successor: successor.node, until: machine.now + MOVE_TIMEOUT_MS };
  machine.claim(record, { successor: successor.node, reason: reason ?? 'preferred' });
  schedule(machine, record, phase);
}

function leaveReason(machine: Machine, candidate: Candidate): Exclude<MoveReason, 'preferred'> | undefined {
  if (candidate.barred === true) {
    return 'not selected';
  }
  if (!candidate.eligible) {
    return 'not eligible';
  }
  return machine.view.excluded ? 'excluded' : undefined;
}

/** Whoever takes it when this node leaves: one that is excluded only where this node may not keep it. */
function bestSuccessor(
  machine: Machine,
  record: AddressRecord,
  declined: ReadonlySet<string>,
): WatchedPeer | undefined {
  return machine
    .bestPeers(record, Number.POSITIVE_INFINITY)
    .find((peer) => mayFollow(record, peer) && !declined.has(peer.node));
}

/** The best one that has not let a move pass; where all have, the best one again. */
function successorOf(machine: Machine, record: AddressRecord, phase: HeldPhase): WatchedPeer | undefined {
  return bestSuccessor(machine, record, phase.declined) ?? bestSuccessor(machine, record, new Set());
}

function mayFollow(record: AddressRecord, peer: WatchedPeer): boolean {
  return !peer.excluded || record.candidate?.eligible === false;
}

/**
 * A node that is preferred more than this one, and has been fit for as long as `takeBack` says; notes when the next one
 * will have been.
 */
function preferredPeer(machine: Machine, record: AddressRecord, phase: HeldPhase): WatchedPeer | undefined {
  const { takeBackMs } = machine.policyOf(record);
  const preferences = record.candidate?.preferences;
  if (takeBackMs === undefined || preferences === undefined) {
    return undefined;
  }
  const own = preferences.get(machine.node) ?? 0;
  for (const peer of machine.bestPeers(record, Number.POSITIVE_INFINITY)) {
    if (peer.excluded || (preferences.get(peer.node) ?? 0) <= own) {
      return undefined;
    }
    const at = peer.fitSince + takeBackMs;
    if (at <= machine.now) {
      return peer;
    }
    phase.reconsiderAt = Math.min(phase.reconsiderAt ?? at, at);
  }
  return undefined;
}

/** There is nobody to take it. Where this node may not have it, it goes all the same. */
function stayAlone(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  if (record.candidate?.barred === true) {
    letGo(machine, record);
  } else if (record.candidate?.preferences.size === 0) {
    // No node has an endpoint: it would serve nobody anywhere. Here nobody else can take it meanwhile, kube-proxy refuses
    // connections at once where silence would make clients wait, and it is there when an endpoint comes back.
    phase.saidNoSuccessor = false;
  } else if (!phase.saidNoSuccessor) {
    phase.saidNoSuccessor = true;
    machine.say(record, { type: 'no-successor' });
  }
}

function letGo(machine: Machine, record: AddressRecord): void {
  if (machine.view.remembered !== true) {
    withdraw(machine, record, 'unwanted', undefined);
  }
}

/** Whether it was found dead. One that is no peer any more, for this node is on no LAN that counts, may still accept. */
function isDead(machine: Machine, node: string): boolean {
  return machine.watch.get(node)?.dead === true;
}

/** The successor has not answered in time: it may have no agent, or no API server, or it is dead. */
export function continueMove(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  if (phase.move !== undefined && (phase.move.until <= machine.now || isDead(machine, phase.move.successor))) {
    phase.declined = new Set([...phase.declined, phase.move.successor]);
    callOff(machine, record, phase);
    const { candidate } = record;
    const leaves = candidate !== undefined && leaveReason(machine, candidate) !== undefined;
    if (leaves && bestSuccessor(machine, record, phase.declined) !== undefined) {
      // The others need not wait for one that has no agent.
      phase.moveAfter = machine.now;
    } else {
      phase.declined = new Set();
    }
  }
  if (phase.move === undefined) {
    considerMove(machine, record, phase);
  } else if (phase.reconsiderAt !== undefined && phase.reconsiderAt <= machine.now) {
    // While a move is under way there is nothing to consider; its end is the next occasion.
    phase.reconsiderAt = undefined;
    schedule(machine, record, phase);
  }
}

function callOff(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  phase.move = undefined;
  phase.moveAfter = machine.now + MOVE_RETRY_MS;
  phase.reconsiderAt = phase.moveAfter;
  machine.claim(record);
  schedule(machine, record, phase);
}

/** The claim of a held address names another node. */
export function claimElsewhere(machine: Machine, record: AddressRecord, phase: HeldPhase, holder: string): void {
  const peer = machine.watch.get(holder);
  if (phase.move?.successor === holder) {
    // Its announcement may be lost; its answer to a unicast question says the same.
    if (peer !== undefined) {
      suspectRival(machine, record, phase, holder, peer.mac);
    }
    return;
  }
  if (phase.from?.node === holder && record.claim?.successor !== machine.node) {
    // It has called the move off.
    phase.from = undefined;
  }
  if (peer !== undefined && !peer.dead) {
    suspectRival(machine, record, phase, holder, peer.mac);
  }
  if (machine.view.segment.carrier) {
    // Without a cable it has nothing to say: whoever has the address on the LAN may be about to hand it over.
    phase.claimAt ??= machine.now + RIVAL_FRESH_MS + machine.jitter(RIVAL_FRESH_MS);
  }
  schedule(machine, record, phase);
}

/** The claim asks this node to take over. */
export function offered(machine: Machine, record: AddressRecord, from: string): void {
  const { phase } = record;
  if (phase.type !== 'idle' && phase.type !== 'asking' && phase.type !== 'waiting') {
    return;
  }
  if (!machine.view.ready || !machine.view.segment.carrier || record.candidate?.eligible !== true) {
    return;
  }
  if (movePause(machine, record) > 0) {
    // The holder may have seen fewer of its moves, in another part of a LAN that was split.
    return;
  }
  const mac = machine.watch.get(from)?.mac ?? record.claim?.mac;
  const accepting: AcceptingPhase = { type: 'accepting', from, mac, asks: 0, shown: false, won: false };
  record.phase = accepting;
  machine.effects.push({ type: 'accept', address: record.address, from });
  askOfferer(machine, record, accepting);
}

/**
 * Asks the one that offers, by unicast, whether it has the address: the offer may be older than its loss. A holder that gave
 * way to a foreign owner, lost its power or has no carrier cannot take its offer back, and a foreign owner may have the
 * address by now. The answer is there before the API server's, so this takes no time.
 */
function askOfferer(machine: Machine, record: AddressRecord, phase: AcceptingPhase): void {
  if (phase.mac === undefined || phase.asks >= CHECK_ASKS) {
    machine.deadlines.delete(record);
    return;
  }
  phase.asks += 1;
  machine.ask(record, phase.mac);
  machine.deadlines.set(record, machine.now + CHECK_ASK_MS);
}

/** The one that offers was silent for a while. */
export function continueAccepting(machine: Machine, record: AddressRecord, drained: boolean): void {
  const { phase } = record;
  if (phase.type !== 'accepting') {
    return;
  }
  if (!drained) {
    machine.deadlines.set(record, machine.now + 1);
    return;
  }
  askOfferer(machine, record, phase);
  settleOffer(machine, record, phase);
}

/** Somebody was heard to have the address while its claim is being taken over. */
export function heardOfferer(machine: Machine, record: AddressRecord, phase: AcceptingPhase, mac: MAC): void {
  // One that is no peer any more is known by its claim alone, which may be overwritten by now.
  if (mac === phase.mac || machine.nodeOf(mac, record) === phase.from) {
    phase.shown = true;
    machine.deadlines.delete(record);
    settleOffer(machine, record, phase);
  }
}

/** Takes the address without a proof where the holder itself has said who comes next, and still has it; else with one. */
function settleOffer(machine: Machine, record: AddressRecord, phase: AcceptingPhase): void {
  if (!phase.won) {
    return;
  }
  if (phase.shown) {
    record.phase = { type: 'adding', from: phase.from, taken: false };
    machine.deadlines.delete(record);
    machine.effects.push({ type: 'add', address: record.address });
  } else if (machine.deadlines.get(record) === undefined) {
    record.holder = undefined;
    record.heardAt = undefined;
    record.phase = { type: 'idle' };
    consider(machine, record);
  }
}

/** How the write ended. */
export function accepted(machine: Machine, record: AddressRecord, won: boolean): void {
  const { phase } = record;
  if (phase.type !== 'accepting') {
    return;
  }
  if (!won) {
    record.phase = { type: 'idle' };
    consider(machine, record);
    return;
  }
  phase.won = true;
  settleOffer(machine, record, phase);
}
