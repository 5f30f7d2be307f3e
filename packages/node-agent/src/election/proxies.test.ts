import { parsePrefix } from '@fairlead/api';
import { addressKey } from './key.ts';
import { LoneElection, macOf, neighbour } from './testing.ts';

const PROXY = '02:00:00:00:ee:02';

function questions(lone: LoneElection): number {
  return lone.sent.filter(({ frame }) => frame.type === 'question' && typeof frame.to !== 'object').length;
}

describe('a LAN on which a station answers for every address', () => {
  test('is told within seconds, and nothing new is taken there, nor called a conflict', () => {
    const lone = new LoneElection();
    lone.proxy = PROXY;
    const address = lone.service('10.0.9.9');
    lone.run(5000);
    expect(lone.proxied()).toMatchObject([{ interfaceIndex: 2, mac: PROXY }]);
    expect(lone.effects.some(({ type }) => type === 'proxied')).toBe(true);
    lone.run(300_000);
    expect(lone.holds(address)).toBe(false);
    expect(lone.events).toEqual([]);
  });

  test('keeps what was there before: the addresses that this node has adopted', () => {
    const adopted = { family: 'IPv4' as const, value: 0x0a00_0909n };
    const lone = new LoneElection({ segment: { adopted: [adopted] }, view: { ready: false } });
    lone.proxy = PROXY;
    lone.service('10.0.9.9');
    lone.change({ ready: true });
    // The cable is in, as far as a node knows that begins to listen: it asks who else has what it has.
    lone.handle({ type: 'rewired' });
    lone.run(60_000);
    lone.handle({ type: 'rewired' });
    lone.run(60_000);
    expect(lone.proxied()).toHaveLength(1);
    expect(lone.events).toEqual([]);
    expect(lone.holds(adopted)).toBe(true);
  });

  test('is usable within minutes when that station is quiet again', () => {
    const lone = new LoneElection();
    lone.proxy = PROXY;
    const address = lone.service('10.0.9.9');
    lone.run(60_000);
    lone.proxy = undefined;
    lone.run(100_000);
    expect(lone.proxied()).toEqual([]);
    expect(lone.holds(address)).toBe(true);
  });

  test('that becomes one later is found by the first foreign answer', () => {
    const lone = new LoneElection();
    lone.run(60_000);
    lone.proxy = PROXY;
    lone.service('10.0.9.9');
    lone.run(5000);
    expect(lone.proxied()).toHaveLength(1);
    // The first one could not be told from a conflict.
    expect(lone.events.map(({ type }) => type)).toEqual(['conflict']);
  });

  test('is asked for anew when the carrier returns', () => {
    const lone = new LoneElection();
    lone.run(60_000);
    lone.change({ segment: { ...lone.view.segment, carrier: false } });
    lone.proxy = PROXY;
    lone.change({ segment: { ...lone.view.segment, carrier: true } });
    lone.run(5000);
    expect(lone.proxied()).toHaveLength(1);
  });

  test('is judged subnet by subnet', () => {
    const subnets = [parsePrefix('10.0.0.0/16'), parsePrefix('10.77.0.0/16')];
    const lone = new LoneElection({ segment: { subnets } });
    const free = lone.service('10.0.9.9');
    lone.run(5000);
    lone.owners.clear();
    expect(lone.proxied()).toEqual([]);
    expect(lone.holds(free)).toBe(true);
  });
});

describe('a LAN that is not one', () => {
  test('is asked for two addresses at the start and then once in ten minutes', () => {
    const lone = new LoneElection({ neighbours: 0 });
    lone.run(2000);
    expect(questions(lone)).toBe(2);
    lone.run(3_600_000);
    expect(questions(lone)).toBeGreaterThan(6);
    expect(questions(lone)).toBeLessThan(30);
  });

  test('may be full of stations of their own, which answer from many MACs', () => {
    const lone = new LoneElection({ segment: { subnets: [parsePrefix('10.0.9.0/24')] } });
    for (let host = 1; host < 255; host += 1) {
      lone.owners.set(0x0a00_0900n + BigInt(host), macOf(1000 + host));
    }
    const address = lone.service('10.0.9.9');
    lone.owners.delete(addressKey(address));
    lone.run(10_000);
    expect(lone.proxied()).toEqual([]);
    expect(lone.holds(address)).toBe(true);
  });

  test('takes over from a node that is dead before it is asked: what a node of ours had is proof enough', () => {
    const lone = new LoneElection({ neighbours: 2 });
    const address = lone.service('10.0.9.9');
    lone.handle({ type: 'claim', address, claim: { address, holder: neighbour(7) } });
    lone.run(900);
    expect(lone.holds(address)).toBe(true);
  });
});
