import type { ObservedSession } from '../controller/daemon.ts';
import type { RouterView } from '../view/view.ts';
import type { Reply } from './replies.ts';

/** A router that OSPF or RIP has found on an interface. */
export interface FoundNeighbor {
  readonly interface: string;
  readonly address: string;
  /** OSPF's, such as `Full`; of RIP, which has none, `Heard`. */
  readonly state: string;
  /** Whether it takes our routes from us, as far as can be told. */
  readonly isUp: boolean;
}

/** `ROUTER-ID PRIORITY STATE/ROLE SECONDS INTERFACE ADDRESS` (ospf_sh_neigh of BIRD's proto/ospf/ospf.c). */
const OSPF_NEIGHBOR =
  /^\s*[\d.]+\s+\d+\s+(?<state>[\w-]+)\/(?<role>\w+)\s+[\d.-]+\s+(?<device>\S+)\s+(?<address>[\d.a-f:]+)\s*$/;
/** `ADDRESS INTERFACE METRIC ROUTES SECONDS` (rip_show_neighbors of BIRD's proto/rip/rip.c). */
const RIP_NEIGHBOR = /^\s*(?<address>[\d.a-f:]+)\s+(?<device>\S+)\s+\d+\s+\d+\s+[\d.]+\s*$/;

/**
 * Reads the answer to `show ospf neighbors NAME`. Left out are those with whom no adjacency is due: on a broadcast
 * network all routers but the designated ones stay in 2-Way with each other (RFC 2328, 10.4).
 */
export function parseOSPFNeighbors(reply: Reply): FoundNeighbor[] {
  return reply.lines.flatMap(({ text }) => {
    const { state = '', role, device = '', address = '' } = OSPF_NEIGHBOR.exec(text)?.groups ?? {};
    return state === '' || (state === '2-Way' && role === 'Other')
      ? []
      : [{ interface: device, address, state, isUp: state === 'Full' }];
  });
}

/** Reads the answer to `show rip neighbors NAME`: routers that have sent something. */
export function parseRIPNeighbors(reply: Reply): FoundNeighbor[] {
  return reply.lines.flatMap(({ text }) => {
    const { device, address } = RIP_NEIGHBOR.exec(text)?.groups ?? {};
    return device === undefined || address === undefined
      ? []
      : [{ interface: device, address, state: 'Heard', isUp: true }];
  });
}

/** How to ask for the neighbors of the protocols that find them, by BIRD's word for the protocol. */
const QUESTIONS: ReadonlyMap<string, { readonly ask: string; readonly parse: (reply: Reply) => FoundNeighbor[] }> =
  new Map([
    ['OSPF', { ask: 'show ospf neighbors', parse: parseOSPFNeighbors }],
    ['RIP', { ask: 'show rip neighbors', parse: parseRIPNeighbors }],
  ]);

/**
 * The same sessions with those that find their neighbors taken apart; asks for the neighbors of each of these.
 * @param ask runs a command on the control socket
 */
export async function withNeighbors(
  sessions: readonly ObservedSession[],
  view: RouterView | undefined,
  ask: (command: string) => Promise<Reply>,
): Promise<ObservedSession[]> {
  const parts = await Promise.all(
    sessions.map(async (session) => {
      const question = QUESTIONS.get(session.protocol);
      return question === undefined
        ? [session]
        : interiorSessions(session, question.parse(await ask(`${question.ask} ${session.name}`)), view);
    }),
  );
  return parts.flat();
}

/**
 * A protocol that finds its neighbors as a session for each of them, and one for each interface of the Router on which
 * there is none. Where nothing is known of either it stays what it is.
 * @param session the protocol
 */
export function interiorSessions(
  session: ObservedSession,
  neighbors: readonly FoundNeighbor[],
  view: RouterView | undefined,
): ObservedSession[] {
  /** One of the sessions; BIRD tells the moment of the protocol as a whole, and none of a neighbor. */
  const part = (name: string, more: Pick<ObservedSession, 'state' | 'isUp' | 'message'>): ObservedSession => ({
    ...session,
    name: `${session.name} ${name}`,
    since: undefined,
    ...more,
  });
  const found = neighbors.map((neighbor) =>
    part(`${neighbor.interface} ${neighbor.address}`, {
      state: neighbor.state,
      isUp: session.isUp && neighbor.isUp,
      message: session.message,
    }),
  );
  const heard = new Set(neighbors.map((neighbor) => neighbor.interface));
  const lonely = interfacesOf(session.name, view)
    .filter((name) => !heard.has(name))
    .map((name) =>
      part(name, {
        state: 'Alone',
        // RIP tells its routes to whoever listens, and does not know whether anybody does.
        isUp: session.isUp && session.protocol === 'RIP',
        message: lonelySentence(session.protocol, name),
      }),
    );
  const all = [...found, ...lonely].sort((a, b) => (a.name < b.name ? -1 : 1));
  return all.length === 0 ? [session] : all;
}

/** The interfaces on which a protocol of the shipped templates speaks. */
function interfacesOf(protocol: string, view: RouterView | undefined): string[] {
  if (view === undefined) {
    return [];
  }
  const ospf = view.ospf.areas.flatMap(({ interfaces }) => interfaces).filter(({ passive }) => passive === '');
  const speaking: Readonly<Record<string, readonly { readonly name: string }[]>> = {
    ospf_ipv4: view.ospf.ipv4 === '' ? [] : ospf,
    ospf_ipv6: view.ospf.ipv6 === '' ? [] : ospf,
    rip_ipv4: view.rip.interfaces.filter(({ ipv4 }) => ipv4 !== ''),
    rip_ipv6: view.rip.interfaces.filter(({ ipv6 }) => ipv6 !== ''),
  };
  return (speaking[protocol] ?? []).map(({ name }) => name);
}

function lonelySentence(protocol: string, name: string): string {
  return protocol === 'RIP'
    ? `nobody has sent RIP on ${name}: a neighbor that only listens is not seen, nor one with another password`
    : `no adjacency on ${name}: look whether the other side has the same area and its type, hello and dead intervals, and password`;
}
