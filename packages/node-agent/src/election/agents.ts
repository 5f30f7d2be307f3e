import { AGENT_SILENT_MS } from './constants.ts';
import { announceAll } from './holding.ts';
import type { Machine } from './machine.ts';
import type { AddressRecord } from './record.ts';
import { awaitsRecheck, confirmHolder, consider, mayTake, recheckBy, recheckWait, returnWait } from './resting.ts';
import type { WatchedPeer } from './watch.ts';

/**
 * Nodes that answer and whose agents are gone. Their kernels serve what they have, so that is no reason to move anything;
 * it is said once, by the node that would be next, and announced over where the ServiceGroup says so.
 */

/**
 * Begins to look at the Lease of an agent that is silent, and more often at what its node has.
 * @returns false where that is under way, or the agent has just proved that it lives
 */
export function suspect(machine: Machine, peer: WatchedPeer): boolean {
  if (!machine.leases.suspect(peer.node, machine.now)) {
    return false;
  }
  for (const record of machine.records.values()) {
    if (record.holder === peer.node && awaitsRecheck(machine, record)) {
      recheckBy(machine, record, machine.now + recheckWait(machine, record));
    }
  }
  return true;
}

/** Asks for the Leases that are to be read now. */
export function readLeases(machine: Machine): void {
  for (const node of machine.leases.due(machine.now)) {
    const peer = machine.watch.get(node);
    if (peer === undefined || peer.dead) {
      machine.leases.drop(node);
    } else {
      machine.effects.push({ type: 'read-lease', node });
      machine.watch.check(peer, machine.now);
    }
  }
}

/** A Lease was read. @param renewed as in {@link LeaseWatch.read} */
export function heardLease(machine: Machine, node: string, renewed: string | undefined): void {
  const peer = machine.watch.get(node);
  if (peer === undefined || peer.dead) {
    machine.leases.drop(node);
    return;
  }
  const silent = machine.now - peer.spokeAt >= AGENT_SILENT_MS;
  switch (machine.leases.read(node, { renewed, silent, now: machine.now })) {
    case 'lives':
      agentLives(machine, peer);
      return;
    case 'gone':
      agentGone(machine, peer);
      return;
    case 'wait':
      return;
  }
}

/** The agent has done what no kernel does. */
export function agentLives(machine: Machine, peer: WatchedPeer): void {
  const suspected = machine.leases.suspects(peer.node);
  machine.leases.drop(peer.node);
  if (suspected) {
    // It hears of all that was decided meanwhile, and lets go at once of what it may not have any more.
    for (const record of machine.records.values()) {
      if (record.holder === peer.node) {
        confirmHolder(machine, record, returnWait(machine, record));
      }
    }
  }
  if (peer.unfit) {
    peer.unfit = false;
    peer.fitSince = machine.now;
    // Both may have an address now; as with a peer that was dead, it is to hear us at once.
    announceAll(machine);
  }
}

/** The node is dead as a whole, or is no peer any more. */
export function agentUnknown(machine: Machine, peer: WatchedPeer): void {
  machine.leases.drop(peer.node);
  peer.unfit = false;
}

function agentGone(machine: Machine, peer: WatchedPeer): void {
  peer.unfit = true;
  for (const record of machine.records.values()) {
    if (record.holder === peer.node) {
      sayUnfit(machine, record, peer);
      consider(machine, record);
    }
  }
}

/** The first rank alone says it, or a Service would get one event a node. */
function sayUnfit(machine: Machine, record: AddressRecord, peer: WatchedPeer): void {
  if (mayTake(machine, record) && machine.rank(record) === 0) {
    machine.say(record, { type: 'holder-unfit', node: peer.node });
  }
}
