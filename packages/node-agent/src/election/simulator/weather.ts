import type { Address } from '@fairlead/api';
import { DEFAULT_HOLDER_POLICY } from '../types.ts';
import type { MAC } from '../types.ts';
import type { Fault, History, Step } from './history.ts';
import { Host } from './host.ts';
import type { SimulatedLan } from './lan.ts';
import type { SimulatedNode } from './node.ts';
import { suppress } from './suppression.ts';
import type { World } from './world.ts';

/** From power to a started agent. */
const BOOT_MS = 1500;
/** What a LAN that is well takes for a frame, in milliseconds. */
const USUAL_DELAY = { least: 0.02, most: 0.2 };

/** Told of each step: before it begins, before it ends, and after that. */
export interface WeatherWatcher {
  readonly begins: (step: Step) => void;
  readonly ends: (step: Step) => void;
  readonly ended: (step: Step) => void;
}

/** Makes the steps of a history happen. What several of them do together follows from which of them last, and nothing else. */
export class Weather {
  readonly addresses: readonly Address[];
  readonly #world: World;
  readonly #history: History;
  readonly #watcher: WeatherWatcher;
  readonly #active = new Set<Step>();
  readonly #foreigners = new Map<Step, Host>();
  /** What the nodes are in now. */
  readonly #down = new Set<SimulatedNode>();
  readonly #paused = new Set<SimulatedNode>();
  readonly #stopped = new Set<SimulatedNode>();
  readonly #agentless = new Set<SimulatedNode>();
  /** When the agent of a node that has booted starts. */
  readonly #bootedAt = new Map<SimulatedNode, number>();

  constructor(options: { readonly world: World; readonly history: History; readonly watcher: WeatherWatcher }) {
    this.#world = options.world;
    this.#history = options.history;
    this.#watcher = options.watcher;
    this.addresses = options.history.services.map(({ lan, family }, position) =>
      this.#lan(lan).serviceAddress(family, position + 1),
    );
    const { timeline } = this.#world;
    for (const step of options.history.steps) {
      timeline.after(step.at, () => this.#begin(step));
      timeline.after(step.at + step.ms, () => this.#end(step));
    }
  }

  /** The steps that last now. */
  get active(): ReadonlySet<Step> {
    return this.#active;
  }

  /** The host that a step of type `foreign` brought. */
  foreigner(step: Step): Host | undefined {
    return this.#foreigners.get(step);
  }

  #begin(step: Step): void {
    this.#watcher.begins(step);
    this.#active.add(step);
    this.#apply(step);
    if (step.type === 'remove-by-hand') {
      const address = this.addresses[step.service];
      for (const node of this.#world.nodes) {
        if (address !== undefined && node.up()) {
          node.removeByHand(address);
        }
      }
    }
    if (step.type === 'foreign') {
      this.#foreignerComes(step);
    }
    if (step.type === 'clock') {
      this.#nodes(step.node).forEach((node) => node.stepClock(step.byMs));
    }
  }

  #end(step: Step): void {
    this.#watcher.ends(step);
    this.#active.delete(step);
    this.#apply(step);
    const foreigner = this.#foreigners.get(step);
    if (foreigner !== undefined) {
      foreigner.on = false;
      foreigner.wire.unplug(foreigner);
      this.#foreigners.delete(step);
    }
    this.#watcher.ended(step);
  }

  /** Brings about what now follows from the steps that last, as far as this one touches it. */
  #apply(step: Fault): void {
    switch (step.type) {
      case 'pause':
      case 'crash':
      case 'stop-agent':
      case 'kill-agent':
        this.#nodes(step.node).forEach((node) => this.#applyNode(node, step.node));
        return;
      case 'loss':
      case 'delay':
      case 'duplicates':
      case 'split':
      case 'learning':
      case 'suppression':
      case 'proxy-arp':
        this.#applyLan(this.#lan(step.lan));
        return;
      case 'carrier': {
        const lan = this.#lan(step.lan);
        const node = this.#world.nodes.find(({ mac }) => mac === lan.mac(step.node));
        const carrier = !this.#any('carrier', (other) => other.lan === step.lan && other.node === step.node);
        if (node !== undefined && node.connected !== carrier) {
          node.setCarrier(carrier);
        }
        return;
      }
      case 'api':
        this.#applyAPI();
        return;
      case 'exclude':
        this.#world.api.setExcluded(this.#all('exclude').map(({ node }) => this.#name(node)));
        return;
      case 'service-gone':
      case 'ineligible':
        this.applyService(step.service);
        return;
      case 'foreign':
      case 'remove-by-hand':
      case 'clock':
        return;
    }
  }

  /** Brings the Service to the API server as it is now to be, or takes it away. */
  applyService(position: number): void {
    const plan = this.#history.services[position];
    const address = this.addresses[position];
    const { api, timeline } = this.#world;
    if (plan === undefined || address === undefined || timeline.now < plan.at) {
      return;
    }
    if (this.#any('service-gone', ({ service }) => service === position)) {
      api.removeService(address);
      return;
    }
    const ineligible = this.#all('ineligible').filter(({ service }) => service === position);
    api.setService({
      address,
      weights: new Map(
        Array.from({ length: this.#history.nodes }, (_, node) => [this.#name(node), plan.weights[node] ?? 0]),
      ),
      ineligible: new Set(ineligible.flatMap(({ nodes }) => nodes.map((node) => this.#name(node)))),
      policy: { ...DEFAULT_HOLDER_POLICY, ...plan.policy },
    });
  }

  #applyNode(node: SimulatedNode, position: number): void {
    const here = (fault: { readonly node: number }): boolean => fault.node === position;
    const down = this.#any('crash', here);
    const killed = this.#all('kill-agent').filter(here);
    const paused = !down && this.#any('pause', here);
    const stopped = this.#any('stop-agent', here);
    if (change(this.#down, node, down)) {
      if (down) {
        node.crash();
        this.#paused.delete(node);
        this.#agentless.add(node);
      } else {
        node.bootKernel();
        this.#bootedAt.set(node, this.#world.timeline.now + BOOT_MS);
        this.#world.timeline.after(BOOT_MS, () => this.#startAgent(node, position));
      }
    }
    if (killed.length > 0 && change(this.#agentless, node, true)) {
      node.killAgent({ stateFile: killed.every(({ stateFile }) => stateFile) });
    }
    if (change(this.#paused, node, paused)) {
      if (paused) {
        node.pause();
      } else {
        node.resume();
      }
    }
    if (change(this.#stopped, node, stopped)) {
      if (stopped) {
        node.stopAgent();
      } else {
        node.continueAgent();
      }
    }
    this.#startAgent(node, position);
  }

  /** Starts the node's agent if it has none and nothing is in the way. */
  #startAgent(node: SimulatedNode, position: number): void {
    const here = (fault: { readonly node: number }): boolean => fault.node === position;
    const booted = node.on && this.#world.timeline.now >= (this.#bootedAt.get(node) ?? 0);
    if (booted && !this.#any('kill-agent', here) && change(this.#agentless, node, false)) {
      node.startAgent();
    }
  }

  #applyLan(lan: SimulatedLan): void {
    const { faults } = lan.wire;
    const here = (fault: { readonly lan: number }): boolean => fault.lan === lan.position;
    faults.loss =
      1 -
      this.#all('loss')
        .filter(here)
        .reduce((passes, { share }) => passes * (1 - share), 1);
    faults.duplicates = Math.max(
      0,
      ...this.#all('duplicates')
        .filter(here)
        .map(({ share }) => share),
    );
    const slowest = Math.max(
      USUAL_DELAY.most,
      ...this.#all('delay')
        .filter(here)
        .map(({ most }) => most),
    );
    faults.delay = { ...USUAL_DELAY, most: slowest };
    const splits = this.#all('split').filter(here);
    faults.groups = new Map(lan.members.map((member) => [lan.mac(member), part(splits, member)]));
    const blocked = new Set<MAC>();
    for (const { nodes } of this.#all('learning').filter(here)) {
      for (const member of nodes === 'all' ? lan.members : nodes) {
        blocked.add(lan.mac(member));
      }
      if (nodes === 'all') {
        blocked.add(lan.gateway.mac);
      }
    }
    faults.blocked = blocked;
    lan.gateway.proxy = this.#all('proxy-arp').find(here);
    const suppression = this.#all('suppression').find(here);
    suppress({ lan, nodes: this.#world.nodesOn(lan), timeline: this.#world.timeline, fabric: suppression });
  }

  #applyAPI(): void {
    const { api } = this.#world;
    const everybody = Array.from({ length: this.#history.nodes }, (_, node) => node);
    const suffering = (fault: string): ReadonlySet<string> =>
      new Set(
        this.#all('api')
          .filter((step) => step.fault === fault)
          .flatMap(({ nodes }) => (nodes === 'all' ? everybody : nodes))
          .map((node) => this.#name(node)),
      );
    replace(api.faults.slow, suffering('slow'));
    replace(api.faults.lostAnswers, suffering('lost-answers'));
    replace(api.faults.cutOff, suffering('away'));
    api.setStale(suffering('stale'));
  }

  #foreignerComes(step: Extract<Step, { type: 'foreign' }>): void {
    const plan = this.#history.services[step.service];
    const address = this.addresses[step.service];
    if (plan === undefined || address === undefined) {
      return;
    }
    const { wire, position } = this.#lan(plan.lan);
    const mac = `02:00:00:0${position}:ee:${this.#foreigners.size.toString(16).padStart(2, '0')}`;
    const foreigner = new Host({ mac, wire, timeline: this.#world.timeline, addresses: [address] });
    this.#foreigners.set(step, foreigner);
    if (step.announces) {
      wire.send({ source: mac, content: { type: 'announcement', about: address, mac } });
    }
  }

  #all<T extends Fault['type']>(type: T): readonly Extract<Step, { type: T }>[] {
    return [...this.#active].filter((step): step is Extract<Step, { type: T }> => step.type === type);
  }

  #any<T extends Fault['type']>(type: T, test: (step: Extract<Step, { type: T }>) => boolean): boolean {
    return this.#all(type).some(test);
  }

  #lan(position: number): SimulatedLan {
    const lan = this.#world.lans[position];
    if (lan === undefined) {
      throw new RangeError(`there is no LAN ${position}`);
    }
    return lan;
  }

  /** The interfaces of a node. */
  #nodes(position: number): readonly SimulatedNode[] {
    return this.#world.nodes.filter(({ name }) => name === this.#name(position));
  }

  #name(position: number): string {
    return `node-${position + 1}`;
  }
}

function replace<T>(set: Set<T>, values: Iterable<T>): void {
  set.clear();
  for (const value of values) {
    set.add(value);
  }
}

/** Puts it into the set or takes it out; whether that changed anything. */
function change<T>(set: Set<T>, value: T, wanted: boolean): boolean {
  if (set.has(value) === wanted) {
    return false;
  }
  if (wanted) {
    set.add(value);
  } else {
    set.delete(value);
  }
  return true;
}

/** The part that a node is in when several splits come together: only who is in the same part of each hears the other. */
function part(splits: readonly { readonly parts: readonly number[] }[], member: number): number {
  return splits.reduce((number, { parts }) => number * 4 + (parts[member] ?? 0), 0);
}
