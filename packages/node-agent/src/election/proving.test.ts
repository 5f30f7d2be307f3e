import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';
import type { SentFrame } from './protocol.ts';
import { LoneElection, macOf, neighbour, ownAddressOf } from './testing.ts';

const TEXT = '10.0.9.9';

/** The questions about the address that were sent until now. */
function questions(lone: LoneElection, address: Address): readonly Extract<SentFrame, { type: 'question' }>[] {
  return lone.sent.flatMap(({ frame }) =>
    frame.type === 'question' && addressKey(frame.about) === addressKey(address) ? [frame] : [],
  );
}

/** Time passes, and there are frames all the while that the node has not read. */
function runUnread(lone: LoneElection, ms: number): void {
  for (const end = lone.now + ms; lone.now < end;) {
    lone.now += 5;
    lone.handle({ type: 'timer', drained: false });
  }
}

describe('the proof that nobody has an address', () => {
  test('is three questions in about 100 ms: as a probe, in the own name, and to the holder of the claim alone', () => {
    const lone = new LoneElection();
    lone.run(5000);
    lone.handle({ type: 'claim', address: { family: 'IPv4', value: 0x0a00_0909n }, claim: claimOf('gone') });
    const began = lone.now;
    const address = lone.service(TEXT);
    while (!lone.holds(address) && lone.now < began + 1000) {
      lone.run(1);
    }
    expect(questions(lone, address)).toMatchObject([
      { sender: 'none', to: 'all' },
      { sender: 'own', to: 'group' },
      { sender: 'own', to: { mac: '02:00:00:00:77:01' } },
    ]);
    expect(lone.now - began).toBeGreaterThanOrEqual(100);
    expect(lone.now - began).toBeLessThan(500);
  });

  test('ends with no verdict where nothing is heard after the question, though the LAN lived a moment ago', () => {
    const lone = new LoneElection();
    lone.run(5000);
    lone.owners.clear();
    lone.speaking.clear();
    const address = lone.service(TEXT);
    lone.run(5000);
    expect(questions(lone, address).length).toBeGreaterThan(3);
    expect(lone.holds(address)).toBe(false);
  });

  test('ends with no verdict while there are frames to read: the answer may be one of them', () => {
    const lone = new LoneElection();
    lone.run(5000);
    const address = lone.service(TEXT);
    while (questions(lone, address).length === 0) {
      lone.run(1);
    }
    runUnread(lone, 1000);
    expect(questions(lone, address).length).toBeLessThanOrEqual(1);
    lone.hear(macOf(0), { type: 'announcement', about: address, mac: macOf(0) });
    lone.run(2000);
    expect(lone.holds(address)).toBe(false);
  });

  test.each([
    ['while there are frames to read', true],
    ['once that one was silent by itself', false],
  ])('does not count the answer to all as one, nor its silence, %s', (_, unread) => {
    const lone = new LoneElection();
    lone.run(5000);
    const address = lone.service(TEXT);
    while (questions(lone, address).length === 0) {
      lone.run(1);
    }
    // Two switches answer for it, or one and the same twice.
    lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
    lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
    if (unread) {
      runUnread(lone, 500);
    } else {
      lone.run(500);
    }
    expect(lone.holds(address)).toBe(!unread);
    expect(questions(lone, address).at(-1)).toMatchObject({ sender: 'own', to: { mac: macOf(0) } });
  });

  test('ends with no verdict either where the LAN dies while one is asked that has answered to all', () => {
    const lone = new LoneElection();
    lone.run(5000);
    const address = lone.service(TEXT);
    while (questions(lone, address).length === 0) {
      lone.run(1);
    }
    lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
    lone.run(1);
    lone.owners.clear();
    lone.speaking.clear();
    lone.run(5000);
    expect(lone.holds(address)).toBe(false);
  });

  test('lets a rival go first that asks as well, but none that asks over and over and takes nothing', () => {
    for (let host = 1; host <= 10; host += 1) {
      const lone = new LoneElection();
      lone.run(5000);
      const address = lone.service(`10.0.9.${host}`);
      for (let asked = 0; asked < 50; asked += 1) {
        lone.run(100);
        if (!lone.holds(address)) {
          lone.hear(macOf(0), { type: 'question', about: address, probe: true, unicast: false });
        }
      }
      expect(lone.holds(address)).toBe(true);
    }
  });

  test('waits longer after each refusal in a row', () => {
    const lone = new LoneElection();
    lone.run(5000);
    const address = lone.service(TEXT);
    lone.owners.set(addressKey(address), '02:00:00:00:ee:01');
    lone.run(3_600_000);
    const conflicts = lone.events.filter(({ type }) => type === 'conflict').length;
    expect(conflicts).toBeGreaterThan(8);
    // 10 s, then twice as long each time, up to five minutes.
    expect(conflicts).toBeLessThan(30);
  });
});

describe('an answer that nobody has asked for', () => {
  test('makes its sender no holder, for it may be a late one by proxy: the death of the true one is still noticed', () => {
    const lone = new LoneElection();
    lone.run(5000);
    const address = lone.service(TEXT);
    lone.heldBy(1, address);
    lone.run(5000);
    lone.hear(macOf(0), { type: 'answer', about: address, mac: macOf(0) });
    for (const gone of [address, ownAddressOf(1)]) {
      lone.owners.delete(addressKey(gone));
    }
    lone.speaking.delete(1);
    lone.run(2000);
    expect(lone.holds(address)).toBe(true);
  });
});

describe('a claim that changes', () => {
  test('says whose death counts, though the wire has said nothing', () => {
    const lone = new LoneElection();
    const address: Address = { family: 'IPv4', value: 0x0a00_0909n };
    lone.handle({ type: 'claim', address, claim: { address, holder: neighbour(0), mac: macOf(0) } });
    lone.service(TEXT);
    lone.handle({ type: 'claim', address, claim: { address, holder: neighbour(1), mac: macOf(1) } });
    lone.run(1000);
    lone.owners.delete(addressKey(ownAddressOf(1)));
    lone.speaking.delete(1);
    lone.run(1000);
    expect(lone.holds(address)).toBe(true);
  });
});

describe('a peer that does not answer', () => {
  test('is dead to nobody whose frames are unread', () => {
    const lone = new LoneElection();
    lone.service(TEXT);
    lone.run(5000);
    lone.owners.delete(addressKey(ownAddressOf(0)));
    lone.speaking.delete(0);
    runUnread(lone, 3000);
    expect(lone.counts().deadVerdicts).toBe(0);
    lone.run(1000);
    expect(lone.counts().deadVerdicts).toBe(1);
  });

  test('is dead to nobody whose own loop is late each time', () => {
    const lone = new LoneElection();
    lone.service(TEXT);
    lone.run(5000);
    lone.owners.delete(addressKey(ownAddressOf(0)));
    lone.speaking.clear();
    for (let look = 0; look < 30; look += 1) {
      lone.now += 160;
      lone.hear(macOf(1), { type: 'other' });
      lone.handle({ type: 'timer', drained: true });
    }
    expect(lone.counts().deadVerdicts).toBe(0);
  });
});

function claimOf(holder: string): { readonly address: Address; readonly holder: string; readonly mac: string } {
  return { address: { family: 'IPv4', value: 0x0a00_0909n }, holder, mac: '02:00:00:00:77:01' };
}

describe('a question of others for a peer', () => {
  test('is followed up by the first ranks of its addresses, not by everybody', () => {
    let followed = 0;
    for (let host = 1; host <= 30; host += 1) {
      const lone = new LoneElection({ neighbours: 9 });
      lone.heldBy(0, lone.service(`10.0.9.${host}`));
      lone.run(5000);
      const question = { type: 'question', probe: false, unicast: false } as const;
      lone.hear(macOf(5), { ...question, about: ownAddressOf(0), sender: ownAddressOf(5) });
      followed += lone.counts().hintsHeard;
    }
    // Four in nine that are not the holder itself: three that are told, and one more.
    expect(followed).toBeGreaterThan(5);
    expect(followed).toBeLessThan(25);
  });
});

describe('the agent of a peer', () => {
  test('is suspected by a node that it is not to ask, too, once another node asks for it', () => {
    const suspects: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const lone = new LoneElection({ neighbours: 5 });
      lone.speaking.delete(index);
      lone.heldBy(index, lone.service(TEXT));
      lone.run(20_000);
      const reads = (): number => lone.effects.filter(({ type }) => type === 'read-lease').length;
      if (reads() > 0) {
        // It is to ask this node, which has noticed by itself.
        continue;
      }
      const asker = (index + 1) % 5;
      const question = { type: 'question', probe: false, unicast: true } as const;
      lone.hear(macOf(asker), { ...question, about: ownAddressOf(index), sender: ownAddressOf(asker) });
      lone.run(2000);
      if (reads() > 0) {
        suspects.push(neighbour(index));
      }
    }
    expect(suspects).toHaveLength(3);
  });
});
