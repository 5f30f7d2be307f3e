import { addressKey } from './key.ts';
import { LoneElection, ownAddressOf } from './testing.ts';

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
