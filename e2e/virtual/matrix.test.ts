import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CELLS } from './cells.ts';
import { Rack } from './rack.ts';

/**
 * Daemons and protocols, both families at once, through a real ToR: what each of them has to do, under traffic where traffic
 * could suffer. One rack for all: what runs on its nodes and on its ToR changes from cell to cell.
 */
let rack: Rack;

beforeAll(async () => {
  rack = await Rack.start();
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

describe.each(CELLS.filter(({ always }) => always))('$node on the nodes, $protocol, $tor on the ToR', (cell) => {
  beforeAll(async () => proving(async () => rack.use(cell)), 60_000);

  test(
    'every node announces a Service and is used, draining one loses nothing, and its end is the end of its routes',
    async () =>
      proving(async () => {
        const { lost, connections, faults } = await rack.drainUnderTraffic();
        expect({ lost, connectionsLost: connections?.lost, faults }).toEqual({
          lost: 0,
          connectionsLost: 0,
          faults: [],
        });
      }),
    90_000,
  );

  test(
    'with externalTrafficPolicy Local the routes go where the Pods go, and those see their clients',
    async () =>
      proving(async () => {
        const { IPv4, IPv6 } = rack.lab.plan.remote.address;
        expect(await rack.followPods()).toEqual([IPv4, IPv6]);
      }),
    90_000,
  );
});
