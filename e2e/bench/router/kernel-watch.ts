import { formatAddress, formatPrefix } from '@fairlead/api';
import { now } from '@fairlead/e2e/lab';
import { openNetlink } from '@fairlead/netlink';
import type { InterfaceAddress, Netlink, Route } from '@fairlead/netlink';
import { Tally } from './tally.ts';

/**
 * The routes or the addresses of a namespace's kernel, and when each came or went, on the lab's clock: the time at which
 * this process heard of it, which is later than the kernel did it.
 */
export class KernelWatch implements AsyncDisposable {
  /** Routes by their prefix, as CIDR, with the number of their next hops; or addresses, as text. */
  readonly seen = new Tally();
  readonly netlink: Netlink;

  private constructor(netlink: Netlink) {
    this.netlink = netlink;
  }

  /** Follows the routes. @param netns path of the namespace */
  static async routes(netns: string): Promise<KernelWatch> {
    const watch = new KernelWatch(await openNetlink({ netns }));
    watch.netlink.subscribe((event) => {
      if (event.type === 'route') {
        watch.#route(event.route, event.action === 'new');
      } else if (event.type === 'resync') {
        void watch.#readRoutes();
      }
    });
    await watch.#readRoutes();
    return watch;
  }

  /** Follows the addresses. @param netns path of the namespace */
  static async addresses(netns: string): Promise<KernelWatch> {
    const watch = new KernelWatch(await openNetlink({ netns }));
    watch.netlink.subscribe((event) => {
      if (event.type === 'address') {
        watch.#address(event.address, event.action === 'new');
      } else if (event.type === 'resync') {
        throw new Error(`events of addresses were lost, and with them times: ${event.reason}`);
      }
    });
    for (const address of await watch.netlink.addresses()) {
      watch.#address(address, true);
    }
    return watch;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.netlink.close();
  }

  /** What was lost is made up for, and has the time of the reading. */
  async #readRoutes(): Promise<void> {
    const routes = await this.netlink.routes();
    const there = new Set(routes.map(({ dst }) => (dst === null ? 'default' : formatPrefix(dst))));
    for (const gone of [...this.seen.keys()].filter((key) => !there.has(key))) {
      this.seen.set(gone, 0, now());
    }
    for (const route of routes) {
      this.#route(route, true);
    }
  }

  #route({ dst, nextHops }: Route, there: boolean): void {
    this.seen.set(dst === null ? 'default' : formatPrefix(dst), there ? Math.max(1, nextHops.length) : 0, now());
  }

  #address({ address }: InterfaceAddress, there: boolean): void {
    this.seen.set(formatAddress(address), there ? 1 : 0, now());
  }
}
