import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAllocated } from './allocated.ts';
import { addressesOn } from './kernel.ts';
import { answersOn, LAN, on, orderOn, startLocalNode } from './local-node.ts';
import type { LocalNode } from './local-node.ts';

const OURS = { IPv4: '172.20.9.1', IPv6: 'fd00:20::9:1' } as const;

/** How a daemon gives an interface its address again: lines of `ip -batch`, for one family. */
interface Daemon {
  readonly name: string;
  readonly lines: (own: { readonly address: string; readonly length: number; readonly gateway: string }) => string[];
}

const DAEMONS: readonly Daemon[] = [
  {
    name: 'dhclient: the address goes and comes, then the default route',
    lines: ({ address, length, gateway }) => [
      `addr del ${address}/${length} dev ${LAN}`,
      `addr add ${address}/${length} dev ${LAN}`,
      `route replace default via ${gateway} dev ${LAN}`,
    ],
  },
  {
    name: 'NetworkManager: noprefixroute, lifetimes, routes of its own with metrics and a source',
    lines: ({ address, length, gateway }) => [
      `addr del ${address}/${length} dev ${LAN}`,
      `addr add ${address}/${length} dev ${LAN} noprefixroute valid_lft 3600 preferred_lft 3600`,
      `route add ${prefixOf(address, length)} dev ${LAN} proto kernel scope link src ${address} metric 100`,
      `route replace default via ${gateway} dev ${LAN} proto dhcp src ${address} metric 100`,
    ],
  },
];

function prefixOf(address: string, length: number): string {
  return `${address.split('.').slice(0, 2).join('.')}.0.0/${length}`;
}

describe.each([0, 1])("the node's own address goes and comes back, promote_secondaries %d", (promote) => {
  let scene: LocalNode;

  beforeAll(async () => {
    scene = await startLocalNode();
    const { lab, node, monitor } = scene;
    await node.exec(['sh', '-c', `echo ${promote} > /proc/sys/net/ipv4/conf/all/promote_secondaries`]);
    await createAllocated(lab, { name: 'web', addresses: Object.values(OURS), group: 'lan' });
    await monitor.events.waitFor(on(LAN, OURS.IPv4));
    await monitor.events.waitFor(on(LAN, OURS.IPv6));
  }, 60_000);

  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  }, 20_000);

  test.each(DAEMONS)(
    '$name',
    async ({ lines }) => {
      const { lab, node, monitor } = scene;
      const own = { address: node.address.IPv4, length: 16, gateway: lab.plan.tor.address.IPv4 };
      const client = lab.plan.client.address.IPv4;
      const from = monitor.events.length;
      const commands = lines(own)
        .map((line) => `ip ${line}`)
        .join(' && ');
      // In the same breath: what the node says before the agent can have done anything.
      const at = await node.exec(['sh', '-c', `${commands} && ip route get ${client} && ip route get 203.0.113.1`]);
      expect(at.match(/ src \S+/g)).toEqual([` src ${own.address}`, ` src ${own.address}`]);
      expect(await node.exec(['ip', 'route', 'show', 'dev', LAN, 'scope', 'link'])).toContain('172.20.0.0/16');
      await monitor.events.waitFor(on(LAN, OURS.IPv4), { from });
      expect(await orderOn(node)).toEqual([`${own.address}/16`, `${OURS.IPv4}/32`]);
      expect(await answersOn(lab, OURS.IPv4)).toBe(20);
      expect(await node.exec(['ip', 'route', 'get', client])).toContain(`src ${own.address}`);
    },
    20_000,
  );

  test('IPv6: ours stays, and is no source', async () => {
    const { lab, node, monitor } = scene;
    const own = node.address.IPv6;
    const from = monitor.events.length;
    await node.exec(['ip', 'addr', 'del', `${own}/64`, 'dev', LAN]);
    await node.exec(['ip', 'addr', 'add', `${own}/64`, 'dev', LAN, 'nodad']);
    await node.exec(['ip', '-6', 'route', 'replace', 'default', 'via', lab.plan.tor.address.IPv6, 'dev', LAN]);
    await monitor.events.waitFor(on(LAN, own), { from });
    expect(await node.exec(['ip', 'route', 'get', lab.plan.client.address.IPv6])).toContain(`src ${own}`);
    expect(await answersOn(lab, OURS.IPv6)).toBe(20);
    expect(monitor.events.all.slice(from).some(on(LAN, OURS.IPv6, true))).toBe(false);
  }, 20_000);

  test('no route is made for an address of ours', async () => {
    const { node } = scene;
    expect(await node.exec(['ip', 'route', 'show', OURS.IPv4])).toBe('');
    expect(await node.exec(['ip', '-6', 'route', 'show', OURS.IPv6])).toBe('');
  });

  test('an interface that stays without an address of its own has none of ours after 10 s, and they come back with it', async () => {
    const { lab, node, monitor } = scene;
    const own = `${node.address.IPv4}/16`;
    const from = monitor.events.length;
    await node.exec(['ip', 'addr', 'del', own, 'dev', LAN]);
    await monitor.events.waitFor(on(LAN, OURS.IPv4, true), { from, timeoutMs: 15_000 });
    expect((await addressesOn(node, LAN)).filter((each) => each.includes('.'))).toEqual([]);
    expect(await answersOn(lab, OURS.IPv6)).toBe(20);
    const before = monitor.events.length;
    await node.exec(['ip', 'addr', 'add', own, 'dev', LAN]);
    await node.exec(['ip', 'route', 'replace', 'default', 'via', lab.plan.tor.address.IPv4, 'dev', LAN]);
    await monitor.events.waitFor(on(LAN, OURS.IPv4), { from: before });
    expect(await orderOn(node)).toEqual([own, `${OURS.IPv4}/32`]);
    expect(await answersOn(lab, OURS.IPv4)).toBe(20);
  }, 40_000);
});
