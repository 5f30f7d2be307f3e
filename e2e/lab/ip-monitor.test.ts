import { describe, expect, test } from '@jest/globals';
import { parseIpEvent, startIpMonitor } from './ip-monitor.ts';
import { Run } from './run.ts';

/** As iproute2 6.1 prints them. */
const TIME = '[2026-11-21T11:47:52.765198] ';

describe('lines of ip monitor', () => {
  test('an address with its flags and its time', () => {
    const line = String.raw`${TIME}[ADDR]2: x    inet6 fd00::1/128 scope global nodad noprefixroute \       valid_lft forever preferred_lft forever`;
    expect(parseIpEvent(line)).toMatchObject({
      type: 'address',
      deleted: false,
      at: Date.UTC(2026, 10, 21, 11, 47, 52) + 765.198,
      interface: 'x',
      address: 'fd00::1',
      length: 128,
      flags: ['scope', 'global', 'nodad', 'noprefixroute'],
    });
  });

  test('a route that goes', () => {
    const line = `${TIME}[ROUTE]Deleted unicast 10.9.0.0/24 dev x table main proto 201 scope link metric 1000 `;
    expect(parseIpEvent(line)).toMatchObject({
      type: 'route',
      deleted: true,
      kind: 'unicast',
      destination: '10.9.0.0/24',
      protocol: '201',
      interfaces: ['x'],
      gateways: [],
    });
  });

  test('a route with several next hops', () => {
    const line = `${TIME}[ROUTE]unicast 10.8.0.0/24 table main proto bird scope global \\\tnexthop via 10.0.0.1 dev a weight 1 \\\tnexthop via 10.0.0.2 dev b weight 1 `;
    expect(parseIpEvent(line)).toMatchObject({
      gateways: ['10.0.0.1', '10.0.0.2'],
      interfaces: ['a', 'b'],
      protocol: 'bird',
    });
  });

  test('a link and a neighbour', () => {
    expect(parseIpEvent(`${TIME}[LINK]4: eth0@if2: <NO-CARRIER,BROADCAST,UP> mtu 1500`)).toMatchObject({
      type: 'link',
      interface: 'eth0',
      flags: ['NO-CARRIER', 'BROADCAST', 'UP'],
    });
    expect(parseIpEvent(`${TIME}[NEIGH]10.9.0.3 dev x lladdr 02:00:00:00:00:09 STALE `)).toMatchObject({
      type: 'neighbour',
      address: '10.9.0.3',
      mac: '02:00:00:00:00:09',
      state: 'STALE',
    });
  });

  test('nothing else', () => {
    expect(parseIpEvent('[2026-11-21T11:47:52.765198] [NSID]nsid 0')).toBeUndefined();
    expect(parseIpEvent('')).toBeUndefined();
  });
});

test('a monitor sees the first change after it has started, within a millisecond or so of the change', async () => {
  await using run = await Run.start();
  await run.exec(['ip', 'netns', 'add', run.namespaceName('a')]);
  await using monitor = await startIpMonitor(run, 'a');
  await run.exec(['ip', 'link', 'set', 'lo', 'up'], { namespace: 'a' });
  await run.exec(['ip', 'address', 'add', '192.0.2.7/32', 'dev', 'lo'], { namespace: 'a' });
  const before = Date.now();
  await run.exec(['ip', 'address', 'del', '192.0.2.7/32', 'dev', 'lo'], { namespace: 'a' });
  const gone = await monitor.events.waitFor(
    (event) => event.type === 'address' && event.deleted && event.address === '192.0.2.7',
  );
  expect(gone.at).toBeGreaterThanOrEqual(before);
  expect(gone.at).toBeLessThanOrEqual(Date.now() + 1);
  expect(
    monitor.events.all.some((event) => event.type === 'address' && !event.deleted && event.address === '192.0.2.7'),
  ).toBe(true);
});
