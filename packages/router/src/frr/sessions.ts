import { interiorSessions } from '../bird/interior.ts';
import type { FoundNeighbor } from '../bird/interior.ts';
import type { ObservedSession } from '../controller/daemon.ts';
import type { RouterView } from '../view/view.ts';
import type { Program } from './daemons.ts';
import { numberAt, objectAt, objectsWith, parseObject, textAt } from './json.ts';
import type { JsonObject } from './json.ts';

/** Asks a daemon; undefined: it does not run. */
export type Ask = (program: Program, command: string) => Promise<string | undefined>;

/** FRR counts whole seconds since a session came up, and so tells the same moment up to a second apart. */
const SAME_MOMENT_MS = 1_500;

/** Watches the sessions of an FRR; remembers what was seen last, so that the same moment stays the same. */
export class SessionWatch {
  #before: ReadonlyMap<string, ObservedSession> = new Map();
  readonly #ask: Ask;
  /** Wall clock in milliseconds. */
  readonly #now: () => number;

  constructor({ ask, now }: { readonly ask: Ask; readonly now: () => number }) {
    this.#ask = ask;
    this.#now = now;
  }

  /**
   * The sessions with other routers: BGP's by neighbor, then those that OSPF has found, then RIP.
   * @param view what FRR was configured from, for the names of neighbors
   */
  async look(view: RouterView | undefined): Promise<readonly ObservedSession[]> {
    const { ospf, rip } = view ?? { ospf: undefined, rip: undefined };
    const observed = [
      ...(await this.#bgp(view)),
      ...(ospf?.ipv4 ? await this.#ospf('ospfd', 'show ip ospf neighbor json', 'ospf_ipv4', view) : []),
      ...(ospf?.ipv6 ? await this.#ospf('ospf6d', 'show ipv6 ospf6 neighbor json', 'ospf_ipv6', view) : []),
      ...(rip?.ipv4 ? [running('rip_ipv4', 'RIP')] : []),
      ...(rip?.ipv6 ? [running('rip_ipv6', 'RIP')] : []),
    ].map((session) => this.#steady(session));
    this.#before = new Map(observed.map((session) => [session.name, session]));
    return observed;
  }

  async #bgp(view: RouterView | undefined): Promise<ObservedSession[]> {
    const answer = await this.#ask('bgpd', 'show bgp summary json');
    const peers = bgpPeers(parseObject(answer ?? ''), view, this.#now());
    return Promise.all(peers.map(({ peer, session }) => this.#explained(peer, session)));
  }

  async #explained(peer: string, session: ObservedSession): Promise<ObservedSession> {
    if (session.isUp) {
      return session;
    }
    const details = await this.#ask('bgpd', `show bgp neighbors ${peer} json`);
    return { ...session, message: lastError(objectAt(parseObject(details ?? ''), peer)) };
  }

  async #ospf(
    program: Program,
    command: string,
    name: string,
    view: RouterView | undefined,
  ): Promise<ObservedSession[]> {
    const answer = await this.#ask(program, command);
    return answer === undefined
      ? []
      : interiorSessions(running(name, 'OSPF'), ospfNeighbors(parseObject(answer)), view);
  }

  #steady(session: ObservedSession): ObservedSession {
    const before = this.#before.get(session.name);
    const isSame =
      before?.state === session.state &&
      before.since !== undefined &&
      session.since !== undefined &&
      Math.abs(before.since.getTime() - session.since.getTime()) < SAME_MOMENT_MS;
    return isSame ? { ...session, since: before.since } : session;
  }
}

interface BGPPeer {
  /** As FRR calls it: its address, or the interface of an unnumbered one. */
  readonly peer: string;
  readonly session: ObservedSession;
}

/** Neighbors from `show bgp summary json`: each family lists those that it is announced to. */
export function bgpPeers(summary: JsonObject, view: RouterView | undefined, now: number): BGPPeer[] {
  const names = new Map((view?.bgp.neighbors ?? []).map(({ peer, name }) => [String(peer), String(name)]));
  const sessions = new Map<string, ObservedSession>();
  for (const family of ['ipv4Unicast', 'ipv6Unicast']) {
    for (const [peer, value] of Object.entries(objectAt(objectAt(summary, family), 'peers'))) {
      const seen = parseObject(JSON.stringify(value));
      const known = sessions.get(peer);
      const state = textAt(seen, 'state');
      const uptime = numberAt(seen, 'peerUptimeMsec');
      sessions.set(peer, {
        name: names.get(peer) ?? peer,
        protocol: 'BGP',
        state,
        isUp: state === 'Established',
        since: uptime === undefined || uptime === 0 ? undefined : new Date(now - uptime),
        exported: (known?.exported ?? 0) + (numberAt(seen, 'pfxSnt') ?? 0),
        imported: (known?.imported ?? 0) + (numberAt(seen, 'pfxRcd') ?? 0),
        message: '',
      });
    }
  }
  return [...sessions].map(([peer, session]) => ({ peer, session }));
}

/** Why a neighbor is down, from `show bgp neighbors PEER json`. */
function lastError(details: JsonObject): string {
  const bfd = textAt(objectAt(details, 'peerBfdInfo'), 'status');
  const reason = textAt(details, 'lastNotificationReason') || textAt(details, 'lastResetDueTo');
  // What we have told the neighbor to end the last session says nothing about why there is no new one.
  const isOurs = textAt(details, 'lastResetDueTo') === 'BGP Notification send' && reason.startsWith('Cease/');
  return bfd === 'Down' ? 'BFD is down' : isOurs ? '' : reason;
}

/** A protocol as BIRD's templates call it, of which FRR counts no routes. */
function running(name: string, protocol: string): ObservedSession {
  return { name, protocol, state: 'up', isUp: true, since: undefined, exported: 0, imported: 0, message: '' };
}

/**
 * Neighbors from `show ip ospf neighbor json` or `show ipv6 ospf6 neighbor json`, whose JSON differs from version to
 * version. Left out are those with whom no adjacency is due (RFC 2328, 10.4).
 */
export function ospfNeighbors(answer: JsonObject): FoundNeighbor[] {
  const version2 = objectsWith(answer, 'ifaceName').map((neighbor) => ({
    // `eth0:192.0.2.1`, the second our own address.
    interface: textAt(neighbor, 'ifaceName').split(':')[0] ?? '',
    address: textAt(neighbor, 'ifaceAddress') || textAt(neighbor, 'address'),
    told: textAt(neighbor, 'nbrState') || textAt(neighbor, 'state'),
  }));
  const version3 = objectsWith(answer, 'interfaceName').map((neighbor) => ({
    interface: textAt(neighbor, 'interfaceName'),
    address: textAt(neighbor, 'neighborId'),
    told: textAt(neighbor, 'state'),
  }));
  return [...version2, ...version3].flatMap(({ interface: device, address, told }) => {
    const [state = '', role] = told.split('/');
    return /^2-?Way$/i.test(state) && role === 'DROther'
      ? []
      : [{ interface: device, address, state, isUp: state === 'Full' }];
  });
}
