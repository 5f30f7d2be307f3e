import { setTimeout as pass } from 'node:timers/promises';
import { AGENT_METRICS } from '@fairlead/e2e/lab';
import type { LabNode } from '@fairlead/e2e/lab';
import { MemoryCgroup } from './memory-cgroup.ts';
import type { Outcome } from './scenario.ts';
import { staged, type Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

/** How long a node is without an agent, on top of what it takes to start the next one. */
const WITHOUT_AGENT_MS = 500;
/** Less than a page: whatever the process touches next is too much. */
const NO_MEMORY = 0;
const OOM_TIMEOUT_MS = 10_000;

/** Ends the agent of the node that has an address, starts another one, and looks whether anybody noticed. */
async function withoutAgent(stage: Stage, end: (stage: Stage, node: LabNode) => Promise<void>): Promise<Outcome> {
  const fresh = await stage.fresh();
  const { address, holder } = fresh;
  await using watch = await Watch.start(stage.lab, { address });
  await end(stage, holder);
  await pass(WITHOUT_AGENT_MS);
  await stage.lab.startAgent(holder);
  const seen = await watch.end();
  await stage.drop(fresh);
  const others = [...new Set(seen.answered)].filter((node) => node !== holder.name);
  return outcomeOf(seen, {
    faults: [
      ...others.map((node) => `${node} answered for ${address}, which ${holder.name} has`),
      ...seen.kernelEvents.map((event) => `ip monitor: ${event}`),
    ],
  });
}

async function killed(stage: Stage, node: LabNode): Promise<void> {
  await stage.agent(node).kill();
}

async function replaced(stage: Stage, node: LabNode): Promise<void> {
  await stage.agent(node).kill('SIGTERM');
}

/** The kernel kills the agent: it may have no more memory than it has, and is asked for its metrics until it wants some. */
async function outOfMemory(stage: Stage, node: LabNode): Promise<void> {
  const agent = stage.agent(node);
  await using cgroup = await MemoryCgroup.create(`fairlead-lab-${stage.lab.run.id}`);
  await cgroup.limit(NO_MEMORY);
  await cgroup.take(agent.pid);
  const signal = AbortSignal.timeout(OOM_TIMEOUT_MS);
  while (agent.running && !signal.aborted) {
    await stage.lab.http(node.namespace, `http://${AGENT_METRICS}/metrics`).catch(() => {}); // it dies of the question
  }
  await agent.kill(); // at once, where the kernel has done it
  const kills = await cgroup.kills();
  if (kills !== 1) throw new Error(`the kernel has killed ${kills} processes for want of memory, not the agent alone`);
}

const PROMISED = { lost: 0, overlapMs: 0 };

/** The agent of the node that has the address ends, in all the ways in which it may. */
export const AGENT_GONE = [
  staged({
    name: 'agent-killed',
    what: 'the agent of the holder is killed (SIGKILL); half a second later the next one starts',
    others: 'MetalLB 0.16.1: nobody answers ARP for 5.2–5.9 s; PureLB 0.14.1, 0.16.6: two nodes answer from 6–12 s on',
    promised: PROMISED,
    once: async (stage) => withoutAgent(stage, killed),
  }),
  staged({
    name: 'agent-oom',
    what: "the kernel's OOM killer ends the agent of the holder, by the limit of its memory cgroup; the next one starts",
    promised: PROMISED,
    once: async (stage) => withoutAgent(stage, outOfMemory),
  }),
  staged({
    name: 'agent-upgraded',
    what: 'the agent of the holder is told to end (SIGTERM), as a roll-out does; the next one starts',
    others:
      'MetalLB 0.16.1: gap 25 ms, overlap 194 ms; PureLB 0.14.1: gap 5.1–6.9 s; PureLB 0.16.6: gap 0.14 s, overlap 3 ms',
    promised: PROMISED,
    once: async (stage) => withoutAgent(stage, replaced),
  }),
];
