import { setTimeout as pass } from 'node:timers/promises';
import type { IPFamily } from '@fairlead/api';
import { claimant, LAN, now } from '@fairlead/e2e/lab';
import type { KubernetesObject, LanEvent } from '@fairlead/e2e/lab';
import { LOCAL_GROUP, service } from '../scene/manifests.ts';
import { createService, deleteService, untilAddresses } from '../scene/observe.ts';
import { overlapMs } from './holding-times.ts';
import { arranged, lossesOf } from './lan-arranged.ts';
import { FOREIGN, FOREIGN_MAC, ForeignHost } from './lan-foreign-host.ts';
import type { Outcome } from './scenario.ts';
import type { Stage } from './stage.ts';
import { outcomeOf, Watch, type Seen } from './watch.ts';

const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';
/** After it has taken an address a node gives way at once for 2 s: who answers late was there first. */
const LISTENED_MS = 2_100;
/** How long the foreign host goes on using what is not its own. */
const USE_MS = 1_000;
/** A node asks again for an address that a foreign host has 5 to 15 s after the first time. */
const ASKED_AGAIN = { fromMs: 3_000, untilMs: 25_000 };
/** A proof and the wait of each rank after that. */
const TAKEN_BY_MS = 1_000;

interface EventObject extends KubernetesObject {
  readonly reason?: string;
  readonly note?: string;
  readonly regarding?: { readonly name?: string };
}

/** Waits until the Service is told of the conflict, with the MAC of the host. */
async function untilToldOf({ lab }: Stage, name: string): Promise<void> {
  await lab.api.until<EventObject>(
    EVENTS,
    ({ reason, note, regarding }) =>
      reason === 'AddressConflict' && regarding?.name === name && note?.includes(FOREIGN_MAC) === true,
  );
}

/** What {@link Watch} takes for a fault because a stranger has the address: that it has is what is done here. */
function withoutStranger(seen: Seen): Seen {
  return { ...seen, faults: seen.faults.filter((fault) => !fault.startsWith(FOREIGN_MAC)) };
}

/** Addresses that no repetition had before: asked for by Services, for a foreign host has to have them first. */
class OwnedAddresses {
  #handedOut = 0;

  next(): { readonly family: IPFamily; readonly address: string } {
    const number = this.#handedOut;
    this.#handedOut += 1;
    const host = 1 + number;
    if (host > 250) throw new RangeError(`no address left in ${LAN.IPv4} for repetition ${number}`);
    return number % 2 === 0
      ? { family: 'IPv4', address: `172.20.100.${host}` }
      : { family: 'IPv6', address: `fd00:20::64:64${host.toString(16).padStart(2, '0')}` };
  }
}

interface Owned {
  readonly host: ForeignHost;
  readonly addresses: OwnedAddresses;
}

/** A Service gets an address that a foreign host has. */
async function foreignOwner(stage: Stage, { host, addresses }: Owned): Promise<Outcome> {
  const { lab } = stage;
  const { family, address } = addresses.next();
  const name = `owned-${address.replaceAll(/[.:]+/g, '-')}`;
  const program = await host.use(address);
  await using watch = await Watch.start(lab, { address });
  const began = now();
  await createService(lab, service({ name, group: LOCAL_GROUP, families: family, app: 'none', addresses: address }));
  await untilAddresses(lab, name, 1);
  await untilToldOf(stage, name);
  const nodes = new Set(lab.nodes.map(({ mac }) => mac));
  await watch.frames.waitFor(
    (event) => event.at > began + ASKED_AGAIN.fromMs && nodes.has(event.sourceMac) && asks(event, address),
    { timeoutMs: ASKED_AGAIN.untilMs },
  );
  await pass(TAKEN_BY_MS);
  const seen = await watch.end();
  await deleteService(lab, name);
  await host.leave(address, program);
  const claimants = new Set(watch.frames.all.map((event) => claimant(event, address) ?? ''));
  return outcomeOf(withoutStranger(seen), {
    faults: [
      ...seen.times.map(({ node }) => `${node} took ${address}, which a foreign host has`),
      ...lab.nodes.flatMap((node) => (claimants.has(node.mac) ? [`${node.name} said that it has ${address}`] : [])),
      ...(seen.answered.join() === FOREIGN ? [] : [`${seen.answered.join(', then ')} answered for ${address}`]),
    ],
  });
}

function asks(event: LanEvent, address: string): boolean {
  switch (event.type) {
    case 'arp':
      return event.operation === 'request' && event.targetAddress === address;
    case 'solicitation':
      return event.target === address;
    case 'advertisement':
      return false;
    default:
      return event satisfies never;
  }
}

/** A foreign host begins to use an address that a node has, and tells everybody; later it stops. */
async function foreignUser(stage: Stage, { host }: Owned): Promise<Outcome> {
  const fresh = await stage.fresh();
  const { address, holder, name } = fresh;
  await pass(LISTENED_MS);
  await using watch = await Watch.start(stage.lab, { address });
  const program = await host.use(address);
  await host.announce(address);
  await Promise.all([untilToldOf(stage, name), pass(USE_MS)]);
  await host.leave(address, program);
  const seen = await watch.end();
  await stage.drop(fresh);
  // What the foreign host has answered was not for it.
  const stolen = seen.report.packets.map((packet) =>
    packet.node === FOREIGN ? { ...packet, answered: null } : packet,
  );
  const others = [...new Set([...seen.answered, ...seen.times.map(({ node }) => node)])].filter(
    (node) => node !== holder.name && node !== FOREIGN,
  );
  const served = { ...withoutStranger(seen), ...lossesOf(stolen, {}), overlapMs: overlapMs(seen.times) };
  return outcomeOf(served, {
    faults: [
      ...others.map((node) => `${node} had ${address}, which ${holder.name} has`),
      ...(seen.times.length === 1 ? [] : [`${holder.name} let ${address} go`]),
    ],
  });
}

const arrange = async (stage: Stage): Promise<Owned> => ({
  host: await ForeignHost.plugIn(stage.lab),
  addresses: new OwnedAddresses(),
});

/** Somebody on the LAN who knows nothing of Services. */
export const FOREIGN_HOSTS = [
  arranged({
    name: 'foreign-owner',
    what: 'a Service gets an address that a host on the LAN uses: no node takes it, then or when it asks again, and the event names the MAC; the probes are answered by that host; IPv4 and IPv6 in turns',
    promised: { lost: 0, overlapMs: 0 },
    arrange,
    once: foreignOwner,
  }),
  arranged({
    name: 'foreign-user',
    what: 'a host on the LAN begins to use and to announce an address that a node has, for a second: the node defends it; what that host has answered counts as lost; IPv4 and IPv6 in turns',
    promised: { gapMs: 1000 },
    arrange,
    once: foreignUser,
  }),
];
