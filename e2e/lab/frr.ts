import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilFile } from './fairlead.ts';
import type { LabProcess } from './process.ts';
import { preferring } from './preferring.ts';
import type { Run } from './run.ts';

/** A program of FRR. */
export type FrrProgram = 'zebra' | 'bgpd' | 'bfdd' | 'ospfd' | 'ospf6d' | 'ripd' | 'ripngd';

/** Where Debian and FRR's own packages have the programs. */
const PROGRAMS = '/usr/lib/frr';
/** FRR's programs run as this user; its folder must belong to it. */
const OWNER = 'frr:frr';
/** zebra's netlink buffer: ten thousand changes at once fit. */
const NETLINK_BUFFER = 67_108_864;
const START_TIMEOUT_MS = 10_000;

/** What {@link Frr.launch} is told. */
export interface FrrOptions {
  /** For the folder and the names of the logs: `tor`. */
  readonly name: string;
  readonly namespace: string;
  /** Where its files and sockets are. Default: a folder of its own, which is empty at first. */
  readonly directory?: string;
  /** Before other processes of the machine. Default false. */
  readonly preferred?: boolean;
  /** The programs to run and their configuration files' text; zebra has to be among them. */
  readonly configurations: Readonly<Partial<Record<FrrProgram, string>>>;
}

/** FRR's programs in a namespace, each with a configuration of its own. They log to files of the run. */
export class Frr {
  readonly #run: Run;
  readonly #directory: string;
  readonly #programs: ReadonlyMap<FrrProgram, LabProcess>;

  private constructor(run: Run, directory: string, programs: ReadonlyMap<FrrProgram, LabProcess>) {
    this.#run = run;
    this.#directory = directory;
    this.#programs = programs;
  }

  /** Starts zebra, then the others; returns when all of them can be asked. */
  static async launch(run: Run, options: FrrOptions): Promise<Frr> {
    const { name, namespace, directory = join(run.directory, `frr-${name}`), preferred, configurations } = options;
    await mkdir(directory, { recursive: true });
    const wanted = Object.entries(configurations) as [FrrProgram, string][];
    await Promise.all(
      wanted.map(async ([program, text]) => {
        // The socket of one that ran here before would tell that this one is ready.
        await rm(join(directory, `${program}.vty`), { force: true });
        await writeFile(join(directory, `${program}.conf`), `${text}\n`);
      }),
    );
    await run.exec(['chown', '-R', OWNER, directory]);
    const programs = new Map<FrrProgram, LabProcess>();
    const frr = new Frr(run, directory, programs);
    for (const program of startingOrder(wanted.map(([each]) => each))) {
      programs.set(
        program,
        run.spawn(`${name}-${program}`, preferring(preferred, command(program, directory)), { namespace }),
      );
      await frr.#untilListening(program);
    }
    return frr;
  }

  /** zebra first. */
  get processes(): readonly LabProcess[] {
    return [...this.#programs.values()];
  }

  /** One of the programs. @throws {RangeError} where it was not asked for */
  program(name: FrrProgram): LabProcess {
    const process = this.#programs.get(name);
    if (process === undefined) throw new RangeError(`no ${name}; there are ${[...this.#programs.keys()].join(', ')}`);
    return process;
  }

  /** Starts the programs again that have ended. */
  async start(): Promise<void> {
    for (const [program, process] of this.#programs) {
      if (process.running) continue;
      await rm(join(this.#directory, `${program}.vty`), { force: true });
      process.start();
      await this.#untilListening(program);
    }
  }

  /** Runs a command of vtysh. @returns its text */
  async vtysh(text: string): Promise<string> {
    return this.#run.exec(['vtysh', '--vty_socket', this.#directory, '-c', text]);
  }

  /** Its socket for vtysh is what a program makes last. */
  async #untilListening(program: FrrProgram): Promise<void> {
    await untilFile(this.#directory, `${program}.vty`, START_TIMEOUT_MS);
  }
}

function startingOrder(programs: readonly FrrProgram[]): readonly FrrProgram[] {
  return ['zebra', ...programs.filter((program) => program !== 'zebra')];
}

function command(program: FrrProgram, directory: string): [string, ...string[]] {
  const file = (name: string) => join(directory, name);
  return [
    join(PROGRAMS, program),
    '--config_file',
    file(`${program}.conf`),
    '--pid_file',
    file(`${program}.pid`),
    // No TCP port for telnet, and sockets away from those of an FRR of the machine itself.
    '--vty_port',
    '0',
    '--vty_socket',
    directory,
    '--socket',
    file('zserv.api'),
    '--log',
    'stdout',
    ...(program === 'zebra' ? ['-s', String(NETLINK_BUFFER)] : []),
  ];
}
