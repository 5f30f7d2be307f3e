import type { Address } from '@fairlead/api';
import { FOR_GOOD_MS } from './history.ts';
import type { History, Step } from './history.ts';
import { Referee } from './referee.ts';
import type { Rule } from './referee.ts';
import { Weather } from './weather.ts';
import { World } from './world.ts';

/** A world with a holder, watched by a referee: what happens behind the backs of the agents must be noticed. */
class Watched {
  readonly world: World;
  readonly referee: Referee;
  readonly weather: Weather;

  constructor(steps: readonly Step[] = [], seed = 1) {
    const history: History = {
      seed,
      nodes: 3,
      lans: [{ families: 'IPv4', members: [0, 1, 2] }],
      services: [{ at: 0, lan: 0, family: 'IPv4', weights: [] }],
      steps,
    };
    this.world = new World(history);
    this.referee = new Referee(this.world);
    this.weather = new Weather({ world: this.world, history, watcher: this.referee });
    this.referee.watch(this.weather);
    this.world.startAgents();
    this.weather.applyService(0);
    this.run(10_000);
  }

  get address(): Address {
    const [address] = this.weather.addresses;
    if (address === undefined) {
      throw new Error('the history has no Service');
    }
    return address;
  }

  run(ms: number): void {
    for (let left = ms; left > 0; left -= 100) {
      this.world.run(100);
      this.referee.tick();
    }
  }

  rules(): readonly Rule[] {
    return [...new Set(this.referee.violations.map(({ rule }) => rule))];
  }

  /** Every agent is gone, so that nobody mends what is broken. */
  killAgents(): void {
    this.world.nodes.forEach((node) => node.killAgent());
  }
}

describe('the referee', () => {
  test('finds nothing where nothing happens', () => {
    const watched = new Watched();
    watched.run(20_000);
    expect(watched.referee.violations).toEqual([]);
    expect(watched.referee.settled()).toBe(true);
  });

  test('sees an address that moves without a cause', () => {
    const watched = new Watched();
    const { world, address } = watched;
    const other = world.nodes.find((node) => node !== world.holder(address));
    watched.killAgents();
    other?.addresses.set(address.value, address);
    other?.observer?.changed(other);
    expect(watched.rules()).toEqual(['moved-without-cause']);
  });

  test('sees an address that nobody has though somebody may', () => {
    const watched = new Watched();
    const { world, address } = watched;
    const holder = world.holder(address);
    for (const node of world.nodes) {
      // Who hears nobody takes nothing.
      node.receive = (): void => undefined;
    }
    holder.stopAgent();
    holder.addresses.delete(address.value);
    holder.observer?.changed(holder);
    watched.run(60_000);
    expect(watched.rules()).toContain('no-holder');
  });

  test('sees two holders that hear each other', () => {
    const watched = new Watched();
    const { world, address, referee } = watched;
    for (const node of world.nodes) {
      node.addresses.set(address.value, address);
      // Deaf agents do not settle it.
      node.receive = (): void => undefined;
    }
    world.nodes.forEach((node) => node.observer?.changed(node));
    watched.run(10_000);
    expect(referee.violations.map(({ rule }) => rule)).toContain('two-holders');
  });

  test('sees what is taken of a foreign host', () => {
    const watched = new Watched([
      { type: 'service-gone', service: 0, at: 11_000, ms: 8000 },
      { type: 'foreign', service: 0, announces: true, at: 14_000, ms: FOR_GOOD_MS },
    ]);
    watched.run(12_000);
    const [node] = watched.world.nodes;
    node?.observer?.added?.(node, watched.address);
    expect(watched.rules()).toEqual(['took-foreign']);
  });

  test('sees the fifth move in three minutes', () => {
    const watched = new Watched();
    for (let turn = 0; turn < 6; turn += 1) {
      const node = watched.world.node(turn % 2);
      node.observer?.added?.(node, watched.address);
      watched.world.run(1000);
    }
    expect(watched.rules()).toEqual(['moved-too-often']);
  });

  test('sees a storm of broadcasts', () => {
    const watched = new Watched();
    const [node] = watched.world.nodes;
    for (let count = 0; count < 110; count += 1) {
      node?.observer?.sent?.(node, { type: 'announcement', about: watched.address, form: 'reply' });
    }
    expect(watched.rules()).toEqual(['broadcast-rate']);
  });

  test('sees a node declared dead that answers, and not one that is', () => {
    const watched = new Watched();
    const { world } = watched;
    const [one] = world.nodes;
    const verdict = { type: 'question', about: world.node(1).ownAddress, sender: 'own', to: 'all' } as const;
    one?.observer?.sent?.(one, verdict);
    expect(watched.rules()).toEqual(['false-verdict']);
    const dead = new Watched();
    dead.world.node(1).crash();
    const judge = dead.world.node(0);
    judge.observer?.sent?.(judge, verdict);
    expect(dead.rules()).not.toContain('false-verdict');
  });

  test('sees a node that keeps what no Service has any more', () => {
    const watched = new Watched([{ type: 'service-gone', service: 0, at: 11_000, ms: FOR_GOOD_MS }]);
    const holder = watched.world.holder(watched.address);
    const remove = holder.addresses.delete.bind(holder.addresses);
    holder.addresses.delete = (): boolean => false;
    watched.run(10_000);
    expect(watched.rules()).toEqual(['kept']);
    expect(remove(watched.address.value)).toBe(true);
  });
});
