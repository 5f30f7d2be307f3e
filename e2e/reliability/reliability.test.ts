import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { claimant, now, startCapture, startIpMonitor } from '@fairlead/e2e/lab';
import { AGENT_GONE } from './agent-gone.ts';
import { PLANNED_MOVE } from './planned-move.ts';
import type { Outcome } from './scenario.ts';
import { Stage, type StagedScenario } from './stage.ts';

/**
 * One repetition of the cheapest scenarios, so that the bench is known to run; its figures are those of a machine at work.
 * What a planned move may overlap is promised for a machine that is not.
 */
const WIDE_OVERLAP_MS = 1000;
/** Longer than what an agent takes for a stall: then it announces all that it has. */
const STOPPED_MS = 600;
/** How long the LAN is asked before an address is added. */
const PROOF_MS = 100;

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({ progress: () => {} });
}, 90_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
}, 30_000);

async function once({ name, once: repeat }: StagedScenario): Promise<Outcome> {
  try {
    const outcome = await repeat(stage);
    process.stderr.write(`${name}: ${JSON.stringify(outcome)}\n`);
    return outcome;
  } catch (error) {
    stage.lab.fail();
    throw error;
  }
}

function named(scenarios: readonly StagedScenario[], name: string): StagedScenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new RangeError(`no scenario ${name}`);
  return found;
}

test.each(['agent-killed', 'agent-upgraded'])(
  '%s: nothing is lost, and no kernel changes anything',
  async (name) => {
    const outcome = await once(named(AGENT_GONE, name));
    expect(outcome).toMatchObject({ lost: 0, gapMs: 0, overlapMs: 0, faults: [] });
  },
  60_000,
);

test('a drained node hands its address over without a loss', async () => {
  const outcome = await once(named(PLANNED_MOVE, 'node-drained'));
  expect(outcome).toMatchObject({ lost: 0, gapMs: 0, faults: [] });
  expect(outcome.overlapMs).toBeLessThan(WIDE_OVERLAP_MS);
}, 60_000);

test('an agent that was stopped says nothing of an address that its kernel has lost meanwhile, before it is there again', async () => {
  const { lab } = stage;
  const fresh = await stage.fresh({ family: 'IPv4' });
  const { address, holder } = fresh;
  await using monitor = await startIpMonitor(lab.run, holder.namespace);
  await using capture = await startCapture(lab.run);
  const agent = stage.agent(holder);
  agent.pause();
  await holder.exec(['ip', 'address', 'del', `${address}/32`, 'dev', 'eth0']);
  await pass(STOPPED_MS);
  agent.resume();
  const resumed = now();
  const added = await monitor.events.waitFor(
    (event) => event.type === 'address' && !event.deleted && event.address === address,
  );
  const said = await capture.events.waitFor((event) => event.at > resumed && claimant(event, address) === holder.mac);
  // `ip monitor` gives the time of reading, the capture that of the kernel; the proof between them takes 100 ms.
  expect(said.at).toBeGreaterThan(added.at - PROOF_MS / 2);
  await stage.drop(fresh);
}, 60_000);
