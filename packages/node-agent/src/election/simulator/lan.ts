import { lanName, parseAddress, parsePrefix, prefixContains } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import type { LocalSegment, MAC, PeerInterface } from '../types.ts';
import { Host } from './host.ts';
import type { Timeline } from './timeline.ts';
import { Wire } from './wire.ts';

/** Which families the stations of a LAN have. */
export type LanFamilies = 'IPv4' | 'IPv6' | 'dual';

/** How a simulated LAN is built. */
export interface LanOptions {
  readonly families: LanFamilies;
  /** Positions of the nodes that have an interface on it. */
  readonly members: readonly number[];
  /** Members that have addresses of one family only, though the LAN has both. Default: none. */
  readonly singles?: readonly { readonly node: number; readonly family: Address['family'] }[];
  /** IPv6 addresses come as /128 by DHCPv6, and the subnet with router advertisements. Default: false. */
  readonly dhcpv6?: boolean;
}

/** What the kernel of a node says of its interface. */
export interface Link {
  readonly carrier: boolean;
  /** Families of the subnets that it is on now. */
  readonly onLink: readonly Address['family'][];
}

/** A LAN with a gateway, and the plan of its addresses and MACs. */
export class SimulatedLan {
  readonly position: number;
  readonly families: LanFamilies;
  readonly members: readonly number[];
  readonly wire: Wire;
  readonly gateway: Host;
  /** Whether nodes know the IPv6 subnet from router advertisements alone. */
  readonly advertised: boolean;
  readonly #singles: ReadonlyMap<number, Address['family']>;
  readonly #subnets: readonly Prefix[];
  readonly #gatewayAddresses: readonly Address[];

  constructor(
    options: LanOptions & { readonly position: number; readonly timeline: Timeline; readonly random: () => number },
  ) {
    const { position, families, timeline } = options;
    this.position = position;
    this.families = families;
    this.members = options.members;
    this.advertised = options.dhcpv6 === true;
    this.#singles = new Map((options.singles ?? []).map(({ node, family }) => [node, family]));
    this.wire = new Wire(options);
    this.#subnets = [
      ...this.#of('IPv4', [`10.${position}.0.0/16`]),
      ...this.#of('IPv6', [`fd00:${position}::/64`]),
    ].map((text) => parsePrefix(text));
    this.#gatewayAddresses = [...this.#of('IPv4', [`10.${position}.0.1`]), ...this.#of('IPv6', ['fe80::1'])].map(
      (text) => parseAddress(text),
    );
    this.gateway = new Host({
      mac: `02:00:00:0${position}:ff:01`,
      wire: this.wire,
      timeline,
      addresses: this.#gatewayAddresses,
    });
  }

  /** MAC of the node's interface here. */
  mac(node: number): MAC {
    return `02:00:00:0${this.position}:00:${(node + 1).toString(16).padStart(2, '0')}`;
  }

  /** The node's own addresses here. */
  ownAddresses(node: number): readonly Address[] {
    const number = node + 11;
    return [
      ...this.#of('IPv4', [`10.${this.position}.0.${number}`]),
      ...this.#of('IPv6', [`fe80::${number}`, `fd00:${this.position}::${this.advertised ? 'd:' : ''}${number}`]),
    ]
      .map((text) => parseAddress(text))
      .filter(({ family }) => this.#has(node, family));
  }

  /** A service address of this LAN, by number. */
  serviceAddress(family: Address['family'], number: number): Address {
    return parseAddress(family === 'IPv4' ? `10.${this.position}.1.${number}` : `fd00:${this.position}::1:${number}`);
  }

  contains(address: Address): boolean {
    return this.#subnets.some((subnet) => prefixContains(subnet, address));
  }

  /** Whether the node has an address of that family here. */
  reaches(node: number, address: Address): boolean {
    return this.contains(address) && this.#has(node, address.family);
  }

  /** What the node's LBNodeStatus says of its interface here. */
  peerInterface(node: number): PeerInterface {
    return { mac: this.mac(node), addresses: this.ownAddresses(node), lans: this.#subnetsOf(node).map(lanName) };
  }

  /** What the node's kernel says of its interface here. */
  segment(node: number, options: Link & { readonly adopted: readonly Address[] }): LocalSegment {
    const subnets = this.#subnetsOf(node).filter(({ address }) => options.onLink.includes(address.family));
    return {
      interface: { index: this.position + 2, name: `eth${this.position}`, mac: this.mac(node) },
      carrier: options.carrier,
      subnets,
      ownAddresses: this.ownAddresses(node),
      gateways: this.#gatewayAddresses.filter(({ family }) => this.#has(node, family)),
      lans: subnets.map(lanName),
      adopted: options.adopted,
    };
  }

  #subnetsOf(node: number): readonly Prefix[] {
    return this.#subnets.filter(({ address }) => this.#has(node, address.family));
  }

  #has(node: number, family: Address['family']): boolean {
    return (this.#singles.get(node) ?? family) === family;
  }

  #of(family: Address['family'], texts: readonly string[]): readonly string[] {
    return this.families === family || this.families === 'dual' ? texts : [];
  }
}
