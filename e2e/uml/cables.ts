import type { Lab, LabNode } from '../lab/index.ts';
import { INTERFACES, ip, setSysctls } from '../lab/network.ts';
import { LAN_LENGTH, MANAGEMENT } from '../lab/plan.ts';

/** A network card of the guest: on a cable of the node's namespace, by a packet socket there. */
export interface Card {
  /** The end of the cable in the namespace; the guest's interface gets the same name. */
  readonly name: string;
  readonly mac: string;
}

/** The cards of a guest that takes the place of a node. The one on the LAN has the MAC of the lab's plan. */
export function cardsOf({ mac, plan }: LabNode): readonly Card[] {
  return [
    { name: INTERFACES.lan, mac },
    { name: INTERFACES.management, mac: `02:00:00:00:02:${plan.index.toString(16).padStart(2, '0')}` },
  ];
}

/**
 * Takes a node's cables away from the lab's own kernel: its namespace still has them, but answers to nothing that comes
 * in, for all of it is meant for the guest, which reads along.
 */
export async function freeCables(lab: Lab, node: LabNode): Promise<void> {
  const proxy = node.processes.get('kube-proxy');
  await proxy?.kill();
  await ip(
    lab.run,
    node.namespace,
    cardsOf(node).flatMap(({ name }) => [`address flush dev ${name}`, `link set ${name} arp off`]),
  );
  await setSysctls(lab.run, node.namespace, { 'net/ipv4/ip_forward': 0, 'net/ipv6/conf/all/disable_ipv6': 1 });
}

/** Lines of `ip -batch` that give the guest what the node had: names, addresses, routes. */
export function networkOf(lab: Lab, node: LabNode): string[] {
  const { tor } = lab.plan;
  const apiServer = new URL(lab.controlPlane.server).hostname;
  const { lan, management } = INTERFACES;
  return [
    ...cardsOf(node).flatMap(({ name }, index) => [`link set vec${index} name ${name}`, `link set ${name} up`]),
    `address add ${node.address.IPv4}/${LAN_LENGTH.IPv4} brd + dev ${lan}`,
    `address add ${node.address.IPv6}/${LAN_LENGTH.IPv6} dev ${lan} nodad`,
    `route add default via ${tor.address.IPv4} dev ${lan}`,
    `route add default via ${tor.address.IPv6} dev ${lan}`,
    `address add ${node.plan.management}/${MANAGEMENT.length} dev ${management}`,
    `route add ${apiServer}/32 dev ${management} src ${node.plan.management}`,
  ];
}
