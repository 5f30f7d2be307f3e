import { parseAddress } from '@fairlead/api';
import { addressWords, compareContenders, hashName, ringPosition, score } from './rank.ts';

const NODES = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'].map((name) => ({ name, hash: hashName(name) }));

function best(address: string, nodes = NODES): string {
  const words = addressWords(parseAddress(address));
  const scored = nodes.map(({ name, hash }) => ({ name, score: score(hash, words) }));
  return scored.reduce((a, b) => (b.score > a.score ? b : a)).name;
}

const ADDRESSES = Array.from({ length: 5000 }, (_, index) => `10.0.${Math.floor(index / 250)}.${index % 250}`);

describe('rendezvous hashing', () => {
  test('never changes: agents of all versions must agree', () => {
    const words = addressWords(parseAddress('192.0.2.10'));
    expect(ringPosition(hashName('node-1'))).toBe(6115104548136709);
    expect(score(hashName('node-1'), words)).toBe(6362680551452494);
    expect(score(hashName('node-1'), addressWords(parseAddress('2001:db8::10')))).toBe(5384079562733073);
  });

  test('spreads addresses evenly over nodes whose names are alike', () => {
    const counts = new Map<string, number>();
    for (const address of ADDRESSES) {
      counts.set(best(address), (counts.get(best(address)) ?? 0) + 1);
    }
    for (const count of counts.values()) {
      expect(Math.abs(count - 1000)).toBeLessThan(100);
    }
    expect(counts.size).toBe(5);
  });

  test('moves only the addresses of the node that goes, and spreads them over all others', () => {
    const others = NODES.filter(({ name }) => name !== 'node-3');
    const heirs = new Set<string>();
    for (const address of ADDRESSES) {
      const before = best(address);
      const after = best(address, others);
      if (before === 'node-3') {
        heirs.add(after);
      } else {
        expect(after).toBe(before);
      }
    }
    expect(heirs.size).toBe(4);
  });
});

test('excluded nodes rank last, then preference decides, then the score', () => {
  const contenders = [
    { excluded: true, preference: 100, score: 9 },
    { excluded: false, preference: 0, score: 3 },
    { excluded: false, preference: 0, score: 5 },
    { excluded: false, preference: 10, score: 1 },
  ];
  expect([...contenders].sort(compareContenders).map((contender) => contender.score)).toEqual([1, 5, 3, 9]);
});
