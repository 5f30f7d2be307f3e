import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import type { SentFrame } from '../protocol.ts';
import type { HolderEvent } from '../types.ts';
import { BroadcastMeter } from './broadcast-meter.ts';
import { CAUSE_MS, Causes, concerns, touches } from './causes.ts';
import { isNoise } from './history.ts';
import type { Step } from './history.ts';
import { Ledger } from './ledger.ts';
import type { Kind, Sample } from './ledger.ts';
import type { SimulatedLan } from './lan.ts';
import type { SimulatedNode } from './node.ts';
import { partsOf } from './parts.ts';
import type { Part } from './parts.ts';
import { MOVES, Sightings } from './sightings.ts';
import type { Tracked } from './tracked.ts';
import type { Weather, WeatherWatcher } from './weather.ts';
import { UNDISTURBED_MS, Wellness } from './wellness.ts';
import type { World } from './world.ts';

/** The rules that are watched. They know the world and nothing of the election's own thoughts. */
export type Rule =
  /** After the weather has calmed down, an address has no holder though a node may have it. */
  | 'no-holder'
  /** After the weather has calmed down, two nodes that hear each other have an address. */
  | 'two-holders'
  /** A node keeps an address that no Service has, or that it should have handed over. */
  | 'kept'
  /** An address came or went without a reason. */
  | 'moved-without-cause'
  /** A node took what a foreign host had. */
  | 'took-foreign'
  /** A node took an address that had moved four times in 180 s before its eyes. */
  | 'moved-too-often'
  /** More broadcasts than the bucket allows. */
  | 'broadcast-rate'
  /** A node was declared dead that answered all the time, or by one that was late itself. */
  | 'false-verdict';

/** A rule that was broken. */
export interface Violation {
  readonly rule: Rule;
  /** Virtual milliseconds. */
  readonly at: number;
  /** A sentence. */
  readonly what: string;
}

/** How long after the last change of the weather things must be in order, in milliseconds. */
export const SETTLE_MS: Readonly<Record<Kind, number>> = { gap: 4000, overlap: 3000, leftover: 3000, handOver: 45_000 };
/** Where a claim names a living node without an agent, so long: its word is doubted after a few seconds, rank by rank. */
const CLAIM_DOUBT_MS = 40_000;
/**
 * Two holders whose words a fabric kept from each other, and whom the API server tells nothing, meet when one of them speaks
 * next: each address is announced once a minute in quiet times, and half of that later by chance.
 */
const UNTOLD_MS = 90_000 + SETTLE_MS.overlap;
/** After a foreign owner a node asks again after five minutes at the latest, and half of that more by chance. */
const LONGEST_BACK_OFF_MS = 450_000;

/** Watches a world while a history happens, and says what was against the rules and how long things took. */
export class Referee implements WeatherWatcher {
  readonly violations: Violation[] = [];
  readonly #world: World;
  #weather: Weather | undefined;
  #tracked: readonly Tracked[] = [];
  readonly #meters = new Map<SimulatedNode, BroadcastMeter>();
  readonly #wellness = new Wellness();
  /** Facts of Kubernetes changed, or an agent started, while the API server did not tell everybody. */
  #behind = false;

  constructor(world: World) {
    this.#world = world;
    for (const node of world.nodes) {
      this.#meters.set(node, new BroadcastMeter());
      node.observer = {
        changed: () => this.#judgeLan(node.wire),
        added: (_, address) => this.#added(node, address),
        sent: (_, frame) => this.#sent(node, frame),
        said: (_, event) => this.#judgeUnfit(event),
      };
    }
  }

  /** To be called once, before anything happens. */
  watch(weather: Weather): void {
    this.#weather = weather;
    this.#tracked = weather.addresses.map((address, position) => ({
      address,
      key: addressKey(address),
      position,
      lan: this.#world.lanOf(address),
      ledger: new Ledger(),
      causes: new Causes(),
      holders: [],
      lostBy: new Set(),
      movableSince: 0,
      suppressedUntil: 0,
      had: false,
      calmSince: 0,
      backOffUntil: 0,
      seen: new Sightings(),
      heard: new Sightings(),
    }));
  }

  /** How long each gap and overlap was, by the kind of fault that came before it. */
  get samples(): readonly Sample[] {
    return this.#tracked.flatMap(({ ledger }) => ledger.samples);
  }

  /** The step that begins now is still to have its effect. */
  begins(step: Step): void {
    this.#stepChanges(step);
    for (const tracked of this.#tracked) {
      if (this.#concerns(step, tracked)) {
        tracked.causes.note(step);
      }
    }
  }

  /** The step is about to end, and its effect with it. */
  ends(step: Step): void {
    const { now } = this.#world.timeline;
    for (const tracked of this.#tracked) {
      tracked.calmSince = now;
      if (this.#concerns(step, tracked)) {
        tracked.causes.note(step);
      }
      tracked.causes.ends(step, now);
      if (isForeign(step, tracked)) {
        tracked.backOffUntil = now + LONGEST_BACK_OFF_MS;
      }
    }
  }

  /** The step has ended. */
  ended(step: Step): void {
    this.#stepChanges(step);
    this.#judge();
  }

  /** A Service comes: nodes have to learn of it. */
  serviceChanged(): void {
    this.#factsChange(undefined);
    this.#judge();
  }

  /** Looks at the clock: what is out of order for too long breaks a rule. To be called now and then. */
  tick(): void {
    this.#judge();
  }

  /** Whether everything is in order now. */
  settled(): boolean {
    return this.#tracked.every(({ ledger }) => ledger.inOrder);
  }

  /** Ends what still goes on. */
  finish(): void {
    this.#judge();
    for (const { ledger } of this.#tracked) {
      ledger.close(this.#world.timeline.now);
    }
  }

  #stepChanges(step: Step): void {
    const { now } = this.#world.timeline;
    if (step.type === 'service-gone') {
      // A Service that comes back with the address is another one: nobody remembers how often the first one moved.
      const tracked = this.#tracked.find(({ position }) => position === step.service);
      tracked?.seen.forget();
      tracked?.heard.forget();
    }
    if (step.type === 'exclude' || step.type === 'ineligible' || step.type === 'service-gone') {
      this.#factsChange(step);
    }
    if (step.type === 'kill-agent' || step.type === 'crash') {
      this.#behind = this.#behind || this.#apiFault();
    }
    if (step.type === 'api' && !this.#apiFault()) {
      this.#behind = false;
    }
    if (step.type === 'clock' || step.type === 'duplicates') {
      return;
    }
    for (const tracked of this.#tracked) {
      if (touches(step, tracked.lan)) {
        tracked.calmSince = now;
      }
    }
    this.#wellness.note(step, now, this.#world.nodes, this.#world.lans);
  }

  #factsChange(step: Step | undefined): void {
    const { now } = this.#world.timeline;
    for (const tracked of this.#tracked) {
      tracked.calmSince = now;
      if (step === undefined || !('service' in step) || step.service === tracked.position) {
        tracked.causes.decided(now);
      }
    }
    this.#behind = this.#behind || this.#apiFault();
  }

  #apiFault(): boolean {
    return [...(this.#weather?.active ?? [])].some(({ type }) => type === 'api');
  }

  #concerns(step: Step, tracked: Tracked): boolean {
    return concerns(step, tracked, this.#world.nodesOn(tracked.lan));
  }

  #judge(): void {
    for (const tracked of this.#tracked) {
      this.#judgeAddress(tracked);
    }
  }

  #judgeLan(wire: SimulatedLan['wire']): void {
    for (const tracked of this.#tracked) {
      if (tracked.lan.wire === wire) {
        this.#judgeAddress(tracked);
      }
    }
  }

  #judgeAddress(tracked: Tracked): void {
    const { now } = this.#world.timeline;
    const { key, lan, ledger } = tracked;
    const service = this.#world.api.state.services.get(key);
    const nodes = this.#world.nodesOn(lan);
    const holders = nodes.filter((node) => node.up() && node.addresses.has(key));
    for (const step of this.#steps(tracked)) {
      if (this.#concerns(step, tracked)) {
        tracked.causes.note(step);
      }
    }
    this.#judgeMove(tracked, holders, service !== undefined);
    this.#noteLosses(tracked, holders);
    tracked.holders = holders;
    const owned = this.#steps(tracked).some((step) => isForeign(step, tracked)) || now < tracked.backOffUntil;
    const parts = partsOf({ lan, nodes, holders, service, excluded: this.#world.api.state.excluded });
    ledger.update({
      now,
      parts: parts.map((part) => ({ number: part.number, state: stateOf(part, owned) })),
      blame: () => (tracked.had ? tracked.causes.blame(now, this.#steps(tracked), lan) : 'new Service'),
    });
    tracked.had ||= holders.length > 0;
    const noisy = this.#behind || this.#steps(tracked).some(isNoise);
    const calmSince = noisy ? now : tracked.calmSince;
    const rests = this.#rests(tracked, nodes);
    const limit = { ...SETTLE_MS, ...(this.#believedOfNobody(tracked, nodes) ? { gap: CLAIM_DOUBT_MS } : {}) };
    if (this.#steps(tracked).some(({ type }) => type === 'suppression')) {
      tracked.suppressedUntil = now;
    }
    for (const { kind, since, number } of ledger.open) {
      const part = parts.find((candidate) => candidate.number === number);
      if (kind === 'handOver' && part !== undefined && !this.#canMove(part)) {
        tracked.movableSince = now;
      }
      const orderlySince = Math.max(since, calmSince, kind === 'handOver' ? tracked.movableSince : 0);
      const untold =
        kind === 'overlap' &&
        since <= tracked.suppressedUntil &&
        part?.holders.some((node) => !this.#isServed(node)) === true;
      if (now - orderlySince > (untold ? UNTOLD_MS : limit[kind]) && !(rests && kind !== 'overlap')) {
        this.#break(
          ruleOf(kind),
          `service ${tracked.position} (${kind}) since ${Math.round(since)} ms, held by ${names(holders)}, part ${number} could be held by ${names(part?.able ?? [])}`,
        );
        ledger.close(now);
      }
    }
  }

  /**
   * The claim, or what was last heard on the wire, names a node that lives and has no agent: nobody says that it does not
   * have the address, and only who asks for it in particular can tell.
   */
  #believedOfNobody(tracked: Tracked, nodes: readonly SimulatedNode[]): boolean {
    const claim = this.#world.api.state.claims.get(tracked.key);
    return nodes.some(
      (node) => (node.name === claim?.holder || tracked.lostBy.has(node)) && node.up() && node.agent?.stopped !== false,
    );
  }

  /** Who has it no more, and who is seen to have it now: of two, the one that stays. */
  #noteLosses(tracked: Tracked, holders: readonly SimulatedNode[]): void {
    const { now } = this.#world.timeline;
    const lost = tracked.holders.filter((node) => !holders.includes(node));
    for (const node of lost) {
      if (node.up() && node.agent?.stopped !== false) {
        tracked.lostBy.add(node);
      }
      for (const keeper of holders) {
        if (node.wire.joins(node.mac, keeper.mac)) {
          this.#sighted(tracked, keeper, now);
        }
      }
    }
    for (const node of tracked.lostBy) {
      if (node.agent?.stopped === false) {
        tracked.lostBy.delete(node);
      }
    }
  }

  /**
   * Whether the API server lets a move through: the holder offers by a write, the successor hears of it, and accepts by
   * another one. Without the claim nobody may hand over, or two would each be told to take it.
   */
  #canMove({ holders, able }: Part): boolean {
    const served = (node: SimulatedNode): boolean => this.#isServed(node);
    const { excluded } = this.#world.api.state;
    return (
      holders.every(served) && able.some((node) => served(node) && !holders.includes(node) && !excluded.has(node.name))
    );
  }

  /**
   * Four moves in 180 s: whoever saw them lets it rest, and so there may be nobody. One less is excused as well: for a
   * node, the answer to its question is a sighting like an announcement.
   */
  #rests(tracked: Tracked, nodes: readonly SimulatedNode[]): boolean {
    const { now } = this.#world.timeline;
    return nodes.some((node) => tracked.heard.moves(node, now - MOVES.withinMs) >= MOVES.most - 1);
  }

  #judgeMove(tracked: Tracked, holders: readonly SimulatedNode[], wanted: boolean): void {
    const before = tracked.holders;
    if (!wanted || (holders.length === before.length && holders.every((node) => before.includes(node)))) {
      return;
    }
    const [from] = before;
    if (tracked.causes.any(this.#world.timeline.now) || !tracked.ledger.inOrder || before.length !== 1) {
      return;
    }
    if (from !== undefined && holders.every((node) => node === from || this.#mayReplace(tracked, node, from))) {
      return;
    }
    this.#break('moved-without-cause', `service ${tracked.position} from ${names(before)} to ${names(holders)}`);
  }

  /** What the ServiceGroup says of the address is reason enough: a preferred node takes it back, or the agent is gone. */
  #mayReplace(tracked: Tracked, node: SimulatedNode, from: SimulatedNode): boolean {
    const service = this.#world.api.state.services.get(tracked.key);
    if (service === undefined) {
      return false;
    }
    const { policy, weights } = service;
    const preferred = policy.takeBackMs !== undefined && (weights.get(node.name) ?? 0) > (weights.get(from.name) ?? 0);
    const gone =
      policy.takeOver === 'Force' &&
      (from.agent?.stopped !== false || this.#wellness.disturbed(from, this.#world.timeline.now, CAUSE_MS));
    return preferred || gone;
  }

  /** Whether nothing is wrong between the API server and the node. */
  #isServed({ name }: SimulatedNode): boolean {
    return [...(this.#weather?.active ?? [])].every(
      (step) =>
        step.type !== 'api' || (step.nodes !== 'all' && step.nodes.every((node) => name !== `node-${node + 1}`)),
    );
  }

  /** Nobody may say of an agent that renews its Lease that it is gone. */
  #judgeUnfit(event: HolderEvent): void {
    if (event.type !== 'holder-unfit') {
      return;
    }
    const { now } = this.#world.timeline;
    const cutOff = this.#world.api.faults.cutOff.has(event.node);
    const gone = this.#world.nodes.some(
      (node) =>
        node.name === event.node &&
        (node.agent?.stopped !== false || this.#wellness.disturbed(node, now, CAUSE_MS) || cutOff),
    );
    if (!gone) {
      this.#break('false-verdict', `the agent of ${event.node} is said to be gone, and runs`);
    }
  }

  /** The steps that last and could touch this address. */
  #steps(tracked: Tracked): readonly Step[] {
    return [...(this.#weather?.active ?? [])].filter((step) => touches(step, tracked.lan));
  }

  #added(node: SimulatedNode, address: Address): void {
    const tracked = this.#tracked.find(({ key }) => key === addressKey(address));
    if (tracked === undefined) {
      return;
    }
    const { now } = this.#world.timeline;
    this.#judgeForeign(tracked, node);
    const moves = tracked.seen.moves(node, Math.max(now - MOVES.withinMs, node.agent?.startedAt ?? 0));
    if (moves >= MOVES.most && tracked.seen.last(node) !== node) {
      this.#break('moved-too-often', `service ${tracked.position} to ${node.name}, which saw ${moves} moves`);
    }
    // Where frames are lost, a move may pass unnoticed.
    const quiet = !this.#steps(tracked).some(isNoise);
    for (const other of this.#world.nodesOn(tracked.lan)) {
      const sees = other === node || (other.up() && other.wire.joins(other.mac, node.mac));
      if (sees && quiet && other.agent?.stopped === false) {
        tracked.seen.note(other, node, now);
      }
    }
  }

  #judgeForeign(tracked: Tracked, node: SimulatedNode): void {
    for (const step of this.#steps(tracked)) {
      const foreigner =
        step.type === 'foreign' && isForeign(step, tracked) ? this.#weather?.foreigner(step) : undefined;
      if (
        foreigner !== undefined &&
        // Where another node has it already, it is that one that hands over.
        tracked.holders.length === 0 &&
        this.#world.timeline.now - step.at > UNDISTURBED_MS &&
        this.#undisturbed(tracked.lan, [node]) &&
        node.wire.joins(node.mac, foreigner.mac)
      ) {
        this.#break('took-foreign', `${node.name} took the address of service ${tracked.position} of ${foreigner.mac}`);
      }
    }
  }

  #sent(node: SimulatedNode, frame: SentFrame): void {
    const { now } = this.#world.timeline;
    if (this.#meters.get(node)?.exceeds(frame, now, node.agent) === true) {
      this.#break('broadcast-rate', `${node.name} broadcasts more than its bucket holds`);
    }
    if (frame.type === 'announcement') {
      this.#announced(node, frame.about);
    }
    if (frame.type === 'question' && frame.to === 'all' && frame.sender === 'own') {
      this.#judgeVerdict(node, frame.about);
    }
  }

  #announced(node: SimulatedNode, about: Address): void {
    const { now } = this.#world.timeline;
    const tracked = this.#tracked.find(({ key }) => key === addressKey(about));
    if (tracked === undefined) {
      return;
    }
    this.#sighted(tracked, node, now);
  }

  /** Whoever hears the node sees that it has the address. */
  #sighted(tracked: Tracked, node: SimulatedNode, now: number): void {
    for (const other of this.#world.nodesOn(tracked.lan)) {
      if (other === node || other.wire.joins(other.mac, node.mac)) {
        tracked.heard.note(other, node, now);
      }
    }
  }

  /** A question to all about a node's own address says that its node is believed dead. */
  #judgeVerdict(node: SimulatedNode, about: Address): void {
    const { now } = this.#world.timeline;
    const key = addressKey(about);
    const lan = this.#world.lans.find(({ wire }) => wire === node.wire);
    const peer = this.#world.nodes.find(
      ({ wire, ownAddresses }) => wire === node.wire && ownAddresses.some((own) => addressKey(own) === key),
    );
    if (peer === undefined || lan === undefined) {
      return;
    }
    if (this.#wellness.late(node, now)) {
      this.#break('false-verdict', `${node.name} declares ${peer.name} dead right after it was late itself`);
    }
    if (peer.up() && node.wire.joins(node.mac, peer.mac) && this.#undisturbed(lan, [node, peer])) {
      this.#break('false-verdict', `${node.name} declares ${peer.name} dead, which answers`);
    }
  }

  /** Whether these nodes and their LAN have been well for long enough. */
  #undisturbed(lan: SimulatedLan, nodes: readonly SimulatedNode[]): boolean {
    return this.#wellness.undisturbed({
      now: this.#world.timeline.now,
      lan,
      nodes,
      active: this.#weather?.active ?? [],
    });
  }

  #break(rule: Rule, what: string): void {
    this.violations.push({ rule, at: this.#world.timeline.now, what });
  }
}

function stateOf(part: Part, owned: boolean): Kind | undefined {
  if (part.leftover) {
    return 'leftover';
  }
  if (part.holders.length > 1) {
    return part.resolvable ? 'overlap' : undefined;
  }
  if (part.holders.length === 0) {
    return part.able.length > 0 && part.stations > 1 && !owned ? 'gap' : undefined;
  }
  return part.leaves ? 'handOver' : undefined;
}

function ruleOf(kind: Kind): Rule {
  switch (kind) {
    case 'gap':
      return 'no-holder';
    case 'overlap':
      return 'two-holders';
    case 'leftover':
    case 'handOver':
      return 'kept';
  }
}

function isForeign(step: Step, tracked: Tracked): boolean {
  return (
    (step.type === 'foreign' && step.service === tracked.position) ||
    (step.type === 'proxy-arp' && step.lan === tracked.lan.position)
  );
}

function names(nodes: readonly SimulatedNode[]): string {
  return nodes.map(({ name }) => name).join(' and ') || 'nobody';
}
