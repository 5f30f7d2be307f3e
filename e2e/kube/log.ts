import { inspect } from 'node:util';
import type { Logger } from '@fairlead/kube';

/** Keeps the lines of a test's parts, to look at what was said. */
export class MemoryLog implements Logger {
  readonly lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  readonly debug = (message: string): void => this.#add('debug', message);
  readonly info = (message: string): void => this.#add('info', message);
  readonly warn = (message: string): void => this.#add('warn', message);
  readonly error = (message: string, fields?: Readonly<Record<string, unknown>>): void =>
    this.#add('error', `${message} ${inspect(fields?.['error'])}`);

  of(level: string): string[] {
    return this.lines.filter((line) => line.startsWith(`${level} `));
  }

  /** Resolves with the next line of a level. */
  next(level: string): Promise<string> {
    return new Promise((resolve) => {
      const listener = (line: string): void => {
        if (line.startsWith(`${level} `)) {
          this.#listeners.delete(listener);
          resolve(line);
        }
      };
      this.#listeners.add(listener);
    });
  }

  #add(level: string, message: string): void {
    for (const listener of this.#listeners) {
      listener(`${level} ${message}`);
    }
    if (this.lines.length < 10_000) {
      this.lines.push(`${level} ${message}`);
    }
  }
}
