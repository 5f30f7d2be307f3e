import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IpEvent } from '../lab/index.ts';
import { createAllocated, deleteService } from './allocated.ts';
import { addMarkedAddress, addressesOn, lifetimesOn } from './kernel.ts';
import { answersOn, LAN, on, startLocalNode, untilCondition } from './local-node.ts';
import type { LocalNode } from './local-node.ts';

const HELD: readonly string[] = ['172.20.9.1', 'fd00:20::9:1'];

describe.each([
  ['by IFA_PROTO', [], false],
  ['by a metric, as on kernels before 5.18', ['--no-address-protocol'], true],
] as const)('what is ours is told %s', (_, flags, byMetric) => {
  let scene: LocalNode;
  let stateFile: string;
  /** The state file of an agent that had no Service yet, and that of the one that had. */
  let older: string;
  let newest: string;

  beforeAll(async () => {
    scene = await startLocalNode({ flags });
    const { lab, node, monitor, agent } = scene;
    stateFile = join(lab.run.directory, node.name, 'state.json');
    await agent.kill('SIGTERM'); // it writes the file before it ends
    older = await readFile(stateFile, 'utf8');
    scene.agent = await lab.startAgent(1, { flags });
    await createAllocated(lab, { name: 'web', addresses: HELD, group: 'lan' });
    for (const address of HELD) {
      await monitor.events.waitFor(on(LAN, address));
    }
    await scene.agent.kill('SIGTERM');
    newest = await readFile(stateFile, 'utf8');
    scene.agent = await lab.startAgent(1, { flags });
  }, 60_000);

  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  }, 20_000);

  function touched(from: number): readonly IpEvent[] {
    return scene.monitor.events.all
      .slice(from)
      .filter((event) => event.type === 'address' && event.interface === LAN && HELD.includes(event.address));
  }

  test('each address carries the one mark and not the other', async () => {
    const text = await scene.node.exec(['ip', 'addr', 'show', 'dev', LAN]);
    const lines = text.split('\n').filter((line) => HELD.some((address) => line.includes(` ${address}/`)));
    expect(lines.map((line) => line.includes(' metric 2000000201 '))).toEqual([byMetric, byMetric]);
  });

  test.each<[string, () => string | undefined]>([
    ['as it was written', () => newest],
    ['gone', () => undefined],
    ['cut off', () => newest.slice(0, -20)],
    ['empty', () => ''],
    ['tampered with', () => newest.replace('"services"', '"service"')],
    ['older than the address', () => older],
    ['of another version', () => '{"version":1,"dataPathGood":true,"local":[]}'],
  ])(
    'an agent that was killed and finds the state file %s keeps every address, also without the API server',
    async (_what, content) => {
      const { lab, node, monitor } = scene;
      const from = monitor.events.length;
      await scene.agent.kill('SIGKILL');
      const text = content();
      await (text === undefined ? rm(stateFile, { force: true }) : writeFile(stateFile, text));
      await lab.cutApi(1);
      scene.agent = await lab.startAgent(1, { flags, waitUntilReady: false });
      await scene.agent.waitForLog(/Starting/);
      expect(await answersOn(lab, '172.20.9.1')).toBe(20);
      await lab.node(1).mendApi();
      await lab.httpUntilOk(node.namespace, 'http://127.0.0.1:7673/readyz', { timeoutMs: 20_000 });
      expect(touched(from)).toEqual([]);
      expect([...(await lifetimesOn(node, LAN)).keys()]).toEqual(expect.arrayContaining([...HELD]));
    },
    60_000,
  );

  test('a foreign host address of the same form is no success, is never renewed and never removed', async () => {
    const { lab, node, monitor } = scene;
    const foreign = '172.20.9.77';
    // As NetworkManager writes a lease: a host address without a route, with an end.
    await node.exec(`ip addr add ${foreign}/32 dev ${LAN} noprefixroute valid_lft 7000 preferred_lft 7000`.split(' '));
    await monitor.events.waitFor(on(LAN, foreign));
    const from = monitor.events.length;
    await createAllocated(lab, { name: 'taken', addresses: [foreign], group: 'lan' });
    await untilCondition(lab, 'AddressInUse', { saying: foreign });
    await deleteService(lab, 'taken');
    await untilCondition(lab, 'AddressInUse', { gone: true, saying: '172.20.9.7' });
    await scene.agent.kill('SIGKILL');
    scene.agent = await lab.startAgent(1, { flags });
    expect(
      monitor.events.all.slice(from).filter((event) => event.type === 'address' && event.address === foreign),
    ).toEqual([]);
    expect((await lifetimesOn(node, LAN)).get(foreign)).toBeLessThanOrEqual(7000);
  }, 40_000);

  test('an address that others make theirs is left to them when its Service goes', async () => {
    const { lab, node, monitor } = scene;
    const address = '172.20.9.78';
    await createAllocated(lab, { name: 'lost', addresses: [address], group: 'lan' });
    await monitor.events.waitFor(on(LAN, address));
    await node.exec(['ip', 'addr', 'del', `${address}/32`, 'dev', LAN]);
    await node.exec(['ip', 'addr', 'add', `${address}/32`, 'dev', LAN]);
    await untilCondition(lab, 'AddressInUse', { saying: address });
    await deleteService(lab, 'lost');
    await untilCondition(lab, 'AddressInUse', { gone: true, saying: '172.20.9.7' });
    expect(await addressesOn(node, LAN)).toContain(`${address}/32`);
    await node.exec(['ip', 'addr', 'del', `${address}/32`, 'dev', LAN]);
  }, 40_000);

  test('what a past life left on an interface that is local no more is collected, what is not ours stays', async () => {
    const { lab, node, monitor } = scene;
    await node.exec(['sh', '-c', 'ip link add old0 type veth peer name old1 && ip link set old0 up']);
    await scene.agent.kill('SIGKILL');
    const mark = byMetric ? 'metric 2000000201' : 'proto 201';
    const [left, foreign] = ['198.51.100.7', '198.51.100.8'];
    const from = monitor.events.length;
    if (byMetric) {
      await node.exec(
        `ip addr add ${left}/32 dev old0 noprefixroute ${mark} valid_lft 7000 preferred_lft 7000`.split(' '),
      );
    } else {
      await addMarkedAddress(lab, node, { address: left, dev: 'old0', protocol: 201 });
    }
    await node.exec(`ip addr add ${foreign}/32 dev old0 noprefixroute valid_lft 7000 preferred_lft 7000`.split(' '));
    scene.agent = await lab.startAgent(1, { flags });
    await monitor.events.waitFor(on('old0', left, true), { from });
    expect(await addressesOn(node, 'old0')).toEqual([`${foreign}/32`]);
    expect(touched(from)).toEqual([]);
    await node.exec(['ip', 'link', 'del', 'old0']);
  }, 40_000);

  test('an address whose Service went while the agent was dead is withdrawn by the next one', async () => {
    const { lab, node, monitor } = scene;
    const from = monitor.events.length;
    await scene.agent.kill('SIGKILL');
    await rm(stateFile);
    await deleteService(lab, 'web');
    scene.agent = await lab.startAgent(1, { flags });
    for (const address of HELD) {
      await monitor.events.waitFor(on(LAN, address, true), { from });
    }
    expect(new Set(await addressesOn(node, LAN))).toEqual(
      new Set(['172.20.9.77/32', `${node.address.IPv4}/16`, `${node.address.IPv6}/64`]),
    );
  }, 40_000);
});
