import { CELLS, type Cell } from '../virtual/cells.ts';
import { Rack } from '../virtual/rack.ts';
import { routedOutcome } from './routed-watch.ts';
import type { Outcome, Scenario } from './scenario.ts';

/** One repetition takes FRR's OSPF and RIP more than a minute. */
const AT_MOST = 3;

/** A drain under traffic, and Pods that move, with one pair of daemons and one protocol. */
async function once(rack: Rack): Promise<Outcome> {
  const { IPv4, IPv6 } = rack.lab.plan.remote.address;
  const seen = await rack.drainUnderTraffic();
  const sources = await rack.followPods();
  const strangers = sources.filter((source) => source !== IPv4 && source !== IPv6);
  return routedOutcome(seen, { faults: strangers.map((source) => `a backend saw ${source}`) });
}

function scenarioOf(cell: Cell): Scenario {
  const { node, protocol, tor } = cell;
  return {
    name: `routed-${protocol}-${node}-to-${tor}`.toLowerCase(),
    subject: 'virtual',
    what: `${protocol} between ${node} on the nodes and ${tor} on the ToR: a node is drained and taken back; then the routes of a Service with \`externalTrafficPolicy: Local\` follow its Pods`,
    promised: { lost: 0 },
    atMost: AT_MOST,
    prepare: async () => {
      const rack = await Rack.start();
      try {
        await rack.use(cell);
        return {
          repeat: async () => once(rack),
          fail: () => rack.lab.fail(),
          [Symbol.asyncDispose]: async () => rack[Symbol.asyncDispose](),
        };
      } catch (error) {
        rack.lab.fail();
        await rack[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

/** Every pair of daemons with every protocol. */
export const ROUTED_CELLS: readonly Scenario[] = CELLS.map(scenarioOf);
