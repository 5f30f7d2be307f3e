import { CROWDED, Work } from './work.ts';

function keys(family: '4' | '6', count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${family}${index}`);
}

test('a small change passes a big one', () => {
  const work = new Work();
  work.add({ addresses: keys('4', 1000), routes: keys('4', 1000).map((key) => `${key}/32`) });
  expect(work.take(0)?.addresses).toHaveLength(256);
  work.add({ addresses: ['4new'], routes: ['4new/32'] });
  expect(work.take(0)).toEqual({ stage: 'announce', addresses: ['4new'], routes: ['4new/32'] });
});

test('in bulk, routes do not wait for IPv6 addresses', () => {
  const work = new Work();
  work.add({ addresses: keys('6', 100), routes: keys('6', 100).map((key) => `${key}/128`) });
  expect(work.take(0)).toMatchObject({ addresses: [], routes: { length: 100 } });
  expect(work.take(0)).toMatchObject({ addresses: { length: 16 }, routes: [] });
});

test('in bulk, an IPv4 route comes with its address, and an IPv6 one before all of them', () => {
  const work = new Work();
  const addresses = keys('4', 300);
  work.add({ addresses, routes: ['4wide/24', ...addresses.map((key) => `${key}/32`), '6x/128'] });
  expect(work.take(0)).toMatchObject({ addresses: [], routes: ['6x/128'] });
  for (const part of [addresses.slice(0, 256), addresses.slice(256)]) {
    expect(work.take(0)).toMatchObject({ addresses: part, routes: part.map((key) => `${key}/32`) });
  }
  expect(work.take(0)).toMatchObject({ addresses: [], routes: ['4wide/24'] });
  expect(work.size).toBe(0);
});

test('in bulk, where an interface has very many addresses, routes wait for IPv4 ones neither', () => {
  const work = new Work();
  const addresses = keys('4', 300);
  work.add({ addresses, routes: addresses.map((key) => `${key}/32`) });
  expect(work.take(CROWDED - 1)).toMatchObject({ addresses: { length: 256 }, routes: { length: 256 } });
  expect(work.take(CROWDED)).toMatchObject({ addresses: [], routes: { length: 44 } });
  // In small portions, for others to pass.
  expect(work.take(CROWDED)).toMatchObject({ addresses: { length: 32 }, routes: [] });
  expect(work.take(CROWDED)).toMatchObject({ addresses: { length: 12 }, routes: [] });
});

test('every key comes out once', () => {
  const work = new Work();
  work.add({ addresses: keys('4', 300), routes: [] });
  work.add({ addresses: keys('4', 300), routes: [] });
  const seen: string[] = [];
  for (let portion = work.take(0); portion !== undefined; portion = work.take(0)) {
    seen.push(...portion.addresses);
  }
  expect(seen.sort()).toEqual(keys('4', 300).sort());
  expect(work.size).toBe(0);
});

test('what is withdrawn waits for all routes that are to be set: routes first, then addresses', () => {
  const work = new Work();
  work.withdraw({ addresses: ['4old'], routes: ['4old/32'] });
  work.add({ addresses: keys('6', 100), routes: ['4wide/24'] });
  work.add({ addresses: ['4new'], routes: ['4new/32'] });
  const seen: string[] = [];
  for (let task = work.take(0); task !== undefined; task = work.take(0)) {
    seen.push(...[...task.addresses, ...task.routes].map((key) => `${task.stage} ${key}`));
  }
  expect(seen.slice(0, 5)).toEqual([
    'announce 4new',
    'announce 4new/32',
    'announce 4wide/24',
    'withdraw 4old/32',
    'withdraw 4old',
  ]);
});
