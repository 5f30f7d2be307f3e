import { formatAddress, KERNEL_PROTOCOL } from '@fairlead/api';
import type { LBNodeStatusStatus } from '@fairlead/api';
import type { KubernetesObject, Lab, LabNode, ServiceObject } from '@fairlead/e2e/lab';
import { openNetlink } from '@fairlead/netlink';

/** An address as `ip -j -d address` prints it. */
export interface SeenAddress {
  readonly family: 'inet' | 'inet6';
  readonly local: string;
  readonly prefixlen: number;
  readonly noprefixroute?: boolean;
  readonly valid_life_time: number;
  readonly preferred_life_time: number;
}

/** A route as `ip -j -d route` prints it. */
export interface SeenRoute {
  readonly dst: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly metric?: number;
  readonly nexthops?: readonly { readonly gateway: string; readonly dev: string }[];
  readonly gateway?: string;
}

/** Fairlead's protocol number as `ip` prints it. */
export const OUR_PROTOCOL = String(KERNEL_PROTOCOL);

const SERVICES = '/api/v1/namespaces/default/services';
const NODE_STATUSES = '/apis/fairlead.dev/v1/lbnodestatuses';

/** The addresses on an interface of a node; none where the interface is missing. */
export async function addressesOn(node: LabNode, name: string): Promise<readonly SeenAddress[]> {
  const links = JSON.parse(await node.exec(['ip', '-j', '-d', 'address', 'show'])) as readonly {
    ifname: string;
    addr_info: readonly SeenAddress[];
  }[];
  return links.find(({ ifname }) => ifname === name)?.addr_info ?? [];
}

/**
 * The addresses of a node that carry Fairlead's mark. Read by netlink, for `ip` prints an address's protocol only from
 * iproute2 6.3 on.
 */
export async function markedAddressesOn(lab: Lab, node: LabNode): Promise<readonly string[]> {
  const netlink = await openNetlink({ netns: lab.run.namespacePath(node.namespace) });
  try {
    const all = await netlink.addresses();
    return all.filter(({ protocol }) => protocol === KERNEL_PROTOCOL).map(({ address }) => formatAddress(address));
  } finally {
    await netlink.close();
  }
}

/** Fairlead's routes on a node, both families. */
export async function ourRoutesOn(node: LabNode): Promise<readonly SeenRoute[]> {
  const both = await Promise.all(
    ['-4', '-6'].map((family) => node.exec(['ip', '-j', family, 'route', 'show', 'proto', OUR_PROTOCOL])),
  );
  return both.flatMap((text) => JSON.parse(text) as readonly SeenRoute[]);
}

/** Number of next hops of a route in the ToR's kernel; 0 where it has none. */
export async function nextHopsInTor(lab: Lab, address: string): Promise<number> {
  const family = address.includes(':') ? '-6' : '-4';
  const text = await lab.run.exec(['ip', '-j', family, 'route', 'show', address], { namespace: lab.tor.namespace });
  const routes = JSON.parse(text === '' ? '[]' : text) as readonly SeenRoute[];
  return routes.reduce((sum, route) => sum + (route.nexthops?.length ?? 1), 0);
}

/** Asks the ToR until it has so many next hops for an address (or 10 s are over), and returns how many it has. */
export async function untilNextHops(lab: Lab, address: string, count: number): Promise<number> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const seen = await nextHopsInTor(lab, address);
    if (seen === count || performance.now() > deadline) {
      return seen;
    }
  }
}

/** The names of the nodes that have the address on the interface. */
export async function holdersOf(lab: Lab, address: string, name = 'eth0'): Promise<string[]> {
  const seen = await Promise.all(
    lab.nodes.map(async (node) =>
      (await addressesOn(node, name)).some(({ local }) => local === address) ? [node.name] : [],
    ),
  );
  return seen.flat();
}

/** Creates a Service in `default`. */
export async function createService(lab: Lab, manifest: object): Promise<ServiceObject> {
  return lab.api.create<ServiceObject>(SERVICES, manifest);
}

/** Deletes a Service in `default`. */
export async function deleteService(lab: Lab, name: string): Promise<void> {
  await lab.api.delete(`${SERVICES}/${name}`);
}

/** Waits until a Service fulfils the condition. */
export async function untilService(
  lab: Lab,
  name: string,
  condition: (service: ServiceObject) => boolean,
  options: { readonly timeoutMs?: number } = {},
): Promise<ServiceObject> {
  return lab.api.until<ServiceObject>(SERVICES, (service) => condition(service), {
    fieldSelector: `metadata.name=${name}`,
    ...options,
  });
}

/** Waits until the LBNodeStatus of a node is as asked; for 15 s unless told otherwise. */
export async function untilNodeStatus(
  lab: Lab,
  node: LabNode,
  condition: (status: LBNodeStatusStatus) => boolean,
  { timeoutMs = 15_000 }: { readonly timeoutMs?: number } = {},
): Promise<LBNodeStatusStatus> {
  const { status = {} } = await lab.api.until<KubernetesObject & { readonly status?: LBNodeStatusStatus }>(
    NODE_STATUSES,
    (object) => object.status !== undefined && condition(object.status),
    { timeoutMs, fieldSelector: `metadata.name=${node.name}` },
  );
  return status;
}

/** The addresses in a Service's status. */
export function ingressOf(service: ServiceObject): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

/** Waits until a Service has so many addresses, and returns them. */
export async function untilAddresses(lab: Lab, name: string, count: number): Promise<string[]> {
  return ingressOf(await untilService(lab, name, (service) => ingressOf(service).length === count));
}

/** How a URL names an address. */
export function urlOf(address: string, path = '/'): string {
  return `http://${address.includes(':') ? `[${address}]` : address}${path}`;
}
