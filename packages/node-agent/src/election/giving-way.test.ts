import type { Address } from '@fairlead/api';
import type { SimulatedNode } from './simulator/node.ts';
import { World } from './simulator/world.ts';
import { LoneElection, SELF, neighbour } from './testing.ts';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

/** Runs the scenario for every seed and names the one that failed. */
function everySeed(scenario: (seed: number) => void): void {
  for (const seed of SEEDS) {
    try {
      scenario(seed);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

/** The holder hands over, and the LAN dies before anybody has heard the successor. */
function splitByMove(world: World, address: Address): void {
  const before = world.holder(address).name;
  // Nobody hears anything of the successor; it hears that the holder has it.
  world.wire.filter = ({ content }): boolean => content.type !== 'announcement';
  world.setEligible(
    address,
    world.nodes.map(({ name }) => name).filter((name) => name !== before),
  );
  while (world.holders(address).length < 2) {
    world.run(0.1);
  }
  world.wire.filter = undefined;
  world.wire.faults.loss = 1;
}

/** Three nodes whose agents have been running for a while. */
function startedWorld(seed: number): World {
  const world = new World({ seed, nodes: 3 });
  world.startAgents();
  world.run(15_000);
  return world;
}

/** A Service whose endpoints were on one node, and are gone. */
function withoutEndpoints(seed: number): {
  readonly world: World;
  readonly address: Address;
  readonly first: SimulatedNode;
  readonly others: readonly string[];
} {
  const world = startedWorld(seed);
  const address = world.addService('10.0.0.50');
  world.run(5000);
  const first = world.node(seed % 3);
  world.setEligible(address, [first.name]);
  world.run(5000);
  world.setEligible(address, []);
  world.run(3000);
  const others = world.nodes.flatMap((node) => (node === first ? [] : [node.name]));
  return { world, address, first, others };
}

describe('two holders', () => {
  test('that both give way, one to its successor and one to the higher rank, are one again within a second', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const first = world.holder(address);
      first.pause();
      world.run(1500);
      world.setEligible(
        address,
        world.nodes.filter((node) => node !== first).map(({ name }) => name),
      );
      world.run(1000);
      const back = world.timeline.now;
      first.resume();
      world.run(5000);
      expect(world.holder(address)).not.toBe(first);
      expect(world.coverage(address, back).longestGapMs).toBeLessThan(1000);
    });
  });

  test('of a move that nobody heard of, for the LAN was dead for a moment, are one again when it lives', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      splitByMove(world, address);
      world.run(1200);
      expect(world.holders(address)).toHaveLength(2);
      world.wire.faults.loss = 0;
      const back = world.timeline.now;
      world.run(10_000);
      world.holder(address);
      expect(world.coverage(address, back).longestOverlapMs).toBeLessThan(300);
    });
  });

  test('of a move that was called off while nobody heard anybody are one again as soon as they hear each other', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      splitByMove(world, address);
      world.run(300);
      expect(world.holders(address)).toHaveLength(2);
      world.setEligible(
        address,
        world.nodes.map(({ name }) => name),
      );
      world.run(300);
      world.wire.faults.loss = 0;
      const back = world.timeline.now;
      world.run(10_000);
      world.holder(address);
      expect(world.coverage(address, back).longestOverlapMs).toBeLessThan(1500);
    });
  });
});

describe('an address that for a while no node may have', () => {
  test('stays where it is, and goes to the first one that may without a gap', () => {
    everySeed((seed) => {
      const { world, address, first, others } = withoutEndpoints(seed);
      expect(world.holder(address)).toBe(first);
      const back = world.timeline.now;
      world.setEligible(address, others);
      world.run(1000);
      expect(others).toContain(world.holder(address).name);
      expect(world.coverage(address, back).longestGapMs).toBe(0);
    });
  });

  test('stays where it is when it may be there again, and nothing moves', () => {
    everySeed((seed) => {
      const { world, address, first } = withoutEndpoints(seed);
      world.setEligible(
        address,
        world.nodes.map(({ name }) => name),
      );
      world.run(5000);
      expect(world.holder(address)).toBe(first);
      expect(first.events.filter(({ type }) => type === 'withdrawn' || type === 'no-successor')).toEqual([]);
    });
  });

  test('and that is lost meanwhile with its node is on the first one that may within seconds', () => {
    everySeed((seed) => {
      const { world, address, first, others } = withoutEndpoints(seed);
      first.crash();
      world.run(5000);
      first.boot();
      world.run(20_000);
      expect(world.holders(address)).toEqual([]);
      world.setEligible(address, others);
      world.run(3000);
      expect(others).toContain(world.holder(address).name);
    });
  });
});

describe('an address that is lost with its node while no node may have it', () => {
  test('and may then be anywhere, that node included, which is back and has no agent, is on another one within seconds', () => {
    everySeed((seed) => {
      const { world, address, first, others } = withoutEndpoints(seed);
      first.crash();
      world.run(4000);
      first.bootKernel();
      world.run(3000);
      world.setEligible(address, [first.name, ...others]);
      world.run(3000);
      expect(others).toContain(world.holder(address).name);
    });
  });
});

describe('a holder that is to hand over', () => {
  test('asks the next one where the best one has no agent', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      const others = world.nodes.filter((node) => node !== holder);
      const silent = others[seed % 2];
      silent?.killAgent();
      world.setEligible(
        address,
        others.map(({ name }) => name),
      );
      world.run(15_000);
      expect([holder, silent]).not.toContain(world.holder(address));
      expect(world.coverage(address).longestGapMs).toBe(0);
    });
  });
});

describe('the death of a holder', () => {
  test('that a candidate knows from the claim alone is mended as soon, though it had heard the one before', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const before = world.holder(address);
      const [after, third] = world.nodes.filter((node) => node !== before);
      world.wire.filter = ({ content }, receiver): boolean =>
        content.type !== 'announcement' || receiver.mac !== third?.mac;
      world.setEligible(address, [after?.name ?? '']);
      world.run(2000);
      world.wire.filter = undefined;
      world.setEligible(address, [after?.name ?? '', third?.name ?? '']);
      world.run(2000);
      const died = world.timeline.now;
      world.holder(address).crash();
      world.run(5000);
      expect(world.holder(address)).toBe(third);
      expect(world.coverage(address, died).longestGapMs).toBeLessThan(1000);
    });
  });

  test('whose agent does not come back with it is noticed by an agent that knows it from the claim alone', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      // All power is gone at once.
      world.nodes.forEach((node) => node.crash());
      world.run(5000);
      holder.bootKernel();
      world.nodes.filter((node) => node !== holder).forEach((node) => node.boot());
      world.run(40_000);
      expect(world.holder(address)).not.toBe(holder);
    });
  });

  test('is mended as soon when two holders have just spoken in turn: that was one move and no row of them', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      const [one, other] = world.nodes.filter((node) => node !== holder);
      for (let turn = 0; turn < 6; turn += 1) {
        for (const [speaker, listener] of [
          [one, other],
          [other, one],
          [holder, one],
          [holder, other],
        ]) {
          if (speaker !== undefined && listener !== undefined) {
            const content = { type: 'announcement', about: address, mac: speaker.mac } as const;
            world.wire.send({ source: speaker.mac, destination: listener.mac, content });
            world.run(5);
          }
        }
      }
      world.run(3000);
      const died = world.timeline.now;
      holder.crash();
      world.run(10_000);
      expect(world.coverage(address, died).longestGapMs).toBeLessThan(1000);
    });
  });
});

describe('a holder that loses its power while nobody hears anybody', () => {
  test('and is back, its agent not yet, before anybody could see it dead, has it no more: another one takes it', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      world.wire.faults.loss = 1;
      holder.crash();
      world.run(2000);
      holder.bootKernel();
      world.wire.faults.loss = 0;
      world.run(3000);
      expect(world.holder(address)).not.toBe(holder);
    });
  });
});

describe('an address that a node loses', () => {
  test.each([
    ['long after its agent was killed', 30_000],
    ['just before its agent was killed, which was about to put it back', -10],
  ])('%s is on another one within seconds', (_, afterMs) => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      if (afterMs < 0) {
        holder.removeByHand(address);
        world.run(-afterMs);
        holder.killAgent();
      } else {
        holder.killAgent();
        world.run(afterMs);
        holder.removeByHand(address);
      }
      world.run(25_000);
      expect(world.holder(address)).not.toBe(holder);
    });
  });
});

describe('a node that has seen an address move four times', () => {
  test.each([
    ['does not take it over either, though its holder has seen less and asks it to', 5, 0],
    ['would have taken it over before that', 2, 1],
  ])('%s', (_, holders, accepted) => {
    const lone = new LoneElection();
    const address = lone.service('10.0.0.50');
    for (let turn = 0; turn < holders; turn += 1) {
      lone.heldBy(turn % 2, address);
      lone.run(1000);
    }
    const holder = neighbour((holders - 1) % 2);
    lone.handle({ type: 'claim', address, claim: { address, holder, successor: SELF } });
    lone.run(1000);
    expect(lone.effects.filter(({ type }) => type === 'accept')).toHaveLength(accepted);
  });
});
