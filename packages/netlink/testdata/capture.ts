/**
 * Makes capture.json anew: what `ip` and the kernel say to each other, byte for byte, as strace sees it, together with
 * what `ip -j` printed from the same bytes. Needs root, iproute2 and strace; works in a network namespace of its own.
 * Run: node packages/netlink/testdata/capture.ts && npx prettier --write packages/netlink/testdata
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAMESPACE = `fairlead-capture-${process.pid}`;

/** Run in this order, each by itself; those that print are captured with their output. */
const COMMANDS = [
  'link add kube-lb0 type ifb',
  'link set dev kube-lb0 up',
  'link add veth0 type veth peer name veth1',
  'link add br0 type bridge',
  'link set dev veth0 master br0',
  'addr add 192.0.2.1/32 dev kube-lb0',
  'addr add 192.0.2.2/32 dev kube-lb0 noprefixroute valid_lft 3600 preferred_lft 1800',
  'addr add 2001:db8::1/128 dev kube-lb0 nodad noprefixroute',
  'addr add 2001:db8::2/128 dev kube-lb0 nodad noprefixroute valid_lft 3600 preferred_lft 0',
  'addr replace 192.0.2.2/32 dev kube-lb0 noprefixroute valid_lft 7200 preferred_lft 7200',
  'addr add 192.0.2.3/32 dev kube-lb0 scope link',
  'addr add 10.1.2.1 peer 10.1.2.2/32 dev kube-lb0',
  'addr add 192.0.2.1/32 dev kube-lb0',
  'route add 198.51.100.0/24 dev kube-lb0 proto 201 metric 4000000000',
  'route add 2001:db8:1::/64 dev kube-lb0 proto 201 metric 4000000000',
  'route add default via 10.1.2.2 dev kube-lb0',
  'route replace 198.51.100.0/24 dev kube-lb0 proto 201 metric 4000000000',
  'route add 203.0.112.0/24 via 10.1.2.2 dev kube-lb0 src 192.0.2.1 table 1000',
  'route add 203.0.115.0/24 via inet6 2001:db8::2 dev kube-lb0',
  'route add 203.0.113.0/24 via inet6 2001:db8::99 dev kube-lb0 onlink',
  'route add 203.0.114.0/24 nexthop via 10.1.2.2 dev kube-lb0 weight 3 nexthop via 10.1.2.2 dev kube-lb0 weight 1 onlink',
  'route add blackhole 198.18.0.0/15 table 1000',
  'neigh add 192.0.2.77 lladdr 52:54:00:00:00:77 dev kube-lb0',
  '-j -d link show',
  '-j addr show',
  '-j -4 route show table all',
  '-j -6 route show table all',
  '-j -d neigh show',
  'route del 198.51.100.0/24 dev kube-lb0 proto 201 metric 4000000000',
  'route del 2001:db8:1::/64 dev kube-lb0 proto 201 metric 4000000000',
  'addr del 192.0.2.1/32 dev kube-lb0',
  'addr del 2001:db8::1/128 dev kube-lb0',
  'addr del 2001:db8::1/128 dev kube-lb0',
  'link set dev kube-lb0 down',
  'link del dev kube-lb0',
];

function run(program: string, args: readonly string[]): { output: string; status: number } {
  try {
    return { output: execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }), status: 0 };
  } catch (error) {
    const { status, stdout } = error as { status?: number; stdout?: string };
    return { output: stdout ?? '', status: status ?? -1 };
  }
}

/** Where the hexadecimal digits stand in a line of strace's dumps, such as ` | 00000  20 00 …  10 00 …   ...... |`. */
const DIGITS = [9, 59] as const;

/** The datagrams of a trace: the line of a call, then dump lines with its bytes. */
function datagrams(trace: string): { sent: string[]; received: string[] } {
  const sent: string[] = [];
  const received: string[] = [];
  for (const call of trace.split(/\n(?=\S)/)) {
    const lines = call.split('\n').filter((line) => line.startsWith(' | '));
    const bytes = lines.map((line) => line.slice(...DIGITS).replaceAll(' ', '')).join('');
    if (bytes !== '') {
      (call.startsWith('send') ? sent : received).push(bytes);
    }
  }
  return { sent, received };
}

const folder = mkdtempSync(join(tmpdir(), 'netlink-capture-'));
run('ip', ['netns', 'add', NAMESPACE]);
try {
  run('ip', ['-n', NAMESPACE, 'link', 'set', 'lo', 'up']);
  const steps = COMMANDS.map((command) => {
    const trace = join(folder, 'trace');
    const words = ['-n', NAMESPACE, ...command.split(' ')];
    const strace = ['-o', trace, '-e', 'trace=sendmsg,recvmsg,sendto', '-e', 'read=all', '-e', 'write=all', 'ip'];
    const { output, status } = run('strace', [...strace, ...words]);
    const printed = command.startsWith('-j') ? { output: JSON.parse(output) as unknown } : {};
    return Object.assign({ command, status }, datagrams(readFileSync(trace, 'utf8')), printed);
  });
  const iproute2 = run('ip', ['-V']).output.trim();
  const target = join(dirname(fileURLToPath(import.meta.url)), 'capture.json');
  writeFileSync(target, `${JSON.stringify({ kernel: release(), iproute2, steps }, null, 1)}\n`);
} finally {
  run('ip', ['netns', 'del', NAMESPACE]);
  rmSync(folder, { recursive: true });
}
