import { setTimeout as pass } from 'node:timers/promises';
import { AGENT_METRICS, NAMESPACES, now, RESPONDER_PORT } from '@fairlead/e2e/lab';
import type { Lab, LabNode } from '@fairlead/e2e/lab';
import { holdersOf } from '../scene/observe.ts';
import { arranged } from './lan-arranged.ts';
import type { Outcome, Scenario } from './scenario.ts';
import { longestSilenceMs } from './silence.ts';
import type { FreshAddress, Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

/** The shortest that may be set: `addressLifetime`. */
const LIFETIME_MS = 10_000;
/** Long enough that an address which nobody renews is gone twice over, the kernel's own slowness included. */
const AWAY_MS = 3 * LIFETIME_MS + 2_000;
/** When all agents are killed: what they renewed last has half of its life left at the least. */
const RESTART_AFTER_MS = LIFETIME_MS;
const READY_TIMEOUT_MS = 60_000;
/** More than there are nodes, so that each has some; an odd number, so that the one by the probe is of each family in turn. */
const ADDRESSES = 7;

/** Kills all agents at once and starts the next ones, which do not reach the API server either. */
async function restartAgents({ lab }: Stage, flags: readonly string[]): Promise<void> {
  await killAgents(lab);
  await Promise.all(
    lab.nodes.map(async (node) => {
      const { length: from } = (await node.processes.get('agent')?.log()) ?? '';
      const agent = await lab.startAgent(node, { flags, waitUntilReady: false });
      await agent.waitForLog(/Going on from the state file/, { from });
    }),
  );
}

async function killAgents(lab: Lab): Promise<void> {
  await Promise.all(lab.nodes.map(async (node) => node.processes.get('agent')?.kill()));
}

/** No node reaches the API server for three lifetimes, and in that time every agent starts anew. */
async function apiAway(stage: Stage, flags: readonly string[]): Promise<Outcome> {
  const { lab } = stage;
  const all: FreshAddress[] = [];
  for (let index = 0; index < ADDRESSES; index += 1) all.push(await stage.fresh());
  const [first, second] = all;
  if (first === undefined || second === undefined) throw new RangeError('there are no two addresses to watch');
  const otherProbe = await lab.probe({ from: NAMESPACES.client, address: second.address, port: RESPONDER_PORT });
  await using watch = await Watch.start(lab, { address: first.address });
  const away = now();
  await Promise.all(lab.nodes.map(async (node) => node.cutApi()));
  await pass(RESTART_AFTER_MS);
  await restartAgents(stage, flags);
  await pass(Math.max(0, away + AWAY_MS - now()));
  await Promise.all(lab.nodes.map(async (node) => node.mendApi()));
  await Promise.all(lab.nodes.map(async (node) => untilReady(stage, node)));
  const other = await otherProbe.stop();
  const seen = await watch.end();
  const moved = await Promise.all(
    all.map(async ({ address, holder }) => {
      const holders = await holdersOf(lab, address);
      return holders.join(', ') === holder.name
        ? []
        : [`${address} of ${holder.name} is on ${holders.join(', ') || 'no node'}`];
    }),
  );
  await Promise.all(all.map(async (fresh) => stage.drop(fresh)));
  const both = {
    ...seen,
    lost: seen.lost + other.lost,
    gapMs: Math.max(seen.gapMs, longestSilenceMs(other)),
    overlapMs: Math.max(seen.overlapMs, other.overlapMs),
    probeLateMs: Math.max(seen.probeLateMs, other.maxSendLateMs),
  };
  return outcomeOf(both, { faults: [...moved.flat(), ...notRenewals(seen.kernelEvents, all)] });
}

async function untilReady({ lab }: Stage, node: LabNode): Promise<void> {
  await lab.httpUntilOk(node.namespace, `http://${AGENT_METRICS}/readyz`, { timeoutMs: READY_TIMEOUT_MS });
}

/** All that a kernel may tell of these addresses in that time is that the holder has it, for another while. */
function notRenewals(events: readonly string[], all: readonly FreshAddress[]): string[] {
  const wrong = events.filter((event) =>
    all.some(({ address, holder }) => {
      const isAboutIt = event.includes(` ${address}/`) || event.includes(` ${address} `);
      return isAboutIt && (event.startsWith(`${holder.name}: deleted`) || !event.startsWith(`${holder.name}:`));
    }),
  );
  return wrong.map((event) => `ip monitor: ${event}`);
}

function apiAwayScenario(options: {
  readonly name: string;
  readonly what: string;
  readonly flags: readonly string[];
}): Scenario {
  const { name, what, flags } = options;
  return arranged({
    name,
    what,
    promised: { lost: 0, overlapMs: 0 },
    stage: { agents: { addressLifetime: `${LIFETIME_MS / 1000}s` } },
    arrange: async ({ lab }) => {
      await killAgents(lab);
      await Promise.all(lab.nodes.map(async (node) => lab.startAgent(node, { flags })));
    },
    once: async (stage) => apiAway(stage, flags),
  });
}

/** Nobody hears the API server for so long that every address that is not renewed is gone. */
export const API_AWAY = [
  apiAwayScenario({
    name: 'api-away',
    what: 'no node reaches the API server (packets vanish) for three times `addressLifetime` (10 s here), and all agents are killed and started in that time; seven addresses, one of each family under the probe',
    flags: [],
  }),
  apiAwayScenario({
    name: 'api-away-old-kernel',
    what: 'the same without IFA_PROTO (`--no-address-protocol`), as on kernels before 5.18',
    flags: ['--no-address-protocol'],
  }),
];
