import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import type { SentFrame } from '../protocol.ts';
import { BroadcastMeter } from './broadcast-meter.ts';
import { canMove, isNoise } from './history.ts';
import type { Step } from './history.ts';
import { Ledger } from './ledger.ts';
import type { Kind, Sample } from './ledger.ts';
import type { SimulatedLan } from './lan.ts';
import type { SimulatedNode } from './node.ts';
import { partsOf } from './parts.ts';
import type { Part } from './parts.ts';
import type { Weather, WeatherWatcher } from './weather.ts';
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
/** A fault is a reason to move for so long after its end. */
const CAUSE_MS = 5000;
/** What a node must have heard undisturbed to know better. */
const UNDISTURBED_MS = 1500;
/** EVPN freezes an address that moves five times in that time (RFC 7432 15.1). */
const MOVES = {
  most: 4,
  withinMs: 180_000,
  /** Two that have just met speak in turn for a moment: for a fabric, which needs longer to tell its leaves, that is one move. */
  mergedMs: 200,
};
/**
 * A node that stood still for so long has been late for a look at its peers, whatever its phase: one look in 100 ms, and
 * 50 ms of grace. It may not judge others for as long as the three misses of a check take.
 */
const LATE = { byMs: 150, forMs: 90 };

/** What is known of one service address. */
interface Tracked {
  readonly address: Address;
  readonly key: bigint;
  readonly position: number;
  readonly lan: SimulatedLan;
  readonly ledger: Ledger;
  holders: readonly SimulatedNode[];
  /** Somebody has had it. */
  had: boolean;
  /** Since when the weather is calm for it: the last step that touched it began or ended then. */
  calmSince: number;
  /** Until then it may come and go: a fault that concerns it. */
  concernedUntil: number;
  /** Until then nobody need take it: a foreign owner was there, and nodes back off. */
  backOffUntil: number;
  /** What each node saw of its moves: who got it, and when. */
  readonly seen: Map<SimulatedNode, readonly Sighting[]>;
  /** The same by announcements that reached the node, as a fabric counts. */
  readonly heard: Map<SimulatedNode, readonly Sighting[]>;
}

/** That a node has the address, and since when. */
interface Sighting {
  readonly at: number;
  readonly by: SimulatedNode;
}

/** Watches a world while a history happens, and says what was against the rules and how long things took. */
export class Referee implements WeatherWatcher {
  readonly violations: Violation[] = [];
  readonly #world: World;
  #weather: Weather | undefined;
  #tracked: readonly Tracked[] = [];
  /** Addresses that a step of a node concerns: those that the node had at any time of it. */
  readonly #concerns = new Map<Step, Set<bigint>>();
  /** Steps that are over, for as long as they explain something. */
  #recent: { readonly step: Step; readonly until: number }[] = [];
  readonly #meters = new Map<SimulatedNode, BroadcastMeter>();
  /** When a node's loop was last late. */
  readonly #lateAt = new Map<SimulatedNode, number>();
  readonly #stillSince = new Map<SimulatedNode, number>();
  /** When the weather of a station last changed. */
  readonly #disturbedAt = new Map<SimulatedNode, number>();
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
      holders: [],
      had: false,
      calmSince: 0,
      concernedUntil: 0,
      backOffUntil: 0,
      seen: new Map(),
      heard: new Map(),
    }));
  }

  /** How long each gap and overlap was, by the kind of fault that came before it. */
  get samples(): readonly Sample[] {
    return this.#tracked.flatMap(({ ledger }) => ledger.samples);
  }

  /** The step that begins now is still to have its effect. */
  begins(step: Step): void {
    this.#stepChanges(step);
    const concerned = new Set<bigint>();
    for (const tracked of this.#tracked) {
      if (this.#concernsNow(step, tracked)) {
        concerned.add(tracked.key);
        if (step.type === 'remove-by-hand' && tracked.holders.some(({ agent }) => agent?.stopped !== false)) {
          // The node lives and has nobody who would notice: the others look after the address every few minutes.
          tracked.backOffUntil = this.#world.timeline.now + 600_000;
        }
      }
    }
    this.#concerns.set(step, concerned);
  }

  /** The step is about to end, and its effect with it. */
  ends(step: Step): void {
    const { now } = this.#world.timeline;
    for (const tracked of this.#tracked) {
      tracked.calmSince = now;
      if (this.#concernsNow(step, tracked) || this.#concerns.get(step)?.has(tracked.key) === true) {
        tracked.concernedUntil = now + CAUSE_MS;
        if (isForeign(step, tracked)) {
          // Each pause of a node is up to three times what all before it took together.
          tracked.backOffUntil = now + 30_000 + 3 * step.ms;
        }
      }
    }
    this.#recent.push({ step, until: now + CAUSE_MS });
  }

  /** The step has ended. */
  ended(step: Step): void {
    this.#stepChanges(step);
    this.#judge();
  }

  /** A Service comes: nodes have to learn of it. */
  serviceChanged(): void {
    this.#factsChange();
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
      tracked?.seen.clear();
      tracked?.heard.clear();
    }
    if (step.type === 'exclude' || step.type === 'ineligible' || step.type === 'service-gone') {
      this.#factsChange();
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
      if (!('lan' in step) || step.lan === tracked.lan.position) {
        tracked.calmSince = now;
      }
    }
    for (const node of this.#world.nodes) {
      const touches = 'node' in step ? node.name === `node-${step.node + 1}` : step.type !== 'api';
      const here = !('lan' in step) || this.#world.lans[step.lan]?.wire === node.wire;
      if (touches && here) {
        this.#disturbedAt.set(node, now);
      }
    }
    this.#noteLateness(step);
  }

  #factsChange(): void {
    this.#behind = this.#behind || this.#apiFault();
    for (const tracked of this.#tracked) {
      tracked.calmSince = this.#world.timeline.now;
    }
  }

  #noteLateness(step: Step): void {
    if (step.type !== 'stop-agent' && step.type !== 'pause') {
      return;
    }
    const { now } = this.#world.timeline;
    for (const node of this.#world.nodes) {
      if (node.name !== `node-${step.node + 1}`) {
        continue;
      }
      const still = this.#stillSince.get(node);
      if (node.agent?.stopped === true) {
        this.#stillSince.set(node, still ?? now);
      } else {
        this.#stillSince.delete(node);
        if (now - (still ?? step.at) > LATE.byMs) {
          this.#lateAt.set(node, now);
        }
      }
    }
  }

  #apiFault(): boolean {
    return [...(this.#weather?.active ?? [])].some(({ type }) => type === 'api');
  }

  /** Whether what happens there now is a reason for this address to move. */
  #concernsNow(step: Step, tracked: Tracked): boolean {
    if (!canMove(step)) {
      return false;
    }
    switch (step.type) {
      case 'pause':
      case 'crash':
      case 'exclude':
        return this.#has(tracked, ({ name }) => name === `node-${step.node + 1}`);
      case 'carrier':
        return this.#has(tracked, ({ mac }) => mac === this.#world.lans[step.lan]?.mac(step.node));
      case 'learning': {
        const { lan, nodes } = step;
        const blocked = nodes === 'all' ? [] : nodes.map((node) => this.#world.lans[lan]?.mac(node));
        return this.#has(tracked, ({ mac }) => blocked.includes(mac));
      }
      case 'foreign':
      case 'service-gone':
      case 'ineligible':
      case 'remove-by-hand':
        return step.service === tracked.position;
      case 'loss':
      case 'delay':
      case 'split':
      case 'suppression':
      case 'proxy-arp':
        return step.lan === tracked.lan.position;
      default:
        return false;
    }
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
    this.#noteConcerns(tracked);
    this.#judgeMove(tracked, holders, service !== undefined);
    tracked.holders = holders;
    tracked.had ||= holders.length > 0;
    const owned = this.#steps(tracked).some((step) => isForeign(step, tracked)) || now < tracked.backOffUntil;
    const parts = partsOf({ lan, nodes, holders, service, excluded: this.#world.api.state.excluded });
    ledger.update({
      now,
      parts: parts.map((part) => ({ number: part.number, state: stateOf(part, owned) })),
      blame: () => this.#blame(tracked),
    });
    const noisy = this.#behind || this.#steps(tracked).some(isNoise);
    const calmSince = noisy ? now : tracked.calmSince;
    const rests = this.#rests(tracked, nodes);
    const limit = { ...SETTLE_MS, ...(this.#claimedByNobody(tracked, nodes) ? { gap: CLAIM_DOUBT_MS } : {}) };
    for (const { kind, since, number } of ledger.open) {
      if (now - Math.max(since, calmSince) > limit[kind] && !(rests && kind !== 'overlap')) {
        const part = parts.find((candidate) => candidate.number === number);
        this.#break(
          ruleOf(kind),
          `service ${tracked.position} (${kind}) since ${Math.round(since)} ms, held by ${names(holders)}, part ${number} could be held by ${names(part?.able ?? [])}`,
        );
        ledger.close(now);
      }
    }
  }

  /** The claim names a node that lives and has no agent: only the wire can tell that it does not have the address. */
  #claimedByNobody(tracked: Tracked, nodes: readonly SimulatedNode[]): boolean {
    const claim = this.#world.api.state.claims.get(tracked.key);
    return nodes.some((node) => node.name === claim?.holder && node.up() && node.agent?.stopped !== false);
  }

  /**
   * Four moves in 180 s: whoever saw them lets it rest, and so there may be nobody. One less is excused as well: for a
   * node, the answer to its question is a sighting like an announcement.
   */
  #rests(tracked: Tracked, nodes: readonly SimulatedNode[]): boolean {
    const { now } = this.#world.timeline;
    return nodes.some(
      (node) => (tracked.heard.get(node)?.filter(({ at }) => now - at < MOVES.withinMs).length ?? 0) >= MOVES.most - 1,
    );
  }

  /** A step concerns whatever its node gets while it lasts. */
  #noteConcerns(tracked: Tracked): void {
    for (const step of this.#weather?.active ?? []) {
      if (this.#concernsNow(step, tracked)) {
        this.#concerns.get(step)?.add(tracked.key);
      }
    }
  }

  /** Whether the kernel of such a node has the address, even if it stands still. */
  #has(tracked: Tracked, which: (node: SimulatedNode) => boolean): boolean {
    return this.#world.nodesOn(tracked.lan).some((node) => which(node) && node.addresses.has(tracked.key));
  }

  #judgeMove(tracked: Tracked, holders: readonly SimulatedNode[], wanted: boolean): void {
    const before = tracked.holders;
    if (!wanted || (holders.length === before.length && holders.every((node) => before.includes(node)))) {
      return;
    }
    const { now } = this.#world.timeline;
    const concerned =
      now <= tracked.concernedUntil ||
      this.#steps(tracked).some((step) => this.#concerns.get(step)?.has(tracked.key) === true);
    if (concerned || !tracked.ledger.inOrder || before.length !== 1) {
      return;
    }
    this.#break('moved-without-cause', `service ${tracked.position} from ${names(before)} to ${names(holders)}`);
  }

  /** The steps that last and could touch this address. */
  #steps(tracked: Tracked): readonly Step[] {
    return [...(this.#weather?.active ?? [])].filter((step) => !('lan' in step) || step.lan === tracked.lan.position);
  }

  /** The kind of fault that explains what begins now, if it is one. */
  #blame(tracked: Tracked): string {
    const { now } = this.#world.timeline;
    this.#recent = this.#recent.filter(({ until }) => until >= now);
    const around = [...this.#steps(tracked), ...this.#recent.map(({ step }) => step)].filter(
      (step) => !('lan' in step) || step.lan === tracked.lan.position,
    );
    const kinds = new Set(
      around.filter((step) => canMove(step) || 'node' in step || step.type === 'api').map(({ type }) => type),
    );
    const [first, second] = kinds;
    if (!tracked.had) {
      return 'new Service';
    }
    if (first === undefined) {
      return 'nothing';
    }
    return second === undefined ? first : 'several at once';
  }

  #added(node: SimulatedNode, address: Address): void {
    const tracked = this.#tracked.find(({ key }) => key === addressKey(address));
    if (tracked === undefined) {
      return;
    }
    const { now } = this.#world.timeline;
    this.#judgeForeign(tracked, node);
    const seen = tracked.seen.get(node) ?? [];
    const remembered = Math.max(now - MOVES.withinMs, node.agent?.startedAt ?? 0);
    const moves = seen.filter(({ at }) => at > remembered).length;
    if (moves >= MOVES.most && seen.at(-1)?.by !== node) {
      this.#break('moved-too-often', `service ${tracked.position} to ${node.name}, which saw ${moves} moves`);
    }
    // Where frames are lost, a move may pass unnoticed.
    const quiet = !this.#steps(tracked).some(isNoise);
    for (const other of this.#world.nodesOn(tracked.lan)) {
      const sees = other === node || (other.up() && other.wire.joins(other.mac, node.mac));
      if (sees && quiet && other.agent?.stopped === false) {
        tracked.seen.set(other, sight(tracked.seen.get(other) ?? [], { at: now, by: node }));
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
    for (const other of this.#world.nodesOn(tracked.lan)) {
      if (other === node || other.wire.joins(other.mac, node.mac)) {
        tracked.heard.set(other, sight(tracked.heard.get(other) ?? [], { at: now, by: node }));
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
    if (now - (this.#lateAt.get(node) ?? Number.NEGATIVE_INFINITY) < LATE.forMs) {
      this.#break('false-verdict', `${node.name} declares ${peer.name} dead right after it was late itself`);
    }
    if (peer.up() && node.wire.joins(node.mac, peer.mac) && this.#undisturbed(lan, [node, peer])) {
      this.#break('false-verdict', `${node.name} declares ${peer.name} dead, which answers`);
    }
  }

  /** Whether these nodes and their LAN have been well for long enough. */
  #undisturbed(lan: SimulatedLan, nodes: readonly SimulatedNode[]): boolean {
    const { now } = this.#world.timeline;
    const noisy = [...(this.#weather?.active ?? [])].some(
      (step) => isNoise(step) && 'lan' in step && step.lan === lan.position,
    );
    return (
      !noisy && nodes.every((node) => now - (this.#disturbedAt.get(node) ?? Number.NEGATIVE_INFINITY) > UNDISTURBED_MS)
    );
  }

  #break(rule: Rule, what: string): void {
    this.violations.push({ rule, at: this.#world.timeline.now, what });
  }
}

/** One more sighting, unless it is none. The first one is no move. */
function sight(before: readonly Sighting[], { at, by }: Sighting): readonly Sighting[] {
  const last = before.at(-1);
  if (last?.by === by) {
    return before;
  }
  if (last === undefined) {
    return [{ at: Number.NEGATIVE_INFINITY, by }];
  }
  return at - last.at < MOVES.mergedMs
    ? [...before.slice(0, -1), { at: last.at, by }]
    : [...before.slice(-MOVES.most), { at, by }];
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
