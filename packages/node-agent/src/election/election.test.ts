import { parseAddress, sameAddress } from '@fairlead/api';
import { addressKey } from './key.ts';
import { Host } from './simulator/host.ts';
import { World } from './simulator/world.ts';

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

/** Three nodes whose agents have been running for a while. */
function startedWorld(seed: number, nodes = 3): World {
  const world = new World({ seed, nodes });
  world.startAgents();
  world.run(15_000);
  return world;
}

describe('a new address', () => {
  test('is on one node, announced, within 130 ms, and nobody else ever takes it', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const created = world.timeline.now;
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const { history } = world.coverage(address);
      expect(history.map(({ holders }) => holders.length)).toEqual([1]);
      expect(history[0]?.at).toBeLessThan(created + 130);
      expect(world.api.writes).toBe(1);
      expect(world.holder(address).events.map(({ type }) => type)).toEqual(['announced']);
    });
  });

  test('that every node wants at the same moment ends on one all the same', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50', { everyoneFirst: true });
      world.run(5000);
      expect(world.coverage(address).history.map(({ holders }) => holders.length)).toEqual([1]);
    });
  });

  test('that a foreign host has is taken by nobody, and a conflict is told', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = parseAddress('10.0.0.50');
      const { wire, timeline } = world;
      const mac = '02:00:00:00:ee:01';
      const foreigner = new Host({ mac, wire, timeline, addresses: [address] });
      world.addService('10.0.0.50');
      world.run(60_000);
      expect(world.holders(address)).toEqual([]);
      expect(world.nodes.flatMap(({ events }) => events).find(({ type }) => type === 'conflict')).toMatchObject({
        mac,
      });
      foreigner.on = false;
      world.run(200_000);
      world.holder(address);
    });
  });
});

describe('an address that was just taken', () => {
  test('is let go when a foreign owner speaks up within two seconds', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(1000);
      const holder = world.holder(address);
      const source = '02:00:00:00:ee:01';
      const foreigner = new Host({ mac: source, wire: world.wire, timeline: world.timeline, addresses: [address] });
      world.wire.send({ source, content: { type: 'announcement', about: address, mac: foreigner.mac } });
      world.run(60_000);
      expect(world.holders(address)).toEqual([]);
      expect(holder.events.map(({ type }) => type).slice(0, 3)).toEqual(['announced', 'conflict', 'withdrawn']);
    });
  });

  test('moves at most four times in 180 s, however often its holders stand still', () => {
    everySeed((seed) => {
      const world = startedWorld(seed, 2);
      const address = world.addService('10.0.0.50');
      world.run(2000);
      const began = world.timeline.now;
      for (let cycle = 0; cycle < 15; cycle += 1) {
        const [name] = world.holders(address);
        const holder = world.nodes.find((node) => node.name === name) ?? world.node(0);
        holder.pause();
        world.run(5000);
        holder.resume();
        world.run(5000);
      }
      const single = world.coverage(address).history.filter(({ at, holders }) => at > began && holders.length === 1);
      const owners = single.map(({ holders }) => holders[0]);
      const moves = owners.filter((owner, index) => index > 0 && owner !== owners[index - 1]).length;
      expect(moves).toBeGreaterThan(0);
      expect(moves).toBeLessThanOrEqual(4);
    });
  });
});

describe('the death of a node', () => {
  test('brings its addresses back elsewhere within a second, each on one node', () => {
    everySeed((seed) => {
      const world = startedWorld(seed, 3 + (seed % 3));
      const addresses = Array.from({ length: 10 }, (_, index) => world.addService(`10.0.0.${50 + index}`));
      world.run(5000);
      const died = world.timeline.now;
      const victim = world.holder(addresses[0] ?? parseAddress('10.0.0.50'));
      victim.crash();
      world.run(10_000);
      for (const address of addresses) {
        expect(world.holder(address)).not.toBe(victim);
        const { longestGapMs, longestOverlapMs } = world.coverage(address, died);
        expect(longestGapMs).toBeLessThan(1000);
        expect(longestOverlapMs).toBe(0);
      }
    });
  });

  test('is noticed and mended while the API server is away', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      world.api.away = true;
      const died = world.timeline.now;
      world.holder(address).crash();
      world.run(5000);
      world.holder(address);
      expect(world.coverage(address, died).longestGapMs).toBeLessThan(1000);
    });
  });

  test('leaves one holder on a LAN that loses a tenth of its frames', () => {
    everySeed((seed) => {
      const world = startedWorld(seed, 4);
      world.wire.faults.loss = 0.1;
      const addresses = Array.from({ length: 5 }, (_, index) => world.addService(`10.0.0.${50 + index}`));
      world.run(20_000);
      const died = world.timeline.now;
      world.holder(addresses[0] ?? parseAddress('10.0.0.50')).crash();
      world.run(20_000);
      for (const address of addresses) {
        world.holder(address);
        expect(world.coverage(address, died).longestGapMs).toBeLessThan(3000);
      }
    });
  });

  test('gives everything to the others, two deaths at once included', () => {
    everySeed((seed) => {
      const world = startedWorld(seed, 6);
      const addresses = Array.from({ length: 12 }, (_, index) => world.addService(`10.0.0.${50 + index}`));
      world.run(5000);
      world.node(seed % 6).crash();
      world.node((seed + 1) % 6).crash();
      world.run(10_000);
      for (const address of addresses) {
        expect(world.holders(address)).toHaveLength(1);
      }
    });
  });

  test('is believed though switches that suppress ARP go on answering for it', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const dead = world.holder(address);
      world.wire.suppress = ({ source, content }, answer): boolean => {
        if (content.type !== 'question' || content.sender === undefined) {
          return false;
        }
        const { about } = content;
        if (!sameAddress(about, address) && !sameAddress(about, dead.ownAddress)) {
          return false;
        }
        answer({ source: dead.mac, destination: source, content: { type: 'answer', about, mac: dead.mac } });
        return true;
      };
      const died = world.timeline.now;
      dead.crash();
      world.run(10_000);
      expect(world.holder(address)).not.toBe(dead);
      expect(world.coverage(address, died).longestGapMs).toBeLessThan(2000);
    });
  });

  test('and its return after minutes move nothing back', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const first = world.holder(address);
      first.crash();
      world.run(30_000);
      const second = world.holder(address);
      first.boot();
      world.run(30_000);
      expect(world.holder(address)).toBe(second);
    });
  });
});

describe('an agent', () => {
  test('that dies and comes back moves nothing, and keeps what its kernel has', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      holder.killAgent();
      world.run(20_000);
      expect(world.holder(address)).toBe(holder);
      holder.startAgent();
      world.run(20_000);
      expect(world.coverage(address).history).toHaveLength(1);
    });
  });

  test('announces what it has after it stood still: others may have taken it', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(10_000);
      const holder = world.holder(address);
      const heard: number[] = [];
      world.wire.plug({
        mac: '02:00:00:00:dd:01',
        up: () => true,
        receive: ({ source, content }) => {
          if (source === holder.mac && content.type === 'announcement') {
            heard.push(world.timeline.now);
          }
        },
      });
      holder.stopAgent();
      world.run(1000);
      const continued = world.timeline.now;
      holder.continueAgent();
      world.run(100);
      expect(heard.length).toBeGreaterThan(0);
      expect(heard[0]).toBeLessThan(continued + 5);
    });
  });

  test('that is stopped for long and goes on moves nothing: its kernel answered all the time', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      world.nodes.forEach((node) => node.stopAgent());
      world.run(20_000);
      world.nodes.forEach((node) => world.timeline.after(world.random() * 500, () => node.continueAgent()));
      world.run(20_000);
      expect(world.coverage(address).history).toHaveLength(1);
    });
  });

  test('puts back what somebody removes by hand within a second, and says so', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      const removed = world.timeline.now;
      holder.removeByHand(address);
      world.run(5000);
      expect(world.holder(address)).toBe(holder);
      expect(world.coverage(address, removed).longestGapMs).toBeLessThan(1000);
      expect(holder.events.map(({ type }) => type)).toEqual(['announced', 'withdrawn', 'announced']);
    });
  });

  test('puts back what somebody keeps removing five times in any minute, and never gives up', () => {
    everySeed((seed) => {
      const world = startedWorld(seed, 1);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const [holder] = world.nodes;
      const back: number[] = [];
      const until = world.timeline.now + 200_000;
      while (world.timeline.now < until) {
        if (world.holders(address).length > 0) {
          back.push(world.timeline.now);
          holder?.removeByHand(address);
        }
        world.run(500);
      }
      // The first was put there for the Service.
      const restored = back.slice(1);
      for (const at of restored) {
        expect(restored.filter((other) => other >= at && other < at + 59_000).length).toBeLessThanOrEqual(5);
      }
      expect(restored.length).toBeGreaterThan(12);
    });
  });

  test('that finds its claims lost writes them again', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      holder.killAgent();
      world.api.claims.clear();
      holder.startAgent();
      world.run(2000);
      expect(world.api.claims.get(addressKey(address))?.holder).toBe(holder.name);
      expect(world.coverage(address).history).toHaveLength(1);
    });
  });

  test('defends its address once in ten seconds and keeps it', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const { wire } = world;
      const heard: number[] = [];
      const holder = world.holder(address);
      const source = world.gateway.mac;
      wire.plug({
        mac: '02:00:00:00:dd:01',
        up: () => true,
        receive: (frame) => {
          if (frame.source === holder.mac && frame.content.type === 'announcement') {
            heard.push(world.timeline.now);
          }
        },
      });
      world.run(1000);
      const before = heard.length;
      for (let count = 0; count < 50; count += 1) {
        wire.send({ source, content: { type: 'announcement', about: address, mac: source } });
        world.run(100);
      }
      expect(heard.length).toBeGreaterThan(before);
      expect(holder.events.filter(({ type }) => type === 'conflict')).toHaveLength(1);
      expect(world.holder(address)).toBe(holder);
    });
  });

  test('withdraws an address that no Service has any more', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      world.removeService(address);
      world.run(50);
      expect(world.holders(address)).toEqual([]);
    });
  });
});

describe('two holders', () => {
  test('after a pause of one are one again within 100 ms', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const first = world.holder(address);
      first.pause();
      world.run(10_000);
      world.holder(address);
      const back = world.timeline.now;
      first.resume();
      world.run(10_000);
      world.holder(address);
      expect(world.coverage(address, back).longestOverlapMs).toBeLessThan(100);
      expect(world.coverage(address, back).longestGapMs).toBe(0);
    });
  });

  test('after a split that heals are one again, and its claim says so', () => {
    everySeed((seed) => {
      const world = startedWorld(seed, 4);
      const addresses = Array.from({ length: 6 }, (_, index) => world.addService(`10.0.0.${50 + index}`));
      world.run(5000);
      // Claims must not be what ends it.
      world.api.away = true;
      for (const node of world.nodes.slice(0, 2)) {
        world.wire.faults.groups.set(node.mac, 1);
      }
      world.run(10_000);
      for (const address of addresses) {
        expect(world.holders(address)).toHaveLength(2);
      }
      world.wire.faults.groups.clear();
      const healed = world.timeline.now;
      world.run(5000);
      world.api.away = false;
      world.run(15_000);
      for (const address of addresses) {
        const holder = world.holder(address);
        expect(world.coverage(address, healed).longestOverlapMs).toBeLessThan(1500);
        expect(world.api.claims.get(addressKey(address))?.holder).toBe(holder.name);
      }
    });
  });
});

describe('a dead LAN', () => {
  test('makes nobody take anything, and nothing has moved when it lives again', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      world.wire.faults.loss = 1;
      world.run(30_000);
      world.wire.faults.loss = 0;
      world.run(30_000);
      expect(world.coverage(address).history).toHaveLength(1);
    });
  });

  test('keeps a new address waiting, which is there when the LAN lives again', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      world.wire.faults.loss = 1;
      const address = world.addService('10.0.0.50');
      world.run(10_000);
      expect(world.holders(address)).toEqual([]);
      world.wire.faults.loss = 0;
      world.run(3000);
      expect(world.holders(address)).toHaveLength(1);
      expect(world.coverage(address).longestOverlapMs).toBe(0);
    });
  });
});

describe('a planned move', () => {
  test('never leaves the address without a holder and ends with an eligible one', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const first = world.holder(address);
      const others = world.nodes.filter((node) => node !== first).map(({ name }) => name);
      world.setEligible(address, others);
      world.run(5000);
      expect(others).toContain(world.holder(address).name);
      expect(world.coverage(address).longestGapMs).toBe(0);
      expect(world.coverage(address).longestOverlapMs).toBeLessThanOrEqual(5);
    });
  });
});

describe('excluded nodes', () => {
  test('hand over to those that are not, without a gap', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const first = world.holder(address);
      world.setExcluded([first.name]);
      world.run(5000);
      expect(world.holder(address)).not.toBe(first);
      expect(world.coverage(address).longestGapMs).toBe(0);
    });
  });

  test('keep what they have when all of them are excluded, and say that there is no successor', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const address = world.addService('10.0.0.50');
      world.run(5000);
      const holder = world.holder(address);
      world.setExcluded(world.nodes.map(({ name }) => name));
      world.run(60_000);
      expect(world.holder(address)).toBe(holder);
      expect(world.coverage(address).history).toHaveLength(1);
      expect(holder.events.map(({ type }) => type)).toEqual(['announced', 'no-successor']);
    });
  });
});

describe('a quiet LAN', () => {
  test('costs each node about 20 frames a second, however many nodes there are', () => {
    for (const nodes of [3, 20]) {
      const world = startedWorld(1, nodes);
      Array.from({ length: 50 }, (_, index) => world.addService(`10.0.1.${index}`));
      world.run(10_000);
      const before = world.wire.sent.get(world.node(0).mac) ?? 0;
      world.run(60_000);
      // Half of what a node sends are its kernel's answers to those that watch it.
      const aSecond = ((world.wire.sent.get(world.node(0).mac) ?? 0) - before) / 60;
      expect(aSecond).toBeLessThan(2 * 21);
    }
  });

  test('where nobody needs an address costs nothing, and watches as soon as one is there, and no longer', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      const frames = (): number => [...world.wire.sent.values()].reduce((sum, count) => sum + count, 0);
      const during = (ms: number): number => {
        const before = frames();
        world.run(ms);
        return frames() - before;
      };
      expect(during(60_000)).toBe(0);
      const address = world.addService('10.0.0.50');
      world.run(1000);
      expect(during(1000)).toBeGreaterThan(3 * 10);
      world.removeService(address);
      world.run(2000);
      world.api.remove(address);
      world.run(1000);
      expect(during(60_000)).toBe(0);
    });
  });

  test('in which a node has died unseen gets its first address as soon as any other', () => {
    everySeed((seed) => {
      const world = startedWorld(seed);
      world.node(seed % 3).crash();
      world.run(60_000);
      const created = world.timeline.now;
      const address = world.addService('10.0.0.50');
      world.run(10_000);
      const { history } = world.coverage(address);
      expect(history.map(({ holders }) => holders.length)).toEqual([1]);
      // The dead one may rank first: the next one waits for it to ask. And it may be the one that is asked for a sign of
      // life, so that a round or two of the proof say nothing.
      expect(history[0]?.at).toBeLessThan(created + 130 + 150 + 70);
    });
  });
});
