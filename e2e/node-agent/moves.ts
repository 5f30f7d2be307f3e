import { claimant, startCapture, startIpMonitor } from '../lab/index.ts';
import type { Capture, IpEvent, IpMonitor, Lab, LabNode } from '../lab/index.ts';

/** The interface of every node on the LAN. */
const LAN = 'eth0';

/** A moment, as the witnesses count: what they saw later comes after these positions. */
export interface Mark {
  readonly monitors: ReadonlyMap<string, number>;
  readonly capture: number;
}

/** An address that went from one node to another. Times on the lab's clock. */
export interface Move {
  readonly to: LabNode;
  /** When the LAN first heard that the new node has it. */
  readonly announcedAt: number;
  /** When it was seen to be off the former node. */
  readonly letGoAt: number;
}

/** Sees what happens to local addresses: in the kernel of every node, and on the switch. Asks nothing of the product. */
export class Witness implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #monitors: ReadonlyMap<string, IpMonitor>;
  readonly #capture: Capture;

  private constructor(lab: Lab, monitors: ReadonlyMap<string, IpMonitor>, capture: Capture) {
    this.#lab = lab;
    this.#monitors = monitors;
    this.#capture = capture;
  }

  static async start(lab: Lab): Promise<Witness> {
    const [monitors, capture] = await Promise.all([
      Promise.all(lab.nodes.map(async (node) => [node.name, await startIpMonitor(lab.run, node.namespace)] as const)),
      startCapture(lab.run),
    ]);
    return new Witness(lab, new Map(monitors), capture);
  }

  /** Now. */
  mark(): Mark {
    return {
      monitors: new Map([...this.#monitors].map(([name, { events }]) => [name, events.length])),
      capture: this.#capture.events.length,
    };
  }

  /** Waits until the address comes to the LAN interface of a node (or of one `among` them). @returns the node */
  async came(
    address: string,
    mark: Mark,
    options: { readonly among?: readonly LabNode[]; readonly timeoutMs?: number } = {},
  ): Promise<LabNode> {
    const { among: nodes = this.#lab.nodes } = options;
    const found = new AbortController();
    try {
      return await Promise.any(
        nodes.map(async (node) => {
          await this.#see(node, isAddress(address, false), mark, { ...options, signal: found.signal });
          return node;
        }),
      );
    } catch (error) {
      throw error instanceof AggregateError ? new Error(`${address} is on no node`, { cause: error }) : error;
    } finally {
      found.abort();
    }
  }

  /** Waits until something is seen in the kernel of a node, counted from the mark. */
  async seen(
    node: LabNode,
    what: (event: IpEvent) => boolean,
    mark: Mark,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<IpEvent> {
    return this.#see(node, what, mark, options);
  }

  /** Waits until a node has let go of an address, and tells where it went: to one other node alone. */
  async moved(
    address: string,
    from: LabNode,
    mark: Mark,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Move> {
    const gone = await this.#see(from, isAddress(address, true), mark, options);
    const others = this.#lab.nodes.filter((node) => node !== from);
    // Its witness may tell it a moment later.
    const to = await this.came(address, mark, { among: others, ...options });
    const takers = others.filter((node) => this.#since(node, mark).some(isAddress(address, false)));
    if (takers.length > 1) {
      throw new Error(`${address} went from ${from.name} to ${takers.map(({ name }) => name).join(' and ')}`);
    }
    const { capture } = mark;
    const frame = await this.#capture.events.waitFor((event) => claimant(event, address) === to.mac, { from: capture });
    return { to, announcedAt: frame.at, letGoAt: gone.at };
  }

  /** What came to or went from the LAN interfaces since the mark, of these addresses: `NODE +ADDRESS`, `NODE -ADDRESS`. */
  changes(addresses: readonly string[], mark: Mark): string[] {
    return this.#lab.nodes.flatMap((node) =>
      this.#since(node, mark).flatMap((event) =>
        event.type === 'address' && event.interface === LAN && addresses.includes(event.address)
          ? [`${node.name} ${event.deleted ? '-' : '+'}${event.address}`]
          : [],
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...[...this.#monitors.values()].map(async (monitor) => monitor.stop()), this.#capture.stop()]);
  }

  async #see(
    node: LabNode,
    what: (event: IpEvent) => boolean,
    mark: Mark,
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<IpEvent> {
    const { timeoutMs = 15_000, signal } = options;
    return this.#events(node).waitFor(what, {
      from: mark.monitors.get(node.name) ?? 0,
      timeoutMs,
      ...(signal !== undefined && { signal }),
    });
  }

  #since(node: LabNode, mark: Mark): readonly IpEvent[] {
    return this.#events(node).all.slice(mark.monitors.get(node.name) ?? 0);
  }

  #events(node: LabNode): IpMonitor['events'] {
    const monitor = this.#monitors.get(node.name);
    if (monitor === undefined) {
      throw new RangeError(`${node.name} was not there when the witnesses came`);
    }
    return monitor.events;
  }
}

function isAddress(address: string, deleted: boolean): (event: IpEvent) => boolean {
  return (event) =>
    event.type === 'address' && event.interface === LAN && event.address === address && event.deleted === deleted;
}

/** Waits until an event with the reason is on the Service. @returns its note */
export async function untilEvent(lab: Lab, service: string, reason: string): Promise<string> {
  const { note = '' } = await lab.api.until<{
    metadata: { name: string };
    reason?: string;
    note?: string;
    regarding?: { name?: string };
  }>(
    '/apis/events.k8s.io/v1/namespaces/default/events',
    (event) => event.reason === reason && event.regarding?.name === service,
    { timeoutMs: 15_000 },
  );
  return note;
}
