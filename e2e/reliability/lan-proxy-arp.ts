import { setTimeout as pass } from 'node:timers/promises';
import type { Condition } from '@fairlead/api';
import { LAN } from '@fairlead/e2e/lab';
import { LOCAL_GROUP } from '../scene/manifests.ts';
import { createService, deleteService, holdersOf, untilAddresses, untilNodeStatus } from '../scene/observe.ts';
import { overlapMs } from './holding-times.ts';
import { arranged } from './lan-arranged.ts';
import { plugProxy, PROXY_MAC, setProxy } from './lan-switch.ts';
import type { Outcome } from './scenario.ts';
import { serviceWithoutPods, type Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

const PROXY = 'proxy';
const CONDITION = 'ProxyARP';
/** More than a proof, a wait for each rank and the delay of a proxy (0.8 s in Linux) take: by then it would be taken. */
const TAKEN_BY_MS = 2_000;
const NEWCOMER = 'newcomer';

/** Ends all agents and starts the next ones, which look what the LAN is like; returns when they say it. */
async function restartAgents({ lab }: Stage, proxied: boolean): Promise<void> {
  await Promise.all(lab.nodes.map(async (node) => node.processes.get('agent')?.kill()));
  await Promise.all(lab.nodes.map(async (node) => lab.startAgent(node)));
  await Promise.all(
    lab.nodes.map(async (node) =>
      untilNodeStatus(lab, node, ({ conditions = [] }) => conditions.some(saysProxied) === proxied, {
        timeoutMs: 10_000,
      }),
    ),
  );
}

function saysProxied({ type, message }: Condition): boolean {
  return type === CONDITION && message.includes(PROXY_MAC);
}

/** A router answers for every address while agents start; a Service that comes then waits until it no longer does. */
async function proxyARP(stage: Stage): Promise<Outcome> {
  const { lab } = stage;
  const kept = await stage.fresh({ family: 'IPv4' });
  await using watch = await Watch.start(lab, { address: kept.address });
  await setProxy(lab.run, PROXY, 'on');
  await restartAgents(stage, true);
  await createService(lab, serviceWithoutPods({ name: NEWCOMER, group: LOCAL_GROUP, family: 'IPv4' }));
  const [newcomer = ''] = await untilAddresses(lab, NEWCOMER, 1);
  await pass(TAKEN_BY_MS);
  const thieves = await holdersOf(lab, newcomer);
  await setProxy(lab.run, PROXY, 'off');
  await restartAgents(stage, false);
  await stage.untilClaimed(newcomer);
  const seen = await watch.end();
  await Promise.all([stage.drop(kept), deleteService(lab, NEWCOMER)]);
  const others = [...new Set(seen.answered)].filter((node) => node !== kept.holder.name);
  // The proxy says of every address that it has it: that is the fault that is made here.
  const witnessed = {
    ...seen,
    overlapMs: Math.max(seen.report.overlapMs, overlapMs(seen.times)),
    faults: seen.faults.filter((fault) => !fault.startsWith(PROXY_MAC)),
  };
  return outcomeOf(witnessed, {
    faults: [
      ...thieves.map((node) => `${node} took ${newcomer} where silence cannot be heard`),
      ...others.map((node) => `${node} answered for ${kept.address}, which ${kept.holder.name} has`),
    ],
  });
}

/** Nothing can be proven free. */
export const PROXY_ARP = arranged({
  name: 'proxy-arp',
  what: 'a router answers ARP for every address of the LAN; all agents start anew and say `ProxyARP`, a Service that comes then is not taken, the one that is there stays; then the router stops that',
  promised: { lost: 0, overlapMs: 0 },
  arrange: async ({ lab }) => plugProxy(lab.run, PROXY, LAN.IPv4),
  once: proxyARP,
});
