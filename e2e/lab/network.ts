import { networkInterfaces } from 'node:os';
import {
  LAN_LENGTH,
  MANAGEMENT,
  NAMESPACES,
  planHostLink,
  REMOTE_LENGTH,
  type HostLink,
  type NetworkPlan,
  type NodePlan,
  type Station,
} from './plan.ts';
import type { Run } from './run.ts';

/** Names of interfaces; inside a namespace they are the same for all. */
export const INTERFACES = { lan: 'eth0', management: 'mgmt0', pods: 'pods0', behind: 'eth1', bridge: 'lan' } as const;

/**
 * Makes the namespaces and links of a whole lab: a switch in a namespace of its own, with the ToR, a client and the nodes
 * on it; a client behind the ToR; the control plane on a second network, so that a cut LAN does not cut the API server.
 */
export async function createNetwork(run: Run, plan: NetworkPlan): Promise<HostLink> {
  await addNamespaces(run, [
    ...Object.values(NAMESPACES),
    ...plan.nodes.flatMap((node) => [node.name, node.podNamespace]),
  ]);
  await Promise.all([
    setSysctls(run, NAMESPACES.switch, {
      'net/bridge/bridge-nf-call-arptables': 0,
      'net/bridge/bridge-nf-call-iptables': 0,
      'net/bridge/bridge-nf-call-ip6tables': 0,
    }),
    ip(run, NAMESPACES.switch, bridge(INTERFACES.bridge)),
    ip(run, NAMESPACES.controlPlane, [
      ...bridge(INTERFACES.management),
      `address add ${MANAGEMENT.controlPlane}/${MANAGEMENT.length} dev ${INTERFACES.management}`,
    ]),
  ]);
  const [hostLink] = await Promise.all([
    addHostLink(run),
    addTor(run, plan),
    addStation(run, plan.client).then(() =>
      // A redirect would pin a client to one node, past the ToR's choice.
      setSysctls(run, plan.client.name, {
        'net/ipv4/conf/all/accept_redirects': 0,
        'net/ipv6/conf/all/accept_redirects': 0,
        'net/ipv6/conf/eth0/accept_redirects': 0,
      }),
    ),
    ...plan.nodes.map(async (node) => addNode(run, plan, node)),
  ]);
  await Promise.all(plan.nodes.map(async (node) => addRouteToControlPlane(run, node, hostLink)));
  await ip(run, plan.client.name, defaultRoutes(plan.tor));
  return hostLink;
}

/** Makes the namespaces of one node anew, after {@link removeNode}: the machine has booted again. */
export async function createNode(run: Run, plan: NetworkPlan, node: NodePlan, hostLink: HostLink): Promise<void> {
  await addNamespaces(run, [node.name, node.podNamespace]);
  await addNode(run, plan, node);
  await addRouteToControlPlane(run, node, hostLink);
}

/** Removes a node's links and namespaces, once no process is left in them. */
export async function removeNode(run: Run, node: NodePlan): Promise<void> {
  // The links first: a namespace is taken apart in the background, and its links' names would be taken for a while.
  await Promise.all([
    ip(run, NAMESPACES.switch, [`link del ${node.name}`]),
    ip(run, NAMESPACES.controlPlane, [`link del ${node.name}`]),
    ip(run, node.podNamespace, [`link del ${INTERFACES.lan}`]),
  ]);
  await Promise.all(
    [node.name, node.podNamespace].map(async (name) => run.exec(['ip', 'netns', 'del', run.namespaceName(name)])),
  );
}

/** Runs lines of `ip -batch` inside a namespace. */
export async function ip(run: Run, namespace: string, lines: readonly string[]): Promise<void> {
  await run.exec(['ip', '-batch', '-'], { namespace, stdin: lines.join('\n') });
}

/** Writes sysctls inside a namespace; those that the kernel does not have are left out. */
export async function setSysctls(run: Run, namespace: string, values: Readonly<Record<string, number>>): Promise<void> {
  const lines = Object.entries(values).map(
    ([name, value]) => `[ -e /proc/sys/${name} ] && echo ${value} > /proc/sys/${name}`,
  );
  await run.exec(['sh'], { namespace, stdin: `${lines.join('\n')}\ntrue\n` });
}

async function addNamespaces(run: Run, names: readonly string[]): Promise<void> {
  await Promise.all(names.map(async (name) => run.exec(['ip', 'netns', 'add', run.namespaceName(name)])));
}

function bridge(name: string): string[] {
  // Snooping without a querier drops multicast that neighbour discovery needs; a forward delay holds frames back. A bridge
  // without an address of its own takes the lowest one of its ports, and so another one when a node dies or boots: its
  // neighbours would send to the old one for some 8 s, until their unicast probes have failed.
  return [
    `link add ${name} address ${BRIDGE_MAC} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set ${name} up`,
    'link set lo up',
  ];
}

/** Locally administered; every bridge of a lab is in a network of its own. */
const BRIDGE_MAC = '02:00:00:00:00:fe';

/** A router of the real world: no filters by reverse path, no redirects, and each flow its own next hop. */
const ROUTER_SYSCTLS = {
  'net/ipv4/ip_forward': 1,
  'net/ipv6/conf/all/forwarding': 1,
  'net/ipv4/conf/all/rp_filter': 0,
  'net/ipv4/conf/default/rp_filter': 0,
  'net/ipv4/conf/all/send_redirects': 0,
  'net/ipv4/conf/default/send_redirects': 0,
  'net/ipv4/fib_multipath_hash_policy': 1,
  'net/ipv6/fib_multipath_hash_policy': 1,
};

async function addStation(run: Run, station: Station, lines: readonly string[] = []): Promise<void> {
  await ip(run, NAMESPACES.switch, [
    `link add ${station.name} type veth peer name ${INTERFACES.lan} address ${station.mac} netns ${run.namespaceName(station.name)}`,
    `link set ${station.name} master ${INTERFACES.bridge} up`,
  ]);
  await ip(run, station.name, [
    'link set lo up',
    `link set ${INTERFACES.lan} up`,
    `address add ${station.address.IPv4}/${LAN_LENGTH.IPv4} brd + dev ${INTERFACES.lan}`,
    `address add ${station.address.IPv6}/${LAN_LENGTH.IPv6} dev ${INTERFACES.lan} nodad`,
    ...lines,
  ]);
}

function defaultRoutes(gateway: Station): string[] {
  return [
    `route add default via ${gateway.address.IPv4} dev ${INTERFACES.lan}`,
    `route add default via ${gateway.address.IPv6} dev ${INTERFACES.lan}`,
  ];
}

async function addTor(run: Run, { tor, remote }: NetworkPlan): Promise<void> {
  await setSysctls(run, tor.name, ROUTER_SYSCTLS);
  await addStation(run, tor, [
    `link add ${INTERFACES.behind} type veth peer name ${INTERFACES.lan} netns ${run.namespaceName(remote.name)}`,
    `link set ${INTERFACES.behind} up`,
    `address add ${remote.gateway.IPv4}/${REMOTE_LENGTH.IPv4} dev ${INTERFACES.behind}`,
    `address add ${remote.gateway.IPv6}/${REMOTE_LENGTH.IPv6} dev ${INTERFACES.behind} nodad`,
  ]);
  await ip(run, remote.name, [
    'link set lo up',
    `link set ${INTERFACES.lan} up`,
    `address add ${remote.address.IPv4}/${REMOTE_LENGTH.IPv4} dev ${INTERFACES.lan}`,
    `address add ${remote.address.IPv6}/${REMOTE_LENGTH.IPv6} dev ${INTERFACES.lan} nodad`,
    `route add default via ${remote.gateway.IPv4}`,
    `route add default via ${remote.gateway.IPv6}`,
  ]);
}

async function addNode(run: Run, plan: NetworkPlan, node: NodePlan): Promise<void> {
  await setSysctls(run, node.name, {
    'net/ipv4/ip_forward': 1,
    'net/ipv6/conf/all/forwarding': 1,
    'net/ipv4/conf/all/rp_filter': 0,
    'net/ipv4/conf/default/rp_filter': 0,
  });
  const others = plan.nodes.filter((other) => other.index !== node.index);
  const [podPrefix4, podPrefix6] = [node.podCIDR.IPv4.split('/')[1], node.podCIDR.IPv6.split('/')[1]];
  await Promise.all([
    addStation(run, node, [
      ...defaultRoutes(plan.tor),
      `link add ${INTERFACES.pods} type veth peer name ${INTERFACES.lan} netns ${run.namespaceName(node.podNamespace)}`,
      `link set ${INTERFACES.pods} up`,
      `address add ${node.podGateway.IPv4}/${podPrefix4} dev ${INTERFACES.pods}`,
      `address add ${node.podGateway.IPv6}/${podPrefix6} dev ${INTERFACES.pods} nodad`,
      ...others.flatMap((other) => [
        `route add ${other.podCIDR.IPv4} via ${other.address.IPv4}`,
        `route add ${other.podCIDR.IPv6} via ${other.address.IPv6}`,
      ]),
    ]).then(() =>
      ip(run, node.podNamespace, [
        'link set lo up',
        `link set ${INTERFACES.lan} up`,
        `route add ${node.podGateway.IPv4} dev ${INTERFACES.lan} scope link`,
        `route add default via ${node.podGateway.IPv4} dev ${INTERFACES.lan} onlink`,
        `route add ${node.podGateway.IPv6} dev ${INTERFACES.lan}`,
        `route add default via ${node.podGateway.IPv6} dev ${INTERFACES.lan}`,
      ]),
    ),
    ip(run, NAMESPACES.controlPlane, [
      `link add ${node.name} type veth peer name ${INTERFACES.management} netns ${run.namespaceName(node.name)}`,
      `link set ${node.name} master ${INTERFACES.management} up`,
    ]).then(() =>
      ip(run, node.name, [
        `link set ${INTERFACES.management} up`,
        `address add ${node.management}/${MANAGEMENT.length} dev ${INTERFACES.management}`,
      ]),
    ),
  ]);
}

async function addRouteToControlPlane(run: Run, node: NodePlan, hostLink: HostLink): Promise<void> {
  await ip(run, node.name, [
    `route add ${hostLink.controlPlane}/32 dev ${INTERFACES.management} src ${node.management}`,
  ]);
}

async function addHostLink(run: Run): Promise<HostLink> {
  const taken = new Set(
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  );
  let attempt = 0;
  let link = planHostLink(run.id);
  while (taken.has(link.host)) link = planHostLink(run.id, ++attempt);
  await run.exec(['ip', '-batch', '-'], {
    stdin: [
      `link add ${link.interface} type veth peer name host netns ${run.namespaceName(NAMESPACES.controlPlane)}`,
      `address add ${link.host}/30 dev ${link.interface}`,
      `link set ${link.interface} up`,
    ].join('\n'),
  });
  await ip(run, NAMESPACES.controlPlane, [`address add ${link.controlPlane}/30 dev host`, 'link set host up']);
  return link;
}
