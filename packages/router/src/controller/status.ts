import type { NodeRouterStatus, RouterSession } from '@fairlead/api';
import type { ProtocolState } from '../bird/sessions.ts';
import type { TemplateLine } from '../template/error.ts';
import type { RouterViewProblem } from '../view/problem.ts';
import type { RouterView } from '../view/view.ts';

/** How far the configuration that is wanted has come. */
export type ConfigurationState =
  /** Nothing has been asked for yet. */
  | { readonly type: 'unknown' }
  /** BIRD runs it. */
  | { readonly type: 'current' }
  /** It is in bird.conf, and BIRD will read it when it is there. */
  | { readonly type: 'waiting'; readonly message: string }
  /** BIRD or a check does not accept it; the last good one stays. */
  | { readonly type: 'refused'; readonly fault: RefusedConfiguration }
  /** The folder cannot be written or BIRD's program cannot be run; tried again by itself. */
  | { readonly type: 'failed'; readonly message: string };

/** What is wrong with a configuration, and where to mend it. */
export interface RefusedConfiguration {
  /** A sentence; where `template` is known it begins with it. Holds no password. */
  readonly message: string;
  /** Line of the template to mend. */
  readonly template: TemplateLine | undefined;
}

/** What the routing daemon of the node does, for LBNodeStatus, conditions and metrics. */
export interface RouterStatus {
  readonly daemon: NodeRouterStatus['daemon'];
  /** Name of the Router that it follows. */
  readonly router: string | undefined;
  readonly configuration: ConfigurationState;
  /** Whether BIRD answers on its control socket. */
  readonly connected: boolean;
  readonly sessions: readonly RouterSession[];
  /** Parts of the Router that could not be configured. */
  readonly problems: readonly RouterViewProblem[];
}

/** A {@link RouterStatus} as a condition says it. */
export interface RouterVerdict {
  readonly ready: boolean;
  /** `Configured`, `Idle`, `Unknown`, `Waiting`, `ConfigurationRefused`, `ConfigurationFailed` or that of a problem. */
  readonly reason: string;
  readonly message: string;
}

/** Reason and sentence of the condition that a status makes. */
export function routerVerdict({ daemon, configuration, problems }: RouterStatus): RouterVerdict {
  switch (configuration.type) {
    case 'unknown':
      return { ready: false, reason: 'Unknown', message: 'nothing is known of the Routers yet' };
    case 'refused':
      return {
        ready: false,
        reason: 'ConfigurationRefused',
        message: `${configuration.fault.message}; the last good configuration stays`,
      };
    case 'failed':
      return { ready: false, reason: 'ConfigurationFailed', message: configuration.message };
    case 'waiting':
      return { ready: false, reason: 'Waiting', message: configuration.message };
    case 'current': {
      const [problem] = problems;
      if (problem !== undefined) {
        return { ready: false, reason: problem.reason, message: problems.map(({ sentence }) => sentence).join('. ') };
      }
      return daemon === 'None'
        ? { ready: true, reason: 'Idle', message: 'no Router asks this node to speak to anyone' }
        : { ready: true, reason: 'Configured', message: 'BIRD runs the configuration of the Router' };
    }
    default:
      return configuration satisfies never;
  }
}

/** Kinds of protocols that speak to other routers. */
const SPEAKERS: ReadonlySet<string> = new Set(['BGP', 'OSPF', 'RIP', 'Babel']);
/** Bounds of LBNodeStatus. */
const SESSIONS_LISTED = 64;
const MESSAGE_LENGTH = 512;

/**
 * BIRD counts back from its wall clock each time it is asked, so that the same moment is told a few milliseconds apart
 * (2 ms measured on a quiet machine). Less than this is the same moment.
 */
const SAME_MOMENT_MS = 500;

/**
 * The sessions to show: those of BIRD's protocols that speak to other routers, by the names that users gave them.
 * @param before what was shown last: where nothing has happened the result is equal to it
 */
export function sessionsOf(
  protocols: readonly ProtocolState[],
  view: RouterView | undefined,
  before: readonly RouterSession[],
): RouterSession[] {
  const names = new Map((view?.bgp.neighbors ?? []).map(({ protocol, name }) => [String(protocol), String(name)]));
  const known = new Map(before.map((session) => [session.name, session]));
  return protocols
    .filter(({ kind }) => SPEAKERS.has(kind))
    .slice(0, SESSIONS_LISTED)
    .map((protocol) => {
      const name = names.get(protocol.protocol) ?? protocol.protocol;
      return sessionOf(protocol, name, known.get(name));
    });
}

function sessionOf(
  { state, session, since, exported, lastError }: ProtocolState,
  name: string,
  before: RouterSession | undefined,
): RouterSession {
  const shown = session === '' ? state : session;
  return {
    name,
    state: shown,
    prefixes: exported,
    ...(since === undefined
      ? {}
      : { since: before?.state === shown ? sameMoment(since, before.since) : since.toISOString() }),
    ...(lastError === '' ? {} : { message: lastError.slice(0, MESSAGE_LENGTH) }),
  };
}

function sameMoment(since: Date, before: string | undefined): string {
  return before !== undefined && Math.abs(Date.parse(before) - since.getTime()) < SAME_MOMENT_MS
    ? before
    : since.toISOString();
}
