import { CASES } from '../../testdata/cases.ts';
import type { ObservedSession } from '../controller/daemon.ts';
import { buildRouterView } from '../view/build.ts';
import type { RouterView } from '../view/view.ts';
import { parseBfdStates, usesBfd, withBfd } from './bfd.ts';
import { ReplyParser } from './replies.ts';

/** As BIRD 2.0.12 says it, but for the second and third neighbor. */
const ANSWER = `1020-bfd1:
 IP address                Interface  State      Since         Interval  Timeout
 192.0.2.254               eth0       Down       2026-11-21 22:13:56.192    1.000    0.000
 2001:db8::fe              eth0       Up         2026-11-21 22:13:56.192    0.100    0.300
 fe80::1                   eth1       Init       2026-11-21 22:13:56.192    0.100    0.300
0000 
`;

function states(text: string): ReadonlyMap<string, string> {
  const [reply] = new ReplyParser().push(new TextEncoder().encode(text));
  return parseBfdStates(reply ?? { code: 0, lines: [] });
}

describe('parseBfdStates', () => {
  it('reads the state of each neighbor', () => {
    expect([...states(ANSWER)]).toEqual([
      ['192.0.2.254', 'Down'],
      ['2001:db8::fe', 'Up'],
      ['fe80::1', 'Init'],
    ]);
  });

  it.each(['1020-There is no BFD protocol running\n0000 \n', '9001 syntax error\n', '0000 \n'])(
    'finds none in %j',
    (answer) => {
      expect([...states(answer)]).toEqual([]);
    },
  );
});

function view(name: string): RouterView {
  const input = CASES[name];
  const intent = input === undefined ? undefined : buildRouterView(input);
  if (intent?.type !== 'configure') {
    throw new Error(`no view of ${name}`);
  }
  return intent.view;
}

describe('withBfd', () => {
  const watched = view('bfd');
  const since = new Date(0);
  const [first] = watched.bgp.neighbors;
  const session: ObservedSession = {
    name: String(first?.name),
    protocol: 'BGP',
    state: 'Established',
    isUp: true,
    since,
    exported: 1,
    imported: 0,
    message: '',
  };
  const message = (
    of: RouterView,
    state: string | undefined,
    more: Partial<ObservedSession> = {},
    now = 10_000,
  ): string => {
    const known = new Map(state === undefined ? [] : [[String(first?.address), state]]);
    return withBfd([{ ...session, ...more }], of, { states: known, now })[0]?.message ?? 'no session';
  };

  it.each([
    ['Down', /^BFD is Down: .* after \d+ s only/],
    [undefined, /^BFD is missing/],
  ])('says what it means that BFD is %s beside a session that is up', (state, words) => {
    expect(message(watched, state)).toMatch(words);
  });

  it('says nothing while all is well, BFD still comes up, or the session is down and says why', () => {
    expect(message(watched, 'Up')).toBe('');
    expect(message(watched, 'Down', {}, 9_999)).toBe('');
    expect(message(watched, 'Down', { isUp: false })).toBe('');
    expect(message(watched, 'Down', { message: 'BFD session down' })).toBe('BFD session down');
  });

  it('asks nobody where no neighbor is watched', () => {
    expect([usesBfd(watched), usesBfd(view('one-neighbor')), usesBfd(undefined)]).toEqual([true, false, false]);
    expect(message(view('one-neighbor'), 'Down')).toBe('');
  });
});
