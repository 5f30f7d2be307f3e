/**
 * `make test`: types, lint and formatting, then unit tests, then end-to-end tests, one after the other, and at the end
 * one line `N passed, N failed` that counts them all. Arguments are given on to jest.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Whether the command is jest, which counts its own tests; any other command counts as one. */
  readonly jest: boolean;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** The part of jest's `--json` report that is read here. */
interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly success: boolean;
}

const STEPS: readonly Step[] = [
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'], jest: false },
  { name: 'unit', command: ['npm', 'run', '--silent', 'unit', '--'], jest: true },
  { name: 'e2e', command: ['npm', 'run', '--silent', 'e2e', '--'], jest: true },
];

function exitCodeOf(command: readonly string[]): Promise<number> {
  const [program = '', ...rest] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function runJest(step: Step, folder: string, extra: readonly string[]): Promise<Count> {
  const file = join(folder, `${step.name}.json`);
  const code = await exitCodeOf([...step.command, '--json', `--outputFile=${file}`, ...extra]);
  const report = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as Partial<JestReport>;
  const failed = (report.numFailedTests ?? 0) + (report.numRuntimeErrorTestSuites ?? 0);
  // An exit code that no counted failure explains (a crash, an open handle, no report) is a failure of its own.
  return { passed: report.numPassedTests ?? 0, failed: code !== 0 && failed === 0 ? 1 : failed };
}

async function runStep(step: Step, folder: string, extra: readonly string[]): Promise<Count> {
  if (step.jest) {
    return await runJest(step, folder, extra);
  }
  return (await exitCodeOf(step.command)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const folder = await mkdtemp(join(tmpdir(), 'fairlead-test-'));
let total: Count = { passed: 0, failed: 0 };
try {
  for (const step of STEPS) {
    const started = performance.now();
    process.stdout.write(`\n== ${step.name}\n`);
    const count = await runStep(step, folder, process.argv.slice(2));
    total = { passed: total.passed + count.passed, failed: total.failed + count.failed };
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    process.stdout.write(`== ${step.name}: ${count.passed} passed, ${count.failed} failed, ${seconds} s\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
