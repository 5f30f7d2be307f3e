import { lanName, parseAddress, parsePrefix, sameAddress } from '@fairlead/api';
import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';
import type { Effect } from './protocol.ts';
import { LoneElection, SELF, macOf, neighbour, ownAddressOf, peerOf } from './testing.ts';
import { DEFAULT_HOLDER_POLICY } from './types.ts';
import type { Candidate } from './types.ts';

const ADDRESS = '10.0.9.9';

/** A node that has the address among two neighbours. */
function holder(over: Partial<Candidate> = {}): { readonly lone: LoneElection; readonly address: Address } {
  const lone = new LoneElection();
  const address = lone.service(ADDRESS, over);
  lone.run(10_000);
  expect(lone.holds(address)).toBe(true);
  return { lone, address };
}

/** Whom the holder has asked to take over, with the reason, in order. */
function moves(lone: LoneElection): readonly string[] {
  return lone.effects
    .filter((effect): effect is Extract<Effect, { type: 'claim' }> => effect.type === 'claim')
    .flatMap(({ successor, move }) => (successor === undefined ? [] : [`${successor}: ${move}`]));
}

function announcements(lone: LoneElection): readonly number[] {
  return lone.sent.flatMap(({ at, frame }) => (frame.type === 'announcement' ? [at] : []));
}

/** A node that got the address by a move a moment ago, and has announced it once. */
function newSuccessor(): { readonly lone: LoneElection; readonly address: Address } {
  const lone = new LoneElection();
  const address = lone.service(ADDRESS);
  lone.heldBy(0, address);
  lone.run(20_000);
  lone.handle({
    type: 'claim',
    address,
    claim: { address, holder: neighbour(0), successor: SELF, move: 'excluded' },
  });
  lone.handle({ type: 'move', address, accepted: true });
  lone.run(1);
  expect(announcements(lone)).toHaveLength(1);
  return { lone, address };
}

function preferring(weights: Readonly<Record<string, number>>): Candidate['preferences'] {
  return new Map([SELF, neighbour(0), neighbour(1)].map((name) => [name, weights[name] ?? 0]));
}

describe('takeBack', () => {
  const preferences = preferring({ [neighbour(1)]: 10 });

  test('Never: the address stays, however long a preferred node is fit', () => {
    const { lone } = holder({ preferences });
    lone.run(3_600_000);
    expect(moves(lone)).toEqual([]);
  });

  test('moves it to the preferred node once that one has been fit for so long, by a planned move', () => {
    const { lone, address } = holder({ preferences, policy: { ...DEFAULT_HOLDER_POLICY, takeBackMs: 60_000 } });
    lone.run(48_000);
    expect(moves(lone)).toEqual([]);
    lone.run(3000);
    expect(moves(lone)).toEqual([`${neighbour(1)}: preferred`]);
    expect(lone.holds(address)).toBe(true);
    lone.announce(1, address);
    lone.run(10);
    expect(lone.holds(address)).toBe(false);
    expect(lone.events.at(-1)).toMatchObject({ type: 'withdrawn', reason: 'moved' });
  });

  test('counts from the last time that the preferred node was excluded', () => {
    const { lone } = holder({ preferences, policy: { ...DEFAULT_HOLDER_POLICY, takeBackMs: 60_000 } });
    const { peers } = lone.view;
    lone.change({ peers: [peerOf(0), { ...peerOf(1), excluded: true }] });
    lone.run(100_000);
    lone.change({ peers });
    lone.run(55_000);
    expect(moves(lone)).toEqual([]);
    lone.run(10_000);
    expect(moves(lone)).toEqual([`${neighbour(1)}: preferred`]);
  });

  test('counts from the moment when the preferred node was heard again', () => {
    const { lone } = holder({ preferences, policy: { ...DEFAULT_HOLDER_POLICY, takeBackMs: 60_000 } });
    const own = ownAddressOf(1);
    lone.owners.delete(addressKey(own));
    lone.speaking.delete(1);
    lone.run(100_000);
    lone.owners.set(addressKey(own), macOf(1));
    lone.speaking.add(1);
    lone.run(55_000);
    expect(moves(lone)).toEqual([]);
    lone.run(10_000);
    expect(moves(lone)).toEqual([`${neighbour(1)}: preferred`]);
  });

  test('moves it to the second best once, though the best one is fit while that move is under way', () => {
    const { lone } = holder({
      preferences: preferring({ [neighbour(0)]: 20, [neighbour(1)]: 10 }),
      policy: { ...DEFAULT_HOLDER_POLICY, takeBackMs: 60_000 },
    });
    const { peers } = lone.view;
    lone.change({ peers: peers.map((peer) => ({ ...peer, excluded: true })) });
    lone.run(1000);
    lone.change({ peers: peers.map((peer) => ({ ...peer, excluded: peer.node === neighbour(0) })) });
    lone.run(2000);
    lone.change({ peers });
    lone.run(62_000);
    expect(moves(lone)).toEqual([`${neighbour(1)}: preferred`]);
    lone.run(60_000);
    expect(moves(lone)).toEqual([`${neighbour(1)}: preferred`, `${neighbour(0)}: preferred`]);
  });

  test('leaves it with a node that is preferred as much', () => {
    const { lone } = holder({
      preferences: preferring({ [SELF]: 10, [neighbour(1)]: 10 }),
      policy: { ...DEFAULT_HOLDER_POLICY, takeBackMs: 0 },
    });
    lone.run(600_000);
    expect(moves(lone)).toEqual([]);
  });
});

describe('a node that may no longer have an address', () => {
  const barred = { eligible: false, barred: true };

  test('hands it over before it lets go', () => {
    const { lone, address } = holder();
    lone.service(ADDRESS, { ...barred, preferences: new Map([[neighbour(0), 0]]) });
    lone.run(100);
    expect(moves(lone)).toEqual([`${neighbour(0)}: not selected`]);
    expect(lone.holds(address)).toBe(true);
    lone.announce(0, address);
    lone.run(10);
    expect(lone.holds(address)).toBe(false);
  });

  test('asks all others in turn, and the best one again where none has answered', () => {
    const { lone, address } = holder();
    lone.service(ADDRESS, {
      ...barred,
      preferences: new Map([
        [neighbour(0), 0],
        [neighbour(1), 0],
      ]),
    });
    lone.run(150_000);
    const asked = moves(lone);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked[0]).not.toBe(asked[1]);
    expect(new Set(asked).size).toBe(2);
    expect(lone.holds(address)).toBe(true);
  });

  test('withdraws it where there is nobody to take it', () => {
    const { lone, address } = holder();
    lone.service(ADDRESS, { ...barred, preferences: new Map([['somewhere-else', 0]]) });
    lone.run(100);
    expect(lone.holds(address)).toBe(false);
    expect(lone.events.at(-1)).toMatchObject({ type: 'withdrawn', reason: 'unwanted' });
  });

  test('keeps it as long as all it knows is what a past life wrote down', () => {
    const { lone, address } = holder();
    lone.change({ remembered: true });
    lone.service(ADDRESS, { ...barred, preferences: new Map([['somewhere-else', 0]]) });
    lone.run(1000);
    expect(lone.holds(address)).toBe(true);
  });

  test('does not take it when its holder dies', () => {
    const lone = new LoneElection();
    const address = lone.service(ADDRESS, { ...barred, preferences: new Map([[neighbour(0), 0]]) });
    lone.run(60_000);
    expect(lone.holds(address)).toBe(false);
  });
});

describe('a holder whose successor is about to speak', () => {
  const elsewhere = { eligible: false, preferences: new Map([[neighbour(0), 0]]) };

  test('repeats no announcement of its own: it would be the last word', () => {
    const { lone, address } = newSuccessor();
    lone.service(ADDRESS, elsewhere);
    lone.run(4000);
    expect(moves(lone)).toEqual([`${neighbour(0)}: not eligible`]);
    expect(announcements(lone)).toHaveLength(1);
    expect(lone.holds(address)).toBe(true);
  });

  test('goes on announcing where that one has said nothing', () => {
    const { lone } = newSuccessor();
    lone.service(ADDRESS, elsewhere);
    lone.run(4000);
    const before = announcements(lone).length;
    lone.run(2000);
    expect(announcements(lone).length).toBeGreaterThan(before);
  });

  test('speaks all the same where its cable goes to another place', () => {
    const { lone } = newSuccessor();
    lone.service(ADDRESS, elsewhere);
    lone.run(100);
    lone.handle({ type: 'rewired' });
    lone.run(10);
    expect(announcements(lone)).toHaveLength(2);
  });
});

describe('an address that has moved four times', () => {
  test('moves no more for 180 s, not by plan either: fabrics freeze what moves five times', () => {
    const { lone, address } = holder();
    const began = lone.now;
    const elsewhere = { eligible: false, preferences: new Map([[neighbour(0), 0]]) };
    for (let round = 0; round < 6; round += 1) {
      lone.service(ADDRESS, elsewhere);
      lone.run(1000);
      if (moves(lone).length > round) {
        lone.owners.set(addressKey(address), macOf(0));
        lone.announce(0, address);
        lone.run(2000);
      }
      lone.service(ADDRESS);
      lone.handle({
        type: 'claim',
        address,
        claim: { address, holder: neighbour(0), successor: SELF, move: 'not eligible' },
      });
      lone.handle({ type: 'move', address, accepted: true });
      lone.run(1);
      lone.owners.delete(addressKey(address));
      lone.run(2000);
    }
    expect(moves(lone)).toHaveLength(2);
    lone.service(ADDRESS, elsewhere);
    lone.run(began + 200_000 - lone.now);
    expect(moves(lone).length).toBeGreaterThan(2);
  });
});

describe('an interface on several subnets', () => {
  const subnets = [parsePrefix('10.0.0.0/16'), parsePrefix('10.77.0.0/16')];
  const lans = subnets.map(lanName);

  test('hands over to a node that is on the subnet of the address, though others come before it', () => {
    const successors = new Set<string>();
    for (let host = 1; host <= 20; host += 1) {
      const lone = new LoneElection({
        segment: { subnets, lans, ownAddresses: ['10.0.0.1', '10.77.0.1'].map(parseAddress) },
        peers: [peerOf(0, lans), peerOf(1, lans.slice(0, 1))],
      });
      const address = lone.service(`10.77.9.${host}`);
      lone.run(10_000);
      expect(lone.holds(address)).toBe(true);
      lone.change({ excluded: true });
      lone.run(100);
      for (const move of moves(lone)) {
        successors.add(move);
      }
    }
    expect([...successors]).toEqual([`${neighbour(0)}: excluded`]);
  });
});

describe('a holder without a cable', () => {
  test('leaves the claim to whoever writes it, and puts it right when it is on the LAN again and alone', () => {
    const { lone, address } = holder();
    const { segment } = lone.view;
    const claims = (): number => lone.effects.filter(({ type }) => type === 'claim').length;
    lone.change({ segment: { ...segment, carrier: false } });
    const before = claims();
    lone.handle({ type: 'claim', address, claim: { address, holder: neighbour(0) } });
    lone.run(10_000);
    expect(claims()).toBe(before);
    lone.change({ segment: { ...segment, carrier: true } });
    lone.run(5000);
    expect(lone.holds(address)).toBe(true);
    expect(claims()).toBe(before + 1);
  });
});

describe('a cable that goes to another place', () => {
  test.each([
    ['by itself', (lone: LoneElection): void => lone.handle({ type: 'rewired' })],
    [
      'by hand',
      (lone: LoneElection): void => {
        const { segment } = lone.view;
        lone.change({ segment: { ...segment, carrier: false } });
        lone.change({ segment: { ...segment, carrier: true } });
      },
    ],
    [
      'with another MAC',
      (lone: LoneElection): void => {
        const { segment } = lone.view;
        lone.change({ segment: { ...segment, interface: { ...segment.interface, mac: '02:00:00:00:00:02' } } });
      },
    ],
  ])('%s makes the node say at once what it has, and ask who has it too', (_, move) => {
    const { lone, address } = holder();
    lone.run(60_000);
    const before = lone.sent.length;
    move(lone);
    lone.run(50);
    const frames = lone.sent
      .slice(before)
      .filter(({ frame }) => typeof frame.to !== 'object' && sameAddress(frame.about, address));
    expect(frames.map(({ frame }) => frame.type).sort()).toEqual(['announcement', 'question']);
  });
});
