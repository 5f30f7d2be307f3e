import { formatPrefix } from '@fairlead/api';
import { openNetlink } from '@fairlead/netlink';
import type { Netlink, NetlinkEvent } from '@fairlead/netlink';

/** The routes of a namespace's kernel as they come and go. */
export class Fib implements AsyncDisposable {
  readonly netlink: Netlink;

  private constructor(netlink: Netlink) {
    this.netlink = netlink;
  }

  static async open(netns: string): Promise<Fib> {
    return new Fib(await openNetlink({ netns }));
  }

  /** Destinations in the kernel's tables, as CIDR. */
  async prefixes(): Promise<string[]> {
    const routes = await this.netlink.routes();
    return routes.flatMap(({ dst }) => (dst === null ? [] : [formatPrefix(dst)]));
  }

  /**
   * Settles when the prefix comes into the kernel (`new`) or leaves it (`delete`), or at once when that is so already.
   * Subscribes before it returns.
   * @param timeoutMs default 10 s
   */
  async until(action: 'new' | 'delete', prefix: string, timeoutMs = 10_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(new Error(`no event "${action} ${prefix}" within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const unsubscribe = this.netlink.subscribe((event) => {
      if (isRoute(event, action, prefix)) {
        resolve();
      }
    });
    try {
      if ((await this.prefixes()).includes(prefix) === (action === 'new')) {
        return;
      }
      await promise;
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  }

  /**
   * Settles when a check passes: it is made now, and again after each change of a route.
   * @param what for the error: what was waited for
   * @param timeoutMs default 20 s
   */
  async untilSo(isSo: () => Promise<boolean>, what: string, timeoutMs = 20_000): Promise<void> {
    let changed = Promise.withResolvers<'changed'>();
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), timeoutMs);
    const unsubscribe = this.netlink.subscribe(({ type }) => {
      if (type === 'route') {
        changed.resolve('changed');
      }
    });
    try {
      while (!(await isSo())) {
        if ((await Promise.race([changed.promise, late.promise])) === 'late') {
          throw new Error(`not so within ${timeoutMs} ms: ${what}`);
        }
        // Before the next check, which may take as long as the next change.
        changed = Promise.withResolvers<'changed'>();
      }
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.netlink.close();
  }
}

function isRoute(event: NetlinkEvent, action: 'new' | 'delete', prefix: string): boolean {
  if (event.type !== 'route' || event.action !== action) {
    return false;
  }
  const { dst } = event.route;
  return dst !== null && formatPrefix(dst) === prefix;
}
