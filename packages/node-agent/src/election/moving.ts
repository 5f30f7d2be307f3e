import { MOVE_RETRY_MS, MOVE_TIMEOUT_MS, RIVAL_FRESH_MS } from './constants.ts';
import { schedule, suspectRival, withdraw } from './holding.ts';
import type { Machine } from './machine.ts';
import type { AddressRecord, HeldPhase } from './record.ts';
import { consider } from './resting.ts';

/**
 * Planned moves: the holder names a successor in the claim; the successor takes the claim over, adds the address and
 * announces it; the holder lets go when it hears that. There is never a moment without a holder.
 */

/** Judges a held address after anything that may make this node hand over, or let it go. */
export function considerMove(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  if (!machine.view.ready) {
    return;
  }
  if (record.candidate === undefined || record.candidate.preferences.size === 0) {
    if (machine.view.remembered !== true) {
      withdraw(machine, record, 'unwanted', undefined);
    }
    return;
  }
  const leaves = !record.candidate.eligible || machine.view.excluded;
  if (!leaves) {
    if (phase.move !== undefined) {
      callOff(machine, record, phase);
    }
    phase.saidNoSuccessor = false;
    return;
  }
  if (phase.move !== undefined || machine.now < phase.moveAfter) {
    return;
  }
  const successor = machine
    .bestPeers(record, Number.POSITIVE_INFINITY)
    .find((peer) => !peer.excluded || record.candidate?.eligible === false);
  if (successor === undefined) {
    if (!phase.saidNoSuccessor) {
      phase.saidNoSuccessor = true;
      machine.say(record, { type: 'no-successor' });
    }
    return;
  }
  phase.move = { successor: successor.node, until: machine.now + MOVE_TIMEOUT_MS };
  machine.claim(record, { successor: successor.node, reason: machine.view.excluded ? 'excluded' : 'not eligible' });
  schedule(machine, record, phase);
}

/** The successor has not answered in time: it may have no agent, or no API server. */
export function continueMove(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  if (phase.move !== undefined && phase.move.until <= machine.now) {
    callOff(machine, record, phase);
  }
  if (phase.move === undefined && machine.now >= phase.moveAfter) {
    considerMove(machine, record, phase);
  }
}

function callOff(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  phase.move = undefined;
  phase.moveAfter = machine.now + MOVE_RETRY_MS;
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
  if (peer !== undefined && !peer.dead) {
    suspectRival(machine, record, phase, holder, peer.mac);
  }
  phase.claimAt ??= machine.now + RIVAL_FRESH_MS + machine.jitter(RIVAL_FRESH_MS);
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
  record.phase = { type: 'accepting', from };
  machine.deadlines.delete(record);
  machine.effects.push({ type: 'accept', address: record.address, from });
}

/** How the write ended. Without a proof: the holder itself said who comes next. */
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
  record.phase = { type: 'adding', from: phase.from, taken: false };
  machine.effects.push({ type: 'add', address: record.address });
}
