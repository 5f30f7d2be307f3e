import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAddress, parsePrefix, prefixContains } from '@fairlead/api';
import { RESPONDER_PORT, SERVICE_CIDRS, startIpMonitor, startLab } from '../lab/index.ts';
import type { IpEvent, IpMonitor, Lab, LabNode, LabProcess } from '../lab/index.ts';
import { createAllocated, deleteService, serviceGroup } from './allocated.ts';
import { addressesOn, addressEvent, announcedRoutes, isOurs, routeEvent } from './kernel.ts';
import { LAN, on, untilCondition } from './local-node.ts';

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const LANS = '/apis/fairlead.dev/v1/lans';

/** Of the group `pool`: two addresses of each family, one Service each. */
const POOL = ['10.9.0.1', '10.9.0.20', 'fd02::1', 'fd02::20'] as const;

describe('which virtual addresses and routes a node has', () => {
  let lab: Lab;
  let node: LabNode;
  let monitor: IpMonitor;
  let agent: LabProcess;

  beforeAll(async () => {
    lab = await startLab({ nodes: 1 });
    node = lab.node(1);
    await lab.startResponders();
    monitor = await startIpMonitor(lab.run, node.namespace);
    agent = await lab.startAgent(1);
  }, 60_000);

  afterAll(async () => {
    await monitor?.stop();
    await lab?.close();
  }, 20_000);

  /** Gives a group these pools, and these settings of `announce`. */
  async function group(name: string, pools: readonly string[], announce?: string): Promise<void> {
    await lab.apply(serviceGroup(name, pools, announce));
  }

  async function expectRoutes(...routes: readonly string[]): Promise<void> {
    const deadline = performance.now() + 5_000;
    const wanted = routes.toSorted().join();
    while ((await announcedRoutes(node)).join() !== wanted && performance.now() < deadline) {
      const { length } = monitor.events;
      await monitor.events.waitFor(() => true, { from: length, timeoutMs: 1_000 }).catch(() => undefined);
    }
    expect(await announcedRoutes(node)).toEqual(routes.toSorted());
  }

  /**
   * Whether at every moment since the position some route of ours had the address, as a router sees it.
   * @param before those that were there
   */
  function alwaysRouted(address: string, from: number, before: readonly string[]): boolean {
    const routes = new Set(before);
    const covered = (): boolean =>
      [...routes].some((route) => prefixContains(prefixOfText(route), parseAddress(address)));
    return monitor.events.all.slice(from).every((event) => {
      if (event.type === 'route' && event.protocol === '201') {
        if (event.deleted) {
          routes.delete(event.destination);
        } else {
          routes.add(event.destination);
        }
      }
      return covered();
    });
  }

  /** How many of twenty questions from elsewhere the node answers on its own address. */
  async function answers(from: string, address = node.address.IPv4): Promise<number> {
    const probe = await lab.probe({ from, address, port: RESPONDER_PORT, packets: 20 });
    return (await probe.finished).received;
  }

  test('an aggregation that changes: the new routes are there before the old ones go, whichever is longer', async () => {
    const ranges = ['10.9.0.0/24', 'fd02::/120'];
    await group('pool', ranges);
    for (const [index, address] of POOL.entries()) {
      await createAllocated(lab, { name: `pool-${index}`, addresses: [address], group: 'pool' });
    }
    await expectRoutes(...POOL);
    const steps: readonly (readonly [readonly string[], readonly string[]])[] = [
      [
        ['10.9.0.0/24 /24', 'fd02::/120 /120'],
        ['10.9.0.0/24', 'fd02::/120'],
      ],
      [
        ['10.9.0.0/24 /28', 'fd02::/120 /124'],
        ['10.9.0.0/28', '10.9.0.16/28', 'fd02::/124', 'fd02::20/124'],
      ],
      [ranges, POOL],
    ];
    for (const [pools, routes] of steps) {
      const before = await announcedRoutes(node);
      const from = monitor.events.length;
      await group('pool', pools);
      await expectRoutes(...routes);
      for (const address of POOL) {
        expect([address, routes, alwaysRouted(address, from, before)]).toEqual([address, routes, true]);
      }
      expect(monitor.events.all.slice(from).filter((event) => event.type === 'address' && isOurs(event))).toEqual([]);
    }
  }, 40_000);

  test('two groups whose aggregates overlap, or are the same: each stays as long as its own addresses', async () => {
    await group('wide', ['10.10.0.0/17 /16']);
    await group('narrow', ['10.10.128.0/25 /24']);
    await group('same', ['10.10.128.128/25 /24']);
    await createAllocated(lab, { name: 'wide', addresses: ['10.10.0.1'], group: 'wide' });
    await createAllocated(lab, { name: 'narrow', addresses: ['10.10.128.1'], group: 'narrow' });
    await createAllocated(lab, { name: 'same', addresses: ['10.10.128.129'], group: 'same' });
    await expectRoutes(...POOL, '10.10.0.0/16', '10.10.128.0/24');
    await deleteService(lab, 'narrow');
    await monitor.events.waitFor(addressEvent('10.10.128.1', true));
    await expectRoutes(...POOL, '10.10.0.0/16', '10.10.128.0/24');
    await deleteService(lab, 'wide');
    await expectRoutes(...POOL, '10.10.128.0/24');
    await deleteService(lab, 'same');
    const last = await monitor.events.waitFor(routeEvent('10.10.128.0/24', true));
    const wide = await monitor.events.waitFor(routeEvent('10.10.0.0/16', true));
    expect(last.at).toBeGreaterThan(wide.at);
    await expectRoutes(...POOL);
  }, 30_000);

  test('an aggregate over what must stay reachable is refused for host routes, the node says so and is reachable', async () => {
    const apiServer = new URL(
      (
        await lab.api.get<{ endpoints: readonly { addresses: readonly string[] }[] }>(
          '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes',
        )
      ).endpoints.map(({ addresses }) => `http://${addresses[0] ?? ''}`)[0] ?? 'http://0.0.0.0',
    ).hostname;
    await node.exec(['ip', 'route', 'add', '10.77.0.0/16', 'via', '10.78.0.1', 'dev', LAN, 'onlink']);
    await lab.apply(ROUTER);
    const [apiNet = ''] = /^\d+\.\d+\.\d+\./.exec(apiServer) ?? [];
    const cases: readonly (readonly [name: string, pool: string, aggregate: string, address: string])[] = [
      [`subnet 172.20.0.0/16 of ${LAN}`, '172.20.200.0/24', '/24', '172.20.200.1'],
      ['subnet fd00:20::/64 of eth0', 'fd00:20::200:0/112', '/64', 'fd00:20::200:1'],
      ['gateway 10.78.0.1', '10.78.0.128/25', '/24', '10.78.0.129'],
      ['router neighbor 10.79.0.1', '10.79.0.128/25', '/24', '10.79.0.129'],
      // The network of the API server, as that of the Pods, is one of the node's own here.
      [`${apiNet}0/24`, `${apiNet}192/28`, '/24', `${apiNet}193`],
      ['10.244.1.0/24', '10.244.1.128/25', '/24', '10.244.1.129'],
      [`Service range ${SERVICE_CIDRS.IPv4}`, '10.96.200.0/24', '/24', '10.96.200.1'],
    ];
    const hosts: string[] = [];
    for (const [index, [, pool, aggregate, address]] of cases.entries()) {
      await group(`bad-${index}`, [`${pool} ${aggregate}`], '{mode: Virtual}');
      await createAllocated(lab, { name: `bad-${index}`, addresses: [address], group: `bad-${index}` });
      hosts.push(address);
    }
    await expectRoutes(...POOL, ...hosts);
    for (const [index, [what]] of cases.entries()) {
      // Five are named in the message, whichever; the others show when those are gone.
      const message = await untilCondition(lab, 'AggregateOverlap', { saying: what, timeoutMs: 5_000 }).catch(() => '');
      expect([what, message.includes(`bad-${index}`)]).toEqual([what, true]);
      await deleteService(lab, `bad-${index}`);
    }
    await untilCondition(lab, 'AggregateOverlap', { gone: true });
    expect(await answers('client')).toBe(20);
    expect(await answers('client', node.address.IPv6)).toBe(20);
    // Behind the gateway.
    expect(await answers('remote')).toBe(20);
    await lab.api.delete('/apis/fairlead.dev/v1/routers/far');
    await node.exec(['ip', 'route', 'del', '10.77.0.0/16']);
    await expectRoutes(...POOL);
  }, 60_000);

  test('a subnet that the node gets later, under a live aggregate: host routes at once, and the subnet is reached', async () => {
    await group('pool', ['10.9.0.0/24 /24', 'fd02::/120']);
    await expectRoutes('10.9.0.0/24', 'fd02::1', 'fd02::20');
    const before = await announcedRoutes(node);
    const from = monitor.events.length;
    // The aggregate is the longer one: until it goes, it hides a part of the subnet.
    await node.exec([
      'sh',
      '-ec',
      `ip link add eth1 type veth peer name far1 netns ${lab.run.namespacePath('remote')}
       ip addr add 10.9.0.100/16 dev eth1
       ip link set eth1 up`,
    ]);
    await lab.run.exec(['sh', '-ec', 'ip addr add 10.9.0.200/16 dev far1 && ip link set far1 up'], {
      namespace: 'remote',
    });
    const gone = await monitor.events.waitFor(routeEvent('10.9.0.0/24', true), { from });
    const came = await monitor.events.waitFor((event) => on('eth1', '10.9.0.100')(event), { from });
    expect(gone.at - came.at).toBeLessThan(1_000);
    expect(await answers('remote', '10.9.0.100')).toBe(20);
    for (const address of ['10.9.0.1', '10.9.0.20']) {
      expect(alwaysRouted(address, from, before)).toBe(true);
    }
    expect(await untilCondition(lab, 'AggregateOverlap')).toContain('10.9.0.0/24 of ServiceGroup pool covers');
    await node.exec(['ip', 'link', 'del', 'eth1']);
    await expectRoutes('10.9.0.0/24', 'fd02::1', 'fd02::20');
    await group('pool', ['10.9.0.0/24', 'fd02::/120']);
    await expectRoutes(...POOL);
  }, 40_000);

  test('traffic policy Local inside an aggregate group: a host route and the address only where an endpoint is ready', async () => {
    await group('mixed', ['10.11.0.0/24 /24']);
    await createAllocated(lab, { name: 'everywhere', addresses: ['10.11.0.1'], group: 'mixed' });
    await createAllocated(lab, {
      name: 'near',
      addresses: ['10.11.0.2'],
      group: 'mixed',
      externalTrafficPolicy: 'Local',
    });
    await expectRoutes(...POOL, '10.11.0.0/24');
    expect(await addressesOn(node, 'kube-lb0')).not.toContain('10.11.0.2/32');
    await lab.api.create(SLICES, endpoints('near', true));
    await expectRoutes(...POOL, '10.11.0.0/24', '10.11.0.2');
    // The one that needs the aggregate goes: the other one has its own.
    await deleteService(lab, 'everywhere');
    await expectRoutes(...POOL, '10.11.0.2');
    await lab.api.patch(`${SLICES}/near-1`, { endpoints: endpoints('near', false).endpoints });
    await expectRoutes(...POOL);
    await monitor.events.waitFor(addressEvent('10.11.0.2', true));
    await deleteService(lab, 'near');
    await lab.api.delete(`${SLICES}/near-1`);
  }, 30_000);

  function endpoints(
    service: string,
    ready: boolean,
  ): { readonly metadata: object; readonly endpoints: readonly object[] } {
    const slice = {
      metadata: { name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.244.1.5'], nodeName: node.name, conditions: { ready } }],
      ports: [{ port: 80 }],
    };
    return slice;
  }

  test('announce.mode at run time: local, virtual, and back', async () => {
    const address = '172.20.9.1';
    await group('lan', ['172.20.9.0/24']);
    await createAllocated(lab, { name: 'mode', addresses: [address], group: 'lan' });
    await monitor.events.waitFor(on(LAN, address));
    const asVirtual = monitor.events.length;
    await group('lan', ['172.20.9.0/24'], '{mode: Virtual}');
    await monitor.events.waitFor(routeEvent(address), { from: asVirtual });
    await monitor.events.waitFor(on(LAN, address, true), { from: asVirtual });
    const asLocal = monitor.events.length;
    await group('lan', ['172.20.9.0/24'], '{mode: Local}');
    const route = await monitor.events.waitFor(routeEvent(address, true), { from: asLocal });
    const left = await monitor.events.waitFor(addressEvent(address, true), { from: asLocal });
    expect(left.at - route.at).toBeGreaterThanOrEqual(1_000);
    await monitor.events.waitFor(on(LAN, address), { from: asLocal });
    await deleteService(lab, 'mode');
    await monitor.events.waitFor(on(LAN, address, true), { from: asLocal });
  }, 40_000);

  test('announce.nodeSelector at run time: what this node may announce no more goes in order, and comes back', async () => {
    await group('edge', ['10.12.0.0/24']);
    await createAllocated(lab, { name: 'edge', addresses: ['10.12.0.1'], group: 'edge' });
    await monitor.events.waitFor(routeEvent('10.12.0.1'));
    const from = monitor.events.length;
    await group('edge', ['10.12.0.0/24'], '{nodeSelector: {matchLabels: {edge: "yes"}}}');
    await expectWithdrawn('10.12.0.1', from);
    const back = monitor.events.length;
    await lab.kubectl(['label', 'node', node.name, 'edge=yes']);
    await monitor.events.waitFor(routeEvent('10.12.0.1'), { from: back });
    await deleteService(lab, 'edge');
    await expectWithdrawn('10.12.0.1', back);
    expect(await addressesOn(node, 'kube-lb0')).not.toContain('10.12.0.1/32');
  }, 30_000);

  /** The route of an address goes, and a grace time later the address. */
  async function expectWithdrawn(address: string, from: number): Promise<void> {
    const route = await monitor.events.waitFor(routeEvent(address, true), { from });
    const left = await monitor.events.waitFor(addressEvent(address, true), { from });
    expect(left.at - route.at).toBeGreaterThanOrEqual(1_000);
  }

  test('Auto: an address of a LAN that no node is on any more stays local, so it is not here; without the LAN it is', async () => {
    await lab.api.create(LANS, {
      apiVersion: 'fairlead.dev/v1',
      kind: 'LAN',
      metadata: { name: '10.60.0.0-24' },
      spec: { subnet: '10.60.0.0/24' },
    });
    await group('far', ['10.60.0.0/24']);
    await createAllocated(lab, { name: 'far', addresses: ['10.60.0.9'], group: 'far' });
    const from = monitor.events.length;
    await createAllocated(lab, { name: 'sentinel', addresses: ['10.61.0.9'] });
    await monitor.events.waitFor(routeEvent('10.61.0.9'), { from });
    expect(monitor.events.all.some(addressEvent('10.60.0.9'))).toBe(false);
    await lab.api.delete(`${LANS}/10.60.0.0-24`);
    await monitor.events.waitFor(routeEvent('10.60.0.9'), { from });
    await deleteService(lab, 'far');
    await deleteService(lab, 'sentinel');
  }, 30_000);

  test('Auto announces nothing virtual before the LANs of this node are registered; what is there stays', async () => {
    await createAllocated(lab, { name: 'before', addresses: ['10.13.0.1'] });
    await monitor.events.waitFor(routeEvent('10.13.0.1'));
    // Agents may not make LANs: nothing that is new is decided.
    const binding = '/apis/rbac.authorization.k8s.io/v1/clusterroles/fairlead-node-agent';
    const role = await lab.api.get<{ rules: readonly { resources?: readonly string[]; verbs: readonly string[] }[] }>(
      binding,
    );
    const rules = role.rules.map((rule) =>
      rule.resources?.includes('lans') === true
        ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'create') }
        : rule,
    );
    await lab.api.patch(binding, { rules });
    for (const { metadata } of (await lab.api.get<{ items: readonly { metadata: { name: string } }[] }>(LANS)).items) {
      await lab.api.delete(`${LANS}/${metadata.name}`);
    }
    const from = monitor.events.length;
    await createAllocated(lab, { name: 'after', addresses: ['10.13.0.2'] });
    await group('always', ['10.13.1.0/24'], '{mode: Virtual}');
    await createAllocated(lab, { name: 'always', addresses: ['10.13.1.1'], group: 'always' });
    await monitor.events.waitFor(routeEvent('10.13.1.1'), { from });
    expect(await announcedRoutes(node)).toEqual(expect.arrayContaining(['10.13.0.1', ...POOL]));
    expect(monitor.events.all.some(addressEvent('10.13.0.2'))).toBe(false);
    await lab.api.patch(binding, { rules: role.rules });
    await monitor.events.waitFor(routeEvent('10.13.0.2'), { from, timeoutMs: 30_000 });
    expect(monitor.events.all.slice(from).filter(isLostRoute)).toEqual([]);
    for (const name of ['before', 'after', 'always']) {
      await deleteService(lab, name);
    }
  }, 60_000);

  test('the grace time outlives the agent, and a Service that is back within it finds its address in place', async () => {
    const address = '10.14.0.1';
    await createAllocated(lab, { name: 'short', addresses: [address] });
    await monitor.events.waitFor(routeEvent(address));
    let from = monitor.events.length;
    await deleteService(lab, 'short');
    await monitor.events.waitFor(routeEvent(address, true), { from });
    await createAllocated(lab, { name: 'short', addresses: [address] });
    await monitor.events.waitFor(routeEvent(address), { from });
    expect(monitor.events.all.slice(from).some((event) => addressEvent(address, true)(event))).toBe(false);
    from = monitor.events.length;
    await deleteService(lab, 'short');
    const route = await monitor.events.waitFor(routeEvent(address, true), { from });
    await agent.kill('SIGKILL');
    expect(await addressesOn(node, 'kube-lb0')).toContain(`${address}/32`);
    agent = await lab.startAgent(1);
    const left = await monitor.events.waitFor(addressEvent(address, true), { from });
    expect(left.at - route.at).toBeGreaterThanOrEqual(1_000);
    expect(monitor.events.all.slice(from).filter((event) => routeEvent(address)(event))).toEqual([]);
  }, 30_000);
});

/** Whether a route of ours went. */
function isLostRoute(event: IpEvent): boolean {
  return event.type === 'route' && event.deleted && event.protocol === '201';
}

/** A Router whose neighbor lies behind the gateway; nobody speaks to it. */
const ROUTER = `
apiVersion: fairlead.dev/v1
kind: Router
metadata: {name: far}
spec:
  asn: 64512
  bgp: {neighbors: [{name: far, address: 10.79.0.1, asn: 64500, multihop: 2}]}
`;

/** A route as `ip` prints it: host routes without a length. */
function prefixOfText(text: string): ReturnType<typeof parsePrefix> {
  return parsePrefix(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
}
