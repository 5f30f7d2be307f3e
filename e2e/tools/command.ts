import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How a command of set-up is run. */
export interface CommandOptions {
  readonly workingDirectory?: string;
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told each line that the command prints to standard error; default: kept for the error message only. */
  readonly onErrorLine?: (line: string) => void;
}

/**
 * Runs a command to its end.
 * @returns its standard output
 * @throws {Error} with the last lines of its standard error, when it exits with another status than 0
 */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<string> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    ...(options.workingDirectory !== undefined && { cwd: options.workingDirectory }),
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const errors: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    options.onErrorLine?.(line);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('close', resolve).once('error', reject);
  const code = await promise;
  if (code !== 0) throw new Error(`\`${command.join(' ')}\` ended with ${code}:\n${errors.slice(-20).join('\n')}`);
  return output;
}
