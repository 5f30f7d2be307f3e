import type { ServiceObject } from './api.ts';
import { startCapture } from './capture.ts';
import { now } from './clock.ts';
import { EventLog } from './event-log.ts';
import { startIpMonitor, type IpMonitor } from './ip-monitor.ts';
import { claimant } from './lan-frame.ts';
import type { Lab } from './lab.ts';
import { NAMESPACES } from './plan.ts';
import { covers } from './prefix.ts';

/** What is to happen to the Service. */
export interface TimelineOptions {
  /** The Service to create; its first port is asked by HTTP. */
  readonly service: object;
  /** `local`: somebody on the LAN tells that it has the address. `virtual`: the ToR has a route. */
  readonly kind: 'local' | 'virtual';
  /** How many addresses it is to get. Default 1. */
  readonly addresses?: number;
  /** Who asks by HTTP. Default: the client on the LAN and the one behind the ToR. */
  readonly clients?: readonly string[];
  /** For each step. Default 15 s. */
  readonly timeoutMs?: number;
}

/** When an address of the Service came to each station; milliseconds since the Service was asked for. */
export interface AddressTimeline {
  readonly address: string;
  /** On the interface of the first node. */
  readonly onInterface: number;
  /** That node, and the interface. */
  readonly node: string;
  readonly interface: string;
  /** The first frame that tells the LAN who has it (ARP or neighbour discovery); null for a virtual one. */
  readonly onTheWire: number | null;
  /** The first route of the ToR's kernel that leads to it; null for a local one. */
  readonly inTor: number | null;
  /** The first HTTP answer, by client. */
  readonly answered: Readonly<Record<string, number>>;
}

/**
 * The way of a Service from its creation to its first answers, in milliseconds since the request to create it was sent:
 * that moment is certain, while the answer may be read late on a machine at work.
 */
export interface Timeline {
  /** When the request was sent, on the lab's clock; all else is relative to it. */
  readonly requestedAt: number;
  /** The API server's answer, or the watch's event: whichever was read first. */
  readonly created: number;
  /** All addresses in `status`. */
  readonly inStatus: number;
  readonly addresses: readonly AddressTimeline[];
}

/**
 * Creates a Service and takes the times of all that follows. The witnesses (`ip monitor` in every node and in the ToR, a
 * capture on the switch, a watch on the API, clients) are there before it begins, and none of them asks the product.
 * @throws {Error} naming the step that did not come
 */
export async function takeTimeline(lab: Lab, options: TimelineOptions): Promise<Timeline> {
  const {
    kind,
    addresses: expected = 1,
    clients = [NAMESPACES.client, NAMESPACES.remote],
    timeoutMs = 15_000,
  } = options;
  const service = options.service as ServiceObject;
  const { name, namespace = 'default' } = service.metadata;
  await using witnesses = new AsyncDisposableStack();
  const [monitors, tor, capture] = await Promise.all([
    Promise.all(
      lab.nodes.map(async (node) => ({ node: node.name, monitor: await startIpMonitor(lab.run, node.namespace) })),
    ),
    startIpMonitor(lab.run, lab.tor.namespace),
    startCapture(lab.run),
  ]);
  for (const witness of [...monitors.map(({ monitor }) => monitor), tor, capture]) witnesses.use(witness);
  await Promise.all(clients.map(async (client) => lab.warmHttp(client)));

  const path = `/api/v1/namespaces/${namespace}/services`;
  const changes = new EventLog<{ at: number; service: ServiceObject }>();
  const { resourceVersion } = (await lab.api.get<{ metadata: { resourceVersion: string } }>(`${path}?limit=1`))
    .metadata;
  const watching = new AbortController();
  witnesses.defer(() => watching.abort());
  void follow();
  async function follow(): Promise<void> {
    const selection = { signal: watching.signal, resourceVersion, fieldSelector: `metadata.name=${name}` };
    try {
      for await (const { object } of lab.api.watch<ServiceObject>(path, selection))
        changes.push({ at: now(), service: object });
    } catch {
      changes.end(); // aborted at the end, or cut: then the step that waits for it says so
    }
  }

  const requestedAt = now();
  await lab.api.create(path, service);
  const returnedAt = now();
  const created = await step(
    'creation seen by the watch',
    changes.waitFor(() => true, { timeoutMs }),
  );
  const assigned = await step(
    'status',
    changes.waitFor(({ service: seen }) => ingress(seen).length >= expected, { timeoutMs }),
  );
  const port = service.spec?.ports?.[0]?.port ?? 80;

  const addresses = await Promise.all(
    ingress(assigned.service).map(async (address): Promise<AddressTimeline> => {
      const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
      const answers = Promise.all(
        clients.map(
          async (client) => [client, (await lab.httpUntilOk(client, url, { timeoutMs })).at - requestedAt] as const,
        ),
      );
      const [first, onTheWire, inTor, answered] = await Promise.all([
        step(`${address} on an interface`, firstAddress(monitors, address, timeoutMs)),
        kind === 'local' ? step(`${address} on the wire`, onWire(address)) : null,
        kind === 'virtual' ? step(`${address} in the ToR`, inKernelOf(tor, address)) : null,
        step(`HTTP from ${clients.join(', ')}`, answers),
      ]);
      return {
        address,
        onInterface: first.at - requestedAt,
        node: first.node,
        interface: first.interface,
        onTheWire: onTheWire === null ? null : onTheWire.at - requestedAt,
        inTor: inTor === null ? null : inTor.at - requestedAt,
        answered: Object.fromEntries(answered),
      };
    }),
  );
  return {
    requestedAt,
    created: Math.min(created.at, returnedAt) - requestedAt,
    inStatus: assigned.at - requestedAt,
    addresses,
  };

  async function onWire(address: string): Promise<{ at: number }> {
    const nodes = new Set(lab.nodes.map(({ mac }) => mac));
    return capture.events.waitFor((event) => event.at >= requestedAt && nodes.has(claimant(event, address) ?? ''), {
      timeoutMs,
    });
  }

  async function inKernelOf(monitor: IpMonitor, address: string): Promise<{ at: number }> {
    return monitor.events.waitFor(
      (event) =>
        event.type === 'route' &&
        !event.deleted &&
        event.protocol === 'bird' &&
        event.destination !== 'default' &&
        covers(event.destination, address),
      { timeoutMs },
    );
  }
}

async function firstAddress(
  monitors: readonly { node: string; monitor: IpMonitor }[],
  address: string,
  timeoutMs: number,
): Promise<{ at: number; node: string; interface: string }> {
  const found = new AbortController();
  try {
    return await Promise.any(
      monitors.map(async ({ node, monitor }) => {
        const event = await monitor.events.waitFor(
          (each) => each.type === 'address' && !each.deleted && each.address === address,
          { timeoutMs, signal: found.signal },
        );
        return { at: event.at, node, interface: event.type === 'address' ? event.interface : '' };
      }),
    );
  } catch (error) {
    throw error instanceof AggregateError ? new Error(`on no node within ${timeoutMs} ms`, { cause: error }) : error;
  } finally {
    found.abort();
  }
}

function ingress(service: ServiceObject): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
}

async function step<T>(what: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw new Error(`timeline: no ${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
