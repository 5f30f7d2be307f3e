import { setTimeout as pass } from 'node:timers/promises';
import { now } from '@fairlead/e2e/lab';
import type { Outcome } from './scenario.ts';
import { GRACEFUL, routed, WITH_BFD, type RoutedStage } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, stopwatch } from './routed-watch.ts';

/** What a kubelet takes to start a container again, for the first time. */
const WITHOUT_DAEMON_MS = 500;

/** BIRD is killed and started again; the ToR keeps what it had announced. */
async function killedGracefully(stage: RoutedStage): Promise<Outcome> {
  const node = stage.nextNode;
  const router = stage.process(node, 'router');
  await using watch = await RoutedWatch.start(stage);
  await router.kill('SIGKILL');
  await pass(WITHOUT_DAEMON_MS);
  const started = now();
  router.start();
  await watch.untilTold(node, 'update', started);
  const seen = await watch.end();
  await stage.untilSettled();
  return routedOutcome(seen, { faults: seen.routeChanges.map((change) => `the ToR's ip monitor: ${change.trim()}`) });
}

/** BIRD is killed; the ToR leads everything to the others until it is back. */
async function killed(stage: RoutedStage): Promise<Outcome> {
  const { lab, nextHops, addresses } = stage;
  const node = stage.nextNode;
  const router = stage.process(node, 'router');
  await using watch = await RoutedWatch.start(stage);
  const { since } = stopwatch();
  await router.kill('SIGKILL');
  const left = await nextHops.untilAll(addresses, stage.othersThan(node));
  await pass(WITHOUT_DAEMON_MS);
  router.start();
  await nextHops.untilAll(addresses, lab.nodes);
  const seen = await watch.end();
  await stage.untilSettled();
  return routedOutcome(seen, { routesMs: since(left), faults: [] });
}

/** The routing daemon of a node is killed and started again, as a container is. */
export const ROUTED_DAEMON = [
  routed({
    name: 'routed-bird-killed-graceful',
    what: 'BIRD on a node is killed (SIGKILL) and half a second later starts again (`-R`); graceful restart, no BFD',
    promised: { lost: 0 },
    setting: GRACEFUL,
    once: killedGracefully,
  }),
  routed({
    name: 'routed-bird-killed-bfd',
    what: 'the same with BFD and without graceful restart: the ToR leads everything to the others meanwhile',
    promised: { gapMs: 500, routesMs: 500 },
    setting: WITH_BFD,
    once: killed,
  }),
];
