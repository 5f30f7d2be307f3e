import type { ObservedSession } from './daemon.ts';
import { nodeRouterStatus, routerVerdict, steadySessions, turnedSessions } from './status.ts';
import type { RouterStatus } from './status.ts';

const TOR: ObservedSession = {
  name: 'tor',
  protocol: 'BGP',
  state: 'Established',
  isUp: true,
  since: new Date('2026-11-21T11:24:43.407Z'),
  exported: 2,
  imported: 0,
  message: '',
};

const STATUS: RouterStatus = {
  daemon: 'BIRD',
  router: 'default',
  configuration: { type: 'current' },
  connected: true,
  version: '2.0.12',
  sessions: [],
  problems: [],
  lastReset: undefined,
};

describe('steadySessions', () => {
  it('is the same while the daemon tells the same moment a little differently', () => {
    const later = { ...TOR, since: new Date('2026-11-21T11:24:43.409Z') };
    expect(steadySessions([later], [TOR])).toEqual([TOR]);
  });

  it('shows a new moment where the session was lost in between', () => {
    const since = new Date('2026-11-21T11:24:50.000Z');
    expect(steadySessions([{ ...TOR, since }], [TOR])).toMatchObject([{ since }]);
  });
});

describe('turnedSessions', () => {
  const down = { ...TOR, isUp: false };
  it.each<[string, readonly ObservedSession[], readonly ObservedSession[], readonly boolean[]]>([
    ['nothing happened', [TOR], [{ ...TOR, exported: 9 }], []],
    ['one came up', [down], [TOR], [true]],
    ['one is new and up', [], [TOR], [true]],
    ['one is new and not up yet', [], [down], []],
    ['one went down', [TOR], [down], [false]],
    ['one that was up is gone', [TOR], [], [false]],
    ['one that was down is gone', [down], [], []],
  ])('%s', (_, before, now, turned) => {
    expect(turnedSessions(before, now).map(({ isUp }) => isUp)).toEqual(turned);
  });
});

describe('nodeRouterStatus', () => {
  it('keeps the bounds of LBNodeStatus', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      ...TOR,
      name: `tor-${index}-${'n'.repeat(100)}`,
      message: 'x'.repeat(2000),
    }));
    const { sessions = [] } = nodeRouterStatus({ ...STATUS, sessions: many });
    expect(sessions).toHaveLength(64);
    expect(sessions[0]?.message).toHaveLength(512);
    expect(sessions[0]?.name).toHaveLength(64);
  });

  it('says of a session what is known, and nothing else', () => {
    expect(nodeRouterStatus({ ...STATUS, sessions: [TOR, { ...TOR, name: 'b', since: undefined }] })).toEqual({
      daemon: 'BIRD',
      router: 'default',
      sessions: [
        { name: 'tor', state: 'Established', prefixes: 2, imported: 0, since: '2026-11-21T11:24:43.407Z' },
        { name: 'b', state: 'Established', prefixes: 2, imported: 0 },
      ],
    });
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
