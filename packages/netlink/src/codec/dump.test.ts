import { capturedStep, receivedMessages } from '../testing/capture.ts';
import type { IpObject } from '../testing/ip-json.ts';
import {
  addressAsIp,
  comparableAddresses,
  comparableLinks,
  comparableNeighbours,
  comparableRoutes,
  linkAsIp,
  neighbourAsIp,
  routeAsIp,
} from '../testing/ip-json.ts';
import { RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWROUTE, SCOPE } from './constants.ts';
import { decodeInterfaceAddress } from './interface-address.ts';
import { decodeLink } from './link.ts';
import { decodeNeighbour } from './neighbour.ts';
import { decodeRoute } from './route.ts';

const links = receivedMessages(capturedStep('-j -d link show'), RTM_NEWLINK).map(decodeLink);
const names = new Map(links.map(({ index, name }) => [index, name]));

/** What `ip` printed for the same bytes. */
function printed(command: string) {
  return capturedStep(command).output ?? [];
}

/** `ip` sorts by interface, the kernel by family. */
function byInterface(one: IpObject, other: IpObject): number {
  const interfaces = [...names.values()];
  return interfaces.indexOf(String(one['dev'])) - interfaces.indexOf(String(other['dev']));
}

function defined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

describe('reading dumps, compared with what ip printed of the same bytes', () => {
  it('reads links', () => {
    expect(links.map((link) => linkAsIp(link, names))).toEqual(comparableLinks(printed('-j -d link show')));
    expect(links.find(({ name }) => name === 'veth0')).toMatchObject({ parent: 3, master: 5, slaveKind: 'bridge' });
  });

  it('reads addresses with flags, lifetimes and peers', () => {
    const addresses = receivedMessages(capturedStep('-j addr show'), RTM_NEWADDR).map(decodeInterfaceAddress);
    expect(addresses).toHaveLength(9);
    const ours = addresses.filter(defined).map((address) => addressAsIp(address, names));
    expect(ours.toSorted(byInterface)).toEqual(comparableAddresses(printed('-j addr show')));
  });

  it('reads who made an address, which ip 6.1 cannot', () => {
    const addresses = receivedMessages(capturedStep('-j addr show'), RTM_NEWADDR).map(decodeInterfaceAddress);
    // linux/if_addr.h: IFAPROT_KERNEL_LO 1, IFAPROT_KERNEL_LL 3.
    const marked = addresses.filter((address) => address?.protocol !== undefined);
    expect(marked.map((address) => [address?.scope, address?.protocol])).toEqual([
      [SCOPE.host, 1],
      [SCOPE.link, 3],
    ]);
  });

  it.each(['-j -4 route show table all', '-j -6 route show table all'])('reads routes: %s', (command) => {
    const routes = receivedMessages(capturedStep(command), RTM_NEWROUTE).map(decodeRoute).filter(defined);
    expect(routes.map((route) => routeAsIp(route, names))).toEqual(comparableRoutes(printed(command)));
    expect(routes.length).toBeGreaterThan(5);
  });

  it('reads neighbours', () => {
    const neighbours = receivedMessages(capturedStep('-j -d neigh show'), RTM_NEWNEIGH)
      .map(decodeNeighbour)
      .filter(defined)
      // ip hides entries that need no resolution.
      .filter(({ state }) => state !== 'noarp');
    expect(neighbours.map((neighbour) => neighbourAsIp(neighbour, names))).toEqual(
      comparableNeighbours(printed('-j -d neigh show')),
    );
  });
});
