import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReplyParser } from './replies.ts';
import type { Reply } from './replies.ts';
import { observedSessions, parseProtocols, parseStart } from './sessions.ts';

function reply(text: string): Reply {
  const [first] = new ReplyParser().push(new TextEncoder().encode(text));
  if (first === undefined) {
    throw new Error('no whole reply');
  }
  return first;
}

describe('parseProtocols', () => {
  /** Taken from the control socket of BIRD 2.0.12. */
  const captured = readFileSync(join(import.meta.dirname, '..', '..', 'testdata', 'show-protocols-all.txt'), 'utf8');

  it('reads every protocol of a real answer', () => {
    const names = parseProtocols(reply(captured)).map(({ protocol, kind, state }) => `${protocol} ${kind} ${state}`);
    expect(names).toEqual([
      'device1 Device up',
      'kernel4 Kernel up',
      'kernel6 Kernel up',
      'bfd1 BFD up',
      'bgp_tor-1 BGP up',
      'bad BGP start',
    ]);
  });

  it('reads state, time and the routes of both families of a session', () => {
    const session = parseProtocols(reply(captured)).find(({ protocol }) => protocol === 'bgp_tor-1');
    expect(session).toMatchObject({ session: 'Established', exported: 2, imported: 0, lastError: '' });
    expect(session?.since).toEqual(new Date('2026-11-21T11:24:43.407'));
  });

  it('reads why a session is not there', () => {
    const session = parseProtocols(reply(captured)).find(({ protocol }) => protocol === 'bad');
    expect(session).toMatchObject({ session: 'Connect', exported: 0, lastError: 'Socket: No route to host' });
  });

  it.each([
    ['an OSPF protocol', 'ospf1      OSPF       master4    up     2026-11-21 11:24:42  Running', 'Running', true],
    [
      'a time of another format',
      'tor        BGP        ---        up     11:24:42.571  Established',
      'Established',
      false,
    ],
    ['a date alone', 'tor        BGP        ---        up     2026-11-20  Established   ', 'Established', false],
    ['nothing behind the time', 'tor        BGP        ---        down   11:24:42.571  ', '', false],
  ])('reads %s', (_, line, session, hasTime) => {
    const [first] = parseProtocols(reply(`1002-${line}\n0000 \n`));
    expect(first).toMatchObject({ session });
    expect(first?.since !== undefined).toBe(hasTime);
  });

  it('finds none where there are none', () => {
    expect(parseProtocols(reply('0000 \n'))).toEqual([]);
  });
});

describe('observedSessions', () => {
  it('shows what speaks to other routers, and nothing else', () => {
    const lines = ['BGP', 'OSPF', 'RIP', 'Babel', 'Kernel', 'Device', 'BFD', 'Static', 'Pipe'].map(
      (kind) => `1002-${kind.toLowerCase()}1 ${kind} --- up 2026-11-21 11:24:42.571`,
    );
    const shown = observedSessions(parseProtocols(reply(`${lines.join('\n')}\n0000 \n`)), undefined);
    expect(shown.map(({ protocol }) => protocol)).toEqual(['BGP', 'OSPF', 'RIP', 'Babel']);
  });
});

describe('parseStart', () => {
  it('reads when BIRD was started', () => {
    const answer =
      '1000-BIRD 2.0.12\n1011-Router ID is 192.0.2.1\n Last reboot on 2026-11-21 11:24:42.571\n0013 Daemon is up\n';
    expect(parseStart(reply(answer))).toEqual(new Date('2026-11-21T11:24:42.571'));
  });

  it.each(['1011-Last reboot on 11:24:42\n0013 Daemon is up\n', '0013 Daemon is up\n'])(
    'reads nothing from %j',
    (answer) => {
      expect(parseStart(reply(answer))).toBeUndefined();
    },
  );
});
