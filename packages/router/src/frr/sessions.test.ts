import { bgpPeers, ospfNeighbors, SessionWatch } from './sessions.ts';

const peer = (more: object) => ({ state: 'Established', peerUptimeMsec: 5_000, pfxSnt: 2, pfxRcd: 0, ...more });

describe('sessions of FRR', () => {
  it('are one for a neighbor, whatever families it carries', () => {
    const summary = {
      ipv4Unicast: { peers: { '192.0.2.254': peer({}) } },
      ipv6Unicast: {
        peers: { '192.0.2.254': peer({ pfxSnt: 3 }), eth0: peer({ state: 'Active', peerUptimeMsec: 0 }) },
      },
    };
    expect(bgpPeers(summary, undefined, 10_000).map(({ session }) => session)).toMatchObject([
      { name: '192.0.2.254', state: 'Established', isUp: true, exported: 5, since: new Date(5_000) },
      { name: 'eth0', state: 'Active', isUp: false, since: undefined },
    ]);
  });

  it('are none where BGP is off', () => {
    expect(bgpPeers({}, undefined, 0)).toEqual([]);
  });

  it('keep their moment while FRR counts seconds, and have a new one after a loss', async () => {
    let [now, uptime] = [100_000, 5_000];
    const watch = new SessionWatch({
      ask: (program) =>
        Promise.resolve(
          program === 'bgpd'
            ? JSON.stringify({ ipv4Unicast: { peers: { tor: peer({ peerUptimeMsec: uptime }) } } })
            : undefined,
        ),
      now: () => now,
    });
    const first = await watch.look(undefined);
    [now, uptime] = [101_400, 6_000];
    expect(await watch.look(undefined)).toEqual(first);
    [now, uptime] = [110_000, 2_000];
    expect((await watch.look(undefined))[0]?.since).toEqual(new Date(108_000));
  });

  it('say why one is not up', async () => {
    const answers: Record<string, unknown> = {
      'show bgp summary json': { ipv4Unicast: { peers: { tor: peer({ state: 'Idle' }) } } },
      'show bgp neighbors tor json': { tor: { lastResetDueTo: 'Peer closed the session' } },
    };
    const watch = new SessionWatch({
      ask: (program, command) => Promise.resolve(program === 'bgpd' ? JSON.stringify(answers[command]) : undefined),
      now: () => 0,
    });
    expect(await watch.look(undefined)).toMatchObject([{ state: 'Idle', message: 'Peer closed the session' }]);
  });

  it('say nothing where the last one was ended from here', async () => {
    const details = {
      lastResetDueTo: 'BGP Notification send',
      lastNotificationReason: 'Cease/Other Configuration Change',
    };
    const answers: Record<string, unknown> = {
      'show bgp summary json': { ipv4Unicast: { peers: { tor: peer({ state: 'Connect' }) } } },
      'show bgp neighbors tor json': { tor: details },
    };
    const watch = new SessionWatch({
      ask: (program, command) => Promise.resolve(program === 'bgpd' ? JSON.stringify(answers[command]) : undefined),
      now: () => 0,
    });
    expect(await watch.look(undefined)).toMatchObject([{ state: 'Connect', message: '' }]);
  });

  it('of OSPF are its neighbors, but for those with whom no adjacency is due', () => {
    const ospf = {
      neighbors: {
        '192.0.2.254': [{ nbrState: 'Full/DR', ifaceName: 'eth0:192.0.2.1', ifaceAddress: '192.0.2.254' }],
        '192.0.2.2': [{ nbrState: '2-Way/DROther', ifaceName: 'eth0:192.0.2.1', ifaceAddress: '192.0.2.2' }],
      },
    };
    expect(ospfNeighbors(ospf)).toEqual([{ interface: 'eth0', address: '192.0.2.254', state: 'Full', isUp: true }]);
    const ospf6 = { neighbors: [{ neighborId: '192.0.2.254', state: 'Init', interfaceName: 'eth0' }] };
    expect(ospfNeighbors(ospf6)).toEqual([{ interface: 'eth0', address: '192.0.2.254', state: 'Init', isUp: false }]);
  });
});
