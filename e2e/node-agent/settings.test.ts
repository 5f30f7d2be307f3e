import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseDuration } from '@fairlead/api';
import type { LBNodeAgentManifest } from '@fairlead/api';
import { startCapture } from '../lab/index.ts';
import type { Capture, LabNode, LanEvent } from '../lab/index.ts';
import { createAllocated, serviceGroup } from './allocated.ts';
import { addressesOn, lifetimesOn } from './kernel.ts';
import { LAN, on } from './local-node.ts';
import { announced, conditionOf, hasInterfaces, startLocalNodes } from './local-nodes.ts';
import type { LocalNodes } from './local-nodes.ts';

/** Stays where it is through all of these tests, and is asked a thousand times a second meanwhile. */
const KEPT = '172.20.9.1';
const SECOND_OWN = '172.21.0.1/24';

const AGENTS = '/apis/fairlead.dev/v1/lbnodeagents';

/** What the API server lets pass and no agent can use. */
const BAD_PATTERN = '/eth(/';

describe('an LBNodeAgent that changes at run time', () => {
  let scene: LocalNodes;
  let holder: LabNode;
  let capture: Capture;
  let probe: Awaited<ReturnType<LocalNodes['probe']>>;
  let started: readonly number[];
  let lifetimeHours = 24;
  let services = 0;

  beforeAll(async () => {
    scene = await startLocalNodes({ nodes: 2 });
    const { lab } = scene;
    holder = (await create(KEPT)).node;
    capture = await startCapture(lab.run);
    await holder.exec(['sh', '-c', 'ip link add eth1 type veth peer name far1 && ip link set far1 up']);
    await holder.exec(['sh', '-c', `ip link set eth1 up && ip addr add ${SECOND_OWN} dev eth1`]);
    probe = await scene.probe(KEPT);
    started = scene.mark();
  }, 90_000);

  afterAll(async () => {
    await capture?.stop();
    await scene?.[Symbol.asyncDispose]();
  }, 20_000);

  /** A Service with the address. @returns where that is */
  async function create(address: string): ReturnType<LocalNodes['untilOn']> {
    services += 1;
    const arrival = scene.untilOn(address);
    await createAllocated(scene.lab, { name: `service-${services}`, addresses: [address], group: 'lan' });
    return arrival;
  }

  /** Changes the settings, and returns when they hold: another lifetime is given to what is there at once. */
  async function change(spec: LBNodeAgentManifest['spec']): Promise<void> {
    lifetimeHours -= 1;
    const { events } = scene.monitor(holder);
    const renewed = events.waitFor(on(LAN, KEPT), { from: events.length });
    await scene.configure({ ...spec, addressLifetime: `${lifetimeHours}h` });
    await renewed;
  }

  /** So many announcements of an address, in the order in which the switch saw them. */
  async function announcements(address: string, count: number): Promise<readonly LanEvent[]> {
    const seen = (): readonly LanEvent[] =>
      capture.events.all.filter((event) => announced(event, address) !== undefined);
    await capture.events.waitFor(() => seen().length >= count, { from: capture.events.length - 1 });
    return seen();
  }

  async function untilInterfaces(...names: readonly string[]): Promise<void> {
    await scene.untilStatus(holder, hasInterfaces(...names));
  }

  test('local.interfaces: names, and regular expressions', async () => {
    const steps: readonly (readonly [readonly string[], readonly string[]])[] = [
      [
        ['eth0', 'eth1'],
        ['eth0', 'eth1'],
      ],
      [['/^eth0$/'], ['eth0']],
      [['/eth/'], ['eth0', 'eth1']],
    ];
    for (const [interfaces, expected] of steps) {
      await scene.configure({ local: { interfaces: [...interfaces] } });
      await untilInterfaces(...expected);
    }
    expect(scene.since(started, KEPT)).toEqual([]);
  }, 60_000);

  test('addressLifetime: what is there has it at once', async () => {
    await change({});
    const lifetime = (await lifetimesOn(holder, LAN)).get(KEPT) ?? 0;
    const asked = parseDuration(`${lifetimeHours}h`) / 1000;
    expect(lifetime).toBeLessThanOrEqual(asked);
    expect(lifetime).toBeGreaterThan(asked - 60);
  }, 20_000);

  test('announcements: the next address is announced as often, and as far apart, as they say', async () => {
    await change({ announcements: { count: 3, interval: '60ms' } });
    const fast = await rows(3, ['172.20.9.11', '172.20.9.12', '172.20.9.13', '172.20.9.14']);
    await change({ announcements: { count: 2, interval: '400ms' } });
    const slow = await rows(2, ['172.20.9.21']);
    // An agent whose loop was held up says all again, which a busy machine does to some: never is it less.
    expect(Math.min(...fast.map(({ count }) => count))).toBe(3);
    expect(Math.min(...fast.map(({ paceMs }) => paceMs))).toBeGreaterThan(50);
    expect(Math.min(...fast.map(({ paceMs }) => paceMs))).toBeLessThan(300);
    expect(slow[0]?.paceMs).toBeGreaterThan(380);
  }, 40_000);

  /** Takes new addresses one after the other: how often each is announced until the next one is, and how soon again. */
  async function rows(
    most: number,
    addresses: readonly string[],
  ): Promise<readonly { readonly count: number; readonly paceMs: number }[]> {
    const found = [];
    for (const address of addresses) {
      await create(address);
      const [first, second] = await announcements(address, most);
      // To be asked for takes an address 100 ms: another one is a clock that waits for more of them.
      await create(`${address}0`);
      found.push({
        count: (await announcements(address, most)).length,
        paceMs: (second?.at ?? 0) - (first?.at ?? 0),
      });
    }
    return found;
  }

  test('failover.interval: the peer is asked as often as it says, from the next question on', async () => {
    for (const [interval, intervalMs] of [
      ['1s', 1000],
      ['20ms', 20],
      ['100ms', 100],
    ] as const) {
      await change({ failover: { interval } });
      const count = Math.max(4, 400 / intervalMs);
      const [first, last] = await questions(count + 1);
      const each = ((last?.at ?? 0) - (first?.at ?? 0)) / count;
      // Either of the two asks, and both do now and then.
      expect(each).toBeGreaterThan(intervalMs / 2.5);
      expect(each).toBeLessThan(intervalMs * 3);
    }
  }, 60_000);

  /** The first and the last of so many questions of one node's agent to the other one, once the former pace is over. */
  async function questions(count: number): Promise<readonly [LanEvent | undefined, LanEvent | undefined]> {
    const addresses = new Map(scene.lab.nodes.map(({ mac, address }) => [mac, address.IPv4]));
    const seen: LanEvent[] = [];
    const from = capture.events.length;
    await capture.events.waitFor(
      (event) => {
        if (
          event.type === 'arp' &&
          event.operation === 'request' &&
          addresses.get(event.destinationMac) === event.targetAddress
        ) {
          seen.push(event);
        }
        // The first ones may have been planned by the former settings.
        return seen.length >= count + 2;
      },
      { from, timeoutMs: 20_000 },
    );
    return [seen[2], seen.at(-1)];
  }

  test('what the API server refuses changes nothing, and the refusal says what to write', async () => {
    const refused: readonly (readonly [LBNodeAgentManifest['spec'], RegExp])[] = [
      [{ announcements: { count: 0 } }, /count/],
      [{ announcements: { interval: '5ms' } }, /write a duration from 10ms to 1m/],
      [{ addressLifetime: '1s' }, /write a duration from 10s to 8760h/],
      [{ failover: { misses: 1 } }, /misses/],
      [{ failover: { interval: 'fast' } }, /write a duration with units/],
      [{ local: { interfaces: ['eth0 eth1'] } }, /write the name of an interface/],
      [{ dummyInterface: '/kube/' }, /write the name of an interface/],
    ];
    for (const [spec, sentence] of refused) {
      await expect(scene.configure(spec)).rejects.toThrow(sentence);
    }
  }, 30_000);

  test('what cannot be used is not used, the condition says so, and the last good settings stay: over a restart, too', async () => {
    const { lab } = scene;
    // By default again since the tests before, which is longer than an interface that lost its part is remembered.
    await untilInterfaces('eth0');
    await scene.configure({ local: { interfaces: ['eth0', 'eth1'] } });
    await untilInterfaces('eth0', 'eth1');
    await scene.configure({ local: { interfaces: [BAD_PATTERN] }, dummyInterface: 'kube-lb5' });
    const status = await scene.untilStatus(holder, (each) => conditionOf(each, 'InvalidInterface') !== undefined);
    expect(conditionOf(status, 'InvalidInterface')).toContain(`"${BAD_PATTERN}" is not a regular expression`);
    expect(hasInterfaces('eth0', 'eth1')(status)).toBe(true);
    await holder.processes.get('agent')?.kill('SIGKILL');
    const since = scene.mark();
    await lab.startAgent(holder);
    // A change of its interfaces would be in the first status that it writes.
    await holder.exec(['ip', 'addr', 'add', '172.21.0.7/24', 'dev', 'eth1']);
    const after = await scene.untilStatus(holder, ({ interfaces = [] }) =>
      interfaces.some(({ addresses = [] }) => addresses.includes('172.21.0.7/24')),
    );
    expect(hasInterfaces('eth0', 'eth1')(after)).toBe(true);
    expect(conditionOf(after, 'InvalidInterface')).toBeDefined();
    expect(scene.since(since, KEPT)).toEqual([]);
    await scene.configure({});
    await scene.untilStatus(holder, (each) => conditionOf(each, 'InvalidInterface') === undefined);
  }, 60_000);

  test('a dummyInterface that is an interface of the node is left to the node', async () => {
    const { lab } = scene;
    await lab.apply(serviceGroup('hosts', ['10.8.0.0/24']));
    const arrivals = scene.monitors.map(({ events }) =>
      events.waitFor(on('kube-lb0', '10.8.0.1'), { from: events.length }),
    );
    await createAllocated(lab, { name: 'virtual', addresses: ['10.8.0.1'], group: 'hosts' });
    await Promise.all(arrivals);
    const since = scene.mark();
    await scene.configure({ dummyInterface: LAN });
    const status = await scene.untilStatus(holder, (each) => conditionOf(each, 'InvalidDummyInterface') !== undefined);
    expect(conditionOf(status, 'InvalidDummyInterface')).toContain('dummyInterface: eth0 is');
    expect(await addressesOn(holder, 'kube-lb0')).toContain('10.8.0.1/32');
    expect(scene.since(since, '10.8.0.1', 'kube-lb0')).toEqual([]);
    expect(scene.since(since, KEPT)).toEqual([]);
    await scene.configure({});
    await scene.untilStatus(holder, (each) => conditionOf(each, 'InvalidDummyInterface') === undefined);
  }, 40_000);

  test('of several LBNodeAgents the most specific holds, then the first by name, on the nodes that it selects', async () => {
    const { lab } = scene;
    const edge = { matchLabels: { edge: 'yes' } };
    await lab.kubectl(['label', 'node', holder.name, 'edge=yes']);
    const both = { matchLabels: { edge: 'yes', 'kubernetes.io/hostname': holder.name } };
    // A lifetime that is shorter counts at once, and one that is longer where less than half of it is left.
    const hours = [
      await lifetimeAfter(() => agents('m-edge', 2, edge)),
      await lifetimeAfter(() => agents('a-edge', 5, edge)),
      await lifetimeAfter(() => agents('z-specific', 1, both)),
      await lifetimeAfter(() => lab.api.delete(`${AGENTS}/z-specific`)),
      await lifetimeAfter(() => lab.api.delete(`${AGENTS}/a-edge`)),
      await lifetimeAfter(() => lab.kubectl(['label', 'node', holder.name, 'edge-'])),
    ];
    expect(hours).toEqual([2, 5, 1, 5, 2, 24]);
    await lab.api.delete(`${AGENTS}/m-edge`);
  }, 60_000);

  async function agents(name: string, hours: number, nodeSelector: object): Promise<void> {
    await scene.lab.apply(
      JSON.stringify({
        apiVersion: 'fairlead.dev/v1',
        kind: 'LBNodeAgent',
        metadata: { name },
        spec: { nodeSelector, addressLifetime: `${hours}h` },
      }),
    );
  }

  /** Does something for which the address gets another lifetime. @returns that, in hours */
  async function lifetimeAfter(cause: () => Promise<unknown>): Promise<number> {
    const { events } = scene.monitor(holder);
    const from = events.length;
    await cause();
    await events.waitFor(on(LAN, KEPT), { from });
    return Math.ceil(((await lifetimesOn(holder, LAN)).get(KEPT) ?? 0) / 3600);
  }

  test('through all of it the address never left its node, and no question for it stayed without an answer', async () => {
    const { lost, sent, turns } = await probe.stop();
    expect(scene.since(started, KEPT).filter(({ deleted }) => deleted)).toEqual([]);
    expect(turns.map(({ node }) => node)).toEqual([holder.name]);
    expect([lost, sent > 1000]).toEqual([0, true]);
  }, 20_000);

  test('failover.misses: a node is dead after as many, and no sooner', async () => {
    const { lab } = scene;
    const other = lab.nodes.find((node) => node !== holder);
    await change({ failover: { interval: '100ms', misses: 20 } });
    const mark = scene.mark();
    const began = Date.now();
    await lab.cutLan(holder);
    const taken = await scene.untilOn(KEPT, { mark });
    expect(taken.node).toBe(other);
    expect(taken.at - began).toBeGreaterThan(1_900);
    expect(taken.at - began).toBeLessThan(5_000);
  }, 40_000);
});
