import { CASES } from '../../testdata/cases.ts';
import type { ObservedSession } from '../controller/daemon.ts';
import { buildRouterView } from '../view/build.ts';
import type { RouterView } from '../view/view.ts';
import { unnumberedSessions } from './unnumbered.ts';

/** Two unnumbered neighbors, `tor-1` on eth0 and `tor-2` on eth1. */
function view(): RouterView {
  const input = CASES.unnumbered;
  const intent = input === undefined ? undefined : buildRouterView(input);
  if (intent?.type !== 'configure') {
    throw new Error('no view');
  }
  return intent.view;
}

function session(name: string, state: string): ObservedSession {
  return {
    name,
    protocol: 'BGP',
    state,
    isUp: state === 'Established',
    since: undefined,
    exported: 0,
    imported: 0,
    message: '',
  };
}

const shown = (sessions: readonly ObservedSession[]): string[] => sessions.map(({ name, state }) => `${name} ${state}`);

describe('sessions of unnumbered neighbors', () => {
  it('have the name of the neighbor, in place of the protocol that waits', () => {
    const sessions = [session('tor-1', 'Passive'), session('tor-2', 'Passive'), session('bgp_tor_1_7', 'Established')];
    expect(shown(unnumberedSessions(sessions, view()))).toEqual(['tor-2 Passive', 'tor-1 Established']);
  });

  it('are told apart where several routers are on the interface', () => {
    const sessions = [
      session('tor-1', 'Passive'),
      session('bgp_tor_1_1', 'Established'),
      session('bgp_tor_1_2', 'Connect'),
    ];
    expect(shown(unnumberedSessions(sessions, view()))).toEqual(['tor-1 Established', 'tor-1 2 Connect']);
  });

  it('are not those of neighbors with similar names, nor of neighbors with an address', () => {
    const sessions = [session('bgp_tor_1_x', 'Established'), session('bgp_tor_12_1', 'Established')];
    expect(unnumberedSessions(sessions, view())).toEqual(sessions);
    expect(unnumberedSessions(sessions, undefined)).toBe(sessions);
  });
});
