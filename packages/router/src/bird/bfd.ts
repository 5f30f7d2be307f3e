import type { ObservedSession } from '../controller/daemon.ts';
import type { RouterView } from '../view/view.ts';
import { REPLY_CODES } from './replies.ts';
import type { Reply } from './replies.ts';

/** So long BFD may take to come up beside a session: it begins with a packet a second (RFC 5880, 6.8.3). */
const COMES_UP_WITHIN_MS = 10_000;

/** States of BFD by the neighbor's address, from the answer to `show bfd sessions`: `Up`, `Down`, `Init`, `AdminDown`. */
export function parseBfdStates({ lines }: Reply): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap(({ code, text }): [string, string][] => {
      const [, address, state] = /^(\S*[.:]\S*)\s+\S+\s+(\S+)\s/.exec(text) ?? [];
      return code === REPLY_CODES.bfdSession && address !== undefined && state !== undefined ? [[address, state]] : [];
    }),
  );
}

/** Whether the view has neighbors that are watched by BFD. */
export function usesBfd(view: RouterView | undefined): boolean {
  return (view?.bgp.neighbors ?? []).some(({ bfdInterval }) => bfdInterval !== '');
}

/**
 * Says of sessions that are up where BFD is not: nothing else shows it, until a node is gone and nobody notices in time.
 * @param now Unix milliseconds
 */
export function withBfd(
  sessions: readonly ObservedSession[],
  view: RouterView | undefined,
  { states, now }: { readonly states: ReadonlyMap<string, string>; readonly now: number },
): readonly ObservedSession[] {
  const watched = new Map(
    (view?.bgp.neighbors ?? [])
      .filter(({ bfdInterval, address }) => bfdInterval !== '' && address !== '')
      .map(({ name, address, holdTime }) => [String(name), { address: String(address), holdTime: String(holdTime) }]),
  );
  return sessions.map((session) => {
    const neighbor = watched.get(session.name);
    const { isUp, since, message } = session;
    if (neighbor === undefined || !isUp || message !== '' || now - (since?.getTime() ?? now) < COMES_UP_WITHIN_MS) {
      return session;
    }
    const state = states.get(neighbor.address) ?? 'missing';
    return state === 'Up'
      ? session
      : Object.assign({}, session, {
          message: `BFD is ${state}: that one side is gone is noticed after ${neighbor.holdTime} s only; let the neighbor use BFD for this session too, and let UDP port 3784 pass`,
        });
  });
}
