import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Address } from '@fairlead/api';
import { parseAddress } from '@fairlead/api';
import type { LanEvent, LanFrame, LanSocket, Link, Netlink } from '@fairlead/netlink';
import {
  arpProbe,
  arpRequest,
  gratuitousArpReply,
  gratuitousArpRequest,
  openLanSocket,
  openNetlink,
  solicitation,
  unsolicitedNA,
} from '@fairlead/netlink';
import type { Namespace } from './namespace.ts';
import { eventually, makeCable } from './namespace.ts';

let here: Namespace;
let there: Namespace;
let lan: LanSocket;
let neighbourhood: Netlink;
/** eth0 at both ends. */
let own: Link & { mac: string };
let opposite: Link & { mac: string };

async function eth0(namespace: Namespace): Promise<Link & { mac: string }> {
  const netlink = await openNetlink({ netns: namespace.path });
  const link = (await netlink.links()).find(({ name }) => name === 'eth0');
  await netlink.close();
  if (link?.mac === undefined) {
    throw new Error('no eth0');
  }
  return { ...link, mac: link.mac };
}

beforeEach(async () => {
  [here, there] = await makeCable();
  own = await eth0(here);
  opposite = await eth0(there);
  lan = await openLanSocket({ netns: here.path, index: own.index });
  neighbourhood = await openNetlink({ netns: there.path });
});

afterEach(async () => {
  await Promise.all([lan.close(), neighbourhood.close()]);
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});

/** Sends frames, then waits for the first answer from the other end that `look` takes. */
async function answerTo(frame: LanFrame, look: (frame: LanFrame) => boolean): Promise<LanEvent & { type: 'frame' }> {
  const answer = eventually(lan, (event: LanEvent) =>
    event.type === 'frame' && look(event.frame) ? event : undefined,
  );
  expect(lan.send([frame])).toEqual({ ok: true });
  return answer;
}

/** What the other end believes to be the hardware address of an address. */
async function believed(address: Address): Promise<string | undefined> {
  const neighbours = await neighbourhood.neighbours({ family: address.family, index: opposite.index });
  return neighbours.find((neighbour) => neighbour.address.value === address.value)?.mac;
}

/** The kernel asks for the address when it is to send a datagram there. */
function ask(namespace: Namespace, address: string): void {
  namespace.run('bash', '-c', `echo > /dev/udp/${address}/9`);
}

const linkLocal = parseAddress('fe80::1234');
const theirs = parseAddress('192.0.2.2');
const theirs6 = parseAddress('2001:db8::2');

describe('questions', () => {
  it.each<[string, () => LanFrame]>([
    ['a probe with sender 0', () => arpProbe({ mac: own.mac, address: theirs })],
    ['a request', () => arpRequest({ mac: own.mac, sender: parseAddress('192.0.2.1'), address: theirs })],
    [
      'a unicast request',
      () => arpRequest({ mac: own.mac, sender: parseAddress('192.0.2.1'), address: theirs, to: opposite.mac }),
    ],
  ])('%s is answered by the kernel that has the address', async (_, frame) => {
    const before = performance.now();
    const { frame: answer, receivedAt } = await answerTo(frame(), ({ kind }) => kind === 'arp');
    expect(answer).toMatchObject({
      operation: 'reply',
      sourceMAC: opposite.mac,
      destinationMAC: own.mac,
      senderMAC: opposite.mac,
      senderAddress: theirs,
    });
    expect(receivedAt).toBeGreaterThanOrEqual(before - 1);
    expect(receivedAt).toBeLessThanOrEqual(performance.now());
  });

  it.each<[string, () => LanFrame]>([
    ['to all nodes', () => solicitation({ mac: own.mac, source: linkLocal, target: theirs6, to: 'allNodes' })],
    ['to the group', () => solicitation({ mac: own.mac, source: linkLocal, target: theirs6, to: 'solicitedNode' })],
    ['to one', () => solicitation({ mac: own.mac, source: linkLocal, target: theirs6, to: { mac: opposite.mac } })],
    ['to the group from nowhere', () => solicitation({ mac: own.mac, target: theirs6, to: 'solicitedNode' })],
  ])('a solicitation %s is answered by the kernel that has the address', async (_, frame) => {
    // The kernel at our end has no such link-local address and would be asked for it before an answer can come.
    here.ip('addr add fe80::1234/64 dev eth0 nodad');
    const { frame: answer } = await answerTo(
      frame(),
      (candidate) => candidate.kind === 'neighbourAdvertisement' && candidate.target.value === theirs6.value,
    );
    expect(answer).toMatchObject({ sourceMAC: opposite.mac, target: theirs6 });
  });

  it('of others are heard, for IPv6 in the groups that were named', async () => {
    const asked: string[] = [];
    const both = eventually(lan, (event: LanEvent) => {
      if (event.type === 'frame' && event.frame.sourceMAC === opposite.mac) {
        const { frame } = event;
        asked.push(`${frame.kind} ${(frame.kind === 'arp' ? frame.targetAddress : frame.target).value & 0xffn}`);
      }
      return asked.includes('arp 77') && asked.includes('neighbourSolicitation 119') ? asked : undefined;
    });
    lan.listenFor([parseAddress('2001:db8::77')]);
    ask(there, '192.0.2.77');
    ask(there, '2001:db8::77');
    await both;
    expect(here.ip('maddr show dev eth0')).toContain('33:33:ff:00:00:77');
    lan.listenFor([parseAddress('2001:db8::88')]);
    expect(here.ip('maddr show dev eth0')).toContain('33:33:ff:00:00:88');
    expect(here.ip('maddr show dev eth0')).not.toContain('33:33:ff:00:00:77');
  });
});

describe('announcements', () => {
  const moved = parseAddress('192.0.2.50');
  const moved6 = parseAddress('2001:db8::50');
  const elsewhere = '02:00:00:00:00:99';

  it.each<[string, Address, () => LanFrame]>([
    ['a gratuitous reply', moved, () => gratuitousArpReply({ mac: own.mac, address: moved })],
    ['an unsolicited advertisement', moved6, () => unsolicitedNA({ mac: own.mac, address: moved6 })],
  ])('%s replaces at once what a neighbour has just learned', async (_, address, frame) => {
    const text = address === moved ? '192.0.2.50' : '2001:db8::50';
    there.ip(`neigh replace ${text} lladdr ${elsewhere} nud reachable dev eth0`);
    expect(await believed(address)).toBe(elsewhere);
    expect(lan.send([frame()])).toEqual({ ok: true });
    expect(await believed(address)).toBe(own.mac);
  });

  it('reach another socket, all of them', async () => {
    const other = await openLanSocket({ netns: there.path, index: opposite.index });
    const heard = new Set<bigint>();
    const all = eventually(other, (event: LanEvent) => {
      if (event.type === 'frame' && event.frame.kind === 'arp') {
        heard.add(event.frame.senderAddress.value);
      }
      return heard.size === 500 ? true : undefined;
    });
    const frames = Array.from({ length: 500 }, (_, host) =>
      gratuitousArpRequest({ mac: own.mac, address: { family: 'IPv4', value: 0x0a00_0000n + BigInt(host) } }),
    );
    expect(lan.send(frames)).toEqual({ ok: true });
    expect(await all).toBe(true);
    expect(other.drained()).toBe(true);
    await other.close();
  });

  it('of our own are not heard', () => {
    const heard: LanFrame[] = [];
    lan.subscribe((event) => {
      if (event.type === 'frame' && event.frame.sourceMAC === own.mac) {
        heard.push(event.frame);
      }
    });
    lan.send([gratuitousArpReply({ mac: own.mac, address: moved }), unsolicitedNA({ mac: own.mac, address: moved6 })]);
    expect(lan.drained()).toBe(true);
    expect(heard).toEqual([]);
  });
});

/** A question of the other end for a host, to all or to one. */
function question(host: number, to?: string): LanFrame {
  const address: Address = { family: 'IPv4', value: theirs.value - 2n + BigInt(host) };
  return arpRequest({ mac: opposite.mac, sender: theirs, address, to });
}

/** Resolves when the kernel has delivered the question, by a socket that does not let it wait. */
function delivered(host: number): Promise<boolean> {
  const value = theirs.value - 2n + BigInt(host);
  return eventually(lan, (event: LanEvent) =>
    event.type === 'frame' && event.frame.kind === 'arp' && event.frame.targetAddress.value === value
      ? true
      : undefined,
  );
}

describe('frames to this station that may wait', () => {
  let patient: LanSocket;
  let other: LanSocket;
  let heard: string[];

  beforeEach(async () => {
    // After `lan`: the kernel gives a frame to the newest socket first, so what `lan` has heard, `patient` can read.
    patient = await openLanSocket({ netns: here.path, index: own.index });
    patient.deferUnicast(true);
    other = await openLanSocket({ netns: there.path, index: opposite.index });
    heard = [];
    patient.subscribe((event) => {
      if (event.type === 'frame' && event.frame.sourceMAC === opposite.mac && event.frame.kind === 'arp') {
        heard.push(`${event.frame.targetAddress.value & 0xffn}`);
      }
    });
  });

  afterEach(async () => {
    await Promise.all([patient.close(), other.close()]);
  });

  it('wake nobody, and are there when asked for', async () => {
    const arrival = delivered(101);
    other.send([question(101, own.mac)]);
    await arrival;
    // Some turns of the loop, each of which looks for descriptors that are readable.
    for (let turn = 0; turn < 5; turn++) {
      await nextTurn();
    }
    expect(heard).toEqual([]);
    expect(patient.drained()).toBe(true);
    expect(heard).toEqual(['101']);
  });

  it('come before a later frame to all, which waits for nobody', async () => {
    const arrival = delivered(101);
    other.send([question(101, own.mac)]);
    await arrival;
    const all = eventually(patient, (event: LanEvent) => {
      return event.type === 'frame' && event.frame.destinationMAC === 'ff:ff:ff:ff:ff:ff' ? true : undefined;
    });
    other.send([question(102)]);
    await all;
    expect(heard).toEqual(['101', '102']);
  });

  it('are in the order of their arrival among frames to all', async () => {
    const arrival = delivered(105);
    const frames = [question(101), question(102, own.mac), question(103), question(104, own.mac), question(105)];
    other.send(frames);
    await arrival;
    expect(patient.drained()).toBe(true);
    expect(heard).toEqual(['101', '102', '103', '104', '105']);
  });

  it('come at once when they may wait no more', async () => {
    const arrival = delivered(101);
    other.send([question(101, own.mac)]);
    await arrival;
    const first = eventually(patient, (event: LanEvent) => (event.type === 'frame' ? true : undefined));
    patient.deferUnicast(false);
    await first;
    expect(heard).toEqual(['101']);
  });

  it('are told by the MAC that the interface has now', async () => {
    here.ip('link set eth0 address 02:00:00:00:00:77');
    const arrival = delivered(101);
    other.send([question(101, '02:00:00:00:00:77')]);
    await arrival;
    expect(heard).toEqual([]);
    expect(patient.drained()).toBe(true);
    expect(heard).toEqual(['101']);
  });

  it('more than fit are lost, and the rest is heard', async () => {
    const arrival = delivered(250);
    const many = Array.from({ length: 10_000 }, () => question(101, own.mac));
    other.send([...many, question(250)]);
    await arrival;
    expect(patient.drained()).toBe(true);
    expect(heard.at(-1)).toBe('250');
    expect(heard.length).toBeGreaterThan(500);
    expect(heard.length).toBeLessThan(10_000);
    heard.length = 0;
    const next = delivered(103);
    other.send([question(102, own.mac), question(103)]);
    await next;
    expect(patient.drained()).toBe(true);
    expect(heard).toEqual(['102', '103']);
  });
});

describe('an interface that goes', () => {
  it.each([
    ['off', 'link set eth0 down'],
    ['away', 'link del eth0'],
  ])('%s closes the socket', async (_, command) => {
    const closed = eventually(lan, (event: LanEvent) => (event.type === 'closed' ? event.error.code : undefined));
    here.ip(command);
    expect(await closed).toBe('ENETDOWN');
    expect(lan.send([arpProbe({ mac: own.mac, address: theirs })])).toMatchObject({ ok: false, sent: 0 });
    expect(lan.drained()).toBe(true);
    lan.listenFor([theirs6]);
  });

  it('says so to who only sends', async () => {
    const closed = eventually(lan, (event: LanEvent) => (event.type === 'closed' ? event.error.code : undefined));
    here.ip('link del eth0');
    const result = lan.send([arpProbe({ mac: own.mac, address: theirs })]);
    expect(result).toMatchObject({ ok: false, sent: 0 });
    expect(['ENETDOWN', 'ENXIO', 'ENODEV']).toContain(await closed);
  });

  it('cannot be opened', async () => {
    await expect(openLanSocket({ netns: here.path, index: 9999 })).rejects.toMatchObject({ code: 'ENODEV' });
  });
});
