import { formatAddress, parseAddress, parsePrefix } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { addressKey } from '../key.ts';
import { DEFAULT_HOLDER_SETTINGS } from '../types.ts';
import type { Candidate, MAC, Peer } from '../types.ts';
import { SimulatedAPIServer } from './api-server.ts';
import { Host } from './host.ts';
import { SimulatedNode } from './node.ts';
import { Timeline, seededRandom } from './timeline.ts';
import { Wire } from './wire.ts';

/** When an address had no holder, or more than one, on the wire. */
export interface Coverage {
  /** Longest time without a holder, once it had one. */
  readonly longestGapMs: number;
  /** Longest time with two of them or more. */
  readonly longestOverlapMs: number;
  /** Times at which the set of holders changed, and who they were. */
  readonly history: readonly { readonly at: number; readonly holders: readonly string[] }[];
}

function ownAddress(index: number): Address {
  return parseAddress(`10.0.0.${index + 11}`);
}

function mac(index: number): MAC {
  return `02:00:00:00:00:${(index + 1).toString(16).padStart(2, '0')}`;
}

/** A LAN with nodes, a gateway, an API server and a clock, all of it repeated by its seed. */
export class World {
  readonly timeline = new Timeline();
  readonly random: () => number;
  readonly wire: Wire;
  readonly api: SimulatedAPIServer;
  readonly nodes: readonly SimulatedNode[];
  readonly gateway: Host;
  readonly #candidates = new Map<bigint, Candidate>();
  readonly #excluded = new Set<string>();
  readonly #ineligible = new Map<bigint, ReadonlySet<string>>();
  readonly #histories = new Map<bigint, { at: number; holders: readonly string[] }[]>();

  constructor(options: { readonly seed: number; readonly nodes: number }) {
    this.random = seededRandom(options.seed);
    this.wire = new Wire({ timeline: this.timeline, random: this.random });
    this.api = new SimulatedAPIServer({ timeline: this.timeline, random: this.random });
    const gatewayAddress = parseAddress('10.0.0.1');
    this.gateway = new Host({
      mac: '02:00:00:00:ff:01',
      wire: this.wire,
      timeline: this.timeline,
      addresses: [gatewayAddress],
    });
    const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
    const peer = (name: string, index: number): Peer => ({
      node: name,
      excluded: this.#excluded.has(name),
      interfaces: [{ mac: mac(index), addresses: [ownAddress(index)], lans: ['lan'] }],
    });
    this.nodes = names.map(
      (name, index) =>
        new SimulatedNode({
          name,
          mac: mac(index),
          ownAddress: ownAddress(index),
          addresses: [ownAddress(index)],
          wire: this.wire,
          timeline: this.timeline,
          api: this.api,
          random: this.random,
          candidates: () => this.#candidatesOf(name),
          view: (adopted, ready) => ({
            ready,
            excluded: this.#excluded.has(name),
            segment: {
              interface: { index: 2, name: 'eth0', mac: mac(index) },
              carrier: true,
              subnets: [parsePrefix('10.0.0.0/8')],
              ownAddresses: [ownAddress(index)],
              gateways: [gatewayAddress],
              lans: ['lan'],
              adopted,
            },
            peers: names.map(peer).filter((other) => other.node !== name),
            settings: DEFAULT_HOLDER_SETTINGS,
          }),
        }),
    );
    for (const node of this.nodes) {
      const note = (): void => this.#note();
      node.onChange = note;
    }
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

  /**
   * A Service gets this address; each agent hears of it within a few milliseconds.
   * @param options.everyoneFirst each node believes itself to be the preferred one, and all hear of it at once
   */
  addService(text: string, options: { readonly everyoneFirst?: boolean } = {}): Address {
    const address = parseAddress(text);
    const candidate: Candidate = {
      address,
      interfaceIndex: 2,
      services: [`default/${text}`],
      preferences: new Map(this.nodes.map((node) => [node.name, 0])),
      eligible: true,
    };
    this.#candidates.set(addressKey(address), candidate);
    this.#histories.set(addressKey(address), []);
    for (const node of this.nodes) {
      if (options.everyoneFirst === true) {
        const preferences = new Map([...candidate.preferences, [node.name, 100]]);
        this.timeline.after(0, () => node.handle({ type: 'candidate', candidate: { ...candidate, preferences } }));
      } else {
        this.timeline.after(this.random() * 5, () => node.handle({ type: 'candidate', candidate }));
      }
    }
    return address;
  }

  /** The Service goes. */
  removeService(address: Address): void {
    this.#candidates.delete(addressKey(address));
    for (const node of this.nodes) {
      this.timeline.after(this.random() * 5, () => node.handle({ type: 'candidate-gone', address }));
    }
  }

  /** Only these nodes have a ready endpoint from now on. */
  setEligible(address: Address, names: readonly string[]): void {
    this.#ineligible.set(
      addressKey(address),
      new Set(this.nodes.map(({ name }) => name).filter((name) => !names.includes(name))),
    );
    for (const node of this.nodes) {
      this.timeline.after(this.random() * 5, () => {
        for (const candidate of this.#candidatesOf(node.name)) {
          node.handle({ type: 'candidate', candidate });
        }
      });
    }
  }

  /** These nodes are to hand over, and every agent hears of it. */
  setExcluded(names: readonly string[]): void {
    this.#excluded.clear();
    for (const name of names) {
      this.#excluded.add(name);
    }
    for (const node of this.nodes) {
      this.timeline.after(this.random() * 5, () => node.refresh());
    }
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

  *#candidatesOf(name: string): Iterable<Candidate> {
    for (const [key, candidate] of this.#candidates) {
      const ineligible = this.#ineligible.get(key);
      yield ineligible === undefined
        ? candidate
        : {
            ...candidate,
            preferences: new Map([...candidate.preferences].filter(([node]) => !ineligible.has(node))),
            eligible: !ineligible.has(name),
          };
    }
  }

  #note(): void {
    for (const [key, history] of this.#histories) {
      const candidate = this.#candidates.get(key);
      if (candidate === undefined) {
        continue;
      }
      const holders = this.holders(candidate.address);
      const last = history.at(-1)?.holders ?? [];
      if (holders.length !== last.length || holders.some((name, index) => name !== last[index])) {
        history.push({ at: this.timeline.now, holders });
      }
    }
  }
}
