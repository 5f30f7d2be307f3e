import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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

  test('sees two nodes that answer in turns as an overlap', async () => {
    const address = '172.20.9.10';
    await Promise.all(
      [first, second].map(async (node) => node.exec(['ip', 'address', 'add', `${address}/32`, 'dev', 'eth0'])),
    );
    // The client's neighbour entry decides who gets its packets; here it changes every few milliseconds.
    const flip = [first, second].map((node) => `neigh replace ${address} lladdr ${node.mac} dev eth0 nud permanent`);
    const probe = await startProbe(run, { from: 'client', address, port: RESPONDER_PORT });
    for (let round = 0; round < 20; round++) await ip(run, 'client', [flip[round % 2] ?? '']);
    const report = await probe.stop();
    expect(Object.keys(report.nodes).sort()).toEqual(['node-1', 'node-2']);
    expect(report.overlaps).toHaveLength(1);
    expect(report.overlapMs).toBeGreaterThan(10);
    expect(report.lost).toBe(0);
  }, 20_000);

  test('a node answers for its own addresses only', async () => {
    const probe = await startProbe(run, { from: 'client', address: '172.20.9.11', port: RESPONDER_PORT, packets: 50 });
    await ip(run, 'client', [`neigh replace 172.20.9.11 lladdr ${first.mac} dev eth0 nud permanent`]);
    expect(await probe.finished).toMatchObject({ sent: 50, received: 0, longestGapMs: expect.any(Number) });
  }, 20_000);
});
