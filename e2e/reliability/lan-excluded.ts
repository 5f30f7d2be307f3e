import { EXCLUDE_LABEL } from '@fairlead/api';
import { now } from '@fairlead/e2e/lab';
import type { Outcome } from './scenario.ts';
import { staged, type Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

const EXCLUDED = { metadata: { labels: { [EXCLUDE_LABEL]: '' } } };
const INCLUDED = { metadata: { labels: { [EXCLUDE_LABEL]: null } } };

/** One node after the other is excluded, the holder first each time, until there is none that is not. */
async function allExcluded(stage: Stage): Promise<Outcome> {
  const fresh = await stage.fresh();
  const { address } = fresh;
  const { nodes } = stage.lab;
  const holders = [fresh.holder];
  await using watch = await Watch.start(stage.lab, { address });
  for (const [index] of nodes.entries()) {
    const holder = holders.at(-1) ?? fresh.holder;
    const began = now();
    await stage.changeNode(holder, EXCLUDED, 'Excluded');
    if (index < nodes.length - 1) {
      await watch.untilClaimed((mac) => mac !== holder.mac, began);
      holders.push(await stage.untilClaimed(address, holder));
      await watch.untilOneHolder();
    }
  }
  // Services that come now have no choice either.
  const late = [await stage.fresh(), await stage.fresh()];
  const seen = await watch.end();
  await Promise.all([fresh, ...late].map(async (each) => stage.drop(each)));
  await Promise.all(nodes.map(async (node) => stage.changeNode(node, INCLUDED, 'Fit')));
  const names = holders.map(({ name }) => name);
  const wrong = [...new Set(seen.answered)].filter((node) => !names.includes(node));
  return outcomeOf(seen, {
    faults: [
      ...wrong.map((node) => `${node} answered for ${address}, which goes from ${names.join(' to ')}`),
      ...(seen.answered.at(-1) === names.at(-1)
        ? []
        : [`${seen.answered.at(-1)} answered last, and not ${names.at(-1)}`]),
    ],
  });
}

/** Nobody should have it, and somebody must. */
export const ALL_EXCLUDED = staged({
  name: 'all-excluded',
  what: 'every node gets the label that excludes it from load balancers, the holder first each time; then come other Services; IPv4 and IPv6 in turns',
  promised: { lost: 0, overlapMs: 5 },
  once: allExcluded,
});
