import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startIpMonitor, startLab } from '../lab/index.ts';
import type { IpEvent, IpMonitor, Lab, LabNode, LabProcess } from '../lab/index.ts';
import { nodeAgents } from '../scene/manifests.ts';
import { createAllocated, deleteService, serviceGroup } from './allocated.ts';
import { addressesOn, lifetimesOn } from './kernel.ts';

/** The node's interface on the LAN. */
const LAN = 'eth0';
/** What the Service of these tests has. */
const ADDRESSES: readonly string[] = ['172.20.9.1', 'fd00:20::9:1'];

function onLAN(address: string, deleted = false): (event: IpEvent) => boolean {
  return (event) =>
    event.type === 'address' && event.interface === LAN && event.address === address && event.deleted === deleted;
}

/** Without IFA_PROTO (kernels before 5.18) the state file and the lifetime are the mark. */
describe.each([
  ['with IFA_PROTO', []],
  ['without IFA_PROTO', ['--no-address-protocol']],
])('local addresses on a node, %s', (_, flags) => {
  let lab: Lab;
  let node: LabNode;
  let agent: LabProcess;
  let monitor: IpMonitor;

  beforeAll(async () => {
    lab = await startLab({ nodes: 1 });
    node = lab.node(1);
    await lab.apply(serviceGroup('lan', ['172.20.9.0/24', 'fd00:20::9:0/112']));
    monitor = await startIpMonitor(lab.run, node.namespace);
    agent = await lab.startAgent(1, { flags });
    await createAllocated(lab, { name: 'web', addresses: ADDRESSES, group: 'lan' });
    for (const address of ADDRESSES) {
      await monitor.events.waitFor(onLAN(address));
    }
  }, 60_000);

  afterAll(async () => {
    await monitor?.stop();
    await lab?.close();
  }, 20_000);

  test('are host addresses with an end, and IPv6 ones no source of the node', async () => {
    const [link] = JSON.parse(await node.exec(['ip', '-j', 'addr', 'show', LAN])) as [
      { addr_info: { local: string; prefixlen: number; valid_life_time: number; preferred_life_time: number }[] },
    ];
    const ours = link.addr_info.filter(({ local }) => local.includes('9.1') || local.includes('9:1'));
    expect(ours.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort()).toEqual([
      '172.20.9.1/32',
      'fd00:20::9:1/128',
    ]);
    for (const { local, valid_life_time: valid, preferred_life_time: preferred } of ours) {
      expect(valid).toBeGreaterThan(86_000);
      expect(valid).toBeLessThanOrEqual(86_400);
      expect(preferred === 0).toBe(local.includes(':'));
    }
  });

  test('one that others remove is back within a second, and the Service says so', async () => {
    const from = monitor.events.length;
    const began = performance.now();
    await node.exec(['ip', 'addr', 'del', '172.20.9.1/32', 'dev', LAN]);
    await monitor.events.waitFor(onLAN('172.20.9.1'), { from, timeoutMs: 1_000 });
    expect(performance.now() - began).toBeLessThan(1_000);
    await lab.api.until<{ metadata: { name: string }; reason?: string; regarding?: { name?: string } }>(
      '/apis/events.k8s.io/v1/namespaces/default/events',
      ({ reason, regarding }) => reason === 'AddressRestored' && regarding?.name === 'web',
    );
  }, 20_000);

  test("when the node's own address goes and comes back, ours stays and stands behind it", async () => {
    const own = `${node.address.IPv4}/16`;
    const from = monitor.events.length;
    await node.exec(['ip', 'addr', 'del', own, 'dev', LAN]);
    await node.exec(['ip', 'addr', 'add', own, 'dev', LAN]);
    await monitor.events.waitFor(onLAN('172.20.9.1'), { from });
    const [link] = JSON.parse(await node.exec(['ip', '-j', '-4', 'addr', 'show', LAN])) as [
      { addr_info: { local: string }[] },
    ];
    expect(link.addr_info.map(({ local }) => local)).toEqual([node.address.IPv4, '172.20.9.1']);
    expect(await node.exec(['ip', 'route', 'get', lab.plan.client.address.IPv4])).toContain(`src ${node.address.IPv4}`);
  }, 20_000);

  test('a lifetime that is shortened counts at once, and from then on each is renewed soon after half of it', async () => {
    const settings = nodeAgents({ addressLifetime: '10s' });
    const from = monitor.events.length;
    await lab.apply(JSON.stringify(settings));
    for (const address of ADDRESSES) {
      const shortened = await monitor.events.waitFor(onLAN(address), { from, timeoutMs: 5_000 });
      const next = monitor.events.all.indexOf(shortened) + 1;
      const renewed = await monitor.events.waitFor(onLAN(address), { from: next, timeoutMs: 10_000 });
      // Half of ten seconds, an eighth in which all have their turn, and what a busy machine adds.
      expect(renewed.at - shortened.at).toBeGreaterThan(4_000);
      expect(renewed.at - shortened.at).toBeLessThan(9_000);
    }
    const before = monitor.events.length;
    await lab.api.delete(`/apis/fairlead.dev/v1/lbnodeagents/${settings.metadata.name}`);
    for (const address of ADDRESSES) {
      await monitor.events.waitFor(onLAN(address), { from: before, timeoutMs: 5_000 });
    }
    const lifetimes = await lifetimesOn(node, LAN);
    for (const address of ADDRESSES) {
      expect(lifetimes.get(address)).toBeGreaterThan(86_000);
    }
  }, 40_000);

  // Without IFA_PROTO the file is the mark as well: one that lacks the address makes it somebody else's.
  if (flags.length === 0) {
    test('an agent whose memory is older than its last address keeps the address', async () => {
      const from = monitor.events.length;
      await agent.kill('SIGTERM'); // it writes the file before it ends
      // As if it had died after the kernel had the addresses and before the file was written.
      const file = join(lab.run.directory, node.name, 'state.json');
      const written = await readFile(file, 'utf8');
      const older = written.replace(/"services":\[.*?\](?=,"|\})/, '"services":[]');
      await writeFile(file, older);
      agent = await lab.startAgent(1, { flags });
      expect(
        monitor.events.all.slice(from).filter((event) => event.type === 'address' && event.interface === LAN),
      ).toEqual([]);
    }, 30_000);
  }

  test('a killed agent changes nothing, the next one adopts, and takes away what nobody needs any more', async () => {
    const from = monitor.events.length;
    await agent.kill('SIGKILL');
    agent = await lab.startAgent(1, { flags });
    expect(
      monitor.events.all.slice(from).filter((event) => event.type === 'address' && event.interface === LAN),
    ).toEqual([]);
    await agent.kill('SIGKILL');
    await deleteService(lab, 'web');
    agent = await lab.startAgent(1, { flags });
    await monitor.events.waitFor(onLAN('172.20.9.1', true), { from });
    await monitor.events.waitFor(onLAN('fd00:20::9:1', true), { from });
    expect(await addressesOn(node, LAN)).toEqual([`${node.address.IPv4}/16`, `${node.address.IPv6}/64`]);
  }, 30_000);
});
