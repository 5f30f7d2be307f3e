import type { ObservedSession } from '../controller/daemon.ts';
import type { RouterView } from '../view/view.ts';
import { REPLY_CODES } from './replies.ts';
import type { Reply } from './replies.ts';

/** A routing protocol as `show protocols all` shows it. */
export interface ProtocolState {
  /** Name in BIRD's configuration. */
  readonly protocol: string;
  /** Kind, as BIRD writes it: `BGP`, `OSPF`, `RIP`, `Kernel`, `Device`, `BFD`, … */
  readonly kind: string;
  /** State of the protocol: `up`, `start`, `down`, `stop`. */
  readonly state: string;
  /** State of a BGP session, such as `Established`; of others what BIRD says behind their state; else empty. */
  readonly session: string;
  /** Since when it is in this state; undefined where the configuration has another format of time. */
  readonly since: Date | undefined;
  /** Routes exported, of all channels together. */
  readonly exported: number;
  readonly imported: number;
  /** Empty: none. */
  readonly lastError: string;
}

/** Reads the answer to `show protocols all`. What it does not know it passes over: each version says more. */
export function parseProtocols(reply: Reply): ProtocolState[] {
  const protocols: { header: string; details: string[] }[] = [];
  for (const { code, text } of reply.lines) {
    if (code === REPLY_CODES.protocol) {
      protocols.push({ header: text, details: [] });
    } else if (code === REPLY_CODES.protocolDetails) {
      protocols.at(-1)?.details.push(text);
    }
  }
  return protocols.flatMap(({ header, details }) => {
    const state = parseProtocol(header, details);
    return state === undefined ? [] : [state];
  });
}

/** Kinds of protocols that speak to other routers. */
const SPEAKERS: ReadonlySet<string> = new Set(['BGP', 'OSPF', 'RIP', 'Babel']);

/** The protocols that speak to other routers, by the names that users gave their neighbors. */
export function observedSessions(protocols: readonly ProtocolState[], view: RouterView | undefined): ObservedSession[] {
  const names = new Map((view?.bgp.neighbors ?? []).map(({ protocol, name }) => [String(protocol), String(name)]));
  return protocols
    .filter(({ kind }) => SPEAKERS.has(kind))
    .map(({ protocol, kind, state, session, since, exported, imported, lastError }) => ({
      name: names.get(protocol) ?? protocol,
      protocol: kind,
      state: session === '' ? state : session,
      isUp: state === 'up',
      since,
      exported,
      imported,
      message: lastError,
    }));
}

/** `name kind table state since… info`; `since` is one word or two, by the format of time. */
const HEADER =
  /^(?<protocol>\S+)\s+(?<kind>\S+)\s+(?<table>\S+)\s+(?<state>\S+)\s+(?<since>\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?|\S+)(?:\s+(?<info>\S.*?))?\s*$/;

function parseProtocol(header: string, details: readonly string[]): ProtocolState | undefined {
  const groups = HEADER.exec(header)?.groups;
  if (groups === undefined) {
    return undefined;
  }
  const routes = details.flatMap((line) => {
    const counts = /^\s*Routes:\s+(\d+) imported,(?: \d+ filtered,)? (\d+) exported/.exec(line);
    return counts === null ? [] : [{ imported: Number(counts[1]), exported: Number(counts[2]) }];
  });
  const detail = (name: string): string | undefined =>
    details
      .map((line) => line.trim())
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  return {
    protocol: groups.protocol ?? '',
    kind: groups.kind ?? '',
    state: groups.state ?? '',
    session: detail('BGP state') ?? groups.info ?? '',
    since: parseTime(groups.since ?? ''),
    exported: routes.reduce((sum, { exported }) => sum + exported, 0),
    imported: routes.reduce((sum, { imported }) => sum + imported, 0),
    lastError: detail('Last error') ?? '',
  };
}

/** When BIRD was started, from the answer to `show status`; undefined where the format of time is another. */
export function parseStart({ lines }: Reply): Date | undefined {
  const [, text] = lines.map((line) => /^Last reboot on (.+)$/.exec(line.text)).find((match) => match !== null) ?? [];
  return text === undefined ? undefined : parseTime(text.trim());
}

/** BIRD prints local time without a zone; agent and BIRD share the node's, or both have UTC in their containers. */
function parseTime(text: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/.test(text)) {
    return undefined;
  }
  const time = new Date(text.replace(' ', 'T'));
  return Number.isNaN(time.getTime()) ? undefined : time;
}
