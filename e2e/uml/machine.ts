import { mkdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { EventLog, type IpEvent, type Lab, type LabNode, type Run } from '../lab/index.ts';
import { parseIpEvent } from '../lab/ip-monitor.ts';
import type { PipedProcess } from '../lab/run.ts';
import { findUml, type Uml } from '../tools/uml.ts';
import { cardsOf, freeCables, networkOf, type Card } from './cables.ts';
import { GuestConsole, type GuestProcess } from './console.ts';

/** Memory of the guest, MiB; the host gives it page by page as it is used. */
const MEMORY_MIB = 1024;
/** Booting takes some 3 s, on a machine that has nothing else to do. */
const BOOT_TIMEOUT_MS = 60_000;

/** The log of what the guest's kernel and its first process print. */
const LOG = 'uml-kernel';
const INIT = join(import.meta.dirname, 'guest', 'init.sh');
const SERVER = join(import.meta.dirname, 'guest', 'server.ts');

/** A node of the lab with a kernel of its own: User-mode Linux in the place of the node's namespace, on its cables. */
export class Machine {
  readonly node: LabNode;
  readonly #lab: Lab;
  readonly #console: GuestConsole;

  private constructor(parts: { lab: Lab; node: LabNode; console: GuestConsole }) {
    this.#lab = parts.lab;
    this.node = parts.node;
    this.#console = parts.console;
  }

  /**
   * Boots User-mode Linux in the place of a node: with its MAC, its addresses, and its way to the API server. The node's
   * kube-proxy ends; `lab` ends the guest as it ends everything of its own.
   * @throws {UmlMissingError} where something of it is not installed
   */
  static async boot(lab: Lab, node: LabNode): Promise<Machine> {
    const uml = await findUml();
    await freeCables(lab, node);
    const kernel = await startKernel(lab.run, node, uml);
    const guest = new GuestConsole({ input: kernel.stdin, output: kernel.stdout, where: lab.run.logFile(LOG) });
    const late = setTimeout(() => kernel.kill('SIGKILL'), BOOT_TIMEOUT_MS);
    await guest.ready.finally(() => clearTimeout(late));
    await guest.run(['ip', '-batch', '-'], networkOf(lab, node).join('\n'));
    return new Machine({ lab, node, console: guest });
  }

  /** Runs a command in the guest. @returns its standard output @throws {CommandError} when it fails */
  async exec(command: readonly string[]): Promise<string> {
    return this.#console.run(command);
  }

  /** Starts a program in the guest that logs to the lab's `log/NAME.log`. */
  start(name: string, command: readonly string[]): GuestProcess {
    return this.#console.start(command, this.#lab.run.logFile(name));
  }

  /** Watches the guest's kernel with `ip monitor`, from now on. */
  async ipMonitor(): Promise<EventLog<IpEvent>> {
    const monitor = this.#console.start(['sh', '-c', `echo $$; exec ${MONITOR}`]);
    const pid = await monitor.lines.waitFor(() => true);
    await this.exec(['sh', '-c', untilSubscribed(pid)]);
    const events = new EventLog<IpEvent>();
    void collect(monitor, events);
    return events;
  }
}

const MONITOR = 'ip -ts -o -d monitor label address route link';

/** `ip monitor` does not say when it listens; the kernel does: its netlink socket (`Pid`, `Groups`) has groups then. */
function untilSubscribed(pid: string): string {
  return `until awk '$3 == ${pid} && $4 !~ /^0*$/ { found = 1 } END { exit !found }' /proc/net/netlink; do :; done`;
}

async function collect(monitor: GuestProcess, events: EventLog<IpEvent>): Promise<void> {
  for await (const line of monitor.lines) {
    const event = parseIpEvent(line);
    if (event) {
      events.push(event);
    }
  }
  events.end();
}

/**
 * Runs a program before others. User-mode Linux and its processes take turns, four with each system call of the guest, so
 * it has one CPU; and on a busy machine each turn would wait for all others. Where the kernel schedules sessions as groups
 * (sched(7), autogroup), it is the session's priority that counts.
 */
const FIRST = 'echo -10 2>/dev/null > /proc/self/autogroup; exec nice -n -10 "$@"';

/** Starts the kernel in the node's namespace; its standard input and output are the console of the protocol. */
async function startKernel(run: Run, node: LabNode, uml: Uml): Promise<PipedProcess> {
  const directory = join(run.directory, 'uml');
  await mkdir(directory, { recursive: true });
  // When User-mode Linux is killed, the processes that it traces would run on by themselves: they end with its namespace.
  const ending = ['unshare', '--pid', '--fork', '--kill-child', 'setsid'] as const;
  const priority = ['sh', '-c', FIRST, 'sh', 'taskset', '--cpu-list', await lastCpu()];
  const kernel = [uml.program, ...kernelArguments(directory, cardsOf(node))];
  const forInit = [`LAB_RUN=${run.directory}`, `LAB_NODE=${process.execPath}`, `LAB_SERVER=${SERVER}`];
  return run.pipe([...ending, ...priority, ...kernel, ...forInit], {
    namespace: node.namespace,
    environment: { LD_PRELOAD: uml.xstate, ...(await memoryFolder(directory)) },
    logErrorsTo: LOG,
  });
}

/**
 * What the kernel prints goes to standard error; its second console is for the protocol ({@link GuestConsole}). With
 * `nohz=off` it looks around every 10 ms also when idle: what comes in just before it falls asleep would wait for the next
 * timer, seconds away maybe (arch/um/os-Linux/time.c, os_idle_sleep).
 */
function kernelArguments(directory: string, cards: readonly Card[]): string[] {
  const root = 'root=/dev/root rootfstype=hostfs rootflags=/ ro';
  const consoles = 'nohz=off quiet con=null con0=null,fd:2 con1=fd:0,fd:1';
  return [
    `mem=${MEMORY_MIB}M`,
    ...`${root} ${consoles} umid=guest uml_dir=${directory}/`.split(' '),
    ...cards.map(({ name, mac }, index) => `vec${index}:transport=raw,ifname=${name},mac=${mac},gro=1`),
    `init=${INIT}`,
  ];
}

/** The last CPU that this process may run on: where the kernel puts least by itself. */
async function lastCpu(): Promise<string> {
  const status = await readFile('/proc/self/status', 'utf8');
  return /^Cpus_allowed_list:.*?(\d+)$/m.exec(status)?.[1] ?? '0';
}

/** The guest's memory is a file, in /dev/shm by default, which containers often have small: then in the run's folder. */
async function memoryFolder(directory: string): Promise<{ readonly TMPDIR?: string }> {
  const free = await statfs('/dev/shm').then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return free < MEMORY_MIB * 1024 * 1024 ? { TMPDIR: directory } : {};
}
