import type { Address } from '@fairlead/api';
import { BROADCAST_BURST, BROADCASTS_PER_SECOND, PROOF_ROUNDS, RANK_WAIT_MS } from './constants.ts';
import { addressKey } from './key.ts';
import type { SentFrame } from './protocol.ts';
import { LoneElection, SELF, macOf, neighbour, ownAddressOf } from './testing.ts';

const ADDRESSES = 300;
/** Two rounds of a proof and an announcement are broadcasts; without a claim the third round is one, too. */
const BROADCASTS_EACH = 4;

test('of many addresses each proof that has begun is done before others begin, so that the first ones do not wait for the last', () => {
  const lone = new LoneElection();
  lone.run(5000); // by then it is known that nobody answers for every address
  const addresses = Array.from({ length: ADDRESSES }, (_, index) =>
    lone.service(`10.0.${100 + Math.floor(index / 100)}.${index % 100}`, { preferences: new Map([[SELF, 0]]) }),
  );
  const since = lone.now;
  lone.run(10_000);
  const firsts = addresses.map((address) => {
    const about = lone.sent.filter(({ frame }) => addressKey(frame.about) === addressKey(address));
    const announced = about.find(({ frame }) => frame.type === 'announcement');
    return { asked: about[0]?.at ?? Infinity, announced: announced?.at ?? Infinity };
  });
  const announced = firsts.map(({ announced: at }) => at).toSorted((a, b) => a - b);
  const allMs = (1000 * (ADDRESSES * BROADCASTS_EACH - BROADCAST_BURST)) / BROADCASTS_PER_SECOND;
  expect((announced.at(-1) ?? Infinity) - since).toBeLessThan(allMs * 1.2);
  expect((announced[ADDRESSES / 2] ?? Infinity) - since).toBeLessThan(allMs * 0.7);
  // A proof takes 100 ms by itself; those of the first burst share what may be broadcast, 3 more each, for 600 ms.
  const longest = Math.max(...firsts.map(({ asked, announced: at }) => at - asked));
  expect(longest).toBeLessThan(900);
});

test('a proof that was given up before its turn came is not asked as well when the address is asked for anew', () => {
  const lone = new LoneElection();
  lone.run(5000);
  const addresses = Array.from({ length: 3 * ADDRESSES }, (_, index) =>
    lone.service(`10.0.${100 + Math.floor(index / 100)}.${index % 100}`),
  );
  lone.run(1000);
  const waiting = addresses.filter((address) => questions(lone, address).length === 0);
  expect(waiting.length).toBeGreaterThan(ADDRESSES);
  for (const address of waiting) {
    // Where the rival comes first, the address is left to it for half a second, and then asked for again.
    lone.hear(macOf(0), { type: 'question', about: address, sender: ownAddressOf(0), probe: true, unicast: false });
  }
  lone.run(20_000);
  expect(waiting.every((address) => lone.holds(address))).toBe(true);
  // Now and then a round falls between the frames of others, and counts for nothing.
  const sum = waiting.reduce((total, address) => total + questions(lone, address).length, 0);
  expect(sum / waiting.length).toBeLessThan(PROOF_ROUNDS + 0.5);
});

test('what this node lost while it had no cable it asks for as soon as it has one, whatever its rank', () => {
  const lone = new LoneElection();
  const preferences = new Map([
    [SELF, 0],
    [neighbour(0), 10],
    [neighbour(1), 10],
  ]);
  const address = lone.service('10.0.9.9', { preferences });
  lone.run(10_000);
  expect(lone.holds(address)).toBe(true);
  const { segment } = lone.view;
  lone.change({ segment: { ...segment, carrier: false } });
  lone.handle({ type: 'gone', address });
  lone.run(100);
  const before = questions(lone, address).length;
  lone.change({ segment: { ...segment, carrier: true } });
  lone.run(RANK_WAIT_MS / 2);
  expect(questions(lone, address).length).toBeGreaterThan(before);
});

function questions(lone: LoneElection, address: Address): readonly SentFrame[] {
  return lone.sent.flatMap(({ frame }) =>
    frame.type === 'question' && addressKey(frame.about) === addressKey(address) ? [frame] : [],
  );
}
