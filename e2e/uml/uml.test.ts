import { readlinkSync } from 'node:fs';
import { beforeAll, describe, expect } from '@jest/globals';
import type { EventLog, IpEvent, LabProcess } from '../lab/index.ts';
import { useLab } from '../lab/suite.ts';
import { createAllocated, deleteService, serviceGroup } from '../node-agent/allocated.ts';
import { addressEvent, routeEvent } from '../node-agent/kernel.ts';
import { LAN, on, untilCondition } from '../node-agent/local-node.ts';
import { umlExists } from '../tools/uml.ts';
import { ArpWitness } from './arp-witness.ts';
import { GUEST_LAN, PORTS } from './cables.ts';
import type { GuestProcess } from './console.ts';
import { kindOf, ourAddressesOn } from './guest-kernel.ts';
import { startGuestAgent } from './guest-agent.ts';
import { startIpvsProxy } from './kube-proxy.ts';
import { Machine } from './machine.ts';

/** Starting a program takes seven times as long there as here. */
const SLOW = { timeoutMs: 30_000 };

/** Replies among the five announcements, within 2 s, that an address gets at a time. In quiet times it has one a minute. */
const REPLIES = 3;

/** `announce` of a ServiceGroup whose addresses one node alone may have. */
function onlyOn(node: string): string {
  return `{nodeSelector: {matchLabels: {kubernetes.io/hostname: ${node}}}}`;
}

const GROUPS = [
  serviceGroup('routed', ['10.8.0.0/24', 'fd01::/64']),
  serviceGroup('on-1', ['172.20.9.128/25'], onlyOn('node-1')),
  serviceGroup('on-2', ['172.20.9.0/25', 'fd00:20::9:0/120'], onlyOn('node-2')),
].join('\n---\n');

const whereItExists = umlExists() ? describe : describe.skip;

/**
 * Two nodes on one LAN: the first as in every lab, the second with a kernel of its own, which has real dummy interfaces
 * and a real IPVS, and in which kube-proxy runs in IPVS mode without strictARP.
 */
whereItExists('under User-mode Linux (which exists for amd64 alone)', () => {
  const suite = useLab({ nodes: 2 });
  let machine: Machine;
  let events: EventLog<IpEvent>;
  let proxy: GuestProcess;
  /** The agent of the first node. */
  let neighbour: LabProcess;

  beforeAll(async () => {
    const { lab } = suite;
    try {
      machine = await Machine.boot(lab, lab.node(2));
      events = await machine.ipMonitor();
      await lab.apply(GROUPS);
      proxy = await startIpvsProxy(lab, machine, { strictARP: false });
      await startGuestAgent(lab, machine);
      await untilCondition(lab, 'Ready', { node: 'node-2', ...SLOW });
    } catch (error) {
      lab.fail();
      throw error;
    }
  }, 120_000);

  suite.test(
    'virtual addresses of both families stand on a dummy interface, with their routes, and go with the Service',
    async (lab) => {
      const addresses = ['10.8.0.1', 'fd01::1'];
      await createAllocated(lab, { name: 'virtual', addresses, group: 'routed' });
      for (const address of addresses) {
        await events.waitFor(routeEvent(address), SLOW);
        await events.waitFor(addressEvent(address), SLOW);
      }
      expect(await kindOf(machine, 'kube-lb0')).toBe('dummy');
      expect(await ourAddressesOn(machine, 'kube-lb0')).toEqual(['10.8.0.1/32', 'fd01::1/128']);
      await untilCondition(lab, 'NoDummyInterfaces', { node: 'node-2', gone: true });
      await deleteService(lab, 'virtual');
      for (const address of addresses) {
        await events.waitFor(routeEvent(address, true), SLOW);
        await events.waitFor(addressEvent(address, true), SLOW);
      }
      expect(await ourAddressesOn(machine, 'kube-lb0')).toEqual([]);
    },
    90_000,
  );

  suite.test(
    'local addresses stand on the interface of the LAN with the mark, and are withdrawn',
    async (lab) => {
      const addresses = ['172.20.9.1', 'fd00:20::9:1'];
      await createAllocated(lab, { name: 'local', addresses, group: 'on-2' });
      for (const address of addresses) {
        await events.waitFor(on(GUEST_LAN, address), SLOW);
      }
      expect(await ourAddressesOn(machine, GUEST_LAN)).toEqual(['172.20.9.1/32', 'fd00:20::9:1/128']);
      await deleteService(lab, 'local');
      for (const address of addresses) {
        await events.waitFor(on(GUEST_LAN, address, true), SLOW);
      }
      expect(await ourAddressesOn(machine, GUEST_LAN)).toEqual([]);
    },
    90_000,
  );

  suite.test(
    'a bond that sends by its other port: the node announces again what it has, more than the kernel does',
    async (lab) => {
      const address = '172.20.9.2';
      await using witness = await ArpWitness.start(lab);
      const settled = witness.announced(address, machine.node, { times: REPLIES, ...SLOW });
      await createAllocated(lab, { name: 'bonded', addresses: [address], group: 'on-2' });
      await settled;
      const again = witness.announced(address, machine.node, { times: REPLIES, ...SLOW });
      const [, second] = PORTS;
      await machine.exec(['ip', 'link', 'set', GUEST_LAN, 'type', 'bond', 'active_slave', second]);
      await again;
      expect(await witness.answeringFor(address)).toEqual(['node-2']);
      await deleteService(lab, 'bonded');
      await events.waitFor(on(GUEST_LAN, address, true), SLOW);
    },
    60_000,
  );

  suite.test(
    'kube-proxy without strictARP answers for what another node holds: named with the sysctls that end it',
    async (lab) => {
      const address = '172.20.9.129';
      await using witness = await ArpWitness.start(lab);
      await using holder = await lab.ipMonitor('node-1');
      neighbour = await lab.startAgent(1);
      proxy.signal('SIGSTOP');
      await createAllocated(lab, { name: 'elsewhere', addresses: [address], group: 'on-1' });
      await holder.events.waitFor(on(LAN, address));
      expect(await witness.answeringFor(address)).toEqual(['node-1']);

      proxy.signal('SIGCONT');
      await events.waitFor(on('kube-ipvs0', address), SLOW);
      expect(await kindOf(machine, 'kube-ipvs0')).toBe('dummy');
      expect(await witness.answeringFor(address)).toEqual(['node-1', 'node-2']);
      const message = await untilCondition(lab, 'IPVSWithoutStrictARP', { node: 'node-2', ...SLOW });
      // It names one of those that are there; kube-proxy may not have taken that of another test off yet.
      expect(message).toMatch(/\(172\.20\.9\.\d+\) on kube-ipvs0/);
      const [, settings = ''] = /run: sysctl -w (.+) \(/.exec(message) ?? [];
      await machine.exec(['sysctl', '-w', ...settings.split(' ')]);
      await untilCondition(lab, 'IPVSWithoutStrictARP', { node: 'node-2', gone: true, ...SLOW });
      expect(await witness.answeringFor(address)).toEqual(['node-1']);
    },
    120_000,
  );

  suite.test(
    'what kube-proxy answers for before anybody has asked is taken by no other node',
    async (lab) => {
      const address = '172.20.9.130';
      await using witness = await ArpWitness.start(lab);
      await using holder = await lab.ipMonitor('node-1');
      await machine.exec(['sysctl', '-w', 'net.ipv4.conf.all.arp_ignore=0', 'net.ipv4.conf.all.arp_announce=0']);
      neighbour.pause();
      await createAllocated(lab, { name: 'contested', addresses: [address], group: 'on-1' });
      await events.waitFor(on('kube-ipvs0', address), SLOW);
      const refused = witness.answered(address, { asker: lab.node(1), by: machine.node });
      neighbour.resume();
      await refused;
      await untilCondition(lab, 'IPVSWithoutStrictARP', { node: 'node-2', ...SLOW });
      expect(await witness.answeringFor(address)).toEqual(['node-2']);
      expect(holder.events.all.some(on(LAN, address))).toBe(false);
    },
    90_000,
  );

  suite.test(
    'strictARP, once it is on, ends that, and a planned move to a node on which kube-proxy has the address succeeds',
    async (lab) => {
      const address = '172.20.9.129';
      await using witness = await ArpWitness.start(lab);
      expect(await witness.answeringFor(address)).toEqual(['node-1', 'node-2']);
      await proxy.end();
      proxy = await startIpvsProxy(lab, machine, { strictARP: true });
      await untilCondition(lab, 'IPVSWithoutStrictARP', { node: 'node-2', gone: true, ...SLOW });
      expect(await witness.answeringFor(address)).toEqual(['node-1']);

      // On a busy machine the guest's agent may be late: then a move is called off after 5 s and tried again after 30 s, or
      // the agent is thought gone until its Lease is renewed, every 30 s.
      const announced = witness.announced(address, machine.node, { times: 1, timeoutMs: 90_000 });
      await lab.apply(serviceGroup('on-1', ['172.20.9.128/25'], onlyOn('node-2')));
      await announced;
      expect(await witness.answeringFor(address)).toEqual(['node-2']);
    },
    150_000,
  );

  suite.test('nothing of it is left when its lab ends', async (lab) => {
    const pids = await lab.run.exec(['ip', 'netns', 'pids', lab.run.namespaceName(machine.node.namespace)]);
    const guest = pids.trim().split('\n').filter(runs);
    expect(guest.length).toBeGreaterThan(5);
    await lab.close();
    expect(guest.filter(runs)).toEqual([]);
  });
});

/** Whether a process runs, and is not only waiting for its parent to hear of its end. */
function runs(pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== '';
  } catch {
    return false;
  }
}
