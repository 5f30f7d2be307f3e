import { release } from 'node:os';
import type { InterfaceAddress } from './codec/interface-address.ts';
import type { Link } from './codec/link.ts';
import type { Neighbour } from './codec/neighbour.ts';
import type { Route } from './codec/route.ts';
import type { AddressFilter, NeighbourFilter, RouteFilter } from './dumps.ts';
import { dumpAddresses, dumpLinks, dumpNeighbours, dumpRoutes, familiesOf } from './dumps.ts';
import type { NetlinkEvent } from './event.ts';
import { loadSystemCalls } from './ffi.ts';
import { keepsAddressProtocol, LOOPBACK_INDEX } from './kernel.ts';
import type { NetlinkRequest } from './request.ts';
import { DumpSocket } from './socket/dump-socket.ts';
import { EventSocket } from './socket/event-socket.ts';
import { NetlinkSocket } from './socket/netlink-socket.ts';
import { inNamespace } from './socket/netns.ts';
import type { NetlinkResult } from './socket/request-socket.ts';
import { RequestSocket } from './socket/request-socket.ts';

export interface NetlinkOptions {
  /** Path of another network namespace to work in, such as `/run/netns/NAME`. Default: the process's own. */
  readonly netns?: string | undefined;
  /** Whether changes of the neighbour table are events too; there are many. Default: false. */
  readonly neighbourEvents?: boolean | undefined;
  /** Closes everything when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** The kernel's interfaces, addresses, routes and neighbours of one network namespace. */
export interface Netlink {
  /** All interfaces. @throws {NetlinkError} */
  links(): Promise<Link[]>;
  /** Addresses on interfaces, IPv4 first. @throws {NetlinkError} */
  addresses(filter?: AddressFilter): Promise<InterfaceAddress[]>;
  /** Routes of all tables, IPv4 first. @throws {NetlinkError} */
  routes(filter?: RouteFilter): Promise<Route[]>;
  /** The neighbour tables, IPv4 first. @throws {NetlinkError} */
  neighbours(filter?: NeighbourFilter): Promise<Neighbour[]>;
  /** Whether addresses keep the protocol that they are added with (IFA_PROTO; kernels before 5.18 do not). */
  keepsAddressProtocol(): Promise<boolean>;
  /**
   * Makes changes in order, each on its own; the results stand in the same order. A few take well under a millisecond
   * and are done when the call returns; many take turns with the rest of the program.
   * @throws {SystemCallError} only when the socket itself fails
   */
  execute(requests: readonly NetlinkRequest[]): Promise<readonly NetlinkResult[]>;
  /**
   * Calls the listener for every change from now on. What it throws becomes an uncaught exception.
   * @returns a function that ends it
   */
  subscribe(listener: (event: NetlinkEvent) => void): () => void;
  /**
   * Delivers, before it returns, what the kernel has queued until now.
   * @returns whether that was all; false when there was very much, or from inside of a listener
   */
  drained(): boolean;
  /** Closes the sockets. Call nothing afterwards. */
  close(): Promise<void>;
}

/**
 * Opens the sockets: one for changes, one for dumps (a change never waits for a dump), one for events.
 * @throws {SystemCallError} when the kernel gives none, or the namespace does not exist
 */
export function openNetlink(options: NetlinkOptions = {}): Promise<Netlink> {
  return Promise.resolve().then(() => open(options));
}

function open(options: NetlinkOptions): Netlink {
  const { netns, neighbourEvents = false, signal } = options;
  signal?.throwIfAborted();
  const system = loadSystemCalls();
  const sockets: NetlinkSocket[] = [];
  const openSocket = (): NetlinkSocket => {
    const socket = new NetlinkSocket(system);
    sockets.push(socket);
    return socket;
  };
  try {
    inNamespace(system, netns, () => [openSocket(), openSocket(), openSocket()]);
  } catch (error) {
    sockets.forEach((socket) => socket.close());
    throw error;
  }
  const [requestSocket, dumpSocket, eventSocket] = sockets as [NetlinkSocket, NetlinkSocket, NetlinkSocket];
  const requests = new RequestSocket(requestSocket);
  const dumps = new DumpSocket(dumpSocket);
  const events = new EventSocket({ socket: eventSocket, system, neighbours: neighbourEvents });
  const close = (): void => {
    signal?.removeEventListener('abort', close);
    events.close();
    sockets.forEach((socket) => socket.close());
  };
  signal?.addEventListener('abort', close);
  return {
    links: () => dumps.dump(dumpLinks()),
    addresses: (filter = {}) => perFamily(familiesOf(filter), (family) => dumps.dump(dumpAddresses(family, filter))),
    routes: (filter = {}) => perFamily(familiesOf(filter), (family) => dumps.dump(dumpRoutes(family, filter))),
    neighbours: (filter = {}) => perFamily(familiesOf(filter), (family) => dumps.dump(dumpNeighbours(family, filter))),
    keepsAddressProtocol: async () => {
      const loopback = await dumps.dump(dumpAddresses('IPv6', { index: LOOPBACK_INDEX }));
      return keepsAddressProtocol(loopback, release());
    },
    execute: (list) => requests.execute(list),
    subscribe: (listener) => events.subscribe(listener),
    drained: () => events.drain(),
    close: () => {
      close();
      return Promise.resolve();
    },
  };
}

async function perFamily<Family, T>(families: readonly Family[], dump: (family: Family) => Promise<T[]>): Promise<T[]> {
  return (await Promise.all(families.map(dump))).flat();
}
