import { formatAddress, parseAddress } from '@fairlead/api';
import { startIpMonitor } from '@fairlead/e2e/lab';
import type { IpMonitor, Lab, LabNode, RouteEvent } from '@fairlead/e2e/lab';
import type { SeenRoute } from './observe.ts';

const TIMEOUT_MS = 15_000;

/** The routes of the ToR's kernel to virtual addresses, by the names of the nodes that they lead to. */
export class NextHops implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #monitor: IpMonitor;
  readonly #names: ReadonlyMap<string, string>;

  private constructor(lab: Lab, monitor: IpMonitor) {
    this.#lab = lab;
    this.#monitor = monitor;
    this.#names = new Map(lab.nodes.flatMap((node) => gatewaysOf(node).map((gateway) => [gateway, node.name])));
  }

  /** Watches the ToR's kernel from here on. */
  static async watch(lab: Lab): Promise<NextHops> {
    return new NextHops(lab, await startIpMonitor(lab.run, lab.tor.namespace));
  }

  /** What the ToR's kernel has told since the beginning. */
  get events(): IpMonitor['events'] {
    return this.#monitor.events;
  }

  /** The nodes to which the route to exactly this address or prefix leads, by name; none where there is no such route. */
  async of(destination: string): Promise<readonly string[]> {
    const family = destination.includes(':') ? '-6' : '-4';
    const text = await this.#lab.run.exec(['ip', '-j', family, 'route', 'show', 'exact', destination], {
      namespace: this.#lab.tor.namespace,
    });
    const routes = JSON.parse(text.trim() === '' ? '[]' : text) as readonly SeenRoute[];
    const hops = routes.flatMap((route): readonly { gateway?: string }[] => route.nexthops ?? [route]);
    return hops.map(({ gateway = '' }) => this.#names.get(gateway) ?? gateway).sort();
  }

  /**
   * Waits until the route leads to these nodes and to no others; to none: until it is gone.
   * @returns when the ToR's kernel changed it last, on the lab's clock; 0 where it has not since the beginning
   * @throws {Error} with where it leads instead, after 15 s or as told
   */
  async until(
    destination: string,
    nodes: readonly LabNode[],
    { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<number> {
    const expected = nodes.map(({ name }) => name).sort();
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const { length: from } = this.events;
      const seen = await this.of(destination);
      if (seen.join() === expected.join()) return this.changes(destination).at(-1)?.at ?? 0;
      try {
        const remaining = Math.max(0, deadline - performance.now());
        await this.events.waitFor(({ type }) => type === 'route', { from, timeoutMs: remaining });
      } catch (error) {
        throw new Error(
          `after ${timeoutMs} ms the ToR's route to ${destination} leads ${inWords(seen)}, not ${inWords(expected)}`,
          { cause: error },
        );
      }
    }
  }

  /** Waits until each of these routes leads to these nodes and to no others. @returns when the last of them changed */
  async untilAll(
    destinations: readonly string[],
    nodes: readonly LabNode[],
    options?: { readonly timeoutMs?: number },
  ): Promise<number> {
    return Math.max(...(await Promise.all(destinations.map(async (each) => this.until(each, nodes, options)))));
  }

  /** How the route to an address has changed, from position `from` of {@link events} on. */
  changes(destination: string, from = 0): readonly RouteEvent[] {
    return this.events.all
      .slice(from)
      .filter((event) => event.type === 'route')
      .filter((event) => event.destination === destination);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#monitor.stop();
  }
}

function inWords(names: readonly string[]): string {
  return names.join(' and ') || 'nowhere';
}

/** By what a route may name a node: its addresses, and the link-local one that its kernel makes of its MAC (RFC 4291 A). */
function gatewaysOf({ address, mac }: LabNode): readonly string[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const words = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe_00 | d, (e << 8) | f].map((word) => word.toString(16));
  return [address.IPv4, address.IPv6, `fe80::${words.join(':')}`].map((text) => formatAddress(parseAddress(text)));
}
