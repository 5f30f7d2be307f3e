/**
 * `node e2e/lab/main.ts` starts a lab that stays, and prints how to look around; `--stop` ends all such labs.
 * The lab belongs to a process of its own in the background (this program again, with `--hold`).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startLab, type Lab } from './lab.ts';
import { heldRuns } from './runs.ts';

const HOLD = '--hold';
/** The holder's last line. */
const READY = 'the lab is up';
const HELP = `Usage: node e2e/lab/main.ts [--nodes N] [--bare] | --stop [ID…]

Starts a Kubernetes cluster of N nodes (default 3) in network namespaces of this machine, with a switch, a router
running BIRD and two clients, with Fairlead on it, and leaves it running.
  --nodes N  1 to 250
  --bare     without Fairlead; by default the allocator and an agent a node run in it (dist/, by \`npm run build\`)
  --stop     end the clusters with these ids, or every one that was left running`;

const { values, positionals: ids } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '3' },
    bare: { type: 'boolean', default: false },
    hold: { type: 'boolean', default: false },
    stop: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) process.stdout.write(`${HELP}\n`);
else if (process.getuid?.() !== 0) fail('the lab makes network namespaces: run it as root (sudo make lab)');
else if (values.stop) await stop();
else if (values.hold) await hold();
else await start();

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

/** Starts the holder, and shows what it says until the lab is there. */
async function start(): Promise<void> {
  const args = [import.meta.filename, HOLD, '--nodes', values.nodes, ...(values.bare ? ['--bare'] : [])];
  const holder = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface({ input: holder.stderr }).on('line', (line) => process.stderr.write(`${line}\n`));
  const lines = createInterface({ input: holder.stdout });
  const outcome = Promise.withResolvers<boolean>();
  lines.on('line', (line) => (line === READY ? outcome.resolve(true) : process.stdout.write(`${line}\n`)));
  holder.once('exit', () => outcome.resolve(false));
  if (!(await outcome.promise)) process.exitCode = 1;
  holder.unref();
  holder.stdout.destroy();
  holder.stderr.destroy();
}

/** Owns the lab until it is told to stop. */
async function hold(): Promise<void> {
  // Who started this reads no more once the lab is up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  try {
    await using lab = await startLab({
      nodes: Number(values.nodes),
      progress: (step) => process.stdout.write(`… ${step}\n`),
    });
    if (!values.bare) {
      process.stdout.write('… allocator and agents\n');
      await lab.startAllocator();
      await Promise.all(lab.nodes.map(async (node) => lab.startAgent(node)));
    }
    process.stdout.write(`${instructions(lab)}\n${READY}\n`);
    await stopped;
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

/** Ends all labs that were left running, and returns when nothing is left of them. */
async function stop(): Promise<void> {
  const held = await heldRuns(HOLD);
  const runs = ids.length === 0 ? held : held.filter(({ id }) => ids.includes(id));
  if (runs.length === 0)
    process.stdout.write(ids.length === 0 ? 'no lab is running\n' : `no lab ${ids.join(', ')} is running\n`);
  for (const { id, pid, directory } of runs) {
    process.kill(pid, 'SIGTERM');
    await untilGone(directory);
    process.stdout.write(`lab ${id} is gone\n`);
  }
}

async function untilGone(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  // A removed folder is the last thing that its watch tells.
  const watcher = watch(directory, () => {
    if (!existsSync(directory)) resolve();
  });
  watcher.on('error', () => resolve());
  if (existsSync(directory)) await promise;
  watcher.close();
}

function instructions(lab: Lab): string {
  const { run, tor, nodes } = lab;
  const enter = (name: string) => `nsenter --net=${run.namespacePath(name)}`;
  const node = nodes[0]?.namespace ?? 'node-1';
  return `
lab ${run.id}: ${nodes.length} nodes in ${(lab.startedInMs / 1000).toFixed(1)} s

  export KUBECONFIG=${lab.kubeconfig}
  ${lab.controlPlane.kubectlPath} get nodes,services -A
  ${enter(node)} ip address     # what ${node} has and says on its LAN
  ${enter(node)} ip route show dev kube-lb0
  ${enter('tor')} ip route      # what the ToR has learnt
  birdc -s ${tor.socket} show protocols
  ${enter('switch')} tcpdump -n -e -i lan 'arp or icmp6'
  ${enter('client')} curl http://ADDRESS/     # a client on the LAN; another one, behind the ToR: ${run.namespaceName('remote')}

  addresses: LAN 172.20.0.0/16 and fd00:20::/64, the ToR is .0.1 and ::1 (AS 64500), node N is 172.20.1.N
  logs: ${run.directory}/log
  stop: make lab-stop
`;
}
