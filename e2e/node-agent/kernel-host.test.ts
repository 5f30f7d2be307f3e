import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { REPOSITORY } from '../lab/index.ts';
import { createAllocated } from './allocated.ts';
import { answersOn, LAN, on, startLocalNode, untilCondition } from './local-node.ts';
import type { LocalNode } from './local-node.ts';

const ADDRESS = '172.20.9.1';

/** Runs its arguments where `/proc/sys` cannot be written, as in a container. */
const READ_ONLY_SYSCTLS = 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"';
const PROGRAM = join(REPOSITORY, 'dist', 'node-agent.mjs');

describe('what is wrong with the host is named with its cure, and the condition goes when it is cured', () => {
  let scene: LocalNode;

  beforeAll(async () => {
    scene = await startLocalNode();
    await createAllocated(scene.lab, { name: 'web', addresses: [ADDRESS], group: 'lan' });
    await scene.monitor.events.waitFor(on(LAN, ADDRESS));
  }, 60_000);

  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  }, 20_000);

  async function set(name: string, value: number): Promise<void> {
    await scene.node.exec(['sh', '-c', `echo ${value} > /proc/sys/net/ipv4/conf/${name}`]);
  }

  async function sysctl(name: string): Promise<string> {
    return (await scene.node.exec(['cat', `/proc/sys/net/ipv4/conf/${name}`])).trim();
  }

  /** Does what a condition says: `sysctl -w` and what follows. */
  async function cure(message: string): Promise<void> {
    const [, assignments = ''] = /sysctl -w ([^(]+) \(/.exec(message) ?? [];
    for (const [, path, value] of assignments.matchAll(/net\.ipv4\.conf\.(\S+)=(\d+)/g)) {
      await set(String(path).replace('.', '/'), Number(value));
    }
  }

  test('arp_announce is set by the agent, on the local interface alone', async () => {
    expect([await sysctl(`${LAN}/arp_announce`), await sysctl('all/arp_announce')]).toEqual(['2', '0']);
    expect(await sysctl('mgmt0/arp_announce')).toBe('0');
  });

  test('arp_ignore 8, by which nobody is answered: the node is not ready', async () => {
    const { lab } = scene;
    await set('all/arp_ignore', 8);
    const message = await untilCondition(lab, 'ARPIgnored');
    expect(message).toContain(LAN);
    const ready = await untilCondition(lab, 'Ready', { saying: 'arp_ignore' });
    expect(ready).toBe(message);
    await cure(message);
    expect(await answersOn(lab, ADDRESS)).toBe(20);
    await untilCondition(lab, 'ARPIgnored', { gone: true });
  }, 60_000);

  test('promote_secondaries 0 and two addresses in one subnet', async () => {
    const { lab, node } = scene;
    await node.exec(['ip', 'addr', 'add', '172.20.200.1/16', 'dev', LAN]);
    const message = await untilCondition(lab, 'SecondariesLost');
    expect(message).toContain(`net.ipv4.conf.${LAN}.promote_secondaries=1`);
    await cure(message);
    await untilCondition(lab, 'SecondariesLost', { gone: true });
    await node.exec(['ip', 'addr', 'del', '172.20.200.1/16', 'dev', LAN]);
  }, 60_000);

  test('a strict rp_filter on a local interface that has not the default route', async () => {
    const { lab, node } = scene;
    await node.exec([
      'sh',
      '-c',
      'ip link add eth1 type veth peer name far1 && ip link set eth1 up && ip link set far1 up',
    ]);
    await node.exec(['ip', 'addr', 'add', '172.21.0.1/24', 'dev', 'eth1']);
    await set('eth1/rp_filter', 1);
    await lab.apply(
      JSON.stringify({
        apiVersion: 'fairlead.dev/v1',
        kind: 'LBNodeAgent',
        metadata: { name: 'both' },
        spec: { local: { interfaces: ['default', 'eth1'] } },
      }),
    );
    const message = await untilCondition(lab, 'ReversePathFilter');
    expect(message).toMatch(/^eth1 /);
    await cure(message);
    await untilCondition(lab, 'ReversePathFilter', { gone: true });
    await lab.api.delete('/apis/fairlead.dev/v1/lbnodeagents/both');
    await node.exec(['ip', 'link', 'del', 'eth1']);
  }, 60_000);

  test('kube-proxy in IPVS mode without strictARP has the address on kube-ipvs0', async () => {
    const { lab, node, monitor } = scene;
    await set('all/arp_ignore', 0);
    const from = monitor.events.length;
    // What kube-proxy makes, but for the kind: this kernel may have no dummy.
    await node.exec(['sh', '-c', 'ip link add kube-ipvs0 type ifb && ip link set kube-ipvs0 arp off']);
    await node.exec(['ip', 'addr', 'add', `${ADDRESS}/32`, 'dev', 'kube-ipvs0']);
    const message = await untilCondition(lab, 'IPVSWithoutStrictARP');
    expect(message).toContain(ADDRESS);
    expect(message).toContain('strictARP');
    await cure(message);
    expect([await sysctl('all/arp_ignore'), await sysctl('all/arp_announce')]).toEqual(['1', '2']);
    await untilCondition(lab, 'IPVSWithoutStrictARP', { gone: true });
    expect(await answersOn(lab, ADDRESS)).toBe(20);
    // Neither the address on the LAN nor that of kube-proxy is anything to take away.
    expect(monitor.events.all.slice(from).some(on('kube-ipvs0', ADDRESS, true))).toBe(false);
    expect(monitor.events.all.slice(from).some(on(LAN, ADDRESS, true))).toBe(false);
    await node.exec(['ip', 'link', 'del', 'kube-ipvs0']);
  }, 60_000);

  test('an agent that may not set arp_announce says so', async () => {
    const { lab, node } = scene;
    await scene.agent.kill('SIGTERM');
    await set('all/arp_announce', 0);
    await set(`${LAN}/arp_announce`, 0);
    const flags = {
      'node-name': node.name,
      kubeconfig: await lab.agentKubeconfig(1),
      'state-file': join(lab.run.directory, node.name, 'state.json'),
      'router-directory': join(lab.run.directory, node.name),
    };
    const command = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    scene.agent = lab.run.spawn(
      'confined-agent',
      ['unshare', '--mount', 'sh', '-c', READ_ONLY_SYSCTLS, '--', process.execPath, PROGRAM, ...command],
      { namespace: node.namespace },
    );
    const message = await untilCondition(lab, 'ARPAnnounce');
    expect(message).toContain(`net.ipv4.conf.${LAN}.arp_announce=2`);
    await cure(message);
    await untilCondition(lab, 'ARPAnnounce', { gone: true });
  }, 60_000);

  test('who removes an address again and again is named after five times; the node backs off and does not give up', async () => {
    const { lab, node, monitor } = scene;
    await using daemon = await listenAsNetworkd();
    for (let time = 0; time < 5; time++) {
      const from = monitor.events.length;
      await node.exec(['ip', 'addr', 'del', `${ADDRESS}/32`, 'dev', LAN]);
      await monitor.events.waitFor(on(LAN, ADDRESS), { from, timeoutMs: 1_000 });
    }
    const from = monitor.events.length;
    await node.exec(['ip', 'addr', 'del', `${ADDRESS}/32`, 'dev', LAN]);
    const message = await untilCondition(lab, 'Contested');
    expect(message).toContain(`${ADDRESS} of ${LAN}`);
    // Its sockets give the culprit away.
    expect(message).toContain('KeepConfiguration=yes');
    expect(message).not.toContain('NetworkManager');
    const sixth = await monitor.events.waitFor(on(LAN, ADDRESS, true), { from });
    const back = await monitor.events.waitFor(on(LAN, ADDRESS), { from, timeoutMs: 75_000 });
    expect(back.at - sixth.at).toBeGreaterThan(5_000);
    await untilCondition(lab, 'Contested', { gone: true, timeoutMs: 90_000 });
    expect(daemon.pid).toBeGreaterThan(0);
  }, 200_000);

  /** Has systemd-networkd's socket in the node's namespace; the file is in a /run of its own. */
  async function listenAsNetworkd(): Promise<{ readonly pid: number } & AsyncDisposable> {
    const program = `
      require('fs').mkdirSync('/run/systemd/netif', { recursive: true });
      require('net').createServer().listen('/run/systemd/netif/io.systemd.Network', () => console.log('ready'));
      process.stdin.resume().on('end', () => process.exit());`;
    const own = 'mount -t tmpfs tmpfs /run && exec "$@"';
    const daemon = scene.lab.run.pipe(['unshare', '--mount', 'sh', '-c', own, '--', process.execPath, '-e', program], {
      namespace: scene.node.namespace,
    });
    await once(daemon.stdout, 'data');
    return {
      pid: daemon.pid,
      [Symbol.asyncDispose]: async () => {
        daemon.stdin.end();
        await daemon.exited;
      },
    };
  }
});
