import { formatAddress, parseAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import { DEFAULT_HOLDER_POLICY, DEFAULT_HOLDER_SETTINGS } from '../types.ts';
import type { Candidate, Peer } from '../types.ts';
import { SimulatedAPIServer } from './api-server.ts';
import type { ClusterState, SimulatedService } from './api-server.ts';
import type { Host } from './host.ts';
import { SimulatedLan } from './lan.ts';
import type { LanOptions } from './lan.ts';
import { SimulatedNode } from './node.ts';
import { Timeline, seededRandom } from './timeline.ts';
import type { Wire } from './wire.ts';

/** When an address had no holder, or more than one, on the wire. */
export interface Coverage {
  /** Longest time without a holder, once it had one. */
  readonly longestGapMs: number;
  /** Longest time with two of them or more. */
  readonly longestOverlapMs: number;
  /** Times at which the set of holders changed, and who they were. */
  readonly history: readonly { readonly at: number; readonly holders: readonly string[] }[];
}

/** LANs with nodes and gateways, an API server and a clock, all of it repeated by its seed. */
export class World {
  readonly timeline = new Timeline();
  readonly random: () => number;
  readonly lans: readonly SimulatedLan[];
  readonly api: SimulatedAPIServer;
  /** The interfaces of all nodes: those on the first LAN by node, then those on the second one. */
  readonly nodes: readonly SimulatedNode[];
  readonly #names: readonly string[];
  readonly #histories = new Map<bigint, { at: number; holders: readonly string[] }[]>();
  readonly #addresses = new Map<bigint, Address>();

  /** @param options.lans default: all nodes on one LAN of IPv4 */
  constructor(options: { readonly seed: number; readonly nodes: number; readonly lans?: readonly LanOptions[] }) {
    this.random = seededRandom(options.seed);
    const { timeline, random } = this;
    this.api = new SimulatedAPIServer({ timeline, random });
    this.#names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
    const members = this.#names.map((_, index) => index);
    this.lans = (options.lans ?? [{ families: 'IPv4', members }]).map(
      (lan, position) => new SimulatedLan({ ...lan, position, timeline, random }),
    );
    this.nodes = this.lans.flatMap((lan) => lan.members.map((member) => this.#node(lan, member)));
    for (const node of this.nodes) {
      node.observer = { changed: () => this.#note() };
    }
  }

  /** The first LAN's switch. */
  get wire(): Wire {
    return this.#lan(0).wire;
  }

  /** The first LAN's gateway. */
  get gateway(): Host {
    return this.#lan(0).gateway;
  }

  /** Starts the agents of all nodes, spread over a few milliseconds. */
  startAgents(): void {
    for (const node of this.nodes) {
      this.timeline.after(this.random() * 20, () => node.startAgent());
    }
  }

  run(ms: number): void {
    this.timeline.run(ms);
  }

  node(index: number): SimulatedNode {
    const node = this.nodes[index];
    if (node === undefined) {
      throw new RangeError(`there is no node ${index}`);
    }
    return node;
  }

  /** The interfaces on a LAN. */
  nodesOn(lan: SimulatedLan): readonly SimulatedNode[] {
    return this.nodes.filter((node) => node.wire === lan.wire);
  }

  /** The LAN whose subnet has the address. */
  lanOf(address: Address): SimulatedLan {
    const lan = this.lans.find((candidate) => candidate.contains(address));
    if (lan === undefined) {
      throw new RangeError(`${formatAddress(address)} is on no LAN`);
    }
    return lan;
  }

  /**
   * A Service gets this address; each agent hears of it within a few milliseconds.
   * @param options.everyoneFirst each node believes itself to be the preferred one, and all hear of it at once
   * @param options.weights that `preferredNodes` give, by position of the node; default 0 for each
   */
  addService(
    text: string,
    options: { readonly everyoneFirst?: boolean; readonly weights?: readonly number[] } = {},
  ): Address {
    const address = parseAddress(text);
    this.#addresses.set(addressKey(address), address);
    this.#histories.set(addressKey(address), []);
    const service: SimulatedService = {
      address,
      weights: new Map(
        this.lanOf(address).members.map((member) => [this.#names[member] ?? '', options.weights?.[member] ?? 0]),
      ),
      ineligible: new Set(),
      policy: DEFAULT_HOLDER_POLICY,
    };
    this.api.setService(service);
    if (options.everyoneFirst === true) {
      for (const node of this.nodes) {
        const weights = new Map([...service.weights, [node.name, 100]]);
        this.timeline.after(0, () =>
          node.handle({ type: 'candidate', candidate: candidateOf({ ...service, weights }, node.name, 2) }),
        );
      }
    }
    return address;
  }

  /** The Service goes. */
  removeService(address: Address): void {
    this.api.removeService(address);
  }

  /** Only these nodes have a ready endpoint from now on. */
  setEligible(address: Address, names: readonly string[]): void {
    const service = this.api.state.services.get(addressKey(address));
    if (service !== undefined) {
      this.api.setService({ ...service, ineligible: new Set(this.#names.filter((name) => !names.includes(name))) });
    }
  }

  /** These nodes are to hand over, and every agent hears of it. */
  setExcluded(names: readonly string[]): void {
    this.api.setExcluded(names);
  }

  /** Names of the nodes whose kernel answers for the address on the LAN. */
  holders(address: Address): readonly string[] {
    const key = addressKey(address);
    return this.nodes.filter((node) => node.up() && node.addresses.has(key)).map(({ name }) => name);
  }

  /** The only holder. */
  holder(address: Address): SimulatedNode {
    const [name, ...others] = this.holders(address);
    const node = this.nodes.find((candidate) => candidate.name === name);
    if (node === undefined || others.length > 0) {
      throw new Error(
        `${formatAddress(address)} is held by ${this.holders(address).join(' and ') || 'nobody'}: ${JSON.stringify(this.coverage(address).history)}`,
      );
    }
    return node;
  }

  /** What happened to the address since the given time. */
  coverage(address: Address, since = 0): Coverage {
    const history = this.#histories.get(addressKey(address)) ?? [];
    let longestGapMs = 0;
    let longestOverlapMs = 0;
    history.forEach(({ at, holders }, index) => {
      const end = history[index + 1]?.at ?? this.timeline.now;
      const ms = end - Math.max(at, since);
      if (holders.length === 0) {
        longestGapMs = Math.max(longestGapMs, ms);
      } else if (holders.length > 1) {
        longestOverlapMs = Math.max(longestOverlapMs, ms);
      }
    });
    return { longestGapMs, longestOverlapMs, history };
  }

  #lan(position: number): SimulatedLan {
    const lan = this.lans[position];
    if (lan === undefined) {
      throw new RangeError(`there is no LAN ${position}`);
    }
    return lan;
  }

  #node(lan: SimulatedLan, member: number): SimulatedNode {
    const name = this.#names[member] ?? '';
    const ownAddresses = lan.ownAddresses(member);
    return new SimulatedNode({
      name,
      mac: lan.mac(member),
      ownAddresses,
      addresses: ownAddresses,
      wire: lan.wire,
      timeline: this.timeline,
      api: this.api,
      random: this.random,
      candidates: (cluster) => candidatesOf(cluster, name, lan),
      reaches: (address) => lan.reaches(member, address),
      advertised: lan.advertised,
      view: ({ ready, remembered, excluded, adopted }, link) => ({
        ready,
        remembered,
        excluded: excluded.has(name),
        segment: lan.segment(member, { ...link, adopted }),
        peers: this.#peers(excluded).filter((peer) => peer.node !== name),
        settings: DEFAULT_HOLDER_SETTINGS,
      }),
    });
  }

  /** All nodes, as their LBNodeStatus says: it outlives them. */
  #peers(excluded: ReadonlySet<string>): readonly Peer[] {
    return this.#names.map((node, member) => ({
      node,
      excluded: excluded.has(node),
      interfaces: this.lans.filter((lan) => lan.members.includes(member)).map((lan) => lan.peerInterface(member)),
    }));
  }

  #note(): void {
    for (const [key, history] of this.#histories) {
      const address = this.#addresses.get(key);
      if (address === undefined || !this.api.state.services.has(key)) {
        continue;
      }
      const holders = this.holders(address);
      const last = history.at(-1)?.holders ?? [];
      if (holders.length !== last.length || holders.some((name, index) => name !== last[index])) {
        history.push({ at: this.timeline.now, holders });
      }
    }
  }
}

function* candidatesOf(
  cluster: Pick<ClusterState, 'services'>,
  node: string,
  lan: SimulatedLan,
): IterableIterator<Candidate> {
  for (const service of cluster.services.values()) {
    if (lan.contains(service.address)) {
      yield candidateOf(service, node, lan.position + 2);
    }
  }
}

function candidateOf(service: SimulatedService, node: string, interfaceIndex: number): Candidate {
  const { address, weights, ineligible, policy } = service;
  return {
    address,
    interfaceIndex,
    services: [`default/${formatAddress(address)}`],
    preferences: ineligible.size === 0 ? weights : new Map([...weights].filter(([name]) => !ineligible.has(name))),
    eligible: weights.has(node) && !ineligible.has(node),
    policy,
  };
}
