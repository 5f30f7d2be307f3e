import type { Address, IPFamily, LabelSelector, Prefix } from '@fairlead/api';
import type { HolderPolicy } from '../election/types.ts';

/** What the plan knows of a Service: only what decides where its addresses go. */
export interface ServiceFacts {
  /** `namespace/name`. */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The addresses to announce; empty while the Service is on its way out or the allocator has not vouched for them. */
  readonly addresses: readonly Address[];
  /** Name of the ServiceGroup they were allocated from. */
  readonly group: string | undefined;
  /** `externalTrafficPolicy: Local`: only where a ready endpoint runs. */
  readonly endpointsOnly: boolean;
}

/** A pool as far as routes need it. */
export interface PoolFacts {
  readonly first: Address;
  readonly last: Address;
  /** Length of the route that stands for an address of this pool. */
  readonly routeLength: number;
}

/** A weighted wish about which nodes should hold local addresses of a group. */
export interface PreferredNodes {
  readonly weight: number;
  readonly preference: LabelSelector;
}

/** What the plan knows of a ServiceGroup. */
export interface GroupFacts {
  readonly name: string;
  readonly pools: readonly PoolFacts[];
  /** Length of routes for addresses of no pool (NetBox); absent = host route. */
  readonly routeLength: { readonly [family in IPFamily]?: number };
  readonly mode: 'Auto' | 'Local' | 'Virtual';
  readonly nodeSelector: LabelSelector | undefined;
  readonly preferredNodes: readonly PreferredNodes[];
  /** Interfaces (`default`, a name, a `/regex/`) that may carry local addresses; undefined = the local interfaces. */
  readonly interfaces: readonly string[] | undefined;
  /** What holders of its local addresses do in disputes. */
  readonly policy: HolderPolicy;
}

/** An address with the length of its network, as an interface has it: host bits stay. */
export interface InterfacePrefix {
  readonly address: Address;
  readonly length: number;
}

/** One interface of this node that can carry local addresses. */
export interface Segment {
  readonly index: number;
  readonly name: string;
  readonly mac: string;
  /** Whether frames can pass (IFF_UP and IFF_LOWER_UP). */
  readonly carrier: boolean;
  /** Whether the LBNodeAgent counts it among the local interfaces (a group may name others for itself). */
  readonly local: boolean;
  /** Families of which this is the interface of the best default route. */
  readonly defaultFor: readonly IPFamily[];
  /** What is on the link: prefixes of the node's own addresses and on-link routes, global ones, host prefixes left out. */
  readonly subnets: readonly Prefix[];
  /** The node's own global addresses on it, with their lengths. */
  readonly ownAddresses: readonly InterfacePrefix[];
  /** The link-local IPv6 address, which neighbour discovery asks from. */
  readonly linkLocal: Address | undefined;
  /** Next hops of the default routes through it. */
  readonly gateways: readonly Address[];
}

/** A network that a route of ours must not cover, and what it is in words. */
export interface ProtectedPrefix {
  readonly prefix: Prefix;
  /** For the user: `connected subnet of eth0`, `gateway`, … */
  readonly what: string;
}

/** A node as selectors see it. */
export interface NodeLabels {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Everything but the Services that the plan depends on. A change of it is rare and replans everything. */
export interface PlanConfig {
  readonly groups: ReadonlyMap<string, GroupFacts>;
  /** Name of this node. */
  readonly node: string;
  /**
   * This node and its peers on the same LANs: who could hold a local address. Those that leave for good are not among
   * them: it is as if no group's selector allowed them.
   */
  readonly nodes: readonly NodeLabels[];
  /** Whether this node is to announce no virtual address: exclude label, drain, network unavailable, bad data path. */
  readonly excluded: boolean;
  /** Subnets of all LANs. */
  readonly lans: readonly Prefix[];
  /** Whether `lans` is complete: read once, and this node's own subnets are among them. */
  readonly lansComplete: boolean;
  readonly segments: readonly Segment[];
  readonly protectedPrefixes: readonly ProtectedPrefix[];
}

/** An aggregate that this node must not announce, and why; host routes stand in for it. */
export interface RefusedAggregate {
  readonly prefix: Prefix;
  readonly group: string;
  readonly overlaps: ProtectedPrefix;
}

/** A route for an address that no pool has: it outlived its pool, or comes from NetBox. */
export interface StrayRoute {
  readonly prefix: Prefix;
  /** The group that it was allocated from, where there is one. */
  readonly group?: string;
}

/** Where one address of one Service belongs on this node. */
export type Placement =
  | {
      readonly type: 'virtual';
      readonly route: Prefix;
      readonly refused: RefusedAggregate | undefined;
      /** Set where no pool has the address: the router has to be told of its route. */
      readonly stray: StrayRoute | undefined;
    }
  | {
      readonly type: 'local';
      /** Index of the interface that would carry it. */
      readonly interfaceIndex: number;
      /** Every node that may hold it, with the sum of the weights of the preferences that it meets. */
      readonly preferences: ReadonlyMap<string, number>;
      /** False where the Service wants a ready endpoint and this node has none. */
      readonly eligible: boolean;
      /** The address is on a LAN of this node, and selectors let only others have it: what is there is handed over. */
      readonly barred: boolean;
      readonly policy: HolderPolicy;
    }
  /** What is there stays, nothing is added: not enough is known yet. */
  | { readonly type: 'hold' }
  | { readonly type: 'none'; readonly reason: NoPlacement };

/** Why an address has no place on this node. */
export type NoPlacement =
  | 'node-not-selected'
  | 'node-excluded'
  | 'no-endpoint'
  | 'on-another-lan'
  | 'no-interface'
  | 'address-in-use-by-network';
