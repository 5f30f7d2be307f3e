/**
 * Makes frames.json anew: what the kernel itself sends when it asks, answers and announces, as tcpdump sees it on a
 * veth pair between two network namespaces. Needs root, iproute2, tcpdump and bash.
 * Run: node packages/netlink/testdata/capture-frames.ts && npx prettier --write packages/netlink/testdata
 */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ONE = `fairlead-frames-${process.pid}-1`;
const OTHER = `fairlead-frames-${process.pid}-2`;

function run(command: string): void {
  const [program = '', ...args] = command.split(' ');
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A datagram to the discard port makes the kernel ask for the address. */
function ask(address: string): void {
  execFileSync('ip', ['netns', 'exec', ONE, 'bash', '-c', `echo > /dev/udp/${address}/9`]);
}

for (const namespace of [ONE, OTHER]) {
  run(`ip netns add ${namespace}`);
}
try {
  run(`ip -n ${ONE} link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 netns ${OTHER}`);
  run(`ip -n ${OTHER} link set eth0 address 02:00:00:00:00:02`);
  for (const namespace of [ONE, OTHER]) {
    // arp_notify and ndisc_notify: announcements when the interface comes up.
    run(`ip netns exec ${namespace} sysctl -qw net.ipv4.conf.eth0.arp_notify=1 net.ipv6.conf.eth0.ndisc_notify=1`);
  }
  run(`ip -n ${ONE} addr add 192.0.2.1/24 dev eth0`);
  run(`ip -n ${OTHER} addr add 192.0.2.2/24 dev eth0`);
  run(`ip -n ${OTHER} link set eth0 up`);
  const tcpdump = spawn('ip', ['netns', 'exec', OTHER, ...'tcpdump -n -l -xx -i eth0 arp or icmp6'.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const started = createInterface({ input: tcpdump.stderr });
  for await (const line of started) {
    if (line.startsWith('listening on')) {
      break;
    }
  }
  const frames: { text: string; hex: string }[] = [];
  run(`ip -n ${ONE} link set eth0 up`);
  run(`ip -n ${ONE} addr add 2001:db8::1/64 dev eth0`);
  run(`ip -n ${OTHER} addr add 2001:db8::2/64 dev eth0 nodad`);
  ask('192.0.2.2');
  ask('192.0.2.3');
  // After duplicate address detection, which takes a second or two, the kernel announces and can ask itself.
  let asked = false;
  for await (const line of createInterface({ input: tcpdump.stdout })) {
    const dump = /^\s+0x[0-9a-f]+:\s+([0-9a-f ]+)$/.exec(line);
    const last = frames.at(-1);
    if (dump === null) {
      if (last?.text.includes('tgt is 2001:db8::2') === true && last.text.includes('advertisement')) {
        break;
      }
      if (!asked && frames.some(({ text }) => /2001:db8::1 > ff02::1: .*advertisement/.test(text))) {
        asked = true;
        ask('2001:db8::2');
      }
      frames.push({ text: line.replace(/^\S+ /, ''), hex: '' });
    } else if (last !== undefined) {
      last.hex += (dump[1] ?? '').replaceAll(' ', '');
    }
  }
  tcpdump.kill();
  const target = join(dirname(fileURLToPath(import.meta.url)), 'frames.json');
  const discovery = frames.filter(({ text }) => /ARP|neighbor/.test(text));
  writeFileSync(target, JSON.stringify({ kernel: release(), frames: discovery }));
} finally {
  for (const namespace of [ONE, OTHER]) {
    run(`ip netns del ${namespace}`);
  }
}
