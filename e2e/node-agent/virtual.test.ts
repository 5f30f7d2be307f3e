import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blocksOf } from '../docs/page.ts';
import { startIpMonitor, startLab } from '../lab/index.ts';
import type { IpMonitor, Lab, LabNode, LabProcess } from '../lab/index.ts';
import { createAllocated, deleteService, serviceGroup } from './allocated.ts';
import { addMarkedAddress, addressesOn, addressEvent, announcedRoutes, isOurs, routeEvent } from './kernel.ts';
import { untilCondition } from './local-node.ts';
import { NodePage } from './node-page.ts';

const PAGE = 'docs/virtual.md';
const pageBlocks = await blocksOf(PAGE);

function endpointOn(node: LabNode, ready: boolean): object {
  return { addresses: ['10.244.1.5'], nodeName: node.name, conditions: { ready } };
}

describe('virtual addresses on a node', () => {
  let lab: Lab;
  let node: LabNode;
  let agent: LabProcess;
  let monitor: IpMonitor;
  let stateFile: string;

  beforeAll(async () => {
    lab = await startLab({ nodes: 1 });
    node = lab.node(1);
    stateFile = join(lab.run.directory, node.name, 'state.json');
    await lab.apply(
      [
        serviceGroup('hosts', ['10.8.0.0/24', 'fd01::/64']),
        '---',
        serviceGroup('aggregates', ['10.9.0.0/24 /24', 'fd02::/64 /64']),
        '---',
        serviceGroup('overlapping', ['10.244.1.128/25 /16']),
      ].join('\n'),
    );
    monitor = await startIpMonitor(lab.run, node.namespace);
    agent = await lab.startAgent(1);
  }, 60_000);

  afterAll(async () => {
    await monitor?.stop();
    await lab?.close();
  }, 20_000);

  test.each([
    ['IPv4', ['10.8.0.1']],
    ['IPv6', ['fd01::1']],
    ['dual-stack', ['10.8.0.2', 'fd01::2']],
  ])(
    '%s: the address is there before its route, and the route goes before the address',
    async (family, addresses) => {
      const name = family.toLowerCase();
      await createAllocated(lab, { name, addresses, group: 'hosts' });
      for (const address of addresses) {
        const route = await monitor.events.waitFor(routeEvent(address));
        const put = await monitor.events.waitFor(addressEvent(address));
        if (family === 'IPv4') {
          // The kernel tells of IPv6 addresses from a work queue, some time after they are there.
          expect(monitor.events.all.indexOf(put)).toBeLessThan(monitor.events.all.indexOf(route));
        }
        expect(put).toMatchObject({ length: address.includes(':') ? 128 : 32 });
        expect(put.line).toContain('noprefixroute');
      }
      await deleteService(lab, name);
      for (const address of addresses) {
        const routeGone = await monitor.events.waitFor(routeEvent(address, true));
        const addressGone = await monitor.events.waitFor(addressEvent(address, true));
        expect(addressGone.at - routeGone.at).toBeGreaterThanOrEqual(990);
      }
      expect(await announcedRoutes(node)).toEqual([]);
      expect(await addressesOn(node, 'kube-lb0')).toEqual([]);
    },
    20_000,
  );

  test('an aggregate is one route for many addresses and goes with the last', async () => {
    await createAllocated(lab, { name: 'one', addresses: ['10.9.0.1', 'fd02::1'], group: 'aggregates' });
    await createAllocated(lab, { name: 'two', addresses: ['10.9.0.2', 'fd02::2'], group: 'aggregates' });
    await monitor.events.waitFor(addressEvent('fd02::2'));
    expect(await announcedRoutes(node)).toEqual(['10.9.0.0/24', 'fd02::/64']);
    await deleteService(lab, 'one');
    await monitor.events.waitFor(addressEvent('fd02::1', true));
    expect(await announcedRoutes(node)).toEqual(['10.9.0.0/24', 'fd02::/64']);
    await deleteService(lab, 'two');
    await monitor.events.waitFor(routeEvent('fd02::/64', true));
    await monitor.events.waitFor(addressEvent('fd02::2', true));
    expect(await announcedRoutes(node)).toEqual([]);
  }, 20_000);

  test('an aggregate over the pod range is refused for a host route, and the node says so', async () => {
    await createAllocated(lab, { name: 'overlap', addresses: ['10.244.200.9'], group: 'overlapping' });
    await createAllocated(lab, { name: 'inside', addresses: ['10.244.1.200'], group: 'overlapping' });
    await monitor.events.waitFor(routeEvent('10.244.1.200'));
    const overlap = await untilCondition(lab, 'AggregateOverlap', { timeoutMs: 10_000 });
    expect(overlap).toContain('10.244.0.0/16 of ServiceGroup overlapping covers');
    expect(await announcedRoutes(node)).toContain('10.244.1.200');
    await deleteService(lab, 'overlap');
    await deleteService(lab, 'inside');
    await monitor.events.waitFor(addressEvent('10.244.1.200', true));
  }, 20_000);

  test('with traffic policy Local there is a route only while a ready endpoint runs here', async () => {
    const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
    await createAllocated(lab, {
      name: 'near',
      addresses: ['10.9.0.7'],
      group: 'aggregates',
      externalTrafficPolicy: 'Local',
    });
    await lab.api.create(slices, {
      metadata: { name: 'near-1', labels: { 'kubernetes.io/service-name': 'near' } },
      addressType: 'IPv4',
      endpoints: [endpointOn(node, true)],
      ports: [{ port: 80 }],
    });
    await monitor.events.waitFor(routeEvent('10.9.0.7'));
    await lab.api.patch(`${slices}/near-1`, { endpoints: [endpointOn(node, false)] });
    await monitor.events.waitFor(routeEvent('10.9.0.7', true));
    expect(await announcedRoutes(node)).toEqual([]);
    await lab.api.delete(`${slices}/near-1`);
    await deleteService(lab, 'near');
    await monitor.events.waitFor(addressEvent('10.9.0.7', true));
  }, 20_000);

  test('what others remove by hand is back within a second, kube-lb0 with all that is on it as well', async () => {
    await createAllocated(lab, { name: 'kept', addresses: ['10.8.0.5', 'fd01::5'], group: 'hosts' });
    await monitor.events.waitFor(addressEvent('fd01::5'));
    const removals: readonly (readonly [string, (event: Parameters<typeof isOurs>[0]) => boolean])[] = [
      ['ip addr del 10.8.0.5/32 dev kube-lb0', addressEvent('10.8.0.5')],
      ['ip addr del fd01::5/128 dev kube-lb0', addressEvent('fd01::5')],
      ['ip route del 10.8.0.5 dev kube-lb0', routeEvent('10.8.0.5')],
      ['ip -6 route del fd01::5 dev kube-lb0', routeEvent('fd01::5')],
      ['ip link set kube-lb0 down', routeEvent('10.8.0.5')],
      ['ip link del kube-lb0', routeEvent('fd01::5')],
    ];
    let last = 0;
    for (const [command, back] of removals) {
      const from = monitor.events.length;
      last = from;
      const began = performance.now();
      await node.exec(command.split(' '));
      await monitor.events.waitFor(back, { from, timeoutMs: 1_000 });
      expect(performance.now() - began).toBeLessThan(1_000);
    }
    await monitor.events.waitFor(addressEvent('fd01::5'), { from: last });
    expect(await announcedRoutes(node)).toEqual(['10.8.0.5', 'fd01::5']);
    expect(await addressesOn(node, 'kube-lb0')).toEqual(['10.8.0.5/32', 'fd01::5/128']);
    await lab.api.until<{ metadata: { name: string }; reason?: string; regarding?: { name?: string } }>(
      '/apis/events.k8s.io/v1/namespaces/default/events',
      ({ reason, regarding }) => reason === 'AddressRestored' && regarding?.name === 'kept',
    );
    await deleteService(lab, 'kept');
    await monitor.events.waitFor(addressEvent('fd01::5', true), { from: last + 1 });
  }, 30_000);

  describe.each([
    ['told by IFA_PROTO', [], 'proto 201'],
    ['told by a metric, as on kernels before 5.18', ['--no-address-protocol'], 'metric 2000000201'],
  ] as const)('what is ours is %s', (_, flags, mark) => {
    beforeAll(async () => {
      await agent.kill('SIGTERM');
      agent = await lab.startAgent(1, { flags });
    }, 30_000);

    test('an agent that is killed changes nothing, and the next one adopts what is there, whatever the state file is', async () => {
      let from = monitor.events.length;
      await createAllocated(lab, { name: 'stays', addresses: ['10.8.0.6', 'fd01::6'], group: 'hosts' });
      const marked = await monitor.events.waitFor(addressEvent('fd01::6'), { from });
      expect(marked.line.includes(' metric 2000000201 ')).toBe(mark !== 'proto 201');
      await monitor.events.waitFor(routeEvent('fd01::6'), { from });
      from = monitor.events.length;
      await agent.kill('SIGKILL');
      agent = await lab.startAgent(1, { flags });
      // SIGTERM writes the file whole. This one looks as if the power had gone meanwhile.
      await agent.kill('SIGTERM');
      const whole = await readFile(stateFile, 'utf8');
      await writeFile(stateFile, whole.slice(0, whole.length / 2));
      await node.cutApi();
      const { length } = await agent.log();
      agent = await lab.startAgent(1, { flags, waitUntilReady: false });
      await agent.waitForLog(/state file .* is not used/, { from: length });
      await node.mendApi();
      await lab.httpUntilOk(node.namespace, 'http://127.0.0.1:7673/readyz', { timeoutMs: 20_000 });
      // Something that has to happen shows that the witness was awake.
      await createAllocated(lab, { name: 'sentinel', addresses: ['10.8.0.7'], group: 'hosts' });
      await monitor.events.waitFor(routeEvent('10.8.0.7'), { from });
      const seen = monitor.events.all.slice(from).filter(isOurs);
      expect(seen.filter(({ line }) => !line.includes('10.8.0.7'))).toEqual([]);
      from = monitor.events.length;
      await deleteService(lab, 'sentinel');
      await deleteService(lab, 'stays');
      await monitor.events.waitFor(addressEvent('fd01::6', true), { from });
    }, 40_000);

    test('what a past life left goes, what is not ours is never touched', async () => {
      let from = monitor.events.length;
      await createAllocated(lab, { name: 'wanted', addresses: ['10.8.0.8'], group: 'hosts' });
      await monitor.events.waitFor(routeEvent('10.8.0.8'), { from });
      await agent.kill('SIGKILL');
      await leave('10.8.0.66', 'kube-lb0', mark);
      await leave('10.8.0.68', 'pods0', mark);
      await addMarkedAddress(lab, node, { address: '10.8.0.72', dev: 'pods0', protocol: 77 });
      for (const command of [
        'ip route add 10.8.0.66/32 dev kube-lb0 proto 201 metric 2000000000',
        'ip route add 10.8.0.67/32 dev eth0 proto 201 metric 5',
        'ip addr add 10.8.0.70/32 dev kube-lb0 noprefixroute metric 201',
        'ip route add 10.8.0.71/32 dev kube-lb0 proto static',
      ]) {
        await node.exec(command.split(' '));
      }
      from = monitor.events.length;
      agent = await lab.startAgent(1, { flags });
      await monitor.events.waitFor(addressEvent('10.8.0.66', true), { from });
      expect(await announcedRoutes(node)).toEqual(['10.8.0.8']);
      expect(await addressesOn(node, 'kube-lb0')).toEqual(['10.8.0.70/32', '10.8.0.8/32']);
      expect(await addressesOn(node, 'pods0')).toEqual(expect.arrayContaining(['10.8.0.72/32']));
      expect(await addressesOn(node, 'pods0')).not.toContain('10.8.0.68/32');
      expect(await node.exec(['ip', 'route', 'show', '10.8.0.71'])).toContain('kube-lb0');
      await deleteService(lab, 'wanted');
      await monitor.events.waitFor(addressEvent('10.8.0.8', true), { from });
      for (const command of [
        'ip addr del 10.8.0.72/32 dev pods0',
        'ip addr del 10.8.0.70/32 dev kube-lb0',
        'ip route flush 10.8.0.71',
      ]) {
        await node.exec(command.split(' '));
      }
    }, 30_000);
  });

  /** Puts an address as an agent would have left it. */
  async function leave(address: string, dev: string, mark: 'proto 201' | 'metric 2000000201'): Promise<void> {
    if (mark === 'proto 201') {
      await addMarkedAddress(lab, node, { address, dev, protocol: 201 });
    } else {
      await node.exec(`ip addr add ${address}/32 dev ${dev} noprefixroute ${mark}`.split(' '));
    }
  }

  describe(`${PAGE} does what it says, in its order`, () => {
    let page: NodePage;

    beforeAll(async () => {
      await agent.kill('SIGTERM');
      agent = await lab.startAgent(1);
      page = new NodePage(lab, node, monitor);
      await expectNothing();
    }, 30_000);

    afterAll(async () => {
      for (const name of ['web', 'shop']) {
        await deleteService(lab, name);
      }
      await expectNothing();
    }, 20_000);

    /** Nothing of ours is on the node any more, soon. */
    async function expectNothing(): Promise<void> {
      await page.expectPrinted('ip address show dev kube-lb0 scope global', '');
      await page.expectPrinted('ip route show proto 201', '');
    }

    test.each([...new Set(pageBlocks.map(({ heading }) => heading))])('%s', async (heading) => {
      const own = pageBlocks.filter((block) => block.heading === heading);
      expect(own).not.toEqual([]);
      for (const block of own) {
        await page.follow(block);
      }
    });
  });

  test('with the API server away at its start it keeps and repairs what the last life announced', async () => {
    await createAllocated(lab, { name: 'offline', addresses: ['10.8.0.9'], group: 'hosts' });
    await monitor.events.waitFor(routeEvent('10.8.0.9'));
    // SIGTERM writes what is known; the file is otherwise at most a second behind.
    await agent.kill('SIGTERM');
    const formerLog = (await agent.log()).length;
    await node.cutApi();
    const from = monitor.events.length;
    agent = await lab.startAgent(1, { waitUntilReady: false });
    await agent.waitForLog(/Going on from the state file/, { from: formerLog });
    await node.exec(['ip', 'addr', 'del', '10.8.0.9/32', 'dev', 'kube-lb0']);
    await monitor.events.waitFor(addressEvent('10.8.0.9'), { from, timeoutMs: 1_000 });
    expect(monitor.events.all.slice(from).filter((event) => routeEvent('10.8.0.9', true)(event))).toEqual([]);
    await deleteService(lab, 'offline');
    await node.mendApi();
    await monitor.events.waitFor(addressEvent('10.8.0.9', true), { from, timeoutMs: 20_000 });
  }, 60_000);
});
