import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Outcome } from '../reliability/scenario.ts';
import { ROUTED } from '../reliability/routed-scenarios.ts';
import { HOLD_TIME, RoutedStage, WITH_BFD, type RoutedScenario } from '../reliability/routed-stage.ts';

/**
 * One repetition of each scenario of `make reliability` with virtual addresses, in one lab. Their figures are those of a
 * machine at work, so that bounds of time have room; what may not be lost at all may not be lost here.
 */
let stage: RoutedStage;

/** Times of a machine on which other things run. */
const ROOM_MS = 1500;

beforeAll(async () => {
  stage = await RoutedStage.start({ setting: WITH_BFD, progress: () => {} });
}, 120_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
}, 30_000);

async function once(name: string): Promise<Outcome> {
  return proving(async () => {
    const outcome = await scenario(name).once(stage);
    process.stderr.write(`${name}: ${JSON.stringify(outcome)}\n`);
    return outcome;
  });
}

/** Keeps the logs where something is wrong. */
async function proving<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    stage.lab.fail();
    throw error;
  }
}

function scenario(name: string): RoutedScenario {
  const found = ROUTED.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`no scenario ${name}`);
  return found;
}

test.each([
  'routed-agent-killed',
  'routed-agent-upgraded',
  'routed-api-away',
  'routed-node-drained',
  'routed-router-edited',
])(
  '%s: nothing is lost, and whoever is to hear nothing of it does not',
  async (name) => {
    const outcome = await once(name);
    expect(outcome).toMatchObject({ lost: 0, connections: { lost: 0 }, faults: [] });
  },
  60_000,
);

test.each(['routed-address-removed', 'routed-interface-removed'])(
  '%s: what somebody takes away is back within a second',
  async (name) => {
    const { gapMs, faults } = await once(name);
    expect(faults).toEqual([]);
    expect(gapMs).toBeLessThan(1000 + ROOM_MS);
  },
  60_000,
);

test(
  'a route that is not ours, or lies outside of the groups, is never announced',
  async () =>
    proving(async () => {
      const { lab, nextHops } = stage;
      const node = lab.node(1);
      // 4: static. Within one batch `ip` takes it by its name for the number before it (iproute2 6.1).
      const foreign = [
        ['10.99.7.1', 'dev kube-lb0 proto 4'],
        ['10.99.7.2', 'dev eth0 proto 201'],
        ['203.0.113.1', 'dev kube-lb0 proto 201'],
        ['fd00:99::7001', 'dev kube-lb0 proto 4'],
        ['fd00:99::7002', 'dev eth0 proto 201'],
        ['2001:db8::1', 'dev kube-lb0 proto 201'],
      ] as const;
      // BIRD hears of them in this order: when it has told of the last two, it has seen all others.
      const ours = [
        ['10.99.7.9', 'dev kube-lb0 proto 201'],
        ['fd00:99::7009', 'dev kube-lb0 proto 201'],
      ] as const;
      const batch = [...foreign, ...ours].map(([address, how]) => `route add ${address} ${how}`);
      const agent = stage.process(node, 'agent');
      agent.pause(); // it would take away what nobody asked it for
      await lab.run.exec(['ip', '-batch', '-'], { namespace: node.namespace, stdin: batch.join('\n') });
      await nextHops.untilAll(
        ours.map(([address]) => address),
        [node],
      );
      const announced = await Promise.all(
        foreign.map(async ([address, how]) => ((await nextHops.of(address)).length === 0 ? [] : [`${address} ${how}`])),
      );
      agent.resume();
      expect(announced.flat()).toEqual([]);
      // That it is told what its router has, and takes it away, ends what this test has begun.
      await nextHops.untilAll(
        ours.map(([address]) => address),
        [],
      );
      const others = foreign
        .filter(([, how]) => !how.includes('201'))
        .map(([address, how]) => `route del ${address} ${how}`);
      await lab.run.exec(['ip', '-batch', '-'], { namespace: node.namespace, stdin: others.join('\n') });
    }),
  60_000,
);

test.each(['routed-node-death-bfd', 'routed-bird-killed-bfd'])(
  '%s: the others have all of it within the time of BFD',
  async (name) => {
    const { gapMs, routesMs, faults } = await once(name);
    expect(faults).toEqual([]);
    expect(gapMs).toBeLessThan(500 + ROOM_MS);
    expect(routesMs).toBeLessThan(500 + ROOM_MS);
  },
  60_000,
);

test.each(['routed-tor-restarts', 'routed-link-flaps'])(
  '%s: all of it is back by itself',
  async (name) => {
    const { faults } = await once(name);
    expect(faults).toEqual([]);
  },
  60_000,
);

test('routed-bird-killed-graceful: nothing is lost', async () => {
  const outcome = await once('routed-bird-killed-graceful');
  expect(outcome).toMatchObject({ lost: 0, connections: { lost: 0 }, faults: [] });
}, 60_000);

test(
  'without BFD a node that has died is noticed within the hold time',
  async () =>
    proving(async () => {
      await stage.use({ ...HOLD_TIME, name: 'tor-short-hold', holdTime: '3s' });
      const { nextHops, addresses, lab } = stage;
      const died = performance.now();
      await lab.killNode(3);
      await nextHops.untilAll(addresses, stage.othersThan(lab.node(3)));
      expect(performance.now() - died).toBeLessThan(3000 + ROOM_MS);
    }),
  60_000,
);
