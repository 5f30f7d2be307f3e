import { addressBits, parseAddress } from '@fairlead/api';
import { now } from '@fairlead/e2e/lab';
import type { Outcome } from './scenario.ts';
import { staged, type Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

/** Somebody on the node takes the address off its interface. */
async function removed(stage: Stage): Promise<Outcome> {
  const fresh = await stage.fresh();
  const { address, holder } = fresh;
  await using watch = await Watch.start(stage.lab, { address });
  const length = addressBits(parseAddress(address).family);
  await holder.exec(['ip', 'address', 'delete', `${address}/${length}`, 'dev', 'eth0']);
  await watch.untilClaimed((mac) => mac === holder.mac, now());
  const seen = await watch.end();
  await stage.drop(fresh);
  const having = seen.times.map(({ node }) => node);
  const [before, after] = seen.times;
  // A flow that the node's packet filter knows already is served meanwhile; a new one is not.
  const awayMs = before === undefined || after === undefined ? 0 : after.from - before.to;
  const others = [...new Set([...seen.answered, ...having])].filter((node) => node !== holder.name);
  return outcomeOf(
    { ...seen, gapMs: Math.max(seen.gapMs, awayMs) },
    {
      faults: [
        ...others.map((node) => `${node} had ${address}, which ${holder.name} was to put back`),
        ...(having.length === 2 ? [] : [`${having.join(', then ')} had ${address}; expected: ${holder.name} twice`]),
      ],
    },
  );
}

/** What people do on nodes. */
export const REMOVED = staged({
  name: 'removed-by-hand',
  what: 'somebody deletes the address on the holder (`ip address delete`): the gap is the time until it is back, or the silence for a client where that is longer; IPv4 and IPv6 in turns',
  promised: { gapMs: 1000, overlapMs: 0 },
  once: removed,
});
