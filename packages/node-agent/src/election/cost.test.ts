import { addressKey } from './key.ts';
import { LoneElection, SELF, macOf, neighbour, ownAddressOf } from './testing.ts';

/** Frames a second that a node sends in quiet times, whatever the size of its LAN (measured after a start). */
const MOST_A_SECOND = 20;
const SECONDS = 60;

describe('the cost of a quiet LAN', () => {
  test.each([2, 50, 500])('with %i peers is about 20 frames a second', (neighbours) => {
    const lone = new LoneElection({ neighbours });
    // Whoever is not this node's to watch, and is not to watch it, says nothing to it.
    lone.speaking.clear();
    const address = lone.service('10.0.9.9');
    lone.run(5000);
    expect(lone.holds(address)).toBe(true);
    const before = lone.sent.length;
    const since = lone.now;
    lone.run(SECONDS * 1000);
    const sent = lone.sent.slice(before);
    const rate = (1000 * sent.length) / (lone.now - since);
    expect(rate).toBeGreaterThan(MOST_A_SECOND * 0.9);
    // Two questions each 100 ms; an announcement and a question for life now and then.
    expect(rate).toBeLessThan(MOST_A_SECOND * 1.1);
    const broadcasts = sent.filter(({ frame }) => typeof frame.to !== 'object');
    expect(broadcasts.length).toBeLessThan(5);
  });

  test('where peers ask by themselves each of them is answered once a second, so that it hears that this agent lives', () => {
    const lone = new LoneElection();
    lone.service('10.0.9.9');
    lone.run(5000);
    const before = lone.sent.length;
    lone.run(SECONDS * 1000);
    for (const index of [0, 1]) {
      const asked = lone.sent
        .slice(before)
        .filter(
          ({ frame }) => frame.type === 'question' && addressKey(frame.about) === addressKey(ownAddressOf(index)),
        );
      expect(asked.length).toBeGreaterThan(SECONDS * 0.8);
      expect(asked.length).toBeLessThan(SECONDS * 1.2);
    }
  });

  test('asks nobody for what he announces by himself', () => {
    const lone = new LoneElection();
    const address = lone.service('10.0.9.9');
    lone.heldBy(0, address);
    lone.run(1000);
    const before = lone.sent.length;
    for (let minute = 0; minute < 60; minute += 1) {
      lone.run(60_000);
      lone.announce(0, address);
    }
    const asked = lone.sent.slice(before).filter(({ frame }) => addressKey(frame.about) === addressKey(address));
    expect(asked).toEqual([]);
  });

  test('is the same for whoever has a hundred addresses of a LAN with a thousand', () => {
    const lone = new LoneElection({ neighbours: 9 });
    lone.speaking.clear();
    for (let index = 0; index < 1000; index += 1) {
      const holder = index % 10;
      const address = lone.service(`10.0.${10 + Math.floor(index / 250)}.${index % 250}`, {
        preferences: new Map([[SELF, 0], ...Array.from({ length: 9 }, (_, other) => [neighbour(other), 0] as const)]),
      });
      if (holder < 9) {
        lone.owners.set(addressKey(address), macOf(holder));
        lone.heldBy(holder, address);
      }
    }
    lone.run(60_000);
    const before = lone.sent.length;
    const since = lone.now;
    lone.run(SECONDS * 1000);
    const rate = (1000 * (lone.sent.length - before)) / (lone.now - since);
    expect(rate).toBeLessThan(MOST_A_SECOND * 1.5);
  });
});
