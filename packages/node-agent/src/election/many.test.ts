import { BROADCAST_BURST, BROADCASTS_PER_SECOND } from './constants.ts';
import { addressKey } from './key.ts';
import { LoneElection, SELF } from './testing.ts';

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
