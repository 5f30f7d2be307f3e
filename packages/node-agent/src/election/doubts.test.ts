import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';
import { LoneElection, macOf, neighbour, ownAddressOf } from './testing.ts';

/** Time passes until the node has asked all others for the address. */
function untilAsked(lone: LoneElection, address: Address): void {
  const end = lone.now + 2000;
  while (
    lone.now < end &&
    !lone.sent.some(
      ({ frame }) =>
        frame.type === 'question' && typeof frame.to !== 'object' && addressKey(frame.about) === addressKey(address),
    )
  ) {
    lone.run(0.1);
  }
}

describe('a holder that is believed dead', () => {
  test('lives where it answers for the address by itself, and is found dead when it does no more', () => {
    const lone = new LoneElection();
    const address = lone.service('10.0.9.9');
    lone.heldBy(0, address);
    lone.run(20_000);
    // A LAN that was split for a moment: this node has missed three answers of it, and the next question is a second away.
    lone.owners.delete(addressKey(ownAddressOf(0)));
    lone.speaking.delete(0);
    lone.run(800);
    expect(lone.counts().deadVerdicts).toBeGreaterThan(0);
    expect(lone.holds(address)).toBe(false);
    lone.owners.delete(addressKey(address));
    lone.run(2000);
    expect(lone.holds(address)).toBe(true);
  });
});

describe('the node that the claim names', () => {
  test.each([
    ['and has it', true],
    ['and is silent, too', false],
  ])('is asked where a switch answers for another one, which is silent: it is alive %s', (_, has) => {
    const lone = new LoneElection();
    lone.run(5000);
    lone.handle({
      type: 'claim',
      address: { family: 'IPv4', value: 0x0a00_0909n },
      claim: { address: { family: 'IPv4', value: 0x0a00_0909n }, holder: neighbour(1), mac: macOf(1) },
    });
    const address = lone.service('10.0.9.9', { preferences: new Map([['self', 0]]) });
    untilAsked(lone, address);
    lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
    lone.run(11);
    if (has) {
      lone.owners.set(addressKey(address), macOf(1));
    }
    lone.run(1000);
    expect(lone.holds(address)).toBe(!has);
  });
});

describe('a node that has given way', () => {
  test('asks whether the other one has stayed, though a frame of it comes in that is older than that', () => {
    let gaveWay = 0;
    for (let host = 1; host <= 12; host += 1) {
      const lone = new LoneElection();
      const address = lone.service(`10.0.9.${host}`);
      lone.run(10_000);
      expect(lone.holds(address)).toBe(true);
      lone.announce(0, address);
      lone.run(0.5);
      if (lone.holds(address)) {
        continue;
      }
      gaveWay += 1;
      lone.announce(0, address);
      lone.run(2000);
      expect(lone.holds(address)).toBe(true);
    }
    expect(gaveWay).toBeGreaterThan(2);
  });
});

describe('an agent that was missed', () => {
  test('is back, and its node asked for what it had: it lets go at once of what it may not have any more', () => {
    const lone = new LoneElection({ neighbours: 1 });
    const address = lone.service('10.0.9.9');
    lone.heldBy(0, address);
    lone.leases.set(neighbour(0), 'renewed');
    lone.run(20_000);
    lone.speaking.delete(0);
    lone.run(20_000);
    lone.announce(0, address);
    lone.speaking.add(0);
    lone.owners.delete(addressKey(address));
    lone.run(2000);
    expect(lone.holds(address)).toBe(true);
  });
});

describe('a part of a LAN that was split', () => {
  test('in which one other station is left, that only answers, is no dead LAN, whichever station it is', () => {
    const neighbours = 6;
    for (let left = 1; left < neighbours; left += 1) {
      const lone = new LoneElection({ neighbours });
      const address = lone.service('10.0.9.9');
      lone.heldBy(0, address);
      lone.run(20_000);
      lone.speaking.clear();
      lone.owners.clear();
      lone.owners.set(addressKey(ownAddressOf(left)), macOf(left));
      lone.run(3000);
      expect(lone.holds(address)).toBe(true);
    }
  });
});
