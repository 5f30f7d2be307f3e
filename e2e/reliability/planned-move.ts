import { NODE_ANNOTATIONS } from '@fairlead/api';
import { now } from '@fairlead/e2e/lab';
import type { Bounds, Outcome } from './scenario.ts';
import { staged, type Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

/** Two merge patches of a Node: one that makes it hand over, and one that takes that back. */
interface Leave {
  readonly go: object;
  readonly stay: object;
}

/** What `kubectl fairlead drain` writes. */
export const DRAIN: Leave = {
  go: { metadata: { annotations: { [NODE_ANNOTATIONS.drain]: 'true' } }, spec: { unschedulable: true } },
  stay: { metadata: { annotations: { [NODE_ANNOTATIONS.drain]: null } }, spec: { unschedulable: null } },
};

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
const EXCLUDE: Leave = {
  go: { metadata: { labels: { [EXCLUDE_LABEL]: '' } } },
  stay: { metadata: { labels: { [EXCLUDE_LABEL]: null } } },
};

/** The holder is to leave: it hands the address over, and does not take it back when it may. */
async function plannedMove(stage: Stage, leave: Leave): Promise<Outcome> {
  const fresh = await stage.fresh();
  const { address, holder } = fresh;
  await using watch = await Watch.start(stage.lab, { address });
  const began = now();
  await stage.changeNode(holder, leave.go, 'Excluded');
  await watch.untilClaimed((mac) => mac !== holder.mac, began);
  const successor = await stage.untilClaimed(address, holder);
  await watch.untilOneHolder();
  await stage.changeNode(holder, leave.stay, 'Fit');
  const seen = await watch.end();
  await stage.drop(fresh);
  const wrong = [...new Set(seen.answered)].filter((node) => node !== holder.name && node !== successor.name);
  return outcomeOf(seen, {
    faults: [
      ...wrong.map((node) => `${node} answered for ${address}, which goes from ${holder.name} to ${successor.name}`),
      ...(seen.answered.at(-1) === successor.name ? [] : [`${seen.answered.at(-1)} answered last`]),
    ],
  });
}

const PROMISED: Bounds = { lost: 0, overlapMs: 5 };

/** The node that has the address is to leave, and hands it over. */
export const PLANNED_MOVE = [
  staged({
    name: 'node-drained',
    what: 'the holder is cordoned and annotated to be drained, and later is not; IPv4 and IPv6 in turns',
    promised: PROMISED,
    once: async (stage) => plannedMove(stage, DRAIN),
  }),
  staged({
    name: 'node-excluded',
    what: 'the holder gets the label that excludes it from load balancers, and later loses it; IPv4 and IPv6 in turns',
    promised: PROMISED,
    once: async (stage) => plannedMove(stage, EXCLUDE),
  }),
];
