import type { ProtocolState } from '../bird/sessions.ts';
import { routerVerdict, sessionsOf } from './status.ts';
import type { RouterStatus } from './status.ts';

const TOR: ProtocolState = {
  protocol: 'tor',
  kind: 'BGP',
  state: 'up',
  session: 'Established',
  since: new Date('2026-11-21T11:24:43.407Z'),
  exported: 2,
  imported: 0,
  lastError: '',
};

const STATUS: RouterStatus = {
  daemon: 'BIRD',
  router: 'default',
  configuration: { type: 'current' },
  connected: true,
  sessions: [],
  problems: [],
};

describe('sessionsOf', () => {
  it('shows what speaks to other routers, and nothing else', () => {
    const kinds = ['BGP', 'OSPF', 'RIP', 'Babel', 'Kernel', 'Device', 'BFD', 'Static', 'Pipe'];
    const shown = sessionsOf(
      kinds.map((kind) => Object.assign({}, TOR, { kind, protocol: kind })),
      undefined,
      [],
    );
    expect(shown.map(({ name }) => name)).toEqual(['BGP', 'OSPF', 'RIP', 'Babel']);
  });

  it('is the same while BIRD tells the same moment a little differently', () => {
    const before = sessionsOf([TOR], undefined, []);
    const later = sessionsOf([{ ...TOR, since: new Date('2026-11-21T11:24:43.409Z') }], undefined, before);
    expect(later).toEqual(before);
  });

  it('shows a new moment where the session was lost in between', () => {
    const before = sessionsOf([TOR], undefined, []);
    const since = new Date('2026-11-21T11:24:50.000Z');
    expect(sessionsOf([{ ...TOR, since }], undefined, before)).toMatchObject([{ since: since.toISOString() }]);
  });

  it('keeps the bounds of LBNodeStatus', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      ...TOR,
      protocol: `tor${index}`,
      lastError: 'x'.repeat(2000),
    }));
    const shown = sessionsOf(many, undefined, []);
    expect(shown).toHaveLength(64);
    expect(shown[0]?.message).toHaveLength(512);
  });
});

describe('routerVerdict', () => {
  it.each<[string, Partial<RouterStatus>, boolean, string]>([
    ['in order', {}, true, 'Configured'],
    ['idle', { daemon: 'None' }, true, 'Idle'],
    ['not known', { configuration: { type: 'unknown' } }, false, 'Unknown'],
    ['waiting for BIRD', { configuration: { type: 'waiting', message: 'no BIRD' } }, false, 'Waiting'],
    [
      'refused',
      {
        configuration: { type: 'refused', fault: { message: 'bgp.hbs:3: no', template: { file: 'bgp.hbs', line: 3 } } },
      },
      false,
      'ConfigurationRefused',
    ],
    ['not written', { configuration: { type: 'failed', message: 'EROFS' } }, false, 'ConfigurationFailed'],
    [
      'in part',
      {
        problems: [
          {
            reason: 'SecretMissing',
            sentence: 'the Secret',
            path: 'spec',
            object: { kind: 'Router', name: 'default' },
          },
        ],
      },
      false,
      'SecretMissing',
    ],
  ])('%s', (_, more, ready, reason) => {
    expect(routerVerdict({ ...STATUS, ...more })).toMatchObject({ ready, reason });
  });
});
