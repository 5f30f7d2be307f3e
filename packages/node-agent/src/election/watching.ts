import { agentUnknown, suspect } from './agents.ts';
import { HINTED_RANKS } from './constants.ts';
import type { Machine } from './machine.ts';
import { continueMove } from './moving.ts';
import { consider } from './resting.ts';
import type { WatchedPeer } from './watch.ts';

/**
 * Looks after the peers that this node watches or checks.
 * @param drained whether silence means silence: every frame was heard, and the loop was on time
 */
export function watchPeers(machine: Machine, drained: boolean): void {
  const outcome = machine.watch.due(machine.now, { drained, lanHeardAt: machine.lanHeardAt });
  for (const peer of outcome.ask) {
    if (peer.question !== undefined) {
      machine.send(peer.question);
    }
  }
  if (outcome.lookForLife) {
    machine.lookForLife();
  }
  for (const peer of outcome.dead) {
    died(machine, peer);
  }
  for (const peer of outcome.silent) {
    suspectAgent(machine, peer);
  }
}

/** The peer does not ask as it should, and may answer all the same: those who look after its addresses read its Lease. */
function suspectAgent(machine: Machine, peer: WatchedPeer): void {
  const lookers = [...machine.records.values()].some(({ holder }) => holder === peer.node);
  if (lookers && suspect(machine, peer)) {
    machine.watch.check(peer, machine.now);
    hint(machine, peer, lookersAfter(machine, peer));
  }
}

/** The best ranks of the addresses that a peer has. */
function lookersAfter(machine: Machine, peer: WatchedPeer): ReadonlySet<WatchedPeer> {
  const found = new Set<WatchedPeer>();
  for (const record of machine.records.values()) {
    if (record.holder === peer.node) {
      for (const other of machine.bestPeers(record, HINTED_RANKS + 1)) {
        if (other !== peer) {
          found.add(other);
        }
      }
    }
  }
  return found;
}

/** Asks others for the peer, each alone, so that they find out for themselves. */
function hint(machine: Machine, { ask }: WatchedPeer, others: Iterable<WatchedPeer>): void {
  if (ask === undefined) {
    return;
  }
  for (const other of others) {
    machine.hintsSent += 1;
    machine.send({ type: 'question', about: ask, sender: 'own', to: { mac: other.mac } });
  }
}

/** Tells those who look after its addresses, and joins the race for them. */
function died(machine: Machine, peer: WatchedPeer): void {
  const hinted = lookersAfter(machine, peer);
  agentUnknown(machine, peer);
  for (const record of machine.records.values()) {
    if (record.holder === peer.node) {
      consider(machine, record);
    }
    if (record.phase.type === 'held' && record.phase.move?.successor === peer.node) {
      continueMove(machine, record, record.phase);
    }
  }
  if (peer.ask === undefined) {
    return;
  }
  peer.broadcastAt = machine.now;
  machine.outbox.enqueue('proof', {
    type: 'frame',
    frame: { type: 'question', about: peer.ask, sender: 'own', to: 'all' },
  });
  hint(machine, peer, hinted);
}
