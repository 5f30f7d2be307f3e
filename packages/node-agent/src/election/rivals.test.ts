import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';
import { LoneElection, macOf, ownAddressOf } from './testing.ts';

const PROBE = { type: 'question', probe: true, unicast: false } as const;

/** A node that has just asked all others for an address that nobody has. */
function asking(text: string, neighbours: number): { readonly lone: LoneElection; readonly address: Address } {
  const lone = new LoneElection({ neighbours });
  lone.run(5000);
  const address = lone.service(text);
  const asked = (): boolean => lone.sent.some(({ frame }) => addressKey(frame.about) === addressKey(address));
  while (!asked()) {
    lone.run(0.1);
  }
  return { lone, address };
}

describe('a node that asks for an address', () => {
  test('lets each better one that asks go first, also after several others have asked and not taken it', () => {
    let lowest = 0;
    for (let host = 1; host <= 40; host += 1) {
      const { lone, address } = asking(`10.0.9.${host}`, 4);
      const yielded = [0, 1, 2, 3].filter((index) => {
        lone.hear(macOf(index), { ...PROBE, about: address });
        lone.run(400);
        const yields = !lone.holds(address);
        lone.run(110);
        return yields;
      });
      // It comes last of all five where the first three are let go.
      if (yielded.slice(0, 3).length === 3 && yielded[2] === 2) {
        lowest += yielded.includes(3) ? 1 : 0;
      }
    }
    expect(lowest).toBeGreaterThan(0);
  });

  test('and goes on though another one asks says so to that one alone: a fabric may have kept the probe from it', () => {
    let said = 0;
    for (let host = 1; host <= 12; host += 1) {
      const { lone, address } = asking(`10.0.9.${host}`, 1);
      const told = (): number =>
        lone.sent.filter(
          ({ frame }) =>
            addressKey(frame.about) === addressKey(address) &&
            typeof frame.to === 'object' &&
            frame.to.mac === macOf(0),
        ).length;
      lone.hear(macOf(0), { type: 'question', about: address, sender: ownAddressOf(0), probe: false, unicast: true });
      expect(told()).toBe(0);
      lone.hear(macOf(0), { type: 'question', about: address, sender: ownAddressOf(0), probe: false, unicast: false });
      const tells = told() === 1;
      lone.run(300);
      // Who has not said that it goes on has let the other one go first.
      expect(lone.holds(address)).toBe(tells);
      said += tells ? 1 : 0;
    }
    expect(said).toBeGreaterThan(0);
    expect(said).toBeLessThan(12);
  });
});
