import { parsePrefix } from '@fairlead/api';
import { prefixKey } from '../plan/keys.ts';
import { Delays } from './delays.ts';
import { Retry } from './retry.ts';
import { ManualTimers } from './testing.ts';
import type { Portion } from './work.ts';

function scene(): { readonly timers: ManualTimers; readonly retry: Retry; readonly looked: Portion[] } {
  const timers = new ManualTimers();
  const looked: Portion[] = [];
  const lookAt = (keys: Portion): void => {
    looked.push(keys);
  };
  return { timers, looked, retry: new Retry({ delays: new Delays(timers), lookAt }) };
}

function key(text: string): string {
  return prefixKey(parsePrefix(text));
}

test('what failed is looked at again together, later each time that it fails again', () => {
  const { timers, retry, looked } = scene();
  const times: number[] = [];
  for (let time = 0; time < 12; time += 1) {
    retry.failed({ address: '4a' }, 'add');
    retry.failed({ route: key('10.8.0.0/24') }, 'delete');
    const began = timers.now();
    timers.next();
    times.push(timers.now() - began);
  }
  expect(looked).toHaveLength(12);
  expect(looked[0]).toEqual({ addresses: ['4a'], routes: [key('10.8.0.0/24')] });
  expect(times).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
});

test.each([
  ['10.8.0.0/24', '10.8.0.7/32', true],
  ['10.8.0.7/32', '10.8.0.0/24', true],
  ['10.8.0.0/24', '10.8.0.0/24', true],
  ['10.8.0.0/24', '10.8.1.7/32', false],
  ['10.8.0.7/32', '10.8.1.0/24', false],
  ['fd01::/64', 'fd01::1/128', true],
  ['::/64', '0.0.0.1/32', false],
])('a route to %s that could not be set holds up the withdrawal of one to %s: %s', (lacking, other, held) => {
  const { timers, retry } = scene();
  retry.failed({ route: key(lacking) }, 'add');
  expect(retry.lacksRouteFor(key(other))).toBe(held);
  timers.next();
  expect(retry.lacksRouteFor(key(other))).toBe(false);
});

test('one that could not be removed holds up nothing', () => {
  const { retry } = scene();
  retry.failed({ route: key('10.8.0.0/24') }, 'delete');
  expect(retry.lacksRouteFor(key('10.8.0.7/32'))).toBe(false);
});
