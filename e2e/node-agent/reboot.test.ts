import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { LBNodeStatusStatus } from '@fairlead/api';
import { LAN, RESPONDER_PORT, startIpMonitor, startLab } from '../lab/index.ts';
import type { IpEvent, IpMonitor, Lab, LabNode, LabProcess } from '../lab/index.ts';
import { untilNodeStatus } from '../scene/observe.ts';
import { createAllocated, serviceGroup } from './allocated.ts';
import { startHealthEndpoint } from './health-endpoint.ts';
import type { HealthEndpoint } from './health-endpoint.ts';
import { addressEvent, routeEvent } from './kernel.ts';
import { on } from './local-node.ts';
import { Witness } from './moves.ts';

const ETH0 = 'eth0';
const LOCAL: readonly [string, string] = ['172.20.9.1', 'fd00:20::9:1'];
const VIRTUAL = '10.8.0.1';

/** Whether the event says that the node has a local address. */
function takesLocal(event: IpEvent): boolean {
  return LOCAL.some((address) => on(ETH0, address)(event));
}

/** Whether the event says that the node has anything that others could see. */
function takes(event: IpEvent): boolean {
  return takesLocal(event) || addressEvent(VIRTUAL)(event) || routeEvent(VIRTUAL)(event);
}

function has({ conditions }: LBNodeStatusStatus, condition: string): boolean {
  return conditions?.some(({ type }) => type === condition) === true;
}

describe('a node that boots', () => {
  let lab: Lab;
  let node: LabNode;
  let agent: LabProcess;
  let monitor: IpMonitor;
  let health: HealthEndpoint | undefined;

  beforeAll(async () => {
    lab = await startLab({ nodes: 2 });
    node = lab.node(1);
    await lab.apply(serviceGroup('lan', ['172.20.9.0/24', 'fd00:20::9:0/112']));
    await lab.apply(serviceGroup('hosts', ['10.8.0.0/24']));
    // There is nobody else who could have them: what the node does not take is on no node.
    agent = await lab.startAgent(node);
    await createAllocated(lab, { name: 'web', addresses: LOCAL, group: 'lan' });
    await createAllocated(lab, { name: 'far', addresses: [VIRTUAL], group: 'hosts' });
    await untilNodeStatus(lab, node, ({ localCount, virtualCount }) => localCount === 2 && virtualCount === 1);
  }, 90_000);

  afterEach(async () => {
    await health?.[Symbol.asyncDispose]();
    health = undefined;
    await monitor?.stop();
  }, 10_000);

  afterAll(async () => {
    await lab?.close();
  }, 30_000);

  /** Power gone and back: an empty kernel, an empty /run; nothing runs but what the test starts. The cable is out. */
  async function reboot(): Promise<void> {
    await node.kill();
    await node.boot();
    await lab.run.exec(['rm', '-rf', join(lab.run.directory, node.name)]);
    await node.exec(['ip', 'link', 'set', ETH0, 'down']);
    monitor = await startIpMonitor(lab.run, node.namespace);
  }

  /** What a node's network daemon does when it is up. */
  async function configureNetwork(): Promise<void> {
    const { tor } = lab.plan;
    await node.exec(['ip', 'link', 'set', ETH0, 'up']);
    await node.exec(['ip', 'addr', 'replace', `${node.address.IPv6}/${LAN.IPv6.split('/')[1]}`, 'dev', ETH0, 'nodad']);
    for (const gateway of [tor.address.IPv4, tor.address.IPv6]) {
      await node.exec(['ip', 'route', 'replace', 'default', 'via', gateway, 'dev', ETH0]);
    }
  }

  async function untilTaken(from: number): Promise<void> {
    for (const address of LOCAL) {
      await monitor.events.waitFor(on(ETH0, address), { from, timeoutMs: 25_000 });
    }
    await monitor.events.waitFor(routeEvent(VIRTUAL), { from });
  }

  test('takes nothing before its network is up and its kube-proxy has said once that it works', async () => {
    await reboot();
    agent = await lab.startAgent(node, { waitUntilReady: false });
    // Neither a network nor a health endpoint.
    await untilNodeStatus(lab, node, ({ fitness }) => fitness?.message?.includes('nothing listens there') === true);
    health = await startHealthEndpoint(lab, node);
    await health.answered(503, 2);
    await configureNetwork();
    // A network, and a kube-proxy that is not done: asked every half second.
    await health.answered(503, 8);
    const { fitness, localCount, virtualCount } = await untilNodeStatus(
      lab,
      node,
      (status) => status.fitness?.message?.includes('503') === true,
    );
    expect([fitness?.state, fitness?.reason, localCount, virtualCount]).toEqual(['Unfit', 'WaitingForDataPath', 0, 0]);
    expect(monitor.events.all.filter(takes)).toEqual([]);
    const from = monitor.events.length;
    await health.answer(200);
    await untilTaken(from);
    await untilNodeStatus(lab, node, (status) => status.fitness?.state === 'Fit');
  }, 60_000);

  test('takes no local address before its network is up, though kube-proxy works', async () => {
    await reboot();
    health = await startHealthEndpoint(lab, node);
    await health.answer(200);
    agent = await lab.startAgent(node);
    await untilNodeStatus(lab, node, (status) => has(status, 'NoLocalInterface'));
    // What is routed does not need that interface.
    await monitor.events.waitFor(routeEvent(VIRTUAL));
    expect(monitor.events.all.filter(takesLocal)).toEqual([]);
    const from = monitor.events.length;
    await configureNetwork();
    for (const address of LOCAL) {
      await monitor.events.waitFor(on(ETH0, address), { from });
    }
  }, 60_000);

  test('a data path that has been bad hands over after 30 s, and a new agent does not open it', async () => {
    await reboot();
    await configureNetwork();
    health = await startHealthEndpoint(lab, node);
    await health.answer(200);
    agent = await lab.startAgent(node);
    await untilTaken(0);
    const from = monitor.events.length;
    const began = performance.now();
    await health.answer(503);
    await monitor.events.waitFor(routeEvent(VIRTUAL, true), { from, timeoutMs: 45_000 });
    expect(performance.now() - began).toBeGreaterThan(29_000);
    await untilNodeStatus(lab, node, ({ fitness }) => fitness?.reason === 'DataPathUnhealthy');
    await agent.kill('SIGTERM');
    const restarted = monitor.events.length;
    agent = await lab.startAgent(node);
    expect(monitor.events.all.slice(restarted).filter(takes)).toEqual([]);
    // The local ones stay: there is no other node.
    expect(monitor.events.all.some((event) => LOCAL.some((address) => on(ETH0, address, true)(event)))).toBe(false);
    await health.answer(200);
    await monitor.events.waitFor(routeEvent(VIRTUAL), { from: restarted });
  }, 90_000);

  test('goes on after 10 s where nothing listens, says so, and the next agent does not wait again', async () => {
    await reboot();
    await configureNetwork();
    const began = performance.now();
    agent = await lab.startAgent(node, { waitUntilReady: false });
    await untilTaken(0);
    expect(performance.now() - began).toBeGreaterThan(9_500);
    const { fitness, conditions } = await untilNodeStatus(
      lab,
      node,
      (status) => has(status, 'DataPathUnchecked') && status.localCount === 2,
    );
    expect(fitness?.state).toBe('Fit');
    const unchecked = conditions?.find(({ type }) => type === 'DataPathUnchecked');
    expect(unchecked?.message).toContain('nothing listens at http://127.0.0.1:10256/healthz');
    expect(conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    // The API server is away when the next agent starts: the state file is from this boot, so it goes on at once.
    await agent.kill('SIGTERM');
    await node.cutApi();
    const before = (await agent.log()).length;
    const restarted = performance.now();
    agent = await lab.startAgent(node, { waitUntilReady: false });
    await agent.waitForLog(/Going on from the state file/, { from: before });
    expect(performance.now() - restarted).toBeLessThan(8_000);
    await node.mendApi();
    await lab.httpUntilOk(node.namespace, 'http://127.0.0.1:7673/readyz', { timeoutMs: 20_000 });
  }, 60_000);

  test('takes nothing back of what went to others when it died', async () => {
    await using witness = await Witness.start(lab);
    const other = lab.node(2);
    await lab.startAgent(other);
    await lab.startResponders();
    const died = witness.mark();
    const dead = node.kill();
    for (const address of LOCAL) {
      await witness.came(address, died, { among: [other] });
    }
    await dead;
    await reboot();
    await configureNetwork();
    const probe = await lab.probe({ from: 'client', address: LOCAL[0], port: RESPONDER_PORT });
    health = await startHealthEndpoint(lab, node);
    await health.answer(200);
    const back = monitor.events.length;
    agent = await lab.startAgent(node);
    // It announces again what every node announces, and no local address that another one has.
    await monitor.events.waitFor(routeEvent(VIRTUAL), { from: back });
    // Its last life had both.
    await untilNodeStatus(lab, node, ({ fitness, localCount }) => fitness?.state === 'Fit' && localCount === 0);
    expect(monitor.events.all.filter(takesLocal)).toEqual([]);
    const { lost, turns } = await probe.stop();
    expect([lost, turns.map((turn) => turn.node)]).toEqual([0, [other.name]]);
  }, 60_000);
});
