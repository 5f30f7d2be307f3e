import type { IPFamily } from '@fairlead/api';
import { formatAddress, parseAddress } from '@fairlead/api';
import { addAddress, addRoute, deleteAddress, deleteRoute } from '@fairlead/netlink';
import type { NetlinkRequest } from '@fairlead/netlink';
import { buildRouterView, compileTemplates, readTemplates, renderRouterConfig } from '@fairlead/router';
import { join } from 'node:path';
import { REPOSITORY } from '@fairlead/e2e/lab';
import { ADDRESSES, ASN, group, neighbor, NODE_FACTS, router } from '../../router/topology.ts';

const PROTOCOL = 201;
const INTERFACE = 'kube-lb0';

/** A way in which a node's BIRD can learn of the addresses that it is to announce. */
export interface Way {
  readonly name: string;
  /** bird.conf of the node. */
  readonly configuration: string;
  /** Lines of `ip -batch` that announce these addresses, in the order in which the way has them. */
  batch(family: IPFamily, addresses: readonly string[]): readonly string[];
  /** What announces one address. */
  announce(address: string, index: number): readonly NetlinkRequest[];
  /** What withdraws it; the address may stay where it is not what is announced. */
  withdraw(address: string, index: number): readonly NetlinkRequest[];
}

/** Fairlead's: a route with its protocol number beside each address, learned from the kernel; by the shipped templates. */
export async function routesLearned(): Promise<Way> {
  const intent = buildRouterView({
    router: router([neighbor({ name: 'tor' })]),
    serviceGroups: [group('routed', ['10.99.0.0/16', 'fd00:99::/112'])],
    secrets: new Map(),
    node: NODE_FACTS,
  });
  if (intent.type !== 'configure') {
    throw new Error(`the Router of the bench is not configured: ${JSON.stringify(intent.problems)}`);
  }
  const templates = compileTemplates(await readTemplates(join(REPOSITORY, 'bird-templates')));
  const { text } = renderRouterConfig(intent.view, templates);
  return {
    name: 'routes beside addresses, as Fairlead has it',
    configuration: text,
    batch: (family, addresses) => {
      const routes = addresses.map((address) => `route add ${host(address)} dev ${INTERFACE} proto ${PROTOCOL}`);
      const lines = addresses.map(addressLine);
      // IPv6 routes do not wait for their addresses, which take the kernel tens of seconds.
      return family === 'IPv4' ? [...lines, ...routes] : [...routes, ...lines];
    },
    announce: (address, index) => {
      const { parsed, length } = parts(address);
      const route = addRoute({ dst: { address: parsed, length }, index, protocol: PROTOCOL });
      const itself = addAddress({ index, address: parsed, length, flags: flagsOf(address) });
      return parsed.family === 'IPv4' ? [itself, route] : [route, itself];
    },
    withdraw: (address, index) => {
      const { parsed, length } = parts(address);
      return [deleteRoute({ dst: { address: parsed, length }, index, protocol: PROTOCOL })];
    },
  };
}

/**
 * PureLB's: addresses alone, by `protocol direct`, with the times of the configuration that it ships. The receive buffer is
 * Fairlead's, for without it BIRD misses changes and finds them at its next reading, and this is about the way alone.
 */
export function addressesDirect(): Way {
  const { node, tor } = ADDRESSES;
  return {
    name: 'addresses alone, as PureLB has it',
    configuration: `
log stderr all;
router id ${node.IPv4};
protocol device { scan time 10; }
protocol direct { ipv4; ipv6; interface "${INTERFACE}"; }
protocol kernel { ipv4; scan time 10; learn; netlink rx buffer 67108864; }
protocol kernel { ipv6; scan time 10; learn; }
protocol bgp uplink1 {
  local ${node.IPv4} as ${ASN.node};
  neighbor ${tor.IPv4} as ${ASN.tor} external;
  direct;
  connect delay time 1;
  ipv4 { import none; export where source ~ [ RTS_STATIC, RTS_BGP, RTS_DEVICE ]; next hop self; };
  ipv6 { import none; export where source ~ [ RTS_STATIC, RTS_BGP, RTS_DEVICE ]; next hop address ${node.IPv6}; };
}
`,
    batch: (_, addresses) => addresses.map(addressLine),
    announce: (address, index) => {
      const { parsed, length } = parts(address);
      return [addAddress({ index, address: parsed, length, flags: flagsOf(address) })];
    },
    withdraw: (address, index) => {
      const { parsed, length } = parts(address);
      return [deleteAddress({ index, address: parsed, length })];
    },
  };
}

function parts(address: string): { readonly parsed: ReturnType<typeof parseAddress>; readonly length: number } {
  const parsed = parseAddress(address);
  return { parsed, length: parsed.family === 'IPv4' ? 32 : 128 };
}

function flagsOf(address: string): { readonly noprefixroute: true; readonly nodad: boolean } {
  return { noprefixroute: true, nodad: address.includes(':') };
}

function host(address: string): string {
  const { parsed, length } = parts(address);
  return `${formatAddress(parsed)}/${length}`;
}

function addressLine(address: string): string {
  return `address add ${host(address)} dev ${INTERFACE} noprefixroute${address.includes(':') ? ' nodad' : ''}`;
}
