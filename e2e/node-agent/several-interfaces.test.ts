import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { claimant, NAMESPACES, now, startCapture } from '../lab/index.ts';
import type { Capture, IpEvent, LabNode } from '../lab/index.ts';
import { createAllocated, serviceGroup } from './allocated.ts';
import { addressesOn } from './kernel.ts';
import { tellOfLink } from './link-event.ts';
import { answersOn, LAN } from './local-node.ts';
import { announced, hasInterfaces, holders, startLocalNodes } from './local-nodes.ts';
import type { LocalNodes } from './local-nodes.ts';

/** The second LAN: a switch of its own, on which nodes and the client have their eth1. */
const SECOND = 'eth1';
const SWITCH = 'lan2';
/** The addresses of Services. */
const ON_FIRST: readonly string[] = ['172.20.9.1', '172.20.9.2', '172.20.9.3', '172.20.9.4'];
const ON_SECOND: readonly string[] = ['172.22.0.65', '172.22.0.66', '172.22.0.67', '172.22.0.68'];

/** Which of the addresses anybody on a wire said to have, since a position. */
function saidOn(capture: Capture, addresses: readonly string[], from = 0): readonly string[] {
  const events = capture.events.all.slice(from);
  return addresses.filter((address) => events.some((event) => claimant(event, address) !== undefined));
}

/** Waits until each of the addresses is announced on a wire by that MAC, from a position on. */
async function untilAnnounced(
  capture: Capture,
  { addresses, mac, from }: { readonly addresses: readonly string[]; readonly mac: string; readonly from: number },
): Promise<number> {
  const events = await Promise.all(
    addresses.map((address) => capture.events.waitFor((event) => announced(event, address) === mac, { from })),
  );
  return Math.max(...events.map(({ at }) => at));
}

function isOn(event: IpEvent, name: string): boolean {
  return event.type === 'address' && event.interface === name && ON_FIRST.includes(event.address);
}

function carrierOf(name: string, there: boolean): (event: IpEvent) => boolean {
  return (event) => event.type === 'link' && event.interface === name && event.flags.includes('LOWER_UP') === there;
}

/** Three nodes, for with two the one that is left on a LAN would hear nobody, and take nothing. */
describe('nodes on two LANs', () => {
  let scene: LocalNodes;
  let first: Capture;
  let second: Capture;

  beforeAll(async () => {
    scene = await startLocalNodes({ nodes: 3 });
    const { lab } = scene;
    await addSecondLan();
    first = await startCapture(lab.run);
    second = await startCapture(lab.run, { namespace: NAMESPACES.switch, interface: SWITCH });
    await scene.configure({ local: { interfaces: ['default', SECOND] } });
    await Promise.all(lab.nodes.map((node) => scene.untilStatus(node, hasInterfaces(LAN, SECOND))));
    await lab.apply(serviceGroup('second', ['172.22.0.64/26']));
  }, 90_000);

  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop()]);
    await scene?.[Symbol.asyncDispose]();
  }, 20_000);

  async function addSecondLan(): Promise<void> {
    const { lab } = scene;
    await rewire([
      `link add ${SWITCH} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set ${SWITCH} up`,
    ]);
    for (const [position, namespace] of ['client', ...lab.nodes.map((node) => node.namespace)].entries()) {
      const there = lab.run.namespaceName(namespace);
      await rewire([
        `link add ${namespace}-2 type veth peer name ${SECOND} netns ${there}`,
        `link set ${namespace}-2 master ${SWITCH} up`,
      ]);
      const stdin = `link set ${SECOND} up\naddr add 172.22.0.${position + 1}/24 dev ${SECOND}\n`;
      await lab.run.exec(['ip', '-batch', '-'], { namespace, stdin });
    }
  }

  /** Commands of `ip -batch` where both switches are. */
  async function rewire(lines: readonly string[]): Promise<void> {
    await scene.lab.run.exec(['ip', '-batch', '-'], { namespace: NAMESPACES.switch, stdin: lines.join('\n') });
  }

  /** The node that has most of these addresses on an interface, and which of them it has. */
  async function busiest(
    addresses: readonly string[],
    name: string,
  ): Promise<{ readonly node: LabNode; readonly held: readonly string[] }> {
    const all = await Promise.all(
      scene.lab.nodes.map(async (node) => {
        const there = new Set(await addressesOn(node, name));
        return { node, held: addresses.filter((address) => there.has(`${address}/32`)) };
      }),
    );
    const [most] = all.toSorted((a, b) => b.held.length - a.held.length);
    if (most === undefined || most.held.length === 0) {
      throw new Error(`no node has any of ${addresses.join()} on ${name}`);
    }
    return most;
  }

  test('each address is on one node, on the interface of its own subnet, and announced on that wire alone', async () => {
    const { lab } = scene;
    const arrivals = [
      ...ON_FIRST.map((address) => scene.untilOn(address)),
      ...ON_SECOND.map((address) => scene.untilOn(address, { interface: SECOND })),
    ];
    await createAllocated(lab, { name: 'first', addresses: ON_FIRST.slice(0, 1), group: 'lan' });
    for (const [group, addresses] of [
      ['lan', ON_FIRST],
      ['second', ON_SECOND],
    ] as const) {
      for (const address of addresses.filter((each) => each !== ON_FIRST[0])) {
        await createAllocated(lab, { name: `${group}-${address.split('.')[3]}`, addresses: [address], group });
      }
    }
    await Promise.all(arrivals);
    for (const address of [...ON_FIRST, ...ON_SECOND]) {
      expect(await holders(lab, address)).toHaveLength(1);
      expect(await answersOn(lab, address)).toBe(20);
    }
    expect([saidOn(first, ON_SECOND), saidOn(second, ON_FIRST)]).toEqual([[], []]);
    expect([saidOn(first, ON_FIRST), saidOn(second, ON_SECOND)]).toEqual([ON_FIRST, ON_SECOND]);
  }, 60_000);

  test('where one cable is cut the addresses of that LAN move, and those of the other stay', async () => {
    const { lab } = scene;
    const { node, held } = await busiest(ON_SECOND, SECOND);
    const mark = scene.mark();
    const probe = await scene.probe(ON_FIRST[0] ?? '');
    await rewire([`link set ${node.name}-2 down`]);
    await Promise.all(held.map((address) => scene.untilOn(address, { mark, interface: SECOND })));
    for (const address of ON_FIRST) {
      expect(scene.since(mark, address)).toEqual([]);
    }
    const from = scene.monitor(node).events.length;
    await rewire([`link set ${node.name}-2 up`]);
    // Both have it until they hear each other: the higher rank keeps it.
    await Promise.all(held.map((address) => untilOneHolder(address, SECOND)));
    expect(
      scene
        .monitor(node)
        .events.all.slice(from)
        .some((event) => isOn(event, LAN)),
    ).toBe(false);
    expect((await probe.stop()).lost).toBe(0);
    for (const address of ON_SECOND) {
      expect(await answersOn(lab, address)).toBe(20);
    }
  }, 60_000);

  /** Looks again whenever something happens to the address. */
  async function untilOneHolder(address: string, name: string): Promise<void> {
    for (;;) {
      const mark = scene.mark();
      if ((await holders(scene.lab, address)).length === 1) {
        return;
      }
      await Promise.any(
        scene.monitors.map(({ events }, position) =>
          events.waitFor((event) => event.type === 'address' && event.interface === name && event.address === address, {
            from: mark[position] ?? 0,
          }),
        ),
      );
    }
  }

  test.each(['bonding failover', 'notify peers'] as const)(
    'a link that looks as before and of which the kernel says "%s": what is on it is announced and asked for at once',
    async (event) => {
      const { lab } = scene;
      const { node, held } = await busiest(ON_FIRST, LAN);
      const from = first.events.length;
      const began = now();
      await tellOfLink(lab, node, { name: LAN, event });
      const at = await untilAnnounced(first, { addresses: held, mac: node.mac, from });
      for (const address of held) {
        await first.events.waitFor(
          (each) => each.type === 'arp' && each.targetAddress === address && each.senderAddress === node.address.IPv4,
          { from },
        );
      }
      // The start of the program that tells of it is in this.
      console.log(`${event}: announced after ${(at - began).toFixed(0)} ms`);
      expect(at - began).toBeLessThan(5_000);
    },
    40_000,
  );

  test('a cable that is in again: what is on the interface is announced at once', async () => {
    const { node, held } = await busiest(ON_FIRST, LAN);
    const from = scene.monitor(node).events.length;
    const { events } = scene.monitor(node);
    await rewire([`link set ${node.name} down`]);
    await events.waitFor(carrierOf(LAN, false), { from });
    const [back, captured] = [events.length, first.events.length];
    await rewire([`link set ${node.name} up`]);
    const { at: up } = await events.waitFor(carrierOf(LAN, true), { from: back });
    const at = await untilAnnounced(first, { addresses: held, mac: node.mac, from: captured });
    expect(at - up).toBeLessThan(1_000);
  }, 40_000);
});
