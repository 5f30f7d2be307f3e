import { CASES } from '../../testdata/cases.ts';
import type { ObservedSession } from '../controller/daemon.ts';
import { buildRouterView } from '../view/build.ts';
import type { RouterView } from '../view/view.ts';
import { interiorSessions, parseOSPFNeighbors, parseRIPNeighbors } from './interior.ts';
import { ReplyParser } from './replies.ts';
import type { Reply } from './replies.ts';

function reply(text: string): Reply {
  const [first] = new ReplyParser().push(new TextEncoder().encode(text));
  if (first === undefined) {
    throw new Error('no whole reply');
  }
  return first;
}

function view(name: string): RouterView {
  const input = CASES[name];
  const intent = input === undefined ? undefined : buildRouterView(input);
  if (intent?.type !== 'configure') {
    throw new Error(`no view of ${name}`);
  }
  return intent.view;
}

function protocol(name: string, kind: 'OSPF' | 'RIP', more: Partial<ObservedSession> = {}): ObservedSession {
  return {
    name,
    protocol: kind,
    state: 'Running',
    isUp: true,
    since: new Date(),
    exported: 2,
    imported: 0,
    message: '',
    ...more,
  };
}

const shown = (sessions: readonly ObservedSession[]): string[] =>
  sessions.map(({ name, state, isUp }) => `${name}: ${state} ${isUp ? 'up' : 'down'}`);

/** Taken from the control socket of BIRD 2.0.12. */
const OSPF_V2 = `1013-ospf_ipv4:
 Router ID   	Pri	     State     	DTime	Interface  Router IP
 192.0.2.254	  1	Full/DR   	 35.321	eth0       192.0.2.254
 192.0.2.2	  0	2-Way/Other	 38.110	eth0       192.0.2.2
 192.0.2.253	  1	ExStart/BDR	 31.000	eth0       192.0.2.253
0000 
`;
const RIP_V2 = `1022-rip_ipv4:
 IP address                Interface  Metric Routes    Seen
 192.0.2.254               eth0            1      0   2.345
0000 
`;

describe('neighbors that OSPF finds', () => {
  it('are those with an adjacency, whole or on its way', () => {
    expect(parseOSPFNeighbors(reply(OSPF_V2))).toEqual([
      { interface: 'eth0', address: '192.0.2.254', state: 'Full', isUp: true },
      { interface: 'eth0', address: '192.0.2.253', state: 'ExStart', isUp: false },
    ]);
  });

  it('are none of a protocol that is not up', () => {
    expect(parseOSPFNeighbors(reply('1013-ospf_ipv4: is not up\n0000 \n'))).toEqual([]);
  });

  it('are sessions of their own, and an interface without one says what to look at', () => {
    const neighbors = parseOSPFNeighbors(reply(OSPF_V2));
    const sessions = interiorSessions(protocol('ospf_ipv4', 'OSPF'), neighbors, view('ospf-bfd'));
    expect(shown(sessions)).toEqual([
      'ospf_ipv4 eth0 192.0.2.253: ExStart down',
      'ospf_ipv4 eth0 192.0.2.254: Full up',
      'ospf_ipv4 eth1: Alone down',
    ]);
    expect(sessions.at(-1)?.message).toMatch(/no adjacency on eth1.*password/);
  });

  it('are not looked for on passive interfaces, nor of a family that is off', () => {
    expect(shown(interiorSessions(protocol('ospf_ipv6', 'OSPF'), [], view('ospf-passive')))).toEqual([
      'ospf_ipv6 eth0: Alone down',
    ]);
    expect(shown(interiorSessions(protocol('ospf_ipv6', 'OSPF'), [], view('ospf-v2')))).toEqual([
      'ospf_ipv6: Running up',
    ]);
  });

  it("leave a protocol of a user's own template as it is, unless there are some", () => {
    expect(shown(interiorSessions(protocol('mine', 'OSPF'), [], view('ospf-both')))).toEqual(['mine: Running up']);
    expect(shown(interiorSessions(protocol('mine', 'OSPF'), [], undefined))).toEqual(['mine: Running up']);
    const neighbors = parseOSPFNeighbors(reply(OSPF_V2)).slice(0, 1);
    expect(shown(interiorSessions(protocol('mine', 'OSPF'), neighbors, undefined))).toEqual([
      'mine eth0 192.0.2.254: Full up',
    ]);
  });
});

describe('neighbors that RIP hears', () => {
  it('are those that have sent something', () => {
    expect(parseRIPNeighbors(reply(RIP_V2))).toEqual([
      { interface: 'eth0', address: '192.0.2.254', state: 'Heard', isUp: true },
    ]);
  });

  it('need not be there for routes to be told', () => {
    expect(shown(interiorSessions(protocol('rip_ipv4', 'RIP'), [], view('rip')))).toEqual(['rip_ipv4 eth0: Alone up']);
    expect(shown(interiorSessions(protocol('rip_ipv4', 'RIP', { isUp: false }), [], view('rip')))).toEqual([
      'rip_ipv4 eth0: Alone down',
    ]);
  });
});
