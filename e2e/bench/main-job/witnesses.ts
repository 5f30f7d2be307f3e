import { now, startCapture, startIpMonitor } from '@fairlead/e2e/lab';
import type { EventLog, IpEvent, Lab, LanEvent, ServiceObject } from '@fairlead/e2e/lab';
import { ingressOf } from '../../scene/observe.ts';
import { Sightings } from './sightings.ts';

const SERVICES = '/api/v1/namespaces/default/services';

/** All that looks at a cluster while Services come and go; none of it asks Fairlead. Times are the lab's clock. */
export interface Witnesses extends AsyncDisposable {
  /** By name of the Service: when the watch first showed it. */
  readonly created: Sightings<number>;
  /** By name of the Service: when it had an address, and which. */
  readonly assigned: Sightings<{ readonly at: number; readonly address: string }>;
  /** By address: when the first node had it on an interface. */
  readonly onInterface: Sightings<number>;
  /** By address: when a node first told the LAN that it has it (kernel time of the frame). */
  readonly onTheWire: Sightings<number>;
  /** By address: when the ToR's kernel had a route. */
  readonly inTor: Sightings<number>;
}

/** Starts a watch on Services, `ip monitor` in every node and the ToR, and a capture on the switch. */
export async function startWitnesses(lab: Lab): Promise<Witnesses> {
  const stack = new AsyncDisposableStack();
  const [nodes, tor, capture] = await Promise.all([
    Promise.all(lab.nodes.map((node) => startIpMonitor(lab.run, node.namespace))),
    startIpMonitor(lab.run, lab.tor.namespace),
    startCapture(lab.run),
  ]);
  for (const witness of [...nodes, tor, capture]) {
    stack.use(witness);
  }
  const controller = new AbortController();
  stack.defer(() => controller.abort());
  const witnesses = {
    created: new Sightings<number>(),
    assigned: new Sightings<{ readonly at: number; readonly address: string }>(),
    onInterface: new Sightings<number>(),
    onTheWire: new Sightings<number>(),
    inTor: new Sightings<number>(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  void followServices(lab, witnesses, controller.signal);
  for (const { events } of nodes) {
    void followAddresses(events, witnesses);
  }
  void followRoutes(tor.events, witnesses);
  void followFrames(capture.events, witnesses, new Set(lab.nodes.map(({ mac }) => mac)));
  return witnesses;
}

async function followServices(lab: Lab, { created, assigned }: Witnesses, signal: AbortSignal): Promise<void> {
  try {
    for await (const { object } of lab.api.watch<ServiceObject>(SERVICES, { signal })) {
      const at = now();
      const { name } = object.metadata;
      created.record(name, at);
      const [address] = ingressOf(object);
      if (address !== undefined) {
        assigned.record(name, { at, address });
      }
    }
  } catch {
    // Aborted at the end, or cut: then whoever waits for a sighting says so.
  }
}

async function followAddresses(events: EventLog<IpEvent>, { onInterface }: Witnesses): Promise<void> {
  for await (const event of events) {
    if (event.type === 'address' && !event.deleted) {
      onInterface.record(event.address, event.at);
    }
  }
}

async function followRoutes(events: EventLog<IpEvent>, { inTor }: Witnesses): Promise<void> {
  for await (const event of events) {
    if (event.type === 'route' && !event.deleted) {
      inTor.record(event.destination, event.at);
    }
  }
}

async function followFrames(
  events: EventLog<LanEvent>,
  { onTheWire }: Witnesses,
  nodes: ReadonlySet<string>,
): Promise<void> {
  for await (const event of events) {
    const address = claimedAddress(event);
    if (address !== undefined && nodes.has(event.sourceMac)) {
      onTheWire.record(address, event.at);
    }
  }
}

/** The address of which a frame says that its sender has it: any ARP with a sender address, an advertisement. */
function claimedAddress(event: LanEvent): string | undefined {
  switch (event.type) {
    case 'arp':
      return event.senderAddress === '0.0.0.0' ? undefined : event.senderAddress;
    case 'advertisement':
      return event.target;
    case 'solicitation':
      return undefined;
  }
}
