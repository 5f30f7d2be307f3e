import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.ts';

/**
 * The folder that outlives a checkout and holds what is expensive to make.
 * `FAIRLEAD_CACHE` names it; else `$XDG_CACHE_HOME/fairlead`, else `~/.cache/fairlead` (XDG Base Directory Specification).
 */
export function cacheDirectory(environment: Environment = process.env): string {
  const { FAIRLEAD_CACHE: own, XDG_CACHE_HOME: xdg } = environment;
  if (own) return own;
  return join(xdg || join(environment['HOME'] || homedir(), '.cache'), 'fairlead');
}

/**
 * The folder of the built Kubernetes tools. go.sum pins every module that goes into them, so its hash is their version:
 * a changed go.sum gets a new folder, and two checkouts never use each other's binaries by mistake.
 */
export async function toolsDirectory(environment: Environment = process.env): Promise<string> {
  const sum = await readFile(join(import.meta.dirname, 'go.sum'));
  const key = createHash('sha256').update(sum).digest('hex').slice(0, 16);
  return join(cacheDirectory(environment), 'tools', key);
}
