import {
  BACK_OFF_MS,
  CHECK_ASK_MS,
  CHECK_ASKS,
  LAST_RANK,
  MOVES,
  NEW_RECHECK_MS,
  RANK_WAIT_MS,
  RECHECK_MS,
  UNHEARD_RECHECK_MS,
} from './constants.ts';
import type { Machine } from './machine.ts';
import type { AddressRecord } from './record.ts';
import type { WatchedPeer } from './watch.ts';

/** An address that this node does not have: whether and when to ask for it. */

/** The living peer that is believed to have the address. */
export function livingHolder(machine: Machine, record: AddressRecord): WatchedPeer | undefined {
  if (record.holder === undefined || record.holder === machine.node) {
    return undefined;
  }
  const peer = machine.watch.get(record.holder);
  if (peer === undefined || peer.dead || machine.overrules(record, peer.node)) {
    return undefined;
  }
  // A claim can be older than the Service: then its holder must be one that may have this address now.
  const allowed = record.candidate?.preferences.has(peer.node) ?? true;
  return record.heardAt !== undefined || allowed ? peer : undefined;
}

/** Whether this node may begin to take the address at all. */
export function mayTake(machine: Machine, record: AddressRecord): boolean {
  const { view } = machine;
  return view.ready && view.segment.carrier && record.candidate?.eligible === true && !proxied(machine, record);
}

/**
 * Whether somebody answers for every address there. Before that is known, only what a node of ours has had already is
 * taken: it could not have had it there.
 */
function proxied(machine: Machine, record: AddressRecord): boolean {
  switch (machine.proxies.verdict(record.address)) {
    case 'free':
      return false;
    case 'proxied':
      return true;
    case 'unknown':
      return record.claim === undefined && record.holder === undefined;
  }
}

/** Milliseconds for which the address may not move, because it has moved so often: 0 where it may. */
export function movePause(machine: Machine, record: AddressRecord): number {
  const recent = record.moves.filter((at) => machine.now - at < MOVES.withinMs);
  const [oldest] = recent;
  return recent.length >= MOVES.most && oldest !== undefined ? oldest + MOVES.withinMs - machine.now : 0;
}

/**
 * Judges an address that this node neither has nor is about to have, after anything that may change the verdict.
 * A wait that runs for another reason than the rank goes on.
 */
export function consider(machine: Machine, record: AddressRecord): void {
  const { phase } = record;
  if (phase.type !== 'idle' && !(phase.type === 'waiting' && phase.why === 'rank')) {
    return;
  }
  if (!mayTake(machine, record)) {
    rest(machine, record);
    return;
  }
  if (livingHolder(machine, record) !== undefined) {
    rest(machine, record);
    return;
  }
  if (phase.type === 'idle') {
    // The last holder comes back to what it had: sticky, whatever its rank.
    const wait = record.holder === machine.node ? 0 : machine.rankWait(machine.rank(record));
    waitFor(machine, record, 'rank', wait);
  }
}

/** Leaves the address to whoever has it, and looks after it once in a while. */
export function rest(machine: Machine, record: AddressRecord): void {
  const wasIdle = record.phase.type === 'idle';
  if (!wasIdle) {
    record.phase = { type: 'idle' };
  }
  if (livingHolder(machine, record) === undefined || !mayTake(machine, record)) {
    machine.deadlines.delete(record);
  } else if (!wasIdle || machine.deadlines.get(record) === undefined) {
    postponeRecheck(machine, record);
  }
}

/**
 * Sets when the holder is asked for the address. Those that rank first ask first, and the more addresses there are the
 * seldomer each is asked, so that the cost stays flat.
 */
export function postponeRecheck(machine: Machine, record: AddressRecord): void {
  machine.deadlines.set(record, machine.now + recheckWait(machine, record));
}

/** In how many milliseconds the holder is asked for the address as a rule. */
export function recheckWait(machine: Machine, record: AddressRecord): number {
  const fresh = record.heardAt === undefined && record.claim !== undefined && record.candidate !== undefined;
  const rank = Math.min(machine.rank(record), LAST_RANK);
  // Without an agent a node gets back nothing of what it loses, and says nothing of it.
  const forlorn = rank < LAST_RANK && record.holder !== undefined && machine.leases.suspects(record.holder);
  const usual =
    record.heardAt === undefined || forlorn
      ? Math.max(UNHEARD_RECHECK_MS.least, machine.records.size * UNHEARD_RECHECK_MS.each)
      : Math.max(RECHECK_MS, machine.records.size * 1000);
  return fresh && machine.settled ? NEW_RECHECK_MS + rank * RANK_WAIT_MS : machine.jitter(usual * (1 + rank));
}

/** Whether the one who is believed to have the address is to be asked for it some time. */
export function awaitsRecheck(machine: Machine, record: AddressRecord): boolean {
  return record.phase.type === 'idle' && machine.deadlines.get(record) !== undefined;
}

/** Whoever is believed to have the address is asked for it by then, if not before. */
export function recheckBy(machine: Machine, record: AddressRecord, at: number): void {
  if (awaitsRecheck(machine, record)) {
    machine.deadlines.set(record, Math.min(at, machine.deadlines.get(record) ?? at));
  }
}

/** What nodes wait one after the other, by rank, so that the best of them asks alone. */
function rankWait(machine: Machine, record: AddressRecord): number {
  return Math.min(machine.rank(record), LAST_RANK) * RANK_WAIT_MS;
}

/** Asks the one that is believed to have the address soon whether it has: it may have given way, or handed over. */
export function confirmHolder(machine: Machine, record: AddressRecord, afterMs: number): void {
  if (awaitsRecheck(machine, record)) {
    record.phase = { type: 'idle', firm: true };
    machine.deadlines.set(record, machine.now + afterMs);
  }
}

/**
 * Whoever is believed to have the address may not have it any more, and this node may: it will be handed over in a moment,
 * or it was lost while nobody could take it, with its node's power for instance. Then the one who had it is asked.
 */
export function doubtHolder(machine: Machine, record: AddressRecord): void {
  const { holder, heardAt } = record;
  if (holder === undefined) {
    return;
  }
  const back = heardAt !== undefined && heardAt < (machine.watch.get(holder)?.fitSince ?? heardAt);
  if (back || record.candidate?.preferences.has(holder) === false) {
    recheckBy(machine, record, machine.now + NEW_RECHECK_MS + rankWait(machine, record));
  }
}

/** When a holder is asked whose agent is back after it was missed: spread, for it may have thousands. */
export function returnWait(machine: Machine, record: AddressRecord): number {
  const spread = machine.random() * machine.records.size * UNHEARD_RECHECK_MS.each;
  return NEW_RECHECK_MS + rankWait(machine, record) + spread;
}

/**
 * Nothing was heard of the LAN for a while: a holder may have come back without its addresses before anybody could see it
 * dead. Whoever has something says so now; what nobody says is asked for.
 */
export function doubtAll(machine: Machine): void {
  const wait = NEW_RECHECK_MS + machine.records.size * UNHEARD_RECHECK_MS.each;
  for (const record of machine.records.values()) {
    recheckBy(machine, record, machine.now + wait + rankWait(machine, record));
  }
}

/** A node of ours was heard to have the address: whatever was under way here ends. */
export function leaveTo(machine: Machine, record: AddressRecord, node: string): void {
  noteHolder(machine, record, node);
  record.yields = new Map();
  record.backOffMs = 0;
  record.phase = { type: 'idle' };
  machine.deadlines.delete(record);
  rest(machine, record);
}

/** Remembers who has the address and counts the moves. */
export function noteHolder(machine: Machine, record: AddressRecord, node: string): void {
  const last = record.moves.at(-1);
  const goesOn = last !== undefined && machine.now - last < MOVES.mergedMs;
  if (record.holder !== undefined && record.holder !== node && !goesOn) {
    record.moves = [...record.moves.filter((at) => machine.now - at < MOVES.withinMs), machine.now].slice(-MOVES.most);
  }
  record.holder = node;
  record.heardAt = machine.now;
}

/** Waits before the next attempt. */
export function waitFor(
  machine: Machine,
  record: AddressRecord,
  why: 'rank' | 'yield' | 'back-off' | 'deaf' | 'moves',
  ms: number,
): void {
  record.phase = { type: 'waiting', why };
  machine.deadlines.set(record, machine.now + ms);
}

/** Waits longer after each failure in a row. */
export function backOff(machine: Machine, record: AddressRecord, kind: keyof typeof BACK_OFF_MS): void {
  const { first, longest } = BACK_OFF_MS[kind];
  record.backOffMs = Math.min(longest, record.backOffMs === 0 ? first : record.backOffMs * 2);
  waitFor(machine, record, 'back-off', machine.jitter(record.backOffMs));
}

/** The time for a look at the holder has come: ask it by unicast, three times, then take part in the race. */
export function ask(machine: Machine, record: AddressRecord): void {
  const { phase } = record;
  const holder = livingHolder(machine, record);
  if (holder === undefined || !mayTake(machine, record)) {
    record.phase = { type: 'idle' };
    consider(machine, record);
    return;
  }
  const asking = phase.type === 'asking' ? phase : { type: 'asking' as const, mac: holder.mac, asks: 0 };
  record.phase = asking;
  if (asking.asks < CHECK_ASKS) {
    asking.asks += 1;
    machine.ask(record, asking.mac);
    machine.deadlines.set(record, machine.now + CHECK_ASK_MS);
    return;
  }
  // It does not have it. Its claim says nothing more; the proof tells whether somebody else has it.
  record.holder = undefined;
  record.heardAt = undefined;
  record.phase = { type: 'idle' };
  consider(machine, record);
}
