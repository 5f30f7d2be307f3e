import { parseAddress, parsePrefix } from '@fairlead/api';
import { PeerWatch } from './watch.ts';
import type { WatchedPeer } from './watch.ts';

const NOW = 1000;

interface Neighbour {
  readonly node: string;
  readonly mac: string;
  readonly address: string;
  readonly deaf?: boolean;
}

function update(watch: PeerWatch, neighbours: readonly Neighbour[]): void {
  watch.update({
    segment: {
      interface: { index: 2, name: 'eth0', mac: '02:00:00:00:00:00' },
      carrier: true,
      subnets: [parsePrefix('10.0.0.0/24')],
      ownAddresses: [parseAddress('10.0.0.1')],
      gateways: [],
      lans: ['lan'],
      adopted: [],
    },
    peers: neighbours.map(({ node, mac, address, deaf = false }) => ({
      node,
      excluded: false,
      deaf,
      interfaces: [{ mac, addresses: [parseAddress(address)], lans: ['lan'] }],
    })),
    intervalMs: 100,
    misses: 3,
    now: 0,
  });
}

function startedWatch(nodes: readonly string[]): PeerWatch {
  const watch = new PeerWatch('self');
  update(
    watch,
    nodes.map((node, index) => ({ node, mac: `02:00:00:00:00:0${index + 1}`, address: `10.0.0.${index + 2}` })),
  );
  watch.need(true, { now: NOW, random: () => 0 });
  return watch;
}

function names(peers: readonly WatchedPeer[]): readonly string[] {
  return peers.map(({ node }) => node).sort();
}

/** Ticks of the watch in which nobody answers; the names of those that are believed dead, by tick. */
function silence(watch: PeerWatch, ticks: number, lanHeardAt: (now: number) => number): string[][] {
  return Array.from({ length: ticks }, (_, tick) => {
    const now = NOW + tick * 100;
    return [...names(watch.due(now, { drained: true, lanHeardAt: lanHeardAt(now) }).dead)];
  });
}

describe('the watch over peers', () => {
  test('asks two of them, and four while one is silent', () => {
    const watch = startedWatch(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(watch.due(NOW, { drained: true, lanHeardAt: NOW }).ask).toHaveLength(2);
    expect(watch.due(NOW + 100, { drained: true, lanHeardAt: NOW + 90 }).ask).toHaveLength(4);
  });

  test('believes a peer dead after three misses', () => {
    expect(silence(startedWatch(['a']), 5, (now) => now)).toEqual([[], [], [], ['a'], []]);
  });

  test('asks no peer by ARP that answers none, and does not take its silence for death', () => {
    const watch = startedWatch(['a']);
    update(watch, [{ node: 'a', mac: '02:00:00:00:00:01', address: '10.0.0.2', deaf: true }]);
    expect(silence(watch, 10, (now) => now).flat()).toEqual([]);
    expect(watch.nearest()).toBeUndefined();
  });

  test('believes nothing while no frame of any station comes in', () => {
    expect(silence(startedWatch(['a']), 20, () => NOW - 1).flat()).toEqual([]);
  });

  test('counts no miss while its own loop is late or has frames to read', () => {
    const late = startedWatch(['a']);
    for (let tick = 0; tick < 20; tick += 1) {
      const now = (late.next() ?? 0) + 60;
      expect(late.due(now, { drained: true, lanHeardAt: now }).dead).toEqual([]);
    }
    const behind = startedWatch(['a']);
    for (let tick = 0; tick < 20; tick += 1) {
      const now = behind.next() ?? 0;
      expect(behind.due(now, { drained: false, lanHeardAt: now }).dead).toEqual([]);
    }
  });

  test('does not ask a peer that asks by itself', () => {
    const watch = startedWatch(['a']);
    const peer = watch.get('a');
    watch.due(NOW, { drained: true, lanHeardAt: NOW });
    expect(peer).toBeDefined();
    if (peer !== undefined) {
      watch.heard(peer, { at: NOW + 50, now: NOW + 50, answer: false });
    }
    expect(watch.due(NOW + 100, { drained: true, lanHeardAt: NOW + 50 }).ask).toEqual([]);
    expect(names(watch.due(NOW + 200, { drained: true, lanHeardAt: NOW + 50 }).ask)).toEqual(['a']);
  });

  test('asks all the same who speaks by himself while the one before him is silent', () => {
    const watch = startedWatch(['a', 'b']);
    const asked = watch.due(NOW, { drained: true, lanHeardAt: NOW }).ask;
    const second = asked[1];
    expect(second).toBeDefined();
    if (second === undefined) {
      return;
    }
    watch.heard(second, { at: NOW + 50, now: NOW + 50, answer: false });
    expect(names(watch.due(NOW + 100, { drained: true, lanHeardAt: NOW + 50 }).ask)).toEqual(['a', 'b']);
  });

  test('takes an answer to a question to all for a reason to ask again, and no sign of life: proxies answer so', () => {
    const watch = startedWatch(['a']);
    silence(watch, 4, (now) => now);
    const peer = watch.get('a');
    expect(peer?.dead).toBe(true);
    if (peer === undefined) {
      return;
    }
    const now = NOW + 301;
    peer.broadcastAt = now;
    expect(watch.heard(peer, { at: now + 1, now: now + 1, answer: true })).toBe(false);
    expect(peer.dead).toBe(true);
    expect(names(watch.due(now + 1, { drained: true, lanHeardAt: now }).ask)).toEqual(['a']);
    expect(watch.heard(peer, { at: now + 2, now: now + 2, answer: true })).toBe(true);
    expect(peer.dead).toBe(false);
  });

  test('checks a peer that others ask for: dead after three questions 30 ms apart, whatever the interval', () => {
    const watch = startedWatch(['a', 'b', 'c', 'd', 'e', 'f']);
    watch.due(NOW, { drained: true, lanHeardAt: NOW });
    const peer = [...watch.all()].find(({ askedAt }) => askedAt === undefined);
    expect(peer).toBeDefined();
    if (peer === undefined) {
      return;
    }
    watch.check(peer, NOW + 1);
    const dead: { readonly at: number; readonly node: string }[] = [];
    for (let now = NOW + 1; now < NOW + 99; now += 1) {
      for (const { node } of watch.due(now, { drained: true, lanHeardAt: now }).dead) {
        dead.push({ at: now, node });
      }
    }
    expect(dead).toEqual([{ at: NOW + 91, node: peer.node }]);
  });

  test('checks two peers at once in the time of one', () => {
    const watch = startedWatch(['a', 'b', 'c', 'd', 'e', 'f']);
    watch.due(NOW, { drained: true, lanHeardAt: NOW });
    const others = [...watch.all()].filter(({ askedAt }) => askedAt === undefined).slice(0, 2);
    for (const peer of others) {
      watch.check(peer, NOW + 1);
    }
    expect(names(watch.due(NOW + 1, { drained: true, lanHeardAt: NOW }).ask)).toEqual(names(others));
  });

  test('rests while no address could be held by anybody, and begins anew within an interval', () => {
    const watch = startedWatch(['a', 'b']);
    watch.need(false, { now: NOW, random: () => 0 });
    expect(watch.next()).toBeUndefined();
    watch.need(true, { now: NOW + 60_000, random: () => 0.5 });
    expect(watch.next()).toBe(NOW + 60_050);
    const now = NOW + 60_050;
    expect(names(watch.due(now, { drained: true, lanHeardAt: NOW }).ask)).toEqual(['a', 'b']);
  });

  test('gives those that it asked late the whole interval to answer', () => {
    const watch = startedWatch(['a']);
    silence(watch, 3, (now) => now);
    const late = NOW + 300 + 90;
    expect(watch.due(late, { drained: true, lanHeardAt: late }).dead).toEqual([]);
    expect(watch.next()).toBe(late + 100);
  });

  test('takes nothing that it knew before a rest for true: not who was dead, and not whom it had asked', () => {
    const watch = startedWatch(['a', 'b']);
    silence(watch, 4, (now) => now);
    expect([...watch.all()].every(({ dead }) => dead)).toBe(true);
    watch.need(false, { now: NOW + 400, random: () => 0 });
    watch.need(true, { now: NOW + 500, random: () => 0 });
    expect([...watch.all()].some(({ dead }) => dead)).toBe(false);
    const found = [0, 1, 2, 3].map((tick) => {
      const now = NOW + 500 + tick * 100;
      return watch.due(now, { drained: true, lanHeardAt: now }).dead.length;
    });
    expect(found).toEqual([0, 0, 0, 2]);
  });

  test('asks a peer with one question for as long as it stays where it is', () => {
    const watch = startedWatch(['a']);
    const before = watch.get('a')?.question;
    expect(before).toEqual({
      type: 'question',
      about: parseAddress('10.0.0.2'),
      sender: 'own',
      to: { mac: '02:00:00:00:00:01' },
    });
    update(watch, [{ node: 'a', mac: '02:00:00:00:00:01', address: '10.0.0.2' }]);
    expect(watch.get('a')?.question).toBe(before);
    update(watch, [{ node: 'a', mac: '02:00:00:00:00:01', address: '10.0.0.3' }]);
    expect(watch.get('a')?.question).toMatchObject({ about: parseAddress('10.0.0.3') });
    update(watch, [{ node: 'a', mac: '02:00:00:00:00:09', address: '10.0.0.3' }]);
    expect(watch.get('a')?.question).toMatchObject({ to: { mac: '02:00:00:00:00:09' } });
    expect(watch.byOwnAddress(parseAddress('10.0.0.3'))?.node).toBe('a');
    expect(watch.byOwnAddress(parseAddress('10.0.0.2'))).toBeUndefined();
  });
});
