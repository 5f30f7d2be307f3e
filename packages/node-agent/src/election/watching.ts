import { HINTED_RANKS } from './constants.ts';
import type { Machine } from './machine.ts';
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
}

/** Tells those who look after its addresses, and joins the race for them. */
function died(machine: Machine, peer: WatchedPeer): void {
  const hinted = new Set<WatchedPeer>();
  for (const record of machine.records.values()) {
    if (record.holder === peer.node) {
      for (const other of machine.bestPeers(record, HINTED_RANKS)) {
        hinted.add(other);
      }
      consider(machine, record);
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
  for (const other of hinted) {
    machine.send({ type: 'question', about: peer.ask, sender: 'own', to: { mac: other.mac } });
  }
}
