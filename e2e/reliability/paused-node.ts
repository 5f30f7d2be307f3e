import { setTimeout as pass } from 'node:timers/promises';
import { now } from '@fairlead/e2e/lab';
import type { Bounds, Outcome } from './scenario.ts';
import { staged, type Stage } from './stage.ts';
import { outcomeOf, settledAfterHearing, Watch } from './watch.ts';

/** The shortest that may be set. */
const LIFETIME_MS = 10_000;
/** An address that has not been renewed is gone by then: the kernel looks about once a second. */
const LONGER_THAN_LIFETIME_MS = LIFETIME_MS + 1500;
/** After the address is elsewhere. */
const SHORT_MS = 500;
/** How long is looked whether it stays with one of them: `CONFIRM_MS`, late answers and 300 ms of doubt are over by then. */
const AFTERMATH_MS = 1000;

/**
 * The holder stops with everything that it has, its address goes elsewhere, and it goes on as if no time had passed: its
 * kernel, which knows nothing, is on the LAN before its agent is.
 */
async function pausedNode(stage: Stage, awayMs: number): Promise<Outcome> {
  const fresh = await stage.fresh();
  const { address, holder } = fresh;
  const agent = stage.agent(holder);
  const paused = now();
  agent.pause();
  await stage.lab.cutLan(holder);
  const successor = await stage.untilClaimed(address, holder);
  await pass(Math.max(0, paused + awayMs - now(), SHORT_MS));
  await using watch = await Watch.start(stage.lab, { address, absent: [holder] });
  watch.returns(holder);
  await holder.mendLan();
  agent.resume();
  const resumed = now();
  await watch.untilOneHolder();
  await pass(AFTERMATH_MS);
  const seen = await watch.end();
  await stage.drop(fresh);
  const settled = settledAfterHearing(watch, seen, { since: resumed, macs: [holder.mac, successor.mac] });
  const wrong = [...new Set(seen.answered)].filter((node) => node !== holder.name && node !== successor.name);
  return outcomeOf(seen, {
    settled,
    faults: wrong.map((node) => `${node} answered for ${address}, which ${holder.name} or ${successor.name} has`),
  });
}

const PROMISED: Bounds = { settledMs: 100 };

/** The node that has the address stops for a while and comes back with it. Lost, gap and overlap are those of its return. */
export const PAUSED_NODE = [
  staged({
    name: 'node-paused',
    what: 'the holder is off the LAN and its agent stopped (SIGSTOP) until another node has the address, then goes on; IPv4 and IPv6 in turns; measured from its return on',
    promised: PROMISED,
    once: async (stage) => pausedNode(stage, 0),
  }),
  staged({
    name: 'node-paused-long',
    what: 'the holder is off the LAN with its agent stopped, and away for longer than `addressLifetime` (10 s here): its kernel has let go of the address when it comes back',
    promised: { ...PROMISED, overlapMs: 0 },
    stage: { agents: { addressLifetime: `${LIFETIME_MS / 1000}s` } },
    once: async (stage) => pausedNode(stage, LONGER_THAN_LIFETIME_MS),
  }),
];
