import type { InterfaceAddress, Netlink, NetlinkEvent } from '@fairlead/netlink';
import { interfaceAddressKey } from '../facts/kernel-state.ts';
import { pause } from './timers.ts';

/** Work queues take milliseconds, tens of them on a busy machine; an event may also be lost. */
const LONGEST_MS = 500;

/**
 * Waits for IPv6 addresses to be more than on the interface. The kernel says that it has one before it has made the local
 * route to it, which a work queue does (net/ipv6/addrconf.c, addrconf_dad_work; with `nodad` as well), and forwards until
 * then what comes for it, to the node that had it for instance: flows that conntrack saw in those milliseconds were lost
 * for good. The event of the address is sent from there. Begin it before the address is added.
 */
export class IPv6Arrival {
  readonly #awaited: Set<string>;
  readonly #arrived = Promise.withResolvers<void>();
  readonly #unsubscribe: () => void;

  /** @param addresses those that are about to be added; IPv4 ones are there at once */
  constructor(netlink: Pick<Netlink, 'subscribe'>, addresses: readonly InterfaceAddress[]) {
    const ipv6 = addresses.filter(({ address }) => address.family === 'IPv6');
    this.#awaited = new Set(ipv6.map(interfaceAddressKey));
    this.#unsubscribe =
      this.#awaited.size === 0
        ? () => undefined
        : netlink.subscribe((event) => {
            this.#heard(event);
          });
  }

  /** The address is not awaited: it was not added. */
  skip(address: InterfaceAddress): void {
    this.#noLonger(interfaceAddressKey(address));
  }

  /** Resolves when all have arrived, or after half a second. */
  async wait(): Promise<void> {
    if (this.#awaited.size > 0) {
      const over = new AbortController();
      await Promise.race([this.#arrived.promise, pause(LONGEST_MS, over.signal)]);
      over.abort();
    }
    this.#unsubscribe();
  }

  #heard(event: NetlinkEvent): void {
    if (event.type === 'resync') {
      // Theirs may be among the events that are lost.
      this.#awaited.clear();
      this.#arrived.resolve();
    } else if (event.type === 'address' && event.action === 'new') {
      this.#noLonger(interfaceAddressKey(event.address));
    }
  }

  #noLonger(key: string): void {
    this.#awaited.delete(key);
    if (this.#awaited.size === 0) {
      this.#arrived.resolve();
    }
  }
}
