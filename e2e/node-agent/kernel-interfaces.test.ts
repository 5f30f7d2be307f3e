import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LBNodeAgentManifest, LBNodeStatusStatus } from '@fairlead/api';
import { claimant, startCapture } from '../lab/index.ts';
import { nodeAgents } from '../scene/manifests.ts';
import { untilNodeStatus } from '../scene/observe.ts';
import { createAllocated, deleteService, serviceGroup } from './allocated.ts';
import { addressesOn } from './kernel.ts';
import { answersOn, LAN, on, startLocalNode } from './local-node.ts';
import type { LocalNode } from './local-node.ts';

/** On the LAN of eth0, and on the second one. */
const FIRST = '172.20.9.1';
const SECOND = '172.21.0.65';
const OWN = '172.21.0.1/24';

/** Whether eth1 is said to have a carrier, or none. */
function carrier(up: boolean): (status: LBNodeStatusStatus) => boolean {
  return ({ interfaces = [] }) => interfaces.find(({ name }) => name === 'eth1')?.carrier === up;
}

describe('interfaces of a node change while it holds local addresses', () => {
  let scene: LocalNode;

  beforeAll(async () => {
    scene = await startLocalNode();
    const { lab, monitor } = scene;
    await addSecond();
    await lab.apply(serviceGroup('second', ['172.21.0.64/26']));
    await createAllocated(lab, { name: 'first', addresses: [FIRST], group: 'lan' });
    await monitor.events.waitFor(on(LAN, FIRST));
  }, 60_000);

  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  }, 20_000);

  /** A cable from eth1 to far1 of the client. */
  async function addSecond(): Promise<void> {
    const { lab, node } = scene;
    const client = lab.run.namespaceName('client');
    await node.exec(['ip', 'link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'far1', 'netns', client]);
    await batch(['link set eth1 up', `addr add ${OWN} dev eth1`]);
    await lab.run.exec(['sh', '-c', 'ip addr add 172.21.0.2/24 dev far1 && ip link set far1 up'], {
      namespace: 'client',
    });
  }

  async function batch(lines: readonly string[]): Promise<void> {
    await scene.node.exec(['sh', '-c', lines.map((line) => `ip ${line}`).join(' && ')]);
  }

  async function configure(spec: LBNodeAgentManifest['spec']): Promise<void> {
    await scene.lab.apply(JSON.stringify(nodeAgents(spec)));
  }

  async function untilStatus(condition: (status: LBNodeStatusStatus) => boolean): Promise<void> {
    await untilNodeStatus(scene.lab, scene.node, condition, { timeoutMs: 25_000 });
  }

  async function untilInterfaces(names: readonly string[]): Promise<void> {
    await untilStatus(({ interfaces = [] }) => interfaces.map(({ name }) => name).join() === names.join());
  }

  test('an LBNodeAgent that comes at run time names a second interface, and a regular expression does', async () => {
    const { lab, monitor } = scene;
    await configure({ local: { interfaces: ['default', '/eth[1-9]/'] } });
    await untilInterfaces(['eth0', 'eth1']);
    await createAllocated(lab, { name: 'second', addresses: [SECOND], group: 'second' });
    await monitor.events.waitFor(on('eth1', SECOND));
    expect([await answersOn(lab, FIRST), await answersOn(lab, SECOND)]).toEqual([20, 20]);
  }, 40_000);

  test('an interface without carrier keeps its addresses, and the status says so', async () => {
    const { lab, monitor } = scene;
    const from = monitor.events.length;
    await lab.run.exec(['ip', 'link', 'set', 'far1', 'down'], { namespace: 'client' });
    await untilStatus(carrier(false));
    await lab.run.exec(['ip', 'link', 'set', 'far1', 'up'], { namespace: 'client' });
    await untilStatus(carrier(true));
    expect(await answersOn(lab, SECOND)).toBe(20);
    expect(monitor.events.all.slice(from).some(on('eth1', SECOND, true))).toBe(false);
  }, 40_000);

  test('with another MAC the addresses are announced anew, and peers know the former one for a day', async () => {
    const { lab, node } = scene;
    const mac = '02:aa:bb:cc:dd:01';
    await using capture = await startCapture(lab.run, { namespace: 'client', interface: 'far1' });
    await batch([`link set eth1 address ${mac}`]);
    await capture.events.waitFor((event) => claimant(event, SECOND) === mac);
    await untilStatus(({ interfaces = [] }) =>
      interfaces.some((each) => each.mac === mac && (each.formerMACs ?? []).length === 1),
    );
    expect(await answersOn(lab, SECOND)).toBe(20);
    expect(await addressesOn(node, 'eth1')).toContain(`${SECOND}/32`);
  }, 40_000);

  test('a renamed interface is judged by its new name', async () => {
    const { lab, node, monitor } = scene;
    await batch(['link set eth1 down', 'link set eth1 name eth7', 'link set eth7 up']);
    await untilInterfaces(['eth0', 'eth7']);
    expect(await answersOn(lab, SECOND)).toBe(20);
    const from = monitor.events.length;
    await batch(['link set eth7 down', 'link set eth7 name other0', 'link set other0 up']);
    // `ip monitor` goes on calling it by the name that it had first.
    await monitor.events.waitFor(on('eth1', SECOND, true), { from, timeoutMs: 20_000 });
    await untilInterfaces(['eth0']);
    expect(await addressesOn(node, 'other0')).toEqual([OWN]);
    await batch(['link set other0 down', 'link set other0 name eth1', 'link set eth1 up']);
    await monitor.events.waitFor(on('eth1', SECOND), { from });
    expect(await answersOn(lab, SECOND)).toBe(20);
  }, 60_000);

  test('a group that names an interface has its addresses there, whatever is local', async () => {
    const { lab, monitor } = scene;
    await lab.apply(serviceGroup('second', ['172.21.0.64/26'], '{interfaces: [eth1]}'));
    const from = monitor.events.length;
    await lab.api.delete('/apis/fairlead.dev/v1/lbnodeagents/all');
    await createAllocated(lab, { name: 'named', addresses: ['172.21.0.66'], group: 'second' });
    await monitor.events.waitFor(on('eth1', '172.21.0.66'), { from });
    expect(await answersOn(lab, SECOND)).toBe(20);
    expect(monitor.events.all.slice(from).some(on('eth1', SECOND, true))).toBe(false);
    await deleteService(lab, 'named');
    await monitor.events.waitFor(on('eth1', '172.21.0.66', true), { from });
  }, 40_000);

  test('an interface that becomes the port of a bridge hands its addresses to the bridge', async () => {
    const { lab, monitor } = scene;
    await lab.apply(serviceGroup('second', ['172.21.0.64/26'], '{interfaces: ["/(eth1|br1)/"]}'));
    const from = monitor.events.length;
    await batch([
      'link add br1 type bridge forward_delay 0',
      'link set br1 up',
      'link set eth1 master br1',
      `addr del ${OWN} dev eth1`,
      `addr add ${OWN} dev br1`,
    ]);
    await monitor.events.waitFor(on('br1', SECOND), { from, timeoutMs: 20_000 });
    await monitor.events.waitFor(on('eth1', SECOND, true), { from, timeoutMs: 20_000 });
    await lab.run.exec(['ip', 'neigh', 'flush', 'dev', 'far1'], { namespace: 'client' });
    expect(await answersOn(lab, SECOND)).toBe(20);
    await batch([`addr del ${OWN} dev br1`, 'link del br1', `addr add ${OWN} dev eth1`]);
    await monitor.events.waitFor(on('eth1', SECOND), { from: monitor.events.all.length - 1 });
    expect(await answersOn(lab, SECOND)).toBe(20);
  }, 60_000);

  test('an interface that vanishes and is made anew has its addresses again', async () => {
    const { lab, monitor } = scene;
    await batch(['link del eth1']);
    await untilInterfaces(['eth0']);
    const from = monitor.events.length;
    await addSecond();
    await monitor.events.waitFor(on('eth1', SECOND), { from });
    expect(await answersOn(lab, SECOND)).toBe(20);
  }, 40_000);

  test('the default route leads to another interface: local is where it leads, by metric and when one goes down', async () => {
    const { lab, monitor } = scene;
    await lab.apply(serviceGroup('second', ['172.21.0.64/26']));
    await monitor.events.waitFor(on('eth1', SECOND, true), { from: 0, timeoutMs: 20_000 });
    const from = monitor.events.length;
    const tor = lab.plan.tor.address.IPv4;
    // IPv6 has its own default route, which stays with eth0 and keeps it local for IPv6.
    await batch([
      'route del default',
      `route add default via ${tor} dev eth0 metric 200`,
      'route add default via 172.21.0.2 dev eth1 metric 100',
    ]);
    await monitor.events.waitFor(on('eth1', SECOND), { from, timeoutMs: 20_000 });
    const before = monitor.events.length;
    // The kernel tells nobody of the IPv4 routes that go with it.
    await batch(['link set eth1 down', 'link set eth1 up']);
    await monitor.events.waitFor(on('eth1', SECOND, true), { from: before, timeoutMs: 20_000 });
    await untilInterfaces(['eth0']);
    expect(await answersOn(lab, FIRST)).toBe(20);
  }, 80_000);

  test('another dummyInterface at run time takes the virtual addresses over, and the former one keeps none', async () => {
    const { lab, node, monitor } = scene;
    await lab.apply(serviceGroup('hosts', ['10.8.0.0/24']));
    await createAllocated(lab, { name: 'virtual', addresses: ['10.8.0.1'], group: 'hosts' });
    await monitor.events.waitFor(on('kube-lb0', '10.8.0.1'));
    const from = monitor.events.length;
    await configure({ dummyInterface: 'kube-lb7' });
    await monitor.events.waitFor(on('kube-lb7', '10.8.0.1'), { from });
    await monitor.events.waitFor(on('kube-lb0', '10.8.0.1', true), { from });
    expect(await node.exec(['ip', 'route', 'show', '10.8.0.1'])).toContain('dev kube-lb7 proto 201');
    expect(monitor.events.all.slice(from).some(on(LAN, FIRST, true))).toBe(false);
  }, 40_000);

  test('two Services on one address: it stays until the second one goes', async () => {
    const { lab, monitor } = scene;
    const shared = '172.20.9.9';
    await createAllocated(lab, { name: 'one', addresses: [shared], group: 'lan' });
    await createAllocated(lab, { name: 'other', addresses: [shared], group: 'lan' });
    await monitor.events.waitFor(on(LAN, shared));
    const from = monitor.events.length;
    await deleteService(lab, 'one');
    await untilStatus(({ localAddresses = [] }) =>
      localAddresses.some(({ address, service }) => address === shared && service === 'default/other'),
    );
    expect(monitor.events.all.slice(from).some(on(LAN, shared, true))).toBe(false);
    await deleteService(lab, 'other');
    await monitor.events.waitFor(on(LAN, shared, true), { from });
  }, 40_000);

  test('a nodeSelector that leaves this node out takes the address away, and brings it back', async () => {
    const { lab, node, monitor } = scene;
    const from = monitor.events.length;
    const pools = ['172.20.9.0/24', 'fd00:20::9:0/112'];
    await lab.apply(serviceGroup('lan', pools, '{nodeSelector: {matchLabels: {edge: "yes"}}}'));
    await monitor.events.waitFor(on(LAN, FIRST, true), { from, timeoutMs: 20_000 });
    const back = monitor.events.length;
    await lab.kubectl(['label', 'node', node.name, 'edge=yes']);
    await monitor.events.waitFor(on(LAN, FIRST), { from: back });
    expect(await answersOn(lab, FIRST)).toBe(20);
  }, 60_000);
});
