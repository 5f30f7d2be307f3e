import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Deployment, LabNode } from '@fairlead/e2e/lab';
import { CELLS } from './cells.ts';
import { Rack } from './rack.ts';

/**
 * Every daemon and protocol, both families at once, through a real ToR: what each of them has to do, under traffic where
 * traffic could suffer. One rack for all: what runs on its nodes and on its ToR changes from cell to cell.
 */
let rack: Rack;
/** Pods that come and go, on one node after the other. */
let moving: Deployment;

beforeAll(async () => {
  rack = await Rack.start();
  moving = await rack.lab.deployment({ name: 'moving', replicas: 1 });
}, 120_000);

afterAll(async () => {
  await rack?.[Symbol.asyncDispose]();
}, 30_000);

/** Keeps the logs where something is wrong. */
async function proving(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    rack.lab.fail();
    throw error;
  }
}

function nodesOf({ replicas }: Deployment): readonly LabNode[] {
  return replicas.map(({ node }) => rack.lab.node(node.name));
}

describe.each(CELLS)('$node on the nodes, $protocol, $tor on the ToR', (cell) => {
  beforeAll(async () => proving(async () => rack.use(cell)), 60_000);

  test(
    'every node announces a Service and is used, draining one loses nothing, and its end is the end of its routes',
    async () =>
      proving(async () => {
        const { lab } = rack;
        const web = await rack.announce('everywhere', 'Cluster');
        await rack.untilLeadingTo(web, lab.nodes);
        await rack.untilServed(web, lab.nodes);
        const { lost, connections, faults } = await rack.drainUnderTraffic(web, lab.node(2));
        // That each node was used is among the faults.
        expect({ lost, connectionsLost: connections?.lost, faults }).toEqual({
          lost: 0,
          connectionsLost: 0,
          faults: [],
        });
        await rack.withdraw(web);
        await rack.untilLeadingTo(web, []);
      }),
    90_000,
  );

  test(
    'with externalTrafficPolicy Local the routes go where the Pods go, and those see their clients',
    async () =>
      proving(async () => {
        const near = await rack.announce('moving', 'Local');
        await rack.untilLeadingTo(near, nodesOf(moving));
        await moving.scale(2);
        await rack.untilLeadingTo(near, nodesOf(moving));
        for (const address of near.addresses) {
          const { source } = await rack.askFromRemote(address);
          expect([rack.lab.plan.remote.address.IPv4, rack.lab.plan.remote.address.IPv6]).toContain(source);
        }
        const [oldest] = moving.replicas;
        if (oldest === undefined) throw new Error('there is no Pod');
        await moving.remove(oldest.name);
        await rack.untilLeadingTo(near, nodesOf(moving));
        await rack.withdraw(near);
        await rack.untilLeadingTo(near, []);
      }),
    90_000,
  );
});
