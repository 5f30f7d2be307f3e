import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IPFamily } from '@fairlead/api';
import { formatAddress, parseAddress } from '@fairlead/api';
import { Frr, REPOSITORY } from '@fairlead/e2e/lab';
import type { Run } from '@fairlead/e2e/lab';
import { addAddress, addRoute, deleteAddress, deleteRoute } from '@fairlead/netlink';
import type { NetlinkRequest } from '@fairlead/netlink';
import { buildRouterView, RouterController } from '@fairlead/router';
import { createLogger } from '@fairlead/runtime';
import { areEstablished, statusOf } from '../../router/status.ts';
import {
  ADDRESSES,
  ASN,
  birdFolder,
  group,
  neighbor,
  NODE,
  NODE_FACTS,
  router,
  spawnBird,
} from '../../router/topology.ts';

const PROTOCOL = 201;
const INTERFACE = 'kube-lb0';
/** As the agent does it: so many IPv4 addresses have their route right behind them, later routes do not wait. */
const TOGETHER = 4_096;

const TEMPLATES = join(REPOSITORY, 'bird-templates');
/** Nothing but what goes wrong. */
const logger = createLogger({ process: 'bench', level: 'error' });

/** A way in which a node's routing daemon can learn of the addresses that it is to announce. */
export interface Way {
  readonly name: string;
  /** Starts the daemon on the node; returns when it is configured, at the latest when its session is up. */
  start(run: Run): Promise<void>;
  /** Lines of `ip -batch` that announce these addresses, in the order in which the way has them. */
  batch(family: IPFamily, addresses: readonly string[]): readonly string[];
  /** What announces one address. */
  announce(address: string, index: number): readonly NetlinkRequest[];
  /** What withdraws it; the address may stay where it is not what is announced. */
  withdraw(address: string, index: number): readonly NetlinkRequest[];
}

/** Fairlead's: a route with its protocol number beside each address, learned from the kernel; by the shipped templates. */
export function routesLearned(): Way {
  return {
    name: 'routes beside addresses, as Fairlead has it',
    start: async (run) => {
      await mkdir(birdFolder(run, NODE));
      await configure(birdFolder(run, NODE), 'BIRD', () => {
        spawnBird(run, NODE);
        return Promise.resolve();
      });
    },
    ...ROUTES_AND_ADDRESSES,
    withdraw: (address, index) => [routeGone(address, index)],
  };
}

/** The same with FRR, which announces an address by itself too: it is withdrawn with the address, not before. */
export function routesLearnedByFRR(): Way {
  return {
    name: 'the same with FRR in place of BIRD',
    start: async (run) => {
      const directory = join(run.directory, 'frr-node');
      const configurations = { zebra: '', bgpd: '', ospfd: '', ospf6d: '', bfdd: '' };
      await Frr.launch(run, { name: NODE, namespace: NODE, directory, configurations });
      await configure(directory, 'FRR', () => Promise.resolve());
    },
    ...ROUTES_AND_ADDRESSES,
    withdraw: (address, index) => [routeGone(address, index), addressGone(address, index)],
  };
}

/** Has the product configure a daemon in a folder, once, and leaves it as it is. */
async function configure(directory: string, daemon: 'BIRD' | 'FRR', start: () => Promise<void>): Promise<void> {
  const controller = new RouterController({ directory, templateDirectory: TEMPLATES, logger, pollIntervalMs: 200 });
  try {
    controller.update(
      buildRouterView({
        router: router([neighbor({ name: 'tor' })], { daemon }),
        serviceGroups: [group('routed', ['10.99.0.0/16', 'fd00:99::/112'])],
        secrets: new Map(),
        node: NODE_FACTS,
      }),
    );
    // BIRD ends at once where it finds no configuration.
    await statusOf(controller, ({ configuration }) => configuration.type !== 'unknown');
    await start();
    await statusOf(controller, areEstablished('tor'));
  } finally {
    await controller.close();
  }
}

const ROUTES_AND_ADDRESSES: Pick<Way, 'batch' | 'announce'> = {
  batch: (family, addresses) => {
    const routes = addresses.map((address) => `route add ${host(address)} dev ${INTERFACE} proto ${PROTOCOL}`);
    const lines = addresses.map(addressLine);
    const together = family === 'IPv4' ? TOGETHER : 0;
    const pairs = lines.slice(0, together).flatMap((line, position) => [line, routes[position] ?? '']);
    return [...pairs, ...routes.slice(together), ...lines.slice(together)];
  },
  announce: (address, index) => {
    const { parsed, length } = parts(address);
    const route = addRoute({ dst: { address: parsed, length }, index, protocol: PROTOCOL });
    const itself = addAddress({ index, address: parsed, length, flags: flagsOf(address) });
    return parsed.family === 'IPv4' ? [itself, route] : [route, itself];
  },
};

/**
 * PureLB's: addresses alone, by `protocol direct`, with the times of the configuration that it ships. The receive buffer is
 * Fairlead's, for without it BIRD misses changes and finds them at its next reading, and this is about the way alone.
 */
export function addressesDirect(): Way {
  return {
    name: 'addresses alone, as PureLB has it',
    start: async (run) => {
      await mkdir(birdFolder(run, NODE));
      await writeFile(join(birdFolder(run, NODE), 'bird.conf'), DIRECT);
      spawnBird(run, NODE);
    },
    batch: (_, addresses) => addresses.map(addressLine),
    announce: (address, index) => {
      const { parsed, length } = parts(address);
      return [addAddress({ index, address: parsed, length, flags: flagsOf(address) })];
    },
    withdraw: (address, index) => [addressGone(address, index)],
  };
}

const DIRECT = `
log stderr all;
router id ${ADDRESSES.node.IPv4};
protocol device { scan time 10; }
protocol direct { ipv4; ipv6; interface "${INTERFACE}"; }
protocol kernel { ipv4; scan time 10; learn; netlink rx buffer 67108864; }
protocol kernel { ipv6; scan time 10; learn; }
protocol bgp uplink1 {
  local ${ADDRESSES.node.IPv4} as ${ASN.node};
  neighbor ${ADDRESSES.tor.IPv4} as ${ASN.tor} external;
  direct;
  connect delay time 1;
  ipv4 { import none; export where source ~ [ RTS_STATIC, RTS_BGP, RTS_DEVICE ]; next hop self; };
  ipv6 { import none; export where source ~ [ RTS_STATIC, RTS_BGP, RTS_DEVICE ]; next hop address ${ADDRESSES.node.IPv6}; };
}
`;

function routeGone(address: string, index: number): NetlinkRequest {
  const { parsed, length } = parts(address);
  return deleteRoute({ dst: { address: parsed, length }, index, protocol: PROTOCOL });
}

function addressGone(address: string, index: number): NetlinkRequest {
  const { parsed, length } = parts(address);
  return deleteAddress({ index, address: parsed, length });
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
