import { chmod, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { findProgram } from './packages.ts';

/** A Go that can build the tools, and the environment that it needs. */
export interface Go {
  readonly program: string;
  readonly version: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The version in `go version go1.26.8 linux/amd64`. */
export function parseGoVersion(output: string): string | undefined {
  return /\bgo(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1];
}

/** The version that a go.mod asks for. */
export function requiredGoVersion(goMod: string): string {
  const version = /^go (\d+\.\d+(?:\.\d+)?)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error('go.mod has no `go` line');
  return version;
}

/** Is version `have` at least `want`? Missing parts count as 0. */
export function isAtLeast(have: string, want: string): boolean {
  const [a, b] = [have, want].map((version) => version.split('.').map(Number)) as [number[], number[]];
  for (let part = 0; part < 3; part++) {
    const difference = (a[part] ?? 0) - (b[part] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Where Go is when it is not in PATH: its own installer's place, then Debian's. */
const PLACES = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go'];

/** All Go installations of this machine with their versions, the newest first. */
export async function findGo(): Promise<{ program: string; version: string }[]> {
  const inPath = await findProgram('go');
  const candidates = [...new Set([...(inPath === undefined ? [] : [inPath]), ...PLACES])];
  const found = await Promise.all(
    candidates.map(async (program) => {
      // GOTOOLCHAIN=local: what this one is, not what it would fetch.
      const output = await runCommand([program, 'version'], { environment: { GOTOOLCHAIN: 'local' } }).catch(() => '');
      const version = parseGoVersion(output);
      return version === undefined ? [] : [{ program, version }];
    }),
  );
  return found.flat().sort((a, b) => (isAtLeast(a.version, b.version) ? -1 : 1));
}

/**
 * A Go of at least this version. Where the machine's own is older, the toolchain is fetched as what it is, a Go module
 * (https://go.dev/doc/toolchain): by any Go, from wherever that takes its modules.
 * @returns undefined when the machine has no Go at all
 */
export async function provideGo(want: string, progress: (line: string) => void): Promise<Go | undefined> {
  const [newest] = await findGo();
  if (!newest) return undefined;
  if (isAtLeast(newest.version, want)) return { ...newest, environment: { GOTOOLCHAIN: 'local' } };
  progress(`Go ${newest.version} is here, ${want} is needed: fetching that toolchain`);
  return fetchToolchain(newest.program, want);
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Has an older Go download a newer one. The module's files come without their execute bits. */
export async function fetchToolchain(program: string, version: string): Promise<Go> {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const name = `golang.org/toolchain@v0.0.1-go${version}.linux-${architecture}`;
  const output = await runCommand([program, 'mod', 'download', '-json', name], {
    workingDirectory: '/',
    environment: { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod' },
  });
  const { Dir: directory } = JSON.parse(output) as { Dir: string };
  for (const folder of ['bin', join('pkg', 'tool', `linux_${architecture}`)])
    await makeExecutable(join(directory, folder));
  return { program: join(directory, 'bin', 'go'), version, environment: { GOTOOLCHAIN: 'local', GOROOT: directory } };
}

async function makeExecutable(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const { mode } = await stat(path);
      if ((mode & 0o111) !== 0o111) await chmod(path, mode | 0o111);
    }),
  );
}
