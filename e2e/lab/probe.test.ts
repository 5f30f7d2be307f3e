import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startIpMonitor } from './ip-monitor.ts';
import { createNetwork, ip } from './network.ts';
import { LabNode } from './node.ts';
import { planNetwork } from './plan.ts';
import { startProbe } from './probe.ts';
import { RESPONDER_PORT, startResponder } from './responder.ts';
import { Run } from './run.ts';

describe('a 1 kHz probe', () => {
  let run: Run;
  let first: LabNode;
  let second: LabNode;

  beforeAll(async () => {
    run = await Run.start();
    const plan = planNetwork(2);
    const hostLink = await createNetwork(run, plan);
    [first, second] = plan.nodes.map((node) => new LabNode(node, { run, plan, hostLink })) as [LabNode, LabNode];
    await Promise.all([startResponder(run, first), startResponder(run, second)]);
  }, 30_000);

  afterAll(async () => run.close());

  /** Lets the first 300 packets pass and drops the next 250, in the kernel, by their bytes: a gap whose length is known. */
  async function dropSome(packetBytes: number): Promise<void> {
    const rules = `table inet known_gap {
      counter dropped { }
      chain prerouting {
        type filter hook prerouting priority -400; policy accept;
        udp dport ${RESPONDER_PORT} jump gap
      }
      chain gap {
        quota until ${300 * packetBytes} bytes accept
        quota until ${250 * packetBytes} bytes counter name dropped drop
      }
    }`;
    await run.exec(['nft', '-f', '-'], { namespace: first.namespace, stdin: rules });
  }

  test.each([
    { family: 'IPv4', address: '172.20.9.9', length: 32, packetBytes: 20 + 8 + 8 },
    { family: 'IPv6', address: 'fd00:20::9:9', length: 128, packetBytes: 40 + 8 + 8 },
  ])(
    'measures a gap of 250 packets as 250 ms ($family)',
    async ({ address, length, packetBytes }) => {
      await first.exec(['ip', 'address', 'add', `${address}/${length}`, 'dev', 'eth0', 'nodad']);
      await dropSome(packetBytes);
      const probe = await startProbe(run, { from: 'client', address, port: RESPONDER_PORT, packets: 1000 });
      const report = await probe.finished;
      const dropped = Number(
        /packets (\d+)/.exec(await first.exec(['nft', 'list', 'counter', 'inet', 'known_gap', 'dropped']))?.[1],
      );
      await first.exec(['nft', 'delete', 'table', 'inet', 'known_gap']);
      expect(dropped).toBeGreaterThanOrEqual(250);
      expect(report).toMatchObject({ sent: 1000, lost: dropped, duplicates: 0, overlaps: [] });
      expect(report.gaps).toHaveLength(1);
      expect(Math.abs(report.longestGapMs - dropped)).toBeLessThanOrEqual(1 + report.maxSendLateMs);
      expect(Object.keys(report.nodes)).toEqual(['node-1']);
      // 1 kHz is what it says: 1,000 packets take a second, and on a machine at work no packet is late by more than a few turns.
      const span = (report.packets.at(-1)?.sent ?? 0) - (report.packets[0]?.sent ?? 0);
      expect(Math.abs(span - 999)).toBeLessThanOrEqual(1 + report.maxSendLateMs);
    },
    20_000,
  );

  test('sees two nodes that answer in turns as an overlap, and one change as none', async () => {
    const address = '172.20.9.10';
    await Promise.all(
      [first, second].map(async (node) => node.exec(['ip', 'address', 'add', `${address}/32`, 'dev', 'eth0'])),
    );
    await ip(run, 'client', [`neigh replace ${address} lladdr ${first.mac} dev eth0 nud permanent`]);
    // The kernel sends the client's first 300 packets to one node, the next 100 to both in turns, the rest to the other.
    const frame = 14 + 20 + 8 + 8;
    const rules = `table netdev shared_address {
      chain egress {
        type filter hook egress device eth0 priority 0; policy accept;
        udp dport ${RESPONDER_PORT} jump choose
      }
      chain choose {
        quota until ${300 * frame} bytes accept
        quota until ${100 * frame} bytes ether daddr set numgen inc mod 2 map { 0 : ${second.mac}, 1 : ${first.mac} } accept
        ether daddr set ${second.mac}
      }
    }`;
    await run.exec(['nft', '-f', '-'], { namespace: 'client', stdin: rules });
    const probe = await startProbe(run, { from: 'client', address, port: RESPONDER_PORT, packets: 700 });
    const report = await probe.finished;
    await run.exec(['nft', 'delete', 'table', 'netdev', 'shared_address'], { namespace: 'client' });
    expect(report).toMatchObject({ sent: 700, lost: 0, overlaps: [{ nodes: ['node-2', 'node-1'] }] });
    expect(Math.abs(report.overlapMs - 100)).toBeLessThanOrEqual(3 + report.maxSendLateMs);
    expect(report.nodes['node-1']?.packets).toBeGreaterThanOrEqual(345);
    expect(report.nodes['node-1']?.packets).toBeLessThanOrEqual(355);
  }, 20_000);

  test.each([
    { family: 'IPv4', address: '172.20.9.12', length: 32 },
    { family: 'IPv6', address: 'fd00:20::9:12', length: 128 },
  ])(
    'a node answers for an address for as long as it has it, flows from before and after included ($family)',
    async ({ address, length }) => {
      await ip(run, 'client', [`neigh replace ${address} lladdr ${first.mac} dev eth0 nud permanent`]);
      const have = async (what: 'add' | 'del') =>
        first.exec([
          'ip',
          'address',
          what,
          `${address}/${length}`,
          'dev',
          'eth0',
          ...(what === 'add' ? ['nodad'] : []),
        ]);
      await using monitor = await startIpMonitor(run, first.namespace);
      const probe = await startProbe(run, { from: 'client', address, port: RESPONDER_PORT });
      await pass(200);
      await have('add');
      await pass(200);
      await have('del');
      await pass(200);
      const { packets, maxSendLateMs } = await probe.stop();
      const told = async (deleted: boolean) =>
        (
          await monitor.events.waitFor(
            (event) => event.type === 'address' && event.address === address && event.deleted === deleted,
          )
        ).at;
      const [came, went] = [await told(false), await told(true)];
      // `ip monitor` reads late on a machine at work.
      const doubtMs = 20 + maxSendLateMs;
      const answered = packets.filter(({ answered: at }) => at !== null).map(({ sent }) => sent);
      expect(answered[0]).toBeGreaterThan(came - doubtMs);
      expect(answered.at(-1)).toBeLessThan(went + doubtMs);
      const between = packets.filter(({ sent }) => sent > came + doubtMs && sent < went - doubtMs);
      expect(between.length).toBeGreaterThan(0);
      expect(between.filter(({ answered: at }) => at === null)).toEqual([]);
    },
    20_000,
  );

  test('a node answers for its own addresses only', async () => {
    const probe = await startProbe(run, { from: 'client', address: '172.20.9.11', port: RESPONDER_PORT, packets: 50 });
    await ip(run, 'client', [`neigh replace 172.20.9.11 lladdr ${first.mac} dev eth0 nud permanent`]);
    expect(await probe.finished).toMatchObject({ sent: 50, received: 0, longestGapMs: expect.any(Number) });
  }, 20_000);
});
