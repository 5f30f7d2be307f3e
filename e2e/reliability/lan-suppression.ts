import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { now } from '@fairlead/e2e/lab';
import { arranged } from './lan-arranged.ts';
import { addFarSwitch, movePorts, suppressBetween, teach } from './lan-switch.ts';
import type { Outcome } from './scenario.ts';
import type { Stage } from './stage.ts';
import { outcomeOf, Watch } from './watch.ts';

/** Agents that start ask for every address after 5 s at the most; a proof and the wait of each rank come on top. */
const ASKED_MS = 6_000;

/**
 * The holder is behind one leaf, everybody else behind the other one, which answers for the holder whether it lives or not.
 * The other nodes lose their agents, and what these remember; then the holder dies.
 */
async function suppression(stage: Stage): Promise<Outcome> {
  const { lab } = stage;
  const fresh = await stage.fresh({ family: 'IPv4' });
  const { address, holder } = fresh;
  const others = lab.nodes.filter((node) => node !== holder);
  await movePorts(lab.run, [holder.name], 'far');
  await teach(
    lab.run,
    'near',
    [holder.address.IPv4, address].map((behind) => ({ address: behind, mac: holder.mac })),
  );
  await teach(
    lab.run,
    'far',
    [lab.plan.client, lab.plan.tor, ...others].map(({ address: { IPv4 }, mac }) => ({ address: IPv4, mac })),
  );
  await using watch = await Watch.start(lab, { address });
  await Promise.all(others.map(async (node) => stage.agent(node).kill()));
  await Promise.all(others.map(async (node) => rm(join(lab.run.directory, node.name, 'state.json'))));
  await Promise.all(others.map(async (node) => lab.startAgent(node)));
  await pass(ASKED_MS);
  const died = now();
  watch.leaves(holder);
  await lab.killNode(holder);
  await watch.untilClaimed((mac) => others.some((node) => node.mac === mac), died);
  const successor = await stage.untilClaimed(address, holder);
  await stage.revive(holder);
  const seen = await watch.end();
  await stage.drop(fresh);
  // What it had not answered yet when it died belongs to its death.
  const before = seen.report.gaps.filter(({ to }) => to < died).reduce((sum, { lost }) => sum + lost, 0);
  const expected = [holder.name, successor.name].join(', then ');
  const answered = seen.answered.join(', then ');
  return outcomeOf(seen, {
    faults: [
      ...(before > 0 ? [`${before} probes were lost while ${holder.name} lived`] : []),
      ...(answered === expected ? [] : [`${answered} answered for ${address}; expected: ${expected}`]),
    ],
  });
}

/** Silence and answers both lie; what a station says to a question of its own does not. */
export const SUPPRESSION = arranged({
  name: 'arp-suppression',
  what: 'two leaves answer ARP for what is behind the other one (`neigh_suppress`, as in EVPN), the holder alone behind one: the other agents are killed, forget everything and start, and take nothing; then the holder dies; IPv4',
  promised: { overlapMs: 0 },
  arrange: async ({ lab }) => {
    await addFarSwitch(lab.run);
    await suppressBetween(lab.run);
  },
  once: suppression,
});
