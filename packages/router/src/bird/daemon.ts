import { join } from 'node:path';
import type { RoutingDaemon } from '../controller/daemon.ts';
import { resetsOf } from '../edits/resets.ts';
import { findSilence } from '../edits/silence.ts';
import { MAIN_TEMPLATE } from '../template/template-set.ts';
import { checkConfiguration } from './check.ts';
import { BirdConnection } from './connection.ts';
import { findForeignFile } from './fence.ts';
import { IDLE_CONFIGURATION } from './idle.ts';

export interface BirdOptions {
  /** The folder shared with BIRD, absolute: `bird.conf` and `bird.ctl`. */
  readonly directory: string;
  /** BIRD's program, for its check. */
  readonly birdPath: string;
}

/** Milliseconds for `bird -p`, which reads a file of some MiB within one. */
const CHECK_TIMEOUT_MS = 10_000;

/** BIRD 2 beside the agent, spoken to over its control socket. */
export function birdDaemon({ directory, birdPath }: BirdOptions): RoutingDaemon {
  return {
    kind: 'BIRD',
    configFile: 'bird.conf',
    mainTemplate: MAIN_TEMPLATE,
    idleConfiguration: IDLE_CONFIGURATION,
    needsFile: true,
    findForeignFile: (text) => findForeignFile(text, directory),
    findSilence,
    resetsOf,
    check: (path, signal) => checkConfiguration({ birdPath, path, timeoutMs: CHECK_TIMEOUT_MS, signal }),
    connect: (signal) => BirdConnection.open({ path: join(directory, 'bird.ctl'), signal }),
  };
}
