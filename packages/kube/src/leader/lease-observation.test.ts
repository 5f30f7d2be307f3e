import type { Lease } from '../resources.ts';
import { mayTake, observeLease } from './lease-observation.ts';

const lease = (holderIdentity: string, renewTime: string): Lease => ({
  metadata: { name: 'l', uid: 'u' },
  spec: { holderIdentity, renewTime, leaseDurationSeconds: 15 },
});

describe('observed time of a Lease', () => {
  const us = { identity: 'us', durationMs: 15_000 };

  it('starts when a change is seen, whatever clock the holder has', () => {
    const ancient = '1970-01-01T00:00:00.000000Z';
    const first = observeLease(undefined, lease('them', ancient), 1_000);
    expect(mayTake(first, { ...us, now: 15_999 })).toBe(false);
    expect(mayTake(first, { ...us, now: 16_000 })).toBe(true);
  });

  it('goes on while nothing changes and starts anew with each renewal', () => {
    const first = observeLease(undefined, lease('them', 'a'), 1_000);
    const same = observeLease(first, lease('them', 'a'), 10_000);
    expect(mayTake(same, { ...us, now: 16_000 })).toBe(true);
    const renewed = observeLease(same, lease('them', 'b'), 10_000);
    expect(mayTake(renewed, { ...us, now: 16_000 })).toBe(false);
  });

  it('does not matter for a Lease that is free or our own', () => {
    expect(mayTake(observeLease(undefined, lease('', 'a'), 0), { ...us, now: 1 })).toBe(true);
    expect(mayTake(observeLease(undefined, lease('us', 'a'), 0), { ...us, now: 1 })).toBe(true);
  });

  it("runs for the holder's duration, not for ours", () => {
    const short = observeLease(undefined, { spec: { holderIdentity: 'them', leaseDurationSeconds: 1 } }, 0);
    expect(mayTake(short, { ...us, now: 1_000 })).toBe(true);
  });
});
