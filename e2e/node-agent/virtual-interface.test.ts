import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startIpMonitor, startLab } from '../lab/index.ts';
import type { IpEvent, IpMonitor, Lab, LabNode, LabProcess } from '../lab/index.ts';
import { markedAddressesOn } from '../scene/observe.ts';
import { createAllocated, deleteService, serviceGroup } from './allocated.ts';
import { addressesOn, addressEvent, announcedRoutes, routeEvent } from './kernel.ts';
import { on, untilCondition } from './local-node.ts';

/** The Service that is there through all of these tests. */
const KEPT = ['10.8.0.1', 'fd01::1'] as const;
const HOST_PREFIXES = ['10.8.0.1/32', 'fd01::1/128'];
const AGENTS = '/apis/fairlead.dev/v1/lbnodeagents';

describe('kube-lb0, the interface for virtual addresses', () => {
  let lab: Lab;
  let node: LabNode;
  let monitor: IpMonitor;
  let agent: LabProcess;

  beforeAll(async () => {
    lab = await startLab({ nodes: 1 });
    node = lab.node(1);
    monitor = await startIpMonitor(lab.run, node.namespace);
    await lab.apply(serviceGroup('hosts', ['10.8.0.0/24', 'fd01::/64']));
    await createAllocated(lab, { name: 'kept', addresses: KEPT, group: 'hosts' });
  }, 60_000);

  afterAll(async () => {
    await monitor?.stop();
    await lab?.close();
  }, 20_000);

  /** `ip` commands, in one go. */
  async function ip(...commands: readonly string[]): Promise<void> {
    await node.exec(['sh', '-ec', commands.map((command) => `ip ${command}`).join('\n')]);
  }

  /** Waits until each address, or its route, has come (or gone) since the position. */
  async function seen(
    of: (address: string, deleted?: boolean) => (event: IpEvent) => boolean,
    options: { readonly from: number; readonly gone?: boolean; readonly timeoutMs?: number },
  ): Promise<void> {
    const { from, gone = false, timeoutMs = 10_000 } = options;
    await Promise.all(KEPT.map(async (address) => monitor.events.waitFor(of(address, gone), { from, timeoutMs })));
  }

  async function expectAnnounced(name = 'kube-lb0'): Promise<void> {
    expect(await addressesOn(node, name)).toEqual(HOST_PREFIXES);
    expect(await announcedRoutes(node)).toEqual([...KEPT]);
    expect(await node.exec(['ip', 'route', 'show', 'dev', name, 'proto', '201'])).toContain(KEPT[0]);
  }

  /** Routes of ours that went since the position. */
  function routesLost(from: number): string[] {
    return monitor.events.all
      .slice(from)
      .filter((event) => event.type === 'route' && event.deleted && event.protocol === '201')
      .map(({ line }) => line);
  }

  test('an interface of that name that has a life of its own is not touched: named, and nothing is announced', async () => {
    await ip('link add kube-lb0 type bridge', 'addr add 10.99.0.1/24 dev kube-lb0');
    const from = monitor.events.length;
    agent = await lab.startAgent(1, { waitUntilReady: false });
    const saying = 'kube-lb0 is of kind bridge here and not of kind dummy';
    await untilCondition(lab, 'Ready', { saying });
    await untilCondition(lab, 'InvalidDummyInterface', { saying });
    expect(await addressesOn(node, 'kube-lb0')).toEqual(['10.99.0.1/24']);
    expect(await node.exec(['ip', 'link', 'show', 'kube-lb0'])).toContain('state DOWN');
    // New interfaces have no IPv6 on hardened hosts. This one is ours, and its addresses need it.
    await node.exec(['sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
    await ip('link del kube-lb0');
    await seen(routeEvent, { from });
    await seen(addressEvent, { from });
    await expectAnnounced();
    await untilCondition(lab, 'InvalidDummyInterface', { gone: true });
    await untilCondition(lab, 'IPv6Disabled', { gone: true });
    await node.exec(['sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=0']);
  }, 40_000);

  const [ipv4, ipv6] = KEPT;

  test.each<[string, readonly string[], (event: IpEvent) => boolean]>([
    ['emptied of addresses', ['ip addr flush dev kube-lb0'], addressEvent(ipv6)],
    ['emptied of routes', ['ip route flush dev kube-lb0', 'ip -6 route flush dev kube-lb0'], routeEvent(ipv6)],
    ['switched off', ['ip link set kube-lb0 down'], routeEvent(ipv4)],
    ['given an MTU with which there is no IPv6', ['ip link set kube-lb0 mtu 1000'], routeEvent(ipv6)],
    ['without IPv6 by sysctl', ['sysctl -qw net.ipv6.conf.kube-lb0.disable_ipv6=1'], routeEvent(ipv6)],
  ])(
    '%s: all is back within a second',
    async (_, commands, back) => {
      const from = monitor.events.length;
      const began = performance.now();
      await node.exec(['sh', '-ec', commands.join('\n')]);
      await monitor.events.waitFor(back, { from, timeoutMs: 1_000 });
      expect(performance.now() - began).toBeLessThan(1_000);
      await expectThere();
    },
    20_000,
  );

  /** Removes each of the addresses once; `flush` would go on while the agent puts them back. */
  async function takeAddresses(): Promise<void> {
    await ip(...HOST_PREFIXES.map((prefix) => `addr del ${prefix} dev kube-lb0`));
  }

  /** Another agent knows nothing of what others did before. */
  async function restart(): Promise<void> {
    await agent.kill('SIGKILL');
    agent = await lab.startAgent(1);
  }

  test('the sixth time within a minute it is left as it is, and named; what is new is announced', async () => {
    await restart();
    for (let time = 1; time <= 5; time += 1) {
      const from = monitor.events.length;
      await takeAddresses();
      await seen(addressEvent, { from });
    }
    const from = monitor.events.length;
    await takeAddresses();
    await createAllocated(lab, { name: 'new', addresses: ['10.8.0.9'], group: 'hosts' });
    await monitor.events.waitFor(routeEvent('10.8.0.9'), { from });
    await untilCondition(lab, 'Contested', { saying: `${ipv6} of kube-lb0` });
    await deleteService(lab, 'new');
    await monitor.events.waitFor(addressEvent('10.8.0.9', true), { from });
    expect(await addressesOn(node, 'kube-lb0')).toEqual([]);
    await restart();
    await expectThere();
  }, 40_000);

  test('deleted: made anew, and all is back within a second', async () => {
    const from = monitor.events.length;
    await ip('link del kube-lb0');
    await seen(routeEvent, { from, timeoutMs: 1_000 });
    await expectThere();
    expect(routesLost(from)).not.toEqual([]);
  }, 20_000);

  test('moved into another network namespace: made anew, and all is back within a second', async () => {
    const from = monitor.events.length;
    await ip(`link set kube-lb0 netns ${lab.run.namespacePath('client')}`);
    await seen(routeEvent, { from, timeoutMs: 1_000 });
    await expectThere();
    const moved = await lab.run.exec(['ip', 'address', 'show', 'dev', 'kube-lb0'], { namespace: 'client' });
    expect(moved).not.toContain(ipv4);
    await lab.run.exec(['ip', 'link', 'del', 'kube-lb0'], { namespace: 'client' });
  }, 20_000);

  /** Some events come before the last step is done; what counts is what is there. */
  async function expectThere(name = 'kube-lb0'): Promise<void> {
    const deadline = performance.now() + 5_000;
    while (performance.now() < deadline) {
      const length = monitor.events.length;
      const there = [...(await addressesOn(node, name)), ...(await announcedRoutes(node))];
      if (there.join() === [...HOST_PREFIXES, ...KEPT].join()) {
        return;
      }
      // The kernel does not tell of all that it does.
      await monitor.events.waitFor(() => true, { from: length, timeoutMs: 200 }).catch(() => undefined);
    }
    await expectAnnounced(name);
  }

  test('renamed: a new one takes all over without a gap, the former one keeps nothing of ours', async () => {
    const from = monitor.events.length;
    await ip('link set kube-lb0 down', 'link set kube-lb0 name old0 up');
    await seen(routeEvent, { from });
    await expectThere();
    // The witness knows interfaces by their first names.
    await monitor.events.waitFor((event) => event.deleted && event.line.includes(' old0'), { from });
    expect(await addressesOn(node, 'old0')).toEqual([]);
    await ip('link del old0');
    await expectAnnounced();
  }, 20_000);

  test('replaced by one of another kind under the same name: not touched; when that goes, all is back', async () => {
    const from = monitor.events.length;
    // Or the agent would be quicker.
    agent.signal('SIGSTOP');
    await ip('link del kube-lb0', 'link add kube-lb0 type bridge');
    agent.signal('SIGCONT');
    const taken = await untilCondition(lab, 'InvalidDummyInterface', { timeoutMs: 10_000 });
    expect(taken).toContain('kind bridge');
    expect(await addressesOn(node, 'kube-lb0')).toEqual([]);
    await ip('link del kube-lb0');
    await seen(routeEvent, { from, timeoutMs: 5_000 });
    await expectThere();
    await untilCondition(lab, 'InvalidDummyInterface', { gone: true });
  }, 30_000);

  test('another dummyInterface at run time: addresses, then routes move, and no route is away in between', async () => {
    const from = monitor.events.length;
    await lab.api.create(AGENTS, {
      apiVersion: 'fairlead.dev/v1',
      kind: 'LBNodeAgent',
      metadata: { name: 'all' },
      spec: { dummyInterface: 'kube-lb7' },
    });
    for (const address of KEPT) {
      await monitor.events.waitFor(on('kube-lb7', address), { from });
      const moved = await monitor.events.waitFor(routeEvent(address), { from });
      const left = await monitor.events.waitFor(on('kube-lb0', address, true), { from });
      expect(moved.line).toContain('kube-lb7');
      expect(monitor.events.all.indexOf(moved)).toBeLessThan(monitor.events.all.indexOf(left));
    }
    await expectThere('kube-lb7');
    expect(routesLost(from)).toEqual([]);
    expect(await addressesOn(node, 'kube-lb0')).toEqual([]);
  }, 30_000);

  test('another one while no agent runs: the next agent moves all as well', async () => {
    await agent.kill('SIGKILL');
    await lab.api.delete(`${AGENTS}/all`);
    const from = monitor.events.length;
    agent = await lab.startAgent(1);
    for (const address of KEPT) {
      await monitor.events.waitFor(on('kube-lb7', address, true), { from });
    }
    await expectThere();
    expect(routesLost(from)).toEqual([]);
    expect(await markedAddressesOn(lab, node)).toHaveLength(KEPT.length);
    await ip('link del kube-lb7');
    await expectAnnounced();
  }, 30_000);

  test('what others put there is never touched: an address, a route, one in place of ours', async () => {
    await createAllocated(lab, { name: 'second', addresses: ['10.8.0.2'], group: 'hosts' });
    await monitor.events.waitFor(routeEvent('10.8.0.2'));
    await ip('addr add 10.8.0.70/32 dev kube-lb0', 'route add 10.8.0.71/32 dev kube-lb0');
    await ip('route replace 10.8.0.2/32 dev kube-lb0 metric 2000000000 proto static');
    expect(await untilCondition(lab, 'KernelRefuses')).toContain('10.8.0.2');
    await deleteService(lab, 'second');
    await monitor.events.waitFor(addressEvent('10.8.0.2', true));
    await untilCondition(lab, 'KernelRefuses', { gone: true });
    const routes = await node.exec(['ip', 'route', 'show', 'dev', 'kube-lb0']);
    expect(routes).toContain('10.8.0.71');
    expect(routes).toMatch(/10\.8\.0\.2 proto static/);
    expect(await addressesOn(node, 'kube-lb0')).toContain('10.8.0.70/32');
    await ip('addr del 10.8.0.70/32 dev kube-lb0', 'route flush 10.8.0.71/32', 'route flush 10.8.0.2/32');
  }, 30_000);

  test('events that were lost (ENOBUFS) are made up for by a reading: what others took meanwhile is back', async () => {
    agent.signal('SIGSTOP');
    const batch = join(lab.run.directory, 'flood');
    const pair = 'echo "route add 198.18.0.1 dev lo\nroute del 198.18.0.1"';
    const loop = `for i in $(seq 1 15000); do ${pair}; done`;
    // The agent's socket holds some 20,000 events; one for less privileged programs fewer, so the witness and `ip` itself
    // lose some as well.
    await monitor.stop();
    await node.exec(['sh', '-ec', `(${loop}) > ${batch}; ip -force -batch ${batch} || true`]);
    monitor = await startIpMonitor(lab.run, node.namespace);
    await node.exec(['sh', '-ec', 'ip addr flush dev kube-lb0; ip -6 route flush dev kube-lb0']);
    agent.signal('SIGCONT');
    await seen(addressEvent, { from: 0 });
    await expectThere();
    const metrics = await lab.http(node.namespace, 'http://127.0.0.1:7673/metrics');
    expect(metrics.body).toMatch(/fairlead_agent_kernel_readings_total\{reason="lost events"\} [1-9]/);
  }, 60_000);
});
