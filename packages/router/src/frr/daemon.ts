import { readFile } from 'node:fs/promises';
import type { CheckResult, RoutingDaemon } from '../controller/daemon.ts';
import { messageOf } from '../system-error.ts';
import { FrrConnection } from './connection.ts';
import { findForeignCommand } from './fence.ts';
import { IDLE_CONFIGURATION } from './idle.ts';
import { resetsOfFRR } from './resets.ts';
import { findUnindented, parseStatements } from './statements.ts';
import { checkCommands } from './vtysh.ts';

export interface FrrOptions {
  /** The folder shared with FRR, absolute: `frr.conf` and the daemons' sockets. */
  readonly directory: string;
  /** vtysh's program, for checking and bringing configurations. */
  readonly vtyshPath: string;
}

/** Milliseconds for `vtysh --dryrun`, which reads a thousand lines within one second. */
const CHECK_TIMEOUT_MS = 10_000;

/** An FRR of Fairlead's own beside the agent, spoken to over the sockets that its vtysh uses. */
export function frrDaemon({ directory, vtyshPath }: FrrOptions): RoutingDaemon {
  return {
    kind: 'FRR',
    configFile: 'frr.conf',
    mainTemplate: 'frr.conf.hbs',
    idleConfiguration: IDLE_CONFIGURATION,
    needsFile: false,
    findForeignFile: (text) => findForeignCommand(text, directory),
    resetsOf: resetsOfFRR,
    check: (path, signal) => check(path, { directory, vtyshPath }, signal),
    connect: (signal) => FrrConnection.open({ directory, vtyshPath, signal }),
  };
}

async function check(path: string, options: FrrOptions, signal: AbortSignal): Promise<CheckResult> {
  try {
    const unindented = findUnindented(parseStatements(await readFile(path, 'utf8')));
    if (unindented !== undefined) {
      const message = 'it belongs inside of a block; write a space before it, as FRR does';
      return { type: 'invalid', fault: { line: unindented.line, message } };
    }
  } catch (error) {
    return { type: 'failed', message: messageOf(error) };
  }
  const result = await checkCommands({ ...options, path, timeoutMs: CHECK_TIMEOUT_MS, signal });
  switch (result.type) {
    case 'done':
      return { type: 'valid' };
    case 'faults': {
      const [{ line, message }] = result.faults;
      return { type: 'invalid', fault: { line, message } };
    }
    case 'failed':
      return result;
    default:
      return result satisfies never;
  }
}
