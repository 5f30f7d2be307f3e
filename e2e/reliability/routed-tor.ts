import { setTimeout as pass } from 'node:timers/promises';
import { NAMESPACES } from '@fairlead/e2e/lab';
import type { Lab } from '@fairlead/e2e/lab';
import type { Outcome } from './scenario.ts';
import { routed, type RoutedStage } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, stopwatch } from './routed-watch.ts';

/** Longer than BFD, shorter than the hold time: each session ends at once and begins anew. */
const LINK_DOWN_MS = 1000;

/** The ToR's daemon restarts, and forgets what it had learnt. */
async function torRestarts(stage: RoutedStage): Promise<Outcome> {
  const { lab, nextHops, addresses } = stage;
  await using watch = await RoutedWatch.start(stage);
  const { since } = stopwatch();
  await lab.tor.kill('SIGTERM');
  await nextHops.untilAll(addresses, []);
  await lab.tor.revive();
  const back = await nextHops.untilAll(addresses, lab.nodes);
  await stage.untilSettled();
  return routedOutcome(await watch.end(), { routesMs: since(back), faults: [] });
}

/** The cable between the ToR and the nodes' switch is unplugged for a moment. */
async function linkFlaps(stage: RoutedStage): Promise<Outcome> {
  const { lab, nextHops, addresses } = stage;
  await using watch = await RoutedWatch.start(stage);
  const { since } = stopwatch();
  await setPort(lab, 'down');
  await pass(LINK_DOWN_MS);
  await setPort(lab, 'up');
  await stage.untilSettled();
  const back = await nextHops.untilAll(addresses, lab.nodes);
  return routedOutcome(await watch.end(), { routesMs: since(back), faults: [] });
}

async function setPort(lab: Lab, state: 'up' | 'down'): Promise<void> {
  await lab.run.exec(['ip', 'link', 'set', NAMESPACES.tor, state], { namespace: NAMESPACES.switch });
}

/** What the ToR does to its nodes. */
export const ROUTED_TOR = [
  routed({
    name: 'routed-tor-restarts',
    what: 'the daemon of the ToR ends (SIGTERM), which takes its routes with it, and starts again',
    promised: { gapMs: 15_000 },
    once: torRestarts,
  }),
  routed({
    name: 'routed-link-flaps',
    what: 'the link of the ToR to the nodes is down for a second; BFD ends all sessions, and they come back',
    promised: { gapMs: 15_000 },
    once: linkFlaps,
  }),
];
