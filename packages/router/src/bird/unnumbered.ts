import type { ObservedSession } from '../controller/daemon.ts';
import type { RouterView } from '../view/view.ts';

/**
 * Sessions of unnumbered neighbors by the neighbor's name. BIRD has a protocol that waits on the interface and, for each
 * router that has connected, one more by the same name and a number; the one that waits is shown while it is alone.
 */
export function unnumberedSessions(
  sessions: readonly ObservedSession[],
  view: RouterView | undefined,
): readonly ObservedSession[] {
  const unnumbered = (view?.bgp.neighbors ?? []).filter(({ address }) => address === '');
  return unnumbered.reduce<readonly ObservedSession[]>((all, { name, protocol }) => {
    const isOfNeighbor = (session: ObservedSession): boolean =>
      session.name.startsWith(`${protocol}_`) && /^\d+$/.test(session.name.slice(protocol.length + 1));
    const connected = all.filter(isOfNeighbor);
    if (connected.length === 0) {
      return all;
    }
    return all
      .filter((session) => session.name !== name)
      .map((session) => {
        const index = connected.indexOf(session);
        // By its neighbor's name alone where it is the only one, so that it keeps it when it comes anew.
        return index === -1
          ? session
          : Object.assign({}, session, { name: index === 0 ? name : `${name} ${index + 1}` });
      });
  }, sessions);
}
