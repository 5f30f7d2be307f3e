import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';
import type { Effect } from './protocol.ts';
import { LoneElection, SELF, macOf, neighbour, ownAddressOf } from './testing.ts';

const FOREIGN = '02:00:00:00:ee:01';

/** The first neighbour has an address, and its claim asks this node to take over. */
function offered(options: { readonly owner: string | undefined }): { lone: LoneElection; address: Address } {
  const lone = new LoneElection();
  const address = lone.service('10.0.9.9');
  lone.heldBy(0, address);
  lone.run(20_000);
  lone.sent.length = 0;
  if (options.owner === undefined) {
    lone.owners.delete(addressKey(address));
  } else {
    lone.owners.set(addressKey(address), options.owner);
  }
  lone.handle({
    type: 'claim',
    address,
    claim: { address, holder: neighbour(0), mac: macOf(0), successor: SELF, move: 'excluded' },
  });
  return { lone, address };
}

function broadcasts(lone: LoneElection): number {
  return lone.sent.filter(({ frame }) => frame.type === 'question' && typeof frame.to !== 'object').length;
}

describe('an address that its holder offers', () => {
  test.each([
    ['before the claim is written', 1, 0],
    ['after that', 0, 1],
  ])('is taken at once, and nobody else is asked, where the holder answers for it %s', (_, before, after) => {
    const { lone, address } = offered({ owner: macOf(0) });
    lone.run(before);
    lone.handle({ type: 'move', address, accepted: true });
    lone.run(after + 1);
    expect(lone.holds(address)).toBe(true);
    expect(broadcasts(lone)).toBe(0);
  });

  test('is not taken where the claim could not be written, though the holder answers', () => {
    const { lone, address } = offered({ owner: macOf(0) });
    lone.run(1);
    lone.handle({ type: 'move', address, accepted: false });
    lone.run(5000);
    expect(lone.holds(address)).toBe(false);
  });

  test('and that the holder has lost meanwhile is taken with a proof', () => {
    const { lone, address } = offered({ owner: undefined });
    lone.handle({ type: 'move', address, accepted: true });
    lone.run(1);
    expect(lone.holds(address)).toBe(false);
    lone.run(1000);
    expect(lone.holds(address)).toBe(true);
    expect(broadcasts(lone)).toBeGreaterThan(0);
  });

  test('and that a foreign station has by now is not taken: the holder gave way and could not take its offer back', () => {
    const { lone, address } = offered({ owner: FOREIGN });
    lone.handle({ type: 'move', address, accepted: true });
    lone.run(5000);
    expect(lone.events).toMatchObject([{ type: 'conflict', mac: FOREIGN, held: false }]);
    expect(lone.effects.filter(({ type }) => type === 'add')).toEqual([]);
  });
});

/** Whether a successor still has the address after the one that offered it has said so often, each time 100 ms later, to have it. */
function keeps(host: number, words: number): boolean {
  const lone = new LoneElection();
  const address = lone.service(`10.0.9.${host}`);
  lone.heldBy(0, address);
  lone.run(20_000);
  lone.handle({
    type: 'claim',
    address,
    claim: { address, holder: neighbour(0), mac: macOf(0), successor: SELF, move: 'excluded' },
  });
  lone.handle({ type: 'move', address, accepted: true });
  lone.run(1);
  expect(lone.holds(address)).toBe(true);
  for (let word = 0; word < words; word += 1) {
    lone.run(100);
    lone.announce(0, address);
  }
  lone.run(1);
  return lone.holds(address);
}

describe('a successor', () => {
  const hosts = Array.from({ length: 20 }, (_, index) => index + 1);

  test('keeps the address whatever its rank where the one that hands over has not heard it yet', () => {
    expect(hosts.filter((host) => keeps(host, 2))).toEqual(hosts);
  });

  test('gives way by rank to one that goes on: it has called the move off, and its claim is long in saying so', () => {
    const kept = hosts.filter((host) => keeps(host, 5));
    expect(kept.length).toBeGreaterThan(3);
    expect(kept.length).toBeLessThan(17);
  });
});

describe('a holder that is to hand over', () => {
  test('asks the next one as soon as the one that it has asked is dead', () => {
    const lone = new LoneElection();
    const address = lone.service('10.0.9.9');
    lone.run(10_000);
    expect(lone.holds(address)).toBe(true);
    lone.change({ excluded: true });
    const asked = (): readonly (string | undefined)[] =>
      lone.effects
        .filter((effect): effect is Extract<Effect, { type: 'claim' }> => effect.type === 'claim')
        .flatMap(({ successor }) => (successor === undefined ? [] : [successor]));
    const [first] = asked();
    const index = first === neighbour(0) ? 0 : 1;
    lone.owners.delete(addressKey(ownAddressOf(index)));
    lone.speaking.delete(index);
    lone.run(1500);
    expect(asked()).toEqual([neighbour(index), neighbour(1 - index)]);
  });

  test('waits for the one that it has asked where that one is no peer any more: it may still accept', () => {
    const lone = new LoneElection();
    const address = lone.service('10.0.9.9');
    lone.run(10_000);
    // A switch says that the other one has it, which is looked into.
    lone.hear(macOf(1), { type: 'answer', about: address, mac: macOf(1) });
    // No selector lets this node have it, nor takes its interface for part of a LAN.
    lone.service('10.0.9.9', { eligible: false, barred: true, preferences: new Map([[neighbour(0), 0]]) });
    lone.change({ peers: [] });
    lone.handle({ type: 'claim', address, claim: { address, holder: neighbour(0), mac: macOf(0) } });
    lone.run(1000);
    expect(lone.holds(address)).toBe(true);
    lone.announce(0, address);
    lone.run(10);
    expect(lone.holds(address)).toBe(false);
    expect(lone.events.at(-1)).toMatchObject({ type: 'withdrawn', reason: 'moved' });
  });
});

describe('a holder that no LBNodeAgent selects any more', () => {
  test('is known by the MAC of its claim to the one that it asks, also when the claim names that one', () => {
    const lone = new LoneElection();
    const address = lone.service('10.0.9.9');
    lone.heldBy(0, address);
    lone.run(20_000);
    lone.change({ peers: lone.view.peers.slice(1) });
    lone.sent.length = 0;
    const offer = { address, holder: neighbour(0), mac: macOf(0), successor: SELF, move: 'not selected' };
    lone.handle({ type: 'claim', address, claim: offer });
    lone.handle({ type: 'claim', address, claim: { address, holder: SELF, mac: '02:00:00:00:00:01' } });
    lone.handle({ type: 'move', address, accepted: true });
    lone.run(1);
    expect(lone.holds(address)).toBe(true);
    expect(broadcasts(lone)).toBe(0);
  });
});
