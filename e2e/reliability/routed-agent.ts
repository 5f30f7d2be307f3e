import { setTimeout as pass } from 'node:timers/promises';
import { AGENT_METRICS } from '@fairlead/e2e/lab';
import type { LabNode } from '@fairlead/e2e/lab';
import type { Outcome } from './scenario.ts';
import { routed, type RoutedStage } from './routed-stage.ts';
import { routedOutcome, RoutedWatch, unrest } from './routed-watch.ts';

/** How long a node is without an agent, on top of what it takes to start the next one. */
const WITHOUT_AGENT_MS = 500;
/** How long agents that start without the API server go on before it is back. */
const WITHOUT_API_MS = 1000;
const READY_TIMEOUT_MS = 60_000;

/** The agent of a node ends and the next one starts, and nobody notices: not the kernel, nor BIRD, nor the ToR. */
async function withoutAgent(stage: RoutedStage, signal: 'SIGKILL' | 'SIGTERM'): Promise<Outcome> {
  const node = stage.nextNode;
  await using watch = await RoutedWatch.start(stage);
  await stage.process(node, 'agent').kill(signal);
  await pass(WITHOUT_AGENT_MS);
  await stage.lab.startAgent(node);
  const seen = await watch.end();
  return routedOutcome(seen, {
    faults: [...unrest(seen), ...seen.kernelEvents.map((event) => `ip monitor: ${event}`)],
  });
}

/** No node reaches the API server; all agents are killed, and go on from their state files when they start. */
async function apiAway(stage: RoutedStage): Promise<Outcome> {
  const { nodes } = stage.lab;
  await using watch = await RoutedWatch.start(stage);
  await Promise.all(nodes.map(async (node) => node.cutApi()));
  try {
    await Promise.all(nodes.map(async (node) => restartFromStateFile(stage, node)));
    await pass(WITHOUT_API_MS);
  } finally {
    await Promise.all(nodes.map(async (node) => node.mendApi()));
  }
  await Promise.all(nodes.map(async (node) => untilReady(stage, node)));
  const seen = await watch.end();
  // That the way to the API server was cut shows in the kernels, too.
  const ours = seen.kernelEvents.filter((event) => event.includes('kube-lb0'));
  return routedOutcome(seen, { faults: [...unrest(seen), ...ours.map((event) => `ip monitor: ${event}`)] });
}

async function restartFromStateFile(stage: RoutedStage, node: LabNode): Promise<void> {
  const former = stage.process(node, 'agent');
  await former.kill();
  const { length: from } = await former.log();
  const agent = await stage.lab.startAgent(node, { waitUntilReady: false });
  await agent.waitForLog(/Going on from the state file/, { from });
}

async function untilReady({ lab }: RoutedStage, node: LabNode): Promise<void> {
  await lab.httpUntilOk(node.namespace, `http://${AGENT_METRICS}/readyz`, { timeoutMs: READY_TIMEOUT_MS });
}

/** Agents end, in all the ways in which they may. */
export const ROUTED_AGENT = [
  routed({
    name: 'routed-agent-killed',
    what: 'the agent of a node is killed (SIGKILL); half a second later the next one starts; the ToR hears nothing of it',
    promised: { lost: 0 },
    once: async (stage) => withoutAgent(stage, 'SIGKILL'),
  }),
  routed({
    name: 'routed-agent-upgraded',
    what: 'the agent of a node is told to end (SIGTERM), as a roll-out does; the next one starts; the ToR hears nothing of it',
    promised: { lost: 0 },
    once: async (stage) => withoutAgent(stage, 'SIGTERM'),
  }),
  routed({
    name: 'routed-api-away',
    what: 'no node reaches the API server, and all agents are killed and start in that time; the ToR hears nothing of it',
    promised: { lost: 0 },
    once: apiAway,
  }),
];
