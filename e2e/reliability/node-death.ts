import type { IPFamily } from '@fairlead/api';
import { NAMESPACES, now } from '@fairlead/e2e/lab';
import type { LabNode } from '@fairlead/e2e/lab';
import type { Bounds, Outcome } from './scenario.ts';
import { staged, type FreshAddress, type Stage } from './stage.ts';
import { outcomeOf, Watch, type Seen } from './watch.ts';

interface Death {
  readonly family: IPFamily;
  readonly from?: string;
  /** Done when the node is dead, before anybody else has its address. */
  readonly thereupon?: (stage: Stage) => Promise<void>;
}

/** The node that has an address dies; another one takes it, and keeps it when the first one has booted again. */
async function nodeDeath(stage: Stage, { family, from, thereupon }: Death): Promise<Outcome> {
  const fresh = await stage.fresh({ family });
  const { address, holder } = fresh;
  await using watch = await Watch.start(stage.lab, { address, ...(from !== undefined && { from }) });
  await die(stage, watch, holder);
  await thereupon?.(stage);
  const successor = await stage.untilClaimed(address, holder);
  await stage.revive(holder);
  return judge(stage, fresh, successor, await watch.end());
}

/** The same, without an API server from before the death until somebody has the address. */
async function deathWithoutApi(stage: Stage): Promise<Outcome> {
  const fresh = await stage.fresh();
  const { address, holder } = fresh;
  const { apiServer } = stage.lab.controlPlane;
  await using watch = await Watch.start(stage.lab, { address });
  apiServer.pause();
  const died = now();
  try {
    await die(stage, watch, holder);
    await watch.untilClaimed((mac) => mac !== holder.mac, died);
  } finally {
    apiServer.resume();
  }
  const successor = await stage.untilClaimed(address, holder);
  await stage.revive(holder);
  return judge(stage, fresh, successor, await watch.end());
}

async function die(stage: Stage, watch: Watch, holder: LabNode): Promise<void> {
  watch.leaves(holder);
  await stage.lab.killNode(holder);
}

async function judge(stage: Stage, fresh: FreshAddress, successor: LabNode, seen: Seen): Promise<Outcome> {
  await stage.drop(fresh);
  const expected = [fresh.holder.name, successor.name].join(', then ');
  const answered = seen.answered.join(', then ');
  return outcomeOf(seen, {
    faults: answered === expected ? [] : [`${answered} answered for ${fresh.address}; expected: ${expected}`],
  });
}

/** The ToR forgets whom it knows: the next packet makes it ask, and nobody answers yet. */
async function emptyNeighboursOfTor(stage: Stage): Promise<void> {
  await stage.lab.run.exec(['ip', 'neigh', 'flush', 'dev', 'eth0'], { namespace: NAMESPACES.tor });
}

const PROMISED: Bounds = { gapMs: 1000, overlapMs: 0 };
const OTHERS_WARM = 'MetalLB 0.16.1: 5.1–6.1 s; PureLB 0.14.1: 20 s and more; PureLB 0.16.6: 24 s and more';
const OTHERS_COLD =
  'until another node announces: MetalLB 0.16.1: 5.1–6.6 s; PureLB 0.14.1: 5.2–7.5 s; PureLB 0.16.6: 8.0–12.9 s';

/** The node that has the address dies. */
export const NODE_DEATH = [
  staged({
    name: 'node-death-ipv4',
    what: 'the holder of an IPv4 address dies and boots again later; the client has it in its ARP cache',
    others: OTHERS_WARM,
    promised: PROMISED,
    once: async (stage) => nodeDeath(stage, { family: 'IPv4' }),
  }),
  staged({
    name: 'node-death-ipv6',
    what: 'the holder of an IPv6 address dies and boots again later; the client has it in its neighbour cache',
    promised: PROMISED,
    once: async (stage) => nodeDeath(stage, { family: 'IPv6' }),
  }),
  staged({
    name: 'node-death-cold',
    what: 'the holder dies and boots again later; the client is behind the router, whose ARP cache is emptied as soon as the holder is dead',
    others: OTHERS_COLD,
    promised: PROMISED,
    once: async (stage) =>
      nodeDeath(stage, { family: 'IPv4', from: NAMESPACES.remote, thereupon: emptyNeighboursOfTor }),
  }),
  staged({
    name: 'node-death-without-api',
    what: 'the holder dies while the API server does not answer (SIGSTOP: its connections stay open); IPv4 and IPv6 in turns',
    promised: PROMISED,
    once: deathWithoutApi,
  }),
];
