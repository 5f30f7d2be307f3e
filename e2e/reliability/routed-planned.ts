import type { Outcome } from './scenario.ts';
import { DRAIN } from './planned-move.ts';
import { routed, type RoutedStage } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, stopwatch } from './routed-watch.ts';
import { untilNodeStatus } from '../scene/observe.ts';

/** A node is to leave: its routes go, then its addresses, and both come back when it may stay. */
async function drained(stage: RoutedStage): Promise<Outcome> {
  const { lab, nextHops, addresses } = stage;
  const node = stage.nextNode;
  await using watch = await RoutedWatch.start(stage);
  const { since } = stopwatch();
  await lab.api.patch(`/api/v1/nodes/${node.name}`, DRAIN.go);
  const left = await nextHops.untilAll(addresses, stage.othersThan(node));
  await untilNodeStatus(lab, node, ({ virtualCount }) => virtualCount === 0);
  await stage.changeNode(node, DRAIN.stay, 'Fit');
  await nextHops.untilAll(addresses, lab.nodes);
  return routedOutcome(await watch.end(), { routesMs: since(left), faults: [] });
}

/** A node leaves because somebody says so. */
export const ROUTED_PLANNED = [
  routed({
    name: 'routed-node-drained',
    what: 'a node is cordoned and annotated to be drained, and later is not',
    promised: { lost: 0 },
    once: drained,
  }),
];
