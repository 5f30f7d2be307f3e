#!/usr/bin/env node
import { createKubeClient } from '@fairlead/kube';
import manifest from '../package.json' with { type: 'json' };
import { USAGE, UsageError, parseCommand } from './arguments.ts';
import type { ClusterCommand } from './run.ts';
import { run } from './run.ts';

/** A person who waits at a terminal wants an answer, not one more attempt. */
const TIME_LIMIT_MS = 15_000;

/** The client's own log lines say nothing that its errors do not. */
const silent = {
  debug(): void {},
  info(): void {},
  warn(): void {},
  error(): void {},
};

async function runInCluster(command: ClusterCommand): Promise<string> {
  await using client = await createKubeClient({
    logger: silent,
    userAgent: `kubectl-fairlead/${manifest.version}`,
    ...(command.kubeconfig === undefined ? {} : { kubeconfig: command.kubeconfig }),
  });
  return await run(command, { client, now: Date.now, signal: AbortSignal.timeout(TIME_LIMIT_MS) });
}

async function main(argv: readonly string[]): Promise<string> {
  const command = parseCommand(argv);
  if (command.name === 'help') {
    return USAGE;
  }
  return command.name === 'version' ? `${manifest.version}\n` : await runInCluster(command);
}

try {
  process.stdout.write(await main(process.argv.slice(2)));
} catch (error) {
  const usage = error instanceof UsageError;
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  if (usage) {
    process.stderr.write('see: kubectl fairlead help\n');
  }
  process.exitCode = usage ? 2 : 1;
}
