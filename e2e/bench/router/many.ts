import type { IPFamily } from '@fairlead/api';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { shareOf, wait } from '../footprint/usage-over.ts';
import { progress } from '../output.ts';
import { memoryOf } from '../usage.ts';
import { measureChanges } from './change.ts';
import { VirtualNode } from './virtual-node.ts';
import type { ColdStart } from './virtual-node.ts';

const ROUNDS = 3;
/** What a start leaves to do is over by then, and what that left is collected. */
const SETTLE_MS = 20_000;
/** BIRD reads all of the kernel once in a while: this long, that it is seen. */
const IDLE_MS = 60_000;

export interface ManyOptions {
  /** Services of a family. */
  readonly count: number;
  /** What the same takes without an agent, in ms, by family. */
  readonly floor?: Partial<Record<IPFamily, number>>;
}

/** IPv4: an agent that starts among so many, one change among them, and what they cost while nothing happens. */
export async function measureIPv4({ count, floor }: ManyOptions): Promise<Figure[]> {
  progress(`one node, ${count} IPv4 Services`);
  await using node = await VirtualNode.start('IPv4');
  await node.seed('IPv4', count);
  const starts = await measureStarts(node, { family: 'IPv4', count, floorMs: floor?.IPv4 });
  progress('one change after the other');
  const changes = await measureChanges(node, { family: 'IPv4', count });
  progress(`idle for ${(SETTLE_MS + IDLE_MS) / 1_000} s`);
  const idle = await measureIdle(node, count);
  progress(`${count} IPv6 Services beside them`);
  await node.seed('IPv6', count);
  await node.untilAddresses(2 * count + 1);
  return [...starts, ...changes, ...idle, await measureMemory(node, count)];
}

/** IPv6: the same start, whose addresses follow at the kernel's pace, and one change among them. */
export async function measureIPv6({ count, floor }: ManyOptions): Promise<Figure[]> {
  progress(`one node, ${count} IPv6 Services`);
  await using node = await VirtualNode.start('IPv6');
  await node.seed('IPv6', count);
  const starts = await measureStarts(node, { family: 'IPv6', count, floorMs: floor?.IPv6 });
  const began = performance.now();
  await node.untilAddresses(count + 1);
  const what = `${words(count)} IPv6 addresses: the last on kube-lb0 after the last route in the ToR`;
  const follow: Figure = { what, value: (performance.now() - began) / 1_000, unit: 's' };
  progress('one change after the other');
  return [...starts, follow, ...(await measureChanges(node, { family: 'IPv6', count }))];
}

async function measureStarts(
  node: VirtualNode,
  options: { readonly family: IPFamily; readonly count: number; readonly floorMs: number | undefined },
): Promise<Figure[]> {
  const { family, count, floorMs } = options;
  const starts: ColdStart[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`an agent that starts on an empty node, ${round} of ${ROUNDS}`);
    starts.push(await node.coldStart(family, count));
    if (family === 'IPv4') {
      // Announced are addresses, then routes: where the routes are, they must be.
      await node.untilAddresses(count + 1);
    }
  }
  const median = (leg: keyof ColdStart): number =>
    quantile(
      starts.map((start) => start[leg]),
      0.5,
    ) / 1_000;
  const what = `agent starts among ${words(count)} ${family} Services:`;
  return [
    { what: `${what} process start → first sync`, value: median('toSync'), unit: 's' },
    {
      what: `${what} first sync → all routes in the ToR`,
      value: median('toTor'),
      unit: 's',
      atMost: 1.5,
      ...(floorMs === undefined ? {} : { floor: { what: 'the same by ip -batch, no agent', value: floorMs / 1_000 } }),
    },
  ];
}

async function measureIdle({ agent, router }: VirtualNode, count: number): Promise<Figure[]> {
  await wait(SETTLE_MS);
  const [agentShare, routerShare] = await Promise.all([shareOf(agent, IDLE_MS), shareOf(router, IDLE_MS)]);
  const what = `idle with ${words(count)} IPv4 addresses: processor time of`;
  return [
    { what: `${what} the agent`, value: agentShare, unit: '% of a core', atMost: 0.5 },
    { what: `${what} BIRD`, value: routerShare, unit: '% of a core', atMost: 0.5 },
  ];
}

async function measureMemory({ agent }: VirtualNode, count: number): Promise<Figure> {
  await wait(SETTLE_MS);
  const { resident } = await memoryOf(agent.pid);
  return {
    what: `agent with ${words(count)} IPv4 and ${words(count)} IPv6 addresses: resident memory`,
    value: resident,
    unit: 'MiB',
  };
}

function words(count: number): string {
  return count.toLocaleString('en');
}
