import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { runCommand } from './command.ts';
import { isExecutable, type Environment } from './environment.ts';
import { findProgram, missingPackages } from './packages.ts';

/**
 * What the tests under User-mode Linux need, by program, and the Debian packages that have it: the kernel, what loads its
 * modules, what kube-proxy calls in IPVS mode, and the compiler of {@link buildXstate}.
 */
export const UML_PACKAGES: Readonly<Record<string, string>> = {
  'linux.uml': 'user-mode-linux',
  modprobe: 'kmod',
  ipset: 'ipset',
  'iptables-legacy': 'iptables',
  gcc: 'gcc',
};

/** Is there a User-mode Linux for this machine at all? The kernel has it for x86 alone, Debian's is for amd64. */
export function umlExists(architecture: string = process.arch): boolean {
  return architecture === 'x64';
}

/** The kernel, and the library that is preloaded into it. */
export interface Uml {
  readonly program: string;
  readonly xstate: string;
}

/** Thrown where User-mode Linux could run and something of it is not there. */
export class UmlMissingError extends Error {
  readonly code = 'UML_MISSING';
  constructor(what: string) {
    super(
      `User-mode Linux cannot run here: ${what}. \`node e2e/tools/setup.ts\` as root installs what is missing on Debian`,
    );
    this.name = 'UmlMissingError';
  }
}

/**
 * User-mode Linux on this machine.
 * @throws {UmlMissingError} naming what is missing and the command that installs it
 */
export async function findUml(environment: Environment = process.env): Promise<Uml> {
  if (!umlExists()) throw new UmlMissingError(`it does not exist for ${process.arch}`);
  const missing = await missingPackages(UML_PACKAGES, environment);
  const program = await findProgram('linux.uml', environment);
  if (missing.length > 0 || program === undefined)
    throw new UmlMissingError(`packages are missing (apt-get install -y ${missing.join(' ')})`);
  const xstate = await xstatePath(environment);
  if (!(await isExecutable(xstate))) throw new UmlMissingError(`${xstate} has not been built`);
  return { program, xstate };
}

const XSTATE_SOURCE = join(import.meta.dirname, '..', 'uml', 'guest', 'xstate.c');

/** Where the library is, whether or not it has been built: in the cache, by the hash of its source. */
async function xstatePath(environment: Environment = process.env): Promise<string> {
  const source = await readFile(XSTATE_SOURCE);
  const key = createHash('sha256').update(source).digest('hex').slice(0, 16);
  return join(cacheDirectory(environment), 'uml', key, 'xstate.so');
}

/** Builds a shared library of one file in C that needs nothing of libc's headers. */
export async function buildLibrary(source: string, target: string): Promise<void> {
  await runCommand(['gcc', '-shared', '-fPIC', '-O2', '-nostdlib', '-Wall', '-o', target, source]);
}

/** Builds the library into the cache, unless it is there: 0.1 s. It gets its name when it is complete. */
export async function buildXstate(): Promise<void> {
  const target = await xstatePath();
  if (await isExecutable(target)) return;
  await mkdir(join(target, '..'), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  try {
    await buildLibrary(XSTATE_SOURCE, unfinished);
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
}
