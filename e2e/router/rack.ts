import { Run } from '../lab/index.ts';
import { NODE, TOR } from './topology.ts';

/** The second node of a rack. */
export const SECOND = 'node-2';
/** Nodes of a rack and the last part of their addresses, 192.0.2.x and 2001:db8::x. */
export const RACK_NODES: Readonly<Record<string, number>> = { [NODE]: 1, [SECOND]: 2 };

const SYSCTLS = ['all', 'default'].map((name) => `net.ipv6.conf.${name}.accept_dad=0`);

/** A ToR and two nodes on one network, each a namespace, with kube-lb0 on the nodes. The ToR's `eth0` is its switch. */
export async function startRack(): Promise<Run> {
  const run = await Run.start();
  await Promise.all(
    [TOR, ...Object.keys(RACK_NODES)].map(async (name) => {
      await run.exec(['ip', 'netns', 'add', run.namespaceName(name)]);
      await run.exec(['sysctl', '-qw', ...SYSCTLS], { namespace: name });
    }),
  );
  await ip(run, TOR, [
    'link set lo up',
    'link add eth0 type bridge forward_delay 0 mcast_snooping 0',
    'link set eth0 up',
    'address add 192.0.2.254/24 dev eth0',
    'address add 2001:db8::fe/64 dev eth0',
  ]);
  for (const [name, host] of Object.entries(RACK_NODES)) {
    await ip(run, TOR, [
      `link add ${name} type veth peer name eth0 netns ${run.namespaceName(name)}`,
      `link set ${name} master eth0 up`,
    ]);
    await ip(run, name, [
      'link set lo up',
      'link set eth0 up',
      `address add 192.0.2.${host}/24 dev eth0`,
      `address add 2001:db8::${host}/64 dev eth0`,
      // Kind ifb where the kernel has no dummy; it is the same to routes.
      'link add kube-lb0 type ifb',
      'link set kube-lb0 up',
    ]);
  }
  return run;
}

/** Runs lines of `ip -batch` inside a namespace. */
export async function ip(run: Run, namespace: string, lines: readonly string[]): Promise<void> {
  await run.exec(['ip', '-batch', '-'], { namespace, stdin: lines.join('\n') });
}
