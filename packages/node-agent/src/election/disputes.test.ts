import { formatAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';
import { LoneElection, OWN_ADDRESS, macOf, neighbour, ownAddressOf, peerOf } from './testing.ts';
import { DEFAULT_HOLDER_POLICY } from './types.ts';
import type { HolderPolicy } from './types.ts';

const FOREIGN = '02:00:00:00:ee:01';

function holding(policy: Partial<HolderPolicy>): { readonly lone: LoneElection; readonly address: Address } {
  const lone = new LoneElection();
  const address = lone.service('10.0.9.9', { policy: { ...DEFAULT_HOLDER_POLICY, ...policy } });
  lone.run(10_000);
  expect(lone.holds(address)).toBe(true);
  lone.events.length = 0;
  return { lone, address };
}

/** The neighbour has the address; its agent falls silent now, and its Lease stands still. */
function silentAgent(policy: Partial<HolderPolicy>, neighbours = 1): { lone: LoneElection; address: Address } {
  const lone = new LoneElection({ neighbours });
  const address = lone.service('10.0.9.9', { policy: { ...DEFAULT_HOLDER_POLICY, ...policy } });
  lone.heldBy(0, address);
  lone.leases.set(neighbour(0), 'renewed');
  lone.run(20_000);
  expect(lone.effects.filter(({ type }) => type === 'read-lease')).toEqual([]);
  lone.speaking.delete(0);
  return { lone, address };
}

function announcements(lone: LoneElection, address: Address, since: number): readonly number[] {
  return lone.sent.flatMap(({ at, frame }) =>
    frame.type === 'announcement' && addressKey(frame.about) === addressKey(address) && at >= since ? [at] : [],
  );
}

describe('a foreign station that begins to use an address of ours', () => {
  test('is answered once in 10 s where the group defends, and told each time', () => {
    const { lone, address } = holding({ onConflict: 'Defend' });
    for (const wait of [0, 3000, 8000]) {
      lone.run(wait);
      lone.hear(FOREIGN, { type: 'announcement', about: address, mac: FOREIGN });
    }
    expect(lone.events).toMatchObject([
      { type: 'conflict', mac: FOREIGN, held: true },
      { type: 'conflict', mac: FOREIGN, held: true },
    ]);
    expect(lone.holds(address)).toBe(true);
  });

  test('is none where the claim names its MAC: its node may be registered no more', () => {
    const lone = new LoneElection();
    const address = lone.service('10.0.9.9');
    lone.handle({ type: 'claim', address, claim: { address, holder: 'unregistered', mac: FOREIGN } });
    lone.owners.set(addressKey(address), FOREIGN);
    lone.run(5000);
    expect(lone.holds(address)).toBe(false);
    expect(lone.events).toEqual([]);
  });

  test('has it where the group yields; it is taken back only when that station is silent', () => {
    const { lone, address } = holding({ onConflict: 'Yield' });
    lone.owners.set(addressKey(address), FOREIGN);
    lone.hear(FOREIGN, { type: 'announcement', about: address, mac: FOREIGN });
    lone.run(100);
    expect(lone.holds(address)).toBe(false);
    expect(lone.events.map(({ type }) => type)).toEqual(['conflict', 'withdrawn']);
    lone.run(60_000);
    expect(lone.holds(address)).toBe(false);
    lone.owners.delete(addressKey(address));
    lone.run(300_000);
    expect(lone.holds(address)).toBe(true);
  });
});

describe('a node of ours that is said to answer for an address that is held here', () => {
  test('is asked itself before anybody lets go: a proxy may have answered for it', () => {
    for (let host = 1; host <= 12; host += 1) {
      const lone = new LoneElection();
      const address = lone.service(`10.0.9.${host}`);
      lone.run(10_000);
      // Two answers at once, as two switches give them; the node itself does not have it.
      for (const wait of [0, 1]) {
        lone.run(wait);
        lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
      }
      lone.run(1000);
      expect(lone.events.map(({ type }) => type)).toEqual(['announced']);
    }
  });

  test('has it where it says so by unicast, and one of the two lets go', () => {
    const kept = new Set<boolean>();
    for (let host = 1; host <= 12; host += 1) {
      const lone = new LoneElection();
      const address = lone.service(`10.0.9.${host}`);
      lone.run(10_000);
      lone.owners.set(addressKey(address), macOf(0));
      lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
      lone.run(1000);
      kept.add(lone.holds(address));
    }
    // The higher rank keeps: the neighbour for some, this node for others.
    expect(kept.size).toBe(2);
  });
});

describe('a node that answers and whose agent is gone', () => {
  test('keeps its addresses; after 40 s and a little the one that would be next says so, once', () => {
    const { lone, address } = silentAgent({});
    lone.run(40_000);
    expect(lone.events).toEqual([]);
    lone.run(10_000);
    expect(lone.events).toMatchObject([{ type: 'holder-unfit', node: neighbour(0), address }]);
    expect(lone.counts().unfitPeers).toBe(1);
    lone.run(600_000);
    expect(lone.events).toHaveLength(1);
    expect(lone.holds(address)).toBe(false);
  });

  test('is no such node while its Lease is renewed: its questions may get lost', () => {
    const { lone } = silentAgent({});
    for (let renewal = 0; renewal < 10; renewal += 1) {
      lone.run(30_000);
      lone.leases.set(neighbour(0), `renewed ${renewal}`);
    }
    expect(lone.events).toEqual([]);
    // Read on suspicion, not watched.
    expect(lone.effects.filter(({ type }) => type === 'read-lease').length).toBeLessThan(12);
  });

  test('is told by nobody while the API server is away', () => {
    const { lone } = silentAgent({});
    lone.leases.clear();
    lone.run(600_000);
    expect(lone.events).toEqual([]);
  });

  test('is no such node either where it speaks again, though it cannot renew its Lease: the API server is away for it', () => {
    const { lone } = silentAgent({ takeOver: 'Force' });
    lone.run(10_000);
    expect(lone.effects.filter(({ type }) => type === 'read-lease')).toHaveLength(1);
    lone.speaking.add(0);
    lone.run(600_000);
    expect(lone.events).toEqual([]);
    expect(lone.counts().unfitPeers).toBe(0);
  });

  test('asks back whoever asks it out of turn, so that those who doubt its agent hear it', () => {
    const lone = new LoneElection({ neighbours: 9 });
    lone.speaking.clear();
    lone.service('10.0.9.9');
    lone.run(10_000);
    const askedBack = new Set<string>();
    for (let index = 0; index < 9; index += 1) {
      const before = lone.sent.length;
      lone.hear(macOf(index), {
        type: 'question',
        about: OWN_ADDRESS,
        sender: ownAddressOf(index),
        probe: false,
        unicast: true,
      });
      const asked = lone.sent.slice(before).map(({ frame }) => addressKey(frame.about));
      if (asked.includes(addressKey(ownAddressOf(index)))) {
        askedBack.add(neighbour(index));
      }
    }
    // Neither the two whose turn it is, nor those that it asks anyway.
    expect(askedBack.size).toBeGreaterThanOrEqual(5);
    expect(askedBack.size).toBeLessThanOrEqual(7);
  });

  test('is told by the first rank alone', () => {
    let told = 0;
    for (let index = 0; index < 30; index += 1) {
      const lone = new LoneElection({ neighbours: 2 });
      const address = lone.service(`10.0.9.${index}`);
      lone.heldBy(0, address);
      lone.leases.set(neighbour(0), 'renewed');
      lone.speaking.delete(0);
      lone.run(60_000);
      told += lone.events.length;
    }
    // The other neighbour would say it for the rest.
    expect(told).toBeGreaterThan(5);
    expect(told).toBeLessThan(25);
  });

  test('is announced over where the group says so, also when it answers again and again', () => {
    const { lone, address } = silentAgent({ takeOver: 'Force' });
    lone.run(50_000);
    expect(lone.holds(address)).toBe(true);
    lone.run(20_000);
    const asked = lone.now;
    lone.hear(FOREIGN, { type: 'question', about: address, probe: false, unicast: false });
    lone.run(100);
    expect(announcements(lone, address, asked)).toHaveLength(1);
    lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
    lone.run(1000);
    expect(lone.holds(address)).toBe(true);
  });

  test('has what it announces by itself when its agent is back, as two holders are told apart', () => {
    const names = new Set<boolean>();
    for (let index = 0; index < 12; index += 1) {
      const { lone } = silentAgent({ takeOver: 'Force' });
      const address = lone.service(`10.0.8.${index}`, { policy: { ...DEFAULT_HOLDER_POLICY, takeOver: 'Force' } });
      lone.heldBy(0, address);
      lone.run(60_000);
      expect(lone.holds(address)).toBe(true);
      lone.speaking.add(0);
      lone.announce(0, address);
      lone.run(1000);
      names.add(lone.holds(address));
    }
    // The higher rank keeps: the neighbour for some, this node for others.
    expect(names.size).toBe(2);
  });

  test('that dies as a whole is dead, and nothing else', () => {
    const { lone, address } = silentAgent({}, 2);
    lone.run(10_000);
    lone.owners.delete(addressKey(peerOf(0).interfaces[0]?.addresses[0] ?? address));
    lone.owners.delete(addressKey(address));
    lone.run(60_000);
    expect(lone.holds(address)).toBe(true);
    expect(lone.events.map((event) => `${event.type} ${formatAddress(event.address)}`)).toEqual(['announced 10.0.9.9']);
  });
});
