import { setTimeout as pass } from 'node:timers/promises';
import { NAMESPACES, now } from '@fairlead/e2e/lab';
import { lossesOf } from './lan-arranged.ts';
import { setPorts } from './lan-switch.ts';
import type { Outcome } from './scenario.ts';
import { staged, type FreshAddress, type Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

/** As long as a bridge with the shortest forward delay that 802.1D allows needs from blocking to forwarding, and more. */
const LEARNING_MS = 10_000;
/** Frames that are under way when the ports change. */
const UNDER_WAY_MS = 50;
/** One more than there are families in a turn, so that the one that is watched is IPv4 and IPv6 by turns. */
const ADDRESSES = 7;

/** No frame passes between any two stations, and no carrier is lost: whoever took silence for death would take everything. */
async function learning(stage: Stage): Promise<Outcome> {
  const { lab } = stage;
  const all: FreshAddress[] = [];
  for (let index = 0; index < ADDRESSES; index += 1) all.push(await stage.fresh());
  const [watched] = all;
  if (watched === undefined) throw new RangeError('there is no address to watch');
  await using watch = await Watch.start(lab, { address: watched.address });
  const ports = [NAMESPACES.client, NAMESPACES.tor, ...lab.nodes.map(({ name }) => name)];
  await setPorts(lab.run, ports, 'learning');
  const silent = now();
  await pass(LEARNING_MS);
  const over = now();
  await setPorts(lab.run, ports, 'forwarding');
  const passing = now();
  await watch.untilClaimed((mac) => mac === watched.holder.mac, passing);
  const seen = await watch.end();
  await Promise.all(all.map(async (fresh) => stage.drop(fresh)));
  const passed = seen.report.packets.filter(
    ({ sent, answered }) => answered !== null && sent > silent + UNDER_WAY_MS && answered < over,
  );
  const others = [...new Set(seen.answered)].filter((node) => node !== watched.holder.name);
  const answers = seen.report.packets.flatMap(({ answered }) =>
    answered !== null && answered > passing ? [answered] : [],
  );
  const { lost, gapMs } = lossesOf(seen.report.packets, { from: passing });
  const untilServedMs = Math.min(...answers) - passing;
  return outcomeOf(
    { ...seen, lost, gapMs: Math.max(gapMs, untilServedMs) },
    {
      faults: [
        ...seen.kernelEvents.map((event) => `ip monitor: ${event}`),
        ...others.map((node) => `${node} answered for ${watched.address}, which ${watched.holder.name} has`),
        ...(passed.length > 0 ? [`${passed.length} probes were answered while no frame could pass`] : []),
      ],
    },
  );
}

/** The LAN is dead for a while, and looks alive. */
export const LEARNING = staged({
  name: 'ports-learning',
  what: 'all ports of the switch are in learning for 10 s (spanning tree), with their carrier up; lost, and the gap until the first answer, from when frames pass again; IPv4 and IPv6 in turns',
  promised: { overlapMs: 0 },
  once: learning,
});
