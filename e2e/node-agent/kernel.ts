import { parseAddress } from '@fairlead/api';
import { addAddress, openNetlink } from '@fairlead/netlink';
import type { AddressEvent, IpEvent, Lab, LabNode, RouteEvent } from '../lab/index.ts';

/** An address as `ip -j addr` has it. */
interface AddressInfo {
  readonly local: string;
  readonly prefixlen: number;
  readonly protocol?: string;
  readonly noprefixroute?: boolean;
  readonly valid_life_time: number;
}

/** Addresses of an interface as `ADDRESS/LENGTH`, link-local ones left out; empty where there is no such interface. */
export async function addressesOn(node: LabNode, name: string): Promise<string[]> {
  const links = JSON.parse(await node.exec(['ip', '-j', 'addr'])) as {
    readonly ifname: string;
    readonly addr_info: readonly AddressInfo[];
  }[];
  return links
    .filter(({ ifname }) => ifname === name)
    .flatMap(({ addr_info: infos }) => infos.map(({ local, prefixlen }) => `${local}/${prefixlen}`))
    .filter((text) => !text.startsWith('fe80:'))
    .sort();
}

/** Valid lifetimes of an interface's addresses in seconds. */
export async function lifetimesOn(node: LabNode, name: string): Promise<ReadonlyMap<string, number>> {
  const [link] = JSON.parse(await node.exec(['ip', '-j', 'addr', 'show', name])) as {
    readonly addr_info: readonly AddressInfo[];
  }[];
  return new Map((link?.addr_info ?? []).map(({ local, valid_life_time: seconds }) => [local, seconds]));
}

/** Destinations of the routes that announce, both families. */
export async function announcedRoutes(node: LabNode): Promise<string[]> {
  const lists = await Promise.all(
    ['-4', '-6'].map(async (family) => {
      const text = await node.exec(['ip', '-j', family, 'route', 'show', 'proto', '201']);
      return (JSON.parse(text === '' ? '[]' : text) as { readonly dst: string }[]).map(({ dst }) => dst);
    }),
  );
  return lists.flat().sort();
}

/** Picks an address that came (or, with `deleted`, went) on kube-lb0. */
export function addressEvent(address: string, deleted = false): (event: IpEvent) => event is AddressEvent {
  return (event): event is AddressEvent =>
    event.type === 'address' &&
    event.interface === 'kube-lb0' &&
    event.address === address &&
    event.deleted === deleted;
}

/** Picks a route of ours that came (or, with `deleted`, went). */
export function routeEvent(destination: string, deleted = false): (event: IpEvent) => event is RouteEvent {
  return (event): event is RouteEvent =>
    event.type === 'route' &&
    event.destination === destination &&
    event.protocol === '201' &&
    event.deleted === deleted;
}

/** Whether an event is about anything of ours, or of the interface for it: what a restart must not cause. */
export function isOurs(event: IpEvent): boolean {
  switch (event.type) {
    case 'address':
    case 'link':
      return event.interface === 'kube-lb0';
    case 'route':
      return event.protocol === '201' || event.interfaces.includes('kube-lb0');
    case 'neighbour':
      return false;
    default:
      return event satisfies never;
  }
}

/** Adds a host address with a protocol number, which iproute2 can only from 6.3 on. */
export async function addMarkedAddress(
  lab: Lab,
  node: LabNode,
  options: { readonly address: string; readonly dev: string; readonly protocol: number },
): Promise<void> {
  const netlink = await openNetlink({ netns: lab.run.namespacePath(node.namespace) });
  try {
    const index = (await netlink.links()).find(({ name }) => name === options.dev)?.index;
    if (index === undefined) {
      throw new Error(`no interface ${options.dev}`);
    }
    const address = parseAddress(options.address);
    const { protocol } = options;
    const [result] = await netlink.execute([
      addAddress({ index, address, length: 32, protocol, flags: { noprefixroute: true } }),
    ]);
    if (result?.ok === false) {
      throw result.error;
    }
  } finally {
    await netlink.close();
  }
}
