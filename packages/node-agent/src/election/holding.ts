import {
  ANNOUNCE_OVER_MS,
  ASSERT_PAUSE_MS,
  CHECK_ASK_MS,
  CHECK_ASKS,
  CLAIM_CORRECTION_MS,
  DEFEND_MS,
  LISTEN_MS,
  MOVE_ANNOUNCEMENTS_MS,
  MOVE_TIMEOUT_MS,
  PROXY_SETTLE_MS,
  QUIET_ANNOUNCE_MS,
  QUIET_RATE,
  RIVAL_FRESH_MS,
} from './constants.ts';
import type { Machine } from './machine.ts';
import type { AddressRecord, HeldPhase } from './record.ts';
import { noteHolder } from './resting.ts';
import type { MAC, WithdrawReason } from './types.ts';

/** An address that this node has: announcing it, defending it, and giving way to a better holder. */

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * The kernel has the address.
 * @param options.taken after a proof: listened for late answers; @param options.from the node that handed over
 */
export function hold(
  machine: Machine,
  record: AddressRecord,
  options: { readonly taken: boolean; readonly from: string | undefined },
): void {
  const { now } = machine;
  const over = machine.overrules(record, record.holder) ? record.holder : undefined;
  const phase: HeldPhase = {
    type: 'held',
    since: now,
    announced: 0,
    announceAt: now,
    queued: false,
    listenUntil: options.taken ? now + LISTEN_MS : NEVER,
    defendedAt: NEVER,
    assertedAt: NEVER,
    rival: undefined,
    claimAt: undefined,
    from:
      options.from === undefined ? undefined : { node: options.from, until: now + MOVE_TIMEOUT_MS, spokeAt: undefined },
    move: undefined,
    declined: new Set(),
    moveAfter: NEVER,
    reconsiderAt: undefined,
    saidNoSuccessor: false,
    over,
  };
  record.phase = phase;
  record.backOffMs = 0;
  noteHolder(machine, record, machine.node);
  machine.held += 1;
  announce(machine, record, phase);
}

/** Begins a new row of announcements with one at once. */
export function announce(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  phase.announced = 0;
  phase.announceAt = machine.now;
  phase.assertedAt = machine.now;
  enqueue(machine, record, phase, true);
  schedule(machine, record, phase);
}

/**
 * Announces everything that this node has, at once, and asks who else has it: somebody may have missed it, or have it too.
 * Switches that suppress ARP let no announcement through, but questions in the node's own name.
 */
export function announceAll(machine: Machine): void {
  for (const record of machine.records.values()) {
    if (record.phase.type === 'held') {
      announce(machine, record, record.phase);
      const frame = { type: 'question', about: record.address, sender: 'own', to: 'all' } as const;
      machine.outbox.enqueue('repeat', { type: 'frame', frame }, record.key);
    }
  }
}

/** Somebody asks for an address that was taken over a node which still answers for it: our word is to be the last one. */
export function heardQuestion(machine: Machine, record: AddressRecord): void {
  const { phase } = record;
  if (phase.type === 'held' && machine.overrules(record, phase.over)) {
    phase.announceAt = Math.min(phase.announceAt, machine.now + ANNOUNCE_OVER_MS);
    schedule(machine, record, phase);
  }
}

function enqueue(machine: Machine, record: AddressRecord, phase: HeldPhase, first: boolean): void {
  if (!phase.queued || first) {
    phase.queued = true;
    machine.outbox.enqueue(first ? 'first-announcement' : 'repeat', { type: 'announcement', record }, record);
  }
}

/** Announces now that its turn has come. Returns the number of broadcasts. */
export function sendAnnouncement(machine: Machine, record: AddressRecord): number {
  const { phase } = record;
  if (phase.type !== 'held' || !phase.queued) {
    return 0;
  }
  phase.queued = false;
  if (isHandingOver(phase) && phase.announced > 0) {
    phase.announceAt = machine.now;
    return 0;
  }
  // Replies with target MAC = sender MAC override Linux neighbours in their locktime; some gear knows only requests.
  const form = phase.announced % 2 === 0 ? 'reply' : 'request';
  machine.send({ type: 'announcement', about: record.address, form });
  phase.announced += 1;
  phase.announceAt = nextAnnouncement(machine, phase);
  schedule(machine, record, phase);
  return 1;
}

function nextAnnouncement(machine: Machine, phase: HeldPhase): number {
  const { count, intervalMs } = machine.view.settings.announcements;
  if (phase.from !== undefined && machine.now < phase.from.until) {
    const at = MOVE_ANNOUNCEMENTS_MS[phase.announced];
    if (at !== undefined) {
      return Math.max(machine.now, phase.since + at);
    }
  }
  return machine.now + (phase.announced < count ? intervalMs : quietMs(machine));
}

/** About once a minute each, but no more than a few a second together. */
function quietMs(machine: Machine): number {
  return machine.jitter(Math.max(QUIET_ANNOUNCE_MS, (machine.held * 1000) / QUIET_RATE));
}

/**
 * Whether the successor's word is awaited. An announcement that only repeats an earlier one would come after it then, as
 * likely as not, and clients would believe it until the successor's next one.
 */
function isHandingOver({ move }: HeldPhase): boolean {
  return move !== undefined;
}

/** Sets the record's deadline to the first of what is to come. */
export function schedule(machine: Machine, record: AddressRecord, phase: HeldPhase): void {
  let next = phase.queued || isHandingOver(phase) ? Number.POSITIVE_INFINITY : phase.announceAt;
  next = Math.min(next, phase.rival?.nextAt ?? next, phase.claimAt ?? next, phase.move?.until ?? next);
  next = Math.min(next, phase.reconsiderAt ?? next);
  if (next === Number.POSITIVE_INFINITY) {
    machine.deadlines.delete(record);
  } else {
    machine.deadlines.set(record, next);
  }
}

/** Something of a held address is due. */
export function continueHolding(machine: Machine, record: AddressRecord, drained: boolean): void {
  const { phase } = record;
  if (phase.type !== 'held') {
    return;
  }
  if (!phase.queued && !isHandingOver(phase) && phase.announceAt <= machine.now) {
    enqueue(machine, record, phase, phase.from !== undefined && machine.now < phase.from.until);
  }
  if (phase.rival !== undefined && phase.rival.nextAt <= machine.now) {
    continueRivalCheck(machine, record, phase, drained);
  }
  if (phase.claimAt !== undefined && phase.claimAt <= machine.now) {
    phase.claimAt = undefined;
    machine.claim(record);
  }
  schedule(machine, record, phase);
}

function continueRivalCheck(machine: Machine, record: AddressRecord, phase: HeldPhase, drained: boolean): void {
  const { rival } = phase;
  if (rival === undefined) {
    return;
  }
  if (rival.asks < CHECK_ASKS || !drained) {
    rival.asks += 1;
    rival.nextAt = machine.now + CHECK_ASK_MS;
    machine.ask(record, rival.mac);
  } else {
    phase.rival = undefined;
  }
}

/** Asks by unicast whether another node has the address too: an answer to a question to all may come from a proxy. */
export function suspectRival(machine: Machine, record: AddressRecord, phase: HeldPhase, node: string, mac: MAC): void {
  if (phase.rival === undefined) {
    const firstAt = machine.now + PROXY_SETTLE_MS;
    phase.rival = { mac, node, asks: 0, nextAt: firstAt, firstAt };
    schedule(machine, record, phase);
  }
}

/** A frame says that the address is at another MAC. */
export function heardOther(
  machine: Machine,
  record: AddressRecord,
  options: { readonly mac: MAC; readonly at: number; readonly answer: boolean },
): void {
  const { phase } = record;
  if (phase.type !== 'held') {
    return;
  }
  const node = machine.nodeOf(options.mac, record);
  if (node === undefined) {
    // Where somebody answers for everything, or may do so, an answer to our own question says nothing.
    if (!options.answer || machine.proxies.verdict(record.address) === 'free') {
      foreignUse(machine, record, phase, options.mac);
    }
    return;
  }
  if (options.answer && !(phase.rival?.mac === options.mac && phase.rival.asks > 0)) {
    suspectRival(machine, record, phase, node, options.mac);
    return;
  }
  if (machine.now - options.at > RIVAL_FRESH_MS) {
    suspectRival(machine, record, phase, node, options.mac);
    return;
  }
  phase.rival = undefined;
  secondHolder(machine, record, phase, { node, mac: options.mac });
}

/** Another node of ours has it too, by its own word: the higher rank keeps it. */
function secondHolder(
  machine: Machine,
  record: AddressRecord,
  phase: HeldPhase,
  { node, mac }: { readonly node: string; readonly mac: MAC },
): void {
  if (phase.move?.successor === node) {
    withdraw(machine, record, 'moved', node);
    return;
  }
  const handsOver = isLastWord(machine, phase, node);
  if (!handsOver && !machine.overrules(record, node) && !machine.outranks(record, node)) {
    withdraw(machine, record, 'two-holders', node);
    return;
  }
  const pause = handsOver ? PROXY_SETTLE_MS : ASSERT_PAUSE_MS;
  if (machine.now - phase.assertedAt >= pause) {
    announce(machine, record, phase);
    machine.send({ type: 'announcement', about: record.address, form: 'request', to: { mac } });
  }
  if (record.claim?.holder !== machine.node) {
    phase.claimAt ??= machine.now + CLAIM_CORRECTION_MS;
  }
  schedule(machine, record, phase);
}

/**
 * Whether the other holder may only not have heard yet that this node has what it handed over. It lets go as soon as it
 * does, so one that goes on for longer has called the move off, and the claim may be long in saying so.
 */
function isLastWord(machine: Machine, { from }: HeldPhase, node: string): boolean {
  if (from === undefined || from.node !== node || machine.now >= from.until) {
    return false;
  }
  from.spokeAt ??= machine.now;
  return machine.now - from.spokeAt < RIVAL_FRESH_MS;
}

/**
 * RFC 5227 2.4: let go of it, or defend it once in the interval, as its group says; right after taking it, the other one
 * was there first.
 */
function foreignUse(machine: Machine, record: AddressRecord, phase: HeldPhase, mac: MAC): void {
  machine.proxies.suspect(record.address, machine.now);
  if (machine.now < phase.listenUntil || machine.policyOf(record).onConflict === 'Yield') {
    machine.say(record, { type: 'conflict', mac, held: true });
    withdraw(machine, record, 'conflict', undefined);
    return;
  }
  if (machine.now - phase.defendedAt >= DEFEND_MS) {
    phase.defendedAt = machine.now;
    machine.say(record, { type: 'conflict', mac, held: true });
    announce(machine, record, phase);
  }
}

/** Lets the address go. What comes next is decided when the kernel has done it. */
export function withdraw(
  machine: Machine,
  record: AddressRecord,
  reason: WithdrawReason,
  to: string | undefined,
): void {
  if (to === undefined) {
    record.holder = undefined;
    record.heardAt = undefined;
  } else {
    noteHolder(machine, record, to);
  }
  machine.held -= 1;
  record.phase = { type: 'removing', reason };
  machine.deadlines.delete(record);
  machine.effects.push({ type: 'remove', address: record.address });
}
