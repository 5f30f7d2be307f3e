/** One address of each family, without prefix lengths. */
export interface DualAddress {
  readonly IPv4: string;
  readonly IPv6: string;
}

/** A station on the LAN. */
export interface Station {
  /** Short name: of its namespace and of its port on the switch. */
  readonly name: string;
  readonly mac: string;
  readonly address: DualAddress;
}

/** Where a node is in all networks. */
export interface NodePlan extends Station {
  /** 1, 2, 3 … */
  readonly index: number;
  /** The namespace of its Pods. */
  readonly podNamespace: string;
  readonly podCIDR: DualAddress;
  /** The node's own address among its Pods, as a CNI bridge has it. */
  readonly podGateway: DualAddress;
  /** Address on the management network, by which it reaches the API server. */
  readonly management: string;
}

/**
 * The networks of a lab. Every lab has the same: they are in namespaces and do not meet. Only {@link HostLink} is
 * visible to the machine.
 */
export interface NetworkPlan {
  readonly nodes: readonly NodePlan[];
  /** The router of the LAN, and every node's default gateway. */
  readonly tor: Station;
  /** A client on the LAN. */
  readonly client: Station;
  /** A client behind the ToR, and the ToR's address on its side. */
  readonly remote: { readonly name: string; readonly address: DualAddress; readonly gateway: DualAddress };
}

/** The LAN of the nodes. Service pools of tests lie in it (local addresses) or outside of everything here (virtual ones). */
export const LAN = { IPv4: '172.20.0.0/16', IPv6: 'fd00:20::/64' } as const;
export const LAN_LENGTH = { IPv4: 16, IPv6: 64 } as const;
/** The network behind the ToR. */
export const REMOTE_LENGTH = { IPv4: 24, IPv6: 64 } as const;
/** The control plane's address on the management network. */
export const MANAGEMENT = { controlPlane: '198.19.0.1', length: 16 } as const;

/** Names of the namespaces that every lab has once. */
export const NAMESPACES = {
  switch: 'switch',
  tor: 'tor',
  client: 'client',
  remote: 'remote',
  controlPlane: 'control-plane',
} as const;

/** At most this many nodes fit the addresses. */
export const MAX_NODES = 250;

/** The place of node `index` (from 1 on). The MAC says which node it is, so that a capture can be read. */
export function planNode(index: number): NodePlan {
  checkNodes(index);
  return {
    index,
    name: `node-${index}`,
    mac: `02:00:00:00:01:${index.toString(16).padStart(2, '0')}`,
    address: { IPv4: `172.20.1.${index}`, IPv6: `fd00:20::1:${index}` },
    podNamespace: `pods-${index}`,
    podCIDR: { IPv4: `10.244.${index}.0/24`, IPv6: `fd00:244:0:${index}::/64` },
    podGateway: { IPv4: `10.244.${index}.1`, IPv6: `fd00:244:0:${index}::1` },
    management: `198.19.1.${index}`,
  };
}

function checkNodes(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > MAX_NODES)
    throw new RangeError(`a lab has 1 to ${MAX_NODES} nodes, not ${count}`);
}

/** The networks of a lab with so many nodes. */
export function planNetwork(nodes: number): NetworkPlan {
  checkNodes(nodes);
  return {
    nodes: Array.from({ length: nodes }, (_, position) => planNode(position + 1)),
    tor: { name: NAMESPACES.tor, mac: '02:00:00:00:00:01', address: { IPv4: '172.20.0.1', IPv6: 'fd00:20::1' } },
    client: { name: NAMESPACES.client, mac: '02:00:00:00:00:02', address: { IPv4: '172.20.0.2', IPv6: 'fd00:20::2' } },
    remote: {
      name: NAMESPACES.remote,
      address: { IPv4: '172.21.0.2', IPv6: 'fd00:21::2' },
      gateway: { IPv4: '172.21.0.1', IPv6: 'fd00:21::1' },
    },
  };
}

/** The link between the machine and a lab's control plane: the only thing of a lab outside its namespaces. */
export interface HostLink {
  /** Interface on the machine. */
  readonly interface: string;
  /** The machine's end. */
  readonly host: string;
  /** The API server's address, from the machine and from the nodes. */
  readonly controlPlane: string;
}

/**
 * A /30 of 198.18.0.0/16 (RFC 2544: for tests between networks, routed nowhere), by the run's id. `attempt` picks
 * another one where the machine has it already.
 */
export function planHostLink(runId: string, attempt = 0): HostLink {
  const block = (Number.parseInt(runId, 16) + attempt * 7919) % 0x40_00;
  const address = (offset: number) => `198.18.${block >> 6}.${((block & 0x3f) << 2) + offset}`;
  return { interface: `fl-${runId}`, host: address(1), controlPlane: address(2) };
}
