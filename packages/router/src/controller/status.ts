import type { NodeRouterStatus, RouterSession } from '@fairlead/api';
import type { TemplateLine } from '../template/error.ts';
import type { RouterViewProblem } from '../view/problem.ts';
import type { DaemonKind, ObservedSession } from './daemon.ts';
import { isSameMoment } from './moment.ts';

/** How far the configuration that is wanted has come. */
export type ConfigurationState =
  /** Nothing has been asked for yet. */
  | { readonly type: 'unknown' }
  /** The daemon runs it. */
  | { readonly type: 'current' }
  /** The daemon will run it when it is there. */
  | { readonly type: 'waiting'; readonly message: string }
  /** The daemon or a check does not accept it; the last good one stays. */
  | { readonly type: 'refused'; readonly fault: RefusedConfiguration }
  /** The folder cannot be written or the daemon's program cannot be run; tried again by itself. */
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
  readonly daemon: DaemonKind | 'None';
  /** Name of the Router that it follows. */
  readonly router: string | undefined;
  readonly configuration: ConfigurationState;
  /** Whether the daemon answers. */
  readonly connected: boolean;
  /** Version of the daemon that answers, where it says one. */
  readonly version: string | undefined;
  readonly sessions: readonly ObservedSession[];
  /** Parts of the Router that could not be configured. */
  readonly problems: readonly RouterViewProblem[];
  /** The last change that did not leave all sessions up; undefined: none has been seen. */
  readonly lastReset: LastReset | undefined;
}

/** A change of the configuration that ended or restarted sessions, known before it was made. */
export interface LastReset {
  readonly at: Date;
  /** Which sessions, and the settings that were the reason: `restarts tor-1 (hold time)`. */
  readonly sentence: string;
}

/** A {@link RouterStatus} as a condition says it. */
export interface RouterVerdict {
  readonly ready: boolean;
  /** `Configured`, `Idle`, `Unknown`, `Waiting`, `ConfigurationRefused`, `ConfigurationFailed` or that of a problem. */
  readonly reason: string;
  readonly message: string;
}

/** Reason and sentence of the condition that a status makes. */
export function routerVerdict({ daemon, configuration, problems, lastReset }: RouterStatus): RouterVerdict {
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
        : {
            ready: true,
            reason: 'Configured',
            message: `${daemon} runs the configuration of the Router${told(lastReset)}`,
          };
    }
    default:
      return configuration satisfies never;
  }
}

function told(lastReset: LastReset | undefined): string {
  return lastReset === undefined ? '' : `; the change of ${lastReset.at.toISOString()} ${lastReset.sentence}`;
}

/**
 * The sessions as they are told on.
 * @param before what was told last: where nothing has happened the result is equal to it
 */
export function steadySessions(
  observed: readonly ObservedSession[],
  before: readonly ObservedSession[],
): readonly ObservedSession[] {
  const known = new Map(before.map((session) => [session.name, session]));
  return observed.map((session) => {
    const last = known.get(session.name);
    const isSame =
      last?.state === session.state &&
      last.since !== undefined &&
      session.since !== undefined &&
      isSameMoment(session.since, last.since);
    return isSame ? { ...session, since: last.since } : session;
  });
}

/** The sessions that came up or went down between two looks, as they are now; one that is gone is down. */
export function turnedSessions(
  before: readonly ObservedSession[],
  now: readonly ObservedSession[],
): readonly ObservedSession[] {
  const wasUp = new Set(before.filter(({ isUp }) => isUp).map(({ name }) => name));
  const names = new Set(now.map(({ name }) => name));
  const gone = before
    .filter(({ name, isUp }) => isUp && !names.has(name))
    .map((session) => Object.assign({}, session, { isUp: false }));
  return [...now.filter(({ name, isUp }) => isUp !== wasUp.has(name)), ...gone];
}

/** Bounds of LBNodeStatus. */
const SESSIONS_LISTED = 64;
const NAME_LENGTH = 64;
const MESSAGE_LENGTH = 512;

/** A status as LBNodeStatus has it. Bounded, whatever the daemon has. */
export function nodeRouterStatus({ daemon, router, sessions }: RouterStatus): NodeRouterStatus {
  return {
    daemon,
    ...(router === undefined ? {} : { router }),
    sessions: sessions.slice(0, SESSIONS_LISTED).map(sessionStatus),
  };
}

function sessionStatus({ name, state, since, exported, imported, message }: ObservedSession): RouterSession {
  return {
    name: name.slice(0, NAME_LENGTH),
    state: state.slice(0, NAME_LENGTH),
    prefixes: exported,
    imported,
    ...(since === undefined ? {} : { since: since.toISOString() }),
    ...(message === '' ? {} : { message: message.slice(0, MESSAGE_LENGTH) }),
  };
}
