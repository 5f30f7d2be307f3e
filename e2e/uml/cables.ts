import type { Lab, LabNode } from '../lab/index.ts';
import { INTERFACES, ip, setSysctls } from '../lab/network.ts';
import { LAN_LENGTH, MANAGEMENT, NAMESPACES } from '../lab/plan.ts';

/** The guest's interface on the LAN: a bond of two cards, of which one sends, as many servers have it. */
export const GUEST_LAN = 'bond0';

/** The guest's two cards on the LAN: the node's own cable, and a second one to the same switch. */
export const PORTS = [INTERFACES.lan, 'eth1'] as const;

/**
 * A network card of the guest: on a cable of the node's namespace, by a packet socket there. It hears its own broadcasts
 * too, as on a LAN with a loop: whoever listens in the guest has to cope with that.
 */
export interface Card {
  /** The end of the cable in the namespace; the guest's interface gets the same name. */
  readonly name: string;
  readonly mac: string;
}

/** The cards of a guest that takes the place of a node. Those on the LAN have the MAC of the lab's plan, as the bond will. */
export function cardsOf({ mac, plan }: LabNode): readonly Card[] {
  return [
    ...PORTS.map((name) => ({ name, mac })),
    { name: INTERFACES.management, mac: `02:00:00:00:02:${plan.index.toString(16).padStart(2, '0')}` },
  ];
}

/**
 * Takes a node's cables away from the lab's own kernel, and adds the second one: the node's namespace still has them, but
 * answers to nothing that comes in, for all of it is meant for the guest, which reads along.
 */
export async function freeCables(lab: Lab, node: LabNode): Promise<void> {
  const { run } = lab;
  const [, second] = PORTS;
  const port = `${node.name}b`;
  await node.processes.get('kube-proxy')?.kill();
  await setSysctls(run, node.namespace, { 'net/ipv4/ip_forward': 0, 'net/ipv6/conf/all/disable_ipv6': 1 });
  await ip(run, NAMESPACES.switch, [
    `link add ${port} type veth peer name ${second} netns ${run.namespaceName(node.namespace)}`,
    `link set ${port} master ${INTERFACES.bridge} up`,
  ]);
  await ip(
    run,
    node.namespace,
    cardsOf(node).flatMap(({ name }) => [`address flush dev ${name}`, `link set ${name} arp off up`]),
  );
}

/** Lines of `ip -batch` that give the guest what the node had: addresses, routes. */
export function networkOf(lab: Lab, node: LabNode): string[] {
  const { tor } = lab.plan;
  const apiServer = new URL(lab.controlPlane.server).hostname;
  const { management } = INTERFACES;
  return [
    ...cardsOf(node).map(({ name }, index) => `link set vec${index} name ${name}`),
    `link add ${GUEST_LAN} type bond mode active-backup miimon 100`,
    ...PORTS.map((name) => `link set ${name} master ${GUEST_LAN}`),
    `link set ${GUEST_LAN} up`,
    `address add ${node.address.IPv4}/${LAN_LENGTH.IPv4} brd + dev ${GUEST_LAN}`,
    `address add ${node.address.IPv6}/${LAN_LENGTH.IPv6} dev ${GUEST_LAN} nodad`,
    `route add default via ${tor.address.IPv4} dev ${GUEST_LAN}`,
    `route add default via ${tor.address.IPv6} dev ${GUEST_LAN}`,
    `link set ${management} up`,
    `address add ${node.plan.management}/${MANAGEMENT.length} dev ${management}`,
    `route add ${apiServer}/32 dev ${management} src ${node.plan.management}`,
  ];
}
