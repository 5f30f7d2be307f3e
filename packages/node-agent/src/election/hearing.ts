import { sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { agentLives, suspect } from './agents.ts';
import { AGENT_SILENT_MS, LIVING_MS, STALL_MS } from './constants.ts';
import { announceAll, heardOther, heardQuestion } from './holding.ts';
import { addressKey } from './key.ts';
import { heardOfferer } from './moving.ts';
import type { Machine } from './machine.ts';
import type { HeardFrame, SentFrame } from './protocol.ts';
import { heardOwner, heardRival } from './proving.ts';
import { consider, doubtAll, noteHolder, postponeRecheck, rest } from './resting.ts';
import type { MAC } from './types.ts';
import type { WatchedPeer } from './watch.ts';

/** A frame of another station: what it says of addresses, and of the life of whoever sent it. */
export function hear(machine: Machine, frame: HeardFrame): void {
  if (frame.source === machine.view.segment.interface.mac) {
    return;
  }
  heardLan(machine, frame.at);
  const peer = machine.watch.byMac(frame.source);
  const { content } = frame;
  switch (content.type) {
    case 'question': {
      heardLife(machine, peer, frame.at, false);
      if (content.sender !== undefined) {
        heardClaim(machine, content.sender, frame.source, frame.at, false);
      }
      const record = machine.records.get(addressKey(content.about));
      if (record !== undefined && peer !== undefined) {
        heardRival(machine, record, peer, content);
      }
      if (record !== undefined && !content.unicast) {
        heardQuestion(machine, record);
      }
      heardHint(machine, content.about, content.unicast && peer !== undefined);
      if (content.unicast && peer?.question !== undefined && isOwn(machine, content.about)) {
        askBack(machine, peer, peer.question);
      }
      return;
    }
    case 'answer': {
      noteGateway(machine, content.about, content.mac);
      machine.proxies.heard(content.about, content.mac);
      const owner = machine.watch.byMac(content.mac);
      if (owner?.ask !== undefined && sameAddress(owner.ask, content.about)) {
        heardLife(machine, owner, frame.at, true);
      } else if (owner !== undefined && askedAlone(machine, content)) {
        // Its word is believed, so it lives: one that were dead and had the address would never be found dead again.
        if (machine.watch.answered(owner, { at: frame.at, now: machine.now })) {
          revived(machine);
        }
      }
      heardClaim(machine, content.about, content.mac, frame.at, true);
      return;
    }
    case 'announcement':
      if (peer !== undefined && machine.records.has(addressKey(content.about))) {
        // Kernels announce nothing of ours.
        agentLives(machine, peer);
      }
      heardLife(machine, peer, frame.at, false);
      heardClaim(machine, content.about, content.mac, frame.at, false);
      return;
    case 'other':
      heardLife(machine, peer, frame.at, false);
      return;
  }
}

/**
 * A sign of life of the LAN. Where it was silent though there are peers that are asked all the time, nothing passed, and
 * what was announced meanwhile is to be said again: by one that was to take an address over, for instance.
 */
function heardLan(machine: Machine, at: number): void {
  const silentMs = at - machine.lanHeardAt;
  machine.lanHeardAt = Math.max(machine.lanHeardAt, at);
  if (silentMs >= STALL_MS && machine.watch.nearest() !== undefined) {
    announceAll(machine);
    if (silentMs >= LIVING_MS) {
      doubtAll(machine);
    }
  }
}

/** A frame that shows that a peer lives. One that was believed dead may have what we took: let it hear us at once. */
function heardLife(machine: Machine, peer: WatchedPeer | undefined, at: number, answer: boolean): void {
  if (peer !== undefined && machine.watch.heard(peer, { at, now: machine.now, answer })) {
    revived(machine);
  }
}

function revived(machine: Machine): void {
  announceAll(machine);
  for (const record of machine.records.values()) {
    if (record.phase.type === 'waiting') {
      consider(machine, record);
    }
  }
}

/** Whether the one that answers was asked for that address by unicast. */
function askedAlone(machine: Machine, { about, mac }: { readonly about: Address; readonly mac: MAC }): boolean {
  const phase = machine.records.get(addressKey(about))?.phase;
  switch (phase?.type) {
    case 'asking':
    case 'checking':
    case 'accepting':
      return phase.mac === mac && phase.asks > 0;
    case 'held':
      return phase.rival?.mac === mac && phase.rival.asks > 0;
    default:
      return false;
  }
}

function isOwn(machine: Machine, about: Address): boolean {
  return machine.view.segment.ownAddresses.some((own) => sameAddress(own, about));
}

/** Whoever asks this node out of turn is to hear that its agent lives: its Lease may be all that is known of it. */
function askBack(machine: Machine, peer: WatchedPeer, question: SentFrame): void {
  if (machine.watch.asked(peer, machine.now)) {
    machine.send(question);
  }
}

function noteGateway(machine: Machine, about: Address, mac: MAC): void {
  if (machine.view.segment.gateways.some((gateway) => sameAddress(gateway, about))) {
    machine.gatewayMacs.set(addressKey(about), mac);
  }
}

/** Somebody says that an address is at that MAC. */
function heardClaim(machine: Machine, address: Address, mac: MAC, at: number, answer: boolean): void {
  const record = machine.records.get(addressKey(address));
  if (record === undefined || mac === machine.view.segment.interface.mac) {
    return;
  }
  switch (record.phase.type) {
    case 'held':
      heardOther(machine, record, { mac, at, answer });
      return;
    case 'idle': {
      const node = machine.nodeOf(mac, record);
      if (node !== undefined && !answer && !machine.overrules(record, node)) {
        noteHolder(machine, record, node);
        rest(machine, record);
        if (record.phase.type === 'idle' && record.phase.firm !== true && machine.deadlines.get(record) !== undefined) {
          postponeRecheck(machine, record);
        }
      }
      return;
    }
    case 'asking':
    case 'waiting':
    case 'proving':
    case 'checking':
      heardOwner(machine, record, mac, answer);
      return;
    case 'accepting':
      heardOfferer(machine, record, record.phase, mac);
      return;
    case 'adding':
    case 'removing':
      return;
  }
}

/**
 * Somebody asks for a peer's own address: whoever looks after addresses of that peer finds out for itself.
 * @param byNode a node of ours asks this one alone, which nobody else does: the peer or its agent may be gone
 */
function heardHint(machine: Machine, about: Address, byNode: boolean): void {
  const peer = machine.watch.byOwnAddress(about);
  if (peer === undefined || peer.dead) {
    return;
  }
  const silent = byNode && machine.now - peer.spokeAt >= AGENT_SILENT_MS;
  if ((silent || machine.watch.wantsCheck(peer, machine.now)) && machine.looksAfter(peer)) {
    machine.watch.check(peer, machine.now);
    if (silent) {
      suspect(machine, peer);
    }
  }
}
