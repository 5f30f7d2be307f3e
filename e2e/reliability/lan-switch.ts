import { NAMESPACES } from '../lab/plan.ts';
import { ip, INTERFACES, setSysctls } from '../lab/network.ts';
import type { Run } from '../lab/index.ts';

/**
 * What switches and routers do to a LAN, done to the bridge in a run's `switch` namespace. Its ports have the names of the
 * stations behind them.
 */

/**
 * States of a bridge port (linux/if_bridge.h). Spanning tree keeps a port in learning for 15 s by default: its carrier is
 * up, and no frame passes.
 */
const PORT_STATES = { learning: 2, forwarding: 3 } as const;

/** Puts ports into that state, all at once. */
export async function setPorts(run: Run, ports: readonly string[], state: keyof typeof PORT_STATES): Promise<void> {
  await rewire(
    run,
    ports.map((port) => `link set dev ${port} type bridge_slave state ${PORT_STATES[state]}`),
  );
}

/** Does something to the switch, in commands of `ip -batch`. */
export async function rewire(run: Run, lines: readonly string[]): Promise<void> {
  await ip(run, NAMESPACES.switch, lines);
}

/** The bridge that every LAN has, and the one that {@link addFarSwitch} adds. */
export const SWITCHES = { near: INTERFACES.bridge, far: 'far' } as const;
/** The two ends of the cable between them. */
const TRUNK = { near: 'trunk0', far: 'trunk1' } as const;

/** Adds a second switch, with a cable to the first one and nothing else on it yet: {@link movePorts}. */
export async function addFarSwitch(run: Run): Promise<void> {
  await rewire(run, [
    `link add ${SWITCHES.far} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set ${SWITCHES.far} up`,
    `link add ${TRUNK.near} type veth peer name ${TRUNK.far}`,
    `link set ${TRUNK.near} master ${SWITCHES.near} up`,
    `link set ${TRUNK.far} master ${SWITCHES.far} up`,
  ]);
}

/** Plugs stations into one of the two switches; they see no change of their carrier. */
export async function movePorts(run: Run, ports: readonly string[], to: keyof typeof SWITCHES): Promise<void> {
  await rewire(
    run,
    ports.map((port) => `link set ${port} master ${SWITCHES[to]}`),
  );
}

/** Pulls the cable between the switches, or plugs it in; the stations' own cables stay. */
export async function setTrunk(run: Run, state: 'up' | 'down'): Promise<void> {
  await rewire(run, [`link set ${TRUNK.near} ${state}`]);
}

/** An address on the LAN, and who has it. */
export interface Neighbour {
  readonly address: string;
  readonly mac: string;
}

/**
 * Makes the switches two leaves of a fabric that suppresses ARP (EVPN): each answers by itself for what is behind the other
 * one, whether that lives or not, and lets no announcement through.
 */
export async function suppressBetween(run: Run): Promise<void> {
  await rewire(
    run,
    Object.values(TRUNK).map((port) => `link set dev ${port} type bridge_slave neigh_suppress on`),
  );
}

/**
 * Tells one of the switches who is behind the other one. What it hears announced on its own ports afterwards counts more,
 * as in a fabric, where an address goes with the MAC that announced it last.
 */
export async function teach(run: Run, on: keyof typeof SWITCHES, behind: readonly Neighbour[]): Promise<void> {
  await rewire(
    run,
    behind.map(({ address, mac }) => `neigh replace ${address} lladdr ${mac} dev ${SWITCHES[on]} nud stale`),
  );
}

/** Makes a namespace and plugs it into the switch as `eth0`; then it gets these commands of `ip -batch`. */
export async function plug(run: Run, name: string, lines: readonly string[]): Promise<void> {
  await run.exec(['ip', 'netns', 'add', run.namespaceName(name)]);
  await rewire(run, [
    `link add ${name} type veth peer name ${INTERFACES.lan} netns ${run.namespaceName(name)}`,
    `link set ${name} master ${SWITCHES.near} up`,
  ]);
  await ip(run, name, lines);
}

/** The MAC of the station of {@link plugProxy}. */
export const PROXY_MAC = '02:77:00:00:00:ee';

/** Plugs in a router that can answer for every address of the subnet (RFC 1027): {@link setProxy}. */
export async function plugProxy(run: Run, name: string, subnet: string): Promise<void> {
  await plug(run, name, [
    'link set lo up',
    `link set ${INTERFACES.lan} address ${PROXY_MAC} up`,
    `address add 192.168.250.1/32 dev ${INTERFACES.lan}`,
    // It answers for what it has a way to on another side.
    'link add up0 type veth peer name up1',
    'link set up0 up',
    'link set up1 up',
    'address add 192.168.251.1/32 dev up0',
    `route add ${subnet} dev up0`,
  ]);
  await setSysctls(run, name, {
    'net/ipv4/conf/all/rp_filter': 0,
    [`net/ipv4/conf/${INTERFACES.lan}/rp_filter`]: 0,
    'net/ipv4/ip_forward': 1,
  });
}

/** Switches its answers on or off. */
export async function setProxy(run: Run, name: string, state: 'on' | 'off'): Promise<void> {
  await setSysctls(run, name, { [`net/ipv4/conf/${INTERFACES.lan}/proxy_arp`]: state === 'on' ? 1 : 0 });
}
