/**
 * `node e2e/tools/setup.ts` makes this machine fit for the lab: Debian packages, a Go, and Kubernetes' programs built from
 * Go modules into the cache. What is there is left alone; where nothing is missing it says one line and is done.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildTool, missingTools, TOOLS_SOURCE } from './build.ts';
import { cacheDirectory, toolsDirectory } from './cache.ts';
import { runCommand } from './command.ts';
import { provideGo, requiredGoVersion, type Go } from './go.ts';
import { missingPackages, planInstall, thisMachine } from './packages.ts';
import { buildXstate, UML_PACKAGES, umlExists } from './uml.ts';

/** Thrown for what the user has to do; only its sentence is shown. */
class SetupError extends Error {}

/** Exit status of flock(1) when another one holds the lock (`-E`). */
const LOCKED = 75;
const HOLDING_LOCK = '--holding-lock';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function install(packages: readonly string[]): Promise<void> {
  const plan = planInstall(packages, await thisMachine());
  switch (plan.kind) {
    case 'nothing':
      return;
    case 'ask':
      throw new SetupError(plan.sentence);
    case 'run':
      say(`installing ${packages.join(' ')} …`);
      for (const command of plan.commands)
        await runCommand(command, { environment: { DEBIAN_FRONTEND: 'noninteractive' } });
      return;
    default:
      plan satisfies never;
  }
}

async function go(): Promise<Go> {
  const want = requiredGoVersion(await readFile(join(TOOLS_SOURCE, 'go.mod'), 'utf8'));
  const found = await provideGo(want, say);
  if (found) return found;
  await install(['golang-go']); // an old one will do: it fetches the one that is needed
  const installed = await provideGo(want, say);
  if (!installed) throw new SetupError(`Go is missing: install Go ${want} or later, and have it in PATH`);
  return installed;
}

/** Without User-mode Linux the demo and all tests but its own work: what is missing of it is said, and no more. */
async function provideUml(): Promise<void> {
  if (!umlExists()) return;
  try {
    await install(await missingPackages(UML_PACKAGES));
    await buildXstate();
  } catch (error) {
    const { message } = error as Error;
    say(`No User-mode Linux, so \`make test-uml\` will fail: ${message}`);
  }
}

/**
 * Builds under a lock that the kernel lets go when its holder dies, so that two set-ups do not build the same twice: this
 * program again, below flock(1).
 */
async function buildLocked(): Promise<void> {
  const lock = join(cacheDirectory(), 'setup.lock');
  await mkdir(cacheDirectory(), { recursive: true });
  const under = async (...flags: string[]) => {
    const child = spawn('flock', [...flags, lock, process.execPath, import.meta.filename, HOLDING_LOCK], {
      stdio: 'inherit',
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };
  let code = await under('--nonblock', '--conflict-exit-code', String(LOCKED));
  if (code === LOCKED) {
    say('another set-up is at work on this machine: waiting for it');
    code = await under();
  }
  process.exitCode = code ?? 1;
}

async function build(): Promise<void> {
  const missing = await missingTools(); // asked again: another set-up may have built them meanwhile
  if (missing.length === 0) return;
  const compiler = await go();
  say(
    `${missing.length} of Kubernetes' programs are built from source with Go ${compiler.version}: about 5 minutes on 2 cores, once`,
  );
  for (const tool of missing) await buildTool(tool, compiler, say);
}

try {
  if (process.argv.includes(HOLDING_LOCK)) {
    await build();
  } else {
    await install(await missingPackages());
    await provideUml();
    if ((await missingTools()).length > 0) await buildLocked();
    if (!process.exitCode) say(`set up: ${await toolsDirectory()}`);
  }
} catch (error) {
  process.stderr.write(`${error instanceof SetupError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
