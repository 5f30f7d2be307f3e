import { parseAddress } from '@fairlead/api';
import { hostAddressKey } from '../facts/kernel-state.ts';
import { addressKey } from '../plan/keys.ts';
import { Planner } from '../plan/planner.ts';
import { config, service } from '../plan/testing.ts';
import { Departures } from './departures.ts';

const LOCAL = '192.0.2.9';
const KEY = addressKey(parseAddress(LOCAL));
const GONE = undefined;

/** Departures over a plan with these Services, on a node whose eth0 has the address, or has not. */
function departing(
  names: readonly string[],
  { here = true, addresses = [LOCAL] }: { readonly here?: boolean; readonly addresses?: readonly string[] } = {},
) {
  const due: (() => void)[] = [];
  const timers = {
    now: () => 0,
    after: (_: number, callback: () => void) => {
      due.push(callback);
      return () => undefined;
    },
  };
  const departures = new Departures(timers);
  const planner = new Planner({ config: config(), readyNodes: () => new Set() });
  for (const name of names) {
    planner.setService(service(name, addresses));
  }
  const there = { index: 2, address: parseAddress(LOCAL), length: 32 };
  const state = { ourAddress: (key: string) => (here && key === hostAddressKey(2, KEY) ? there : undefined) };
  return {
    departures,
    expire: () => {
      due.forEach((callback) => {
        callback();
      });
    },
    change: (name: string, after: readonly string[] | undefined) => {
      const facts = after === undefined ? undefined : service(name, after);
      departures.observe(planner.services.get(name), facts, { planner, state });
    },
  };
}

test('a Service that is gone is the one to tell, once', () => {
  const { departures, change } = departing(['default/web']);
  change('default/web', GONE);
  expect(departures.take(KEY)).toEqual({ key: 'default/web', uid: 'uid-default/web' });
  expect(departures.take(KEY)).toBeUndefined();
});

test.each<[string, readonly string[] | undefined, boolean]>([
  ['that has another address now', ['192.0.2.10'], true],
  ['that has none any more', [], true],
  ['that still has it', [LOCAL, '192.0.2.10'], false],
])('a Service %s', (_, after, told) => {
  const { departures, change } = departing(['default/web']);
  change('default/web', after);
  expect(departures.take(KEY) !== undefined).toBe(told);
});

test('one of two on an address loses nothing that others would see', () => {
  const { departures, change } = departing(['default/one', 'default/other']);
  change('default/one', GONE);
  expect(departures.take(KEY)).toBeUndefined();
});

test('what other nodes have is theirs to tell of', () => {
  const { departures, change } = departing(['default/web'], { here: false });
  change('default/web', GONE);
  expect(departures.take(KEY)).toBeUndefined();
});

test('a virtual address is no such address', () => {
  const { departures, change } = departing(['default/web'], { addresses: ['10.8.0.1'] });
  change('default/web', GONE);
  expect(departures.take(addressKey(parseAddress('10.8.0.1')))).toBeUndefined();
});

test('nobody is remembered for ever', () => {
  const { departures, change, expire } = departing(['default/web']);
  change('default/web', GONE);
  expire();
  expect(departures.take(KEY)).toBeUndefined();
});
