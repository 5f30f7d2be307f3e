import type { Outcome } from './scenario.ts';
import { HOLD_TIME, routed, WITH_BFD, type RoutedStage } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, stopwatch } from './routed-watch.ts';

/** A node dies, and boots again when the ToR leads nothing to it any more. */
async function dies(stage: RoutedStage): Promise<Outcome> {
  const { lab, nextHops, addresses } = stage;
  const node = stage.nextNode;
  await using watch = await RoutedWatch.start(stage);
  const { since } = stopwatch();
  await lab.killNode(node);
  const left = await nextHops.untilAll(addresses, stage.othersThan(node));
  await stage.revive(node);
  await stage.untilSettled();
  return routedOutcome(await watch.end(), { routesMs: since(left), faults: [] });
}

/** A node with virtual addresses dies. */
export const ROUTED_DEATH = [
  routed({
    name: 'routed-node-death-bfd',
    what: 'a node dies and boots again later; BGP with BFD (3 x 100 ms)',
    others: 'PureLB 0.14.1: 0.27–0.30 s; PureLB 0.16.6: 0.24–0.30 s',
    promised: { gapMs: 500, routesMs: 500 },
    setting: WITH_BFD,
    once: dies,
  }),
  routed({
    name: 'routed-node-death-hold-time',
    what: 'the same without BFD, with a hold time of 9 s',
    promised: { gapMs: 9500, routesMs: 9500 },
    setting: HOLD_TIME,
    once: dies,
  }),
];
