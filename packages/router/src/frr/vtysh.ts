import { execFile } from 'node:child_process';

export interface VtyshOptions {
  /** vtysh's program. */
  readonly vtyshPath: string;
  /** The folder of the daemons' sockets, absolute. */
  readonly directory: string;
  /** The file with commands. */
  readonly path: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A line of a file that was not taken. */
export interface VtyshFault {
  /** Line from 1; undefined where vtysh names none. */
  readonly line: number | undefined;
  /** `syntax`: no command of FRR; `refused`: a daemon does not take it. */
  readonly type: 'syntax' | 'refused';
  readonly message: string;
  /**
   * Commands that were refused together. Daemons take what comes in one file as one transaction where they can: prefix
   * lists, route maps and interfaces, and RIP.
   */
  readonly together: readonly string[];
}

export type VtyshResult =
  | { readonly type: 'done' }
  | { readonly type: 'faults'; readonly faults: readonly [VtyshFault, ...VtyshFault[]] }
  /** vtysh could not be run. */
  | { readonly type: 'failed'; readonly message: string };

/** Has vtysh read a file of commands without using it. Never throws. */
export function checkCommands(options: VtyshOptions): Promise<VtyshResult> {
  return runVtysh(options, ['--dryrun', '--inputfile', options.path]);
}

/** Has vtysh bring a file of commands to the daemons; all lines are tried, whatever becomes of one. Never throws. */
export function applyCommands(options: VtyshOptions): Promise<VtyshResult> {
  return runVtysh(options, ['--inputfile', options.path]);
}

function runVtysh(
  { vtyshPath, directory, timeoutMs, signal }: VtyshOptions,
  args: readonly string[],
): Promise<VtyshResult> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', signal, maxBuffer: 16 * 1024 * 1024 } as const;
    // Its own configuration file would be looked for in /etc/frr.
    const all = ['--vty_socket', directory, '--config_dir', directory, ...args];
    execFile(vtyshPath, all, options, (error, stdout, stderr) => {
      const [first, ...others] = parseFaults({ stdout, stderr });
      if (error?.code === 'ENOENT') {
        const message = `${vtyshPath} is missing; install FRR's vtysh beside the agent (package frr), of the daemons' version`;
        resolve({ type: 'failed', message });
      } else if (error?.killed === true) {
        resolve({ type: 'failed', message: `${vtyshPath} did not end within ${timeoutMs} ms` });
      } else if (first !== undefined) {
        resolve({ type: 'faults', faults: [first, ...others] });
      } else if (error === null) {
        resolve({ type: 'done' });
      } else {
        const said = stderr.trim().replaceAll(/\s*\n\s*/g, '; ');
        resolve({ type: 'failed', message: `${vtyshPath} failed: ${said === '' ? error.message : said}` });
      }
    });
  });
}

/** A daemon says this again for each command of a transaction that it refuses; vtysh itself then says no line and exits with 0. */
const TRANSACTION =
  /^% Configuration failed\.\n\n(?:Error type: (?<kind>.*)\n)?(?:Error description: (?<reason>.*)\n)?(?:The following commands .*\n(?<commands>(?:- .*\n?)*))?/gm;

/**
 * Reads what vtysh says of a file (vtysh_config_from_file in vtysh/vtysh.c): `line N: % Unknown command[…]: …` for what
 * is no command, `line N: Failure to communicate[…] to bgpd, line: …` for what a daemon refused. The daemon's own words
 * are on the standard output, without a line number.
 */
export function parseFaults({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): VtyshFault[] {
  const words = stdout
    .replaceAll(TRANSACTION, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.replace(/^%\s*/, ''));
  const inLines = stderr.split(/\n|(?=line \d+: )/).flatMap((text): VtyshFault[] => {
    const syntax = /^line (\d+): % (Unknown command|Ambiguous command|Command incomplete)/.exec(text);
    if (syntax !== null) {
      return [{ line: Number(syntax[1]), type: 'syntax', message: syntax[2] ?? '', together: [] }];
    }
    const refused = /^line (\d+): Failure to communicate\[\d+\] to (\w+)/.exec(text);
    if (refused !== null) {
      const reason = words.length === 0 ? 'without a reason' : words.join('; ');
      const message = `${refused[2]} refuses it: ${reason}`;
      return [{ line: Number(refused[1]), type: 'refused', message, together: [] }];
    }
    return [];
  });
  return [...inLines, ...refusedTransactions(stdout)];
}

function refusedTransactions(stdout: string): VtyshFault[] {
  const faults = new Map<string, VtyshFault>();
  for (const { 0: text, groups = {} } of stdout.matchAll(TRANSACTION)) {
    const message = `FRR refuses it: ${groups.reason ?? groups.kind ?? 'without a reason'}`;
    const together = new Set((groups.commands ?? '').split('\n').map((line) => line.replace(/^- /, '').trim()));
    together.delete('');
    faults.set(text, { line: undefined, type: 'refused', message, together: [...together] });
  }
  return [...faults.values()];
}
