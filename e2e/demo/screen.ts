/** What the demo prints: steps with a running clock, facts that are checked, commands to repeat by hand. */

/** A statement that the demo makes, and whether it was true. */
export interface Verdict {
  readonly statement: string;
  readonly holds: boolean;
}

/** Writes to the terminal and keeps account of what was true. */
export class Screen {
  readonly #write: (text: string) => void;
  readonly #clock: () => number;
  readonly #began: number;
  readonly #verdicts: Verdict[] = [];

  /**
   * @param options.write where text goes
   * @param options.clock milliseconds
   */
  constructor(options: { readonly write: (text: string) => void; readonly clock: () => number }) {
    this.#write = options.write;
    this.#clock = options.clock;
    this.#began = options.clock();
  }

  /** What the demo said and whether it held. */
  get verdicts(): readonly Verdict[] {
    return this.#verdicts;
  }

  /** A chapter. */
  title(text: string): void {
    this.#write(`\n\u001B[1m${text}\u001B[0m\n`);
  }

  /** Something that takes a while begins: with the seconds since the start of the demo. */
  step(text: string): void {
    const seconds = ((this.#clock() - this.#began) / 1000).toFixed(1).padStart(5);
    this.#write(`  ${seconds} s  ${text}\n`);
  }

  /** A line as it is. */
  line(text = ''): void {
    this.#write(`  ${text}\n`);
  }

  /** A statement that has been checked. One that is false makes the demo end with 1. */
  check(statement: string, holds: boolean): void {
    this.#verdicts.push({ statement, holds });
    this.#write(`  ${holds ? '\u001B[32m✓\u001B[0m' : '\u001B[31m✗ not true:\u001B[0m'} ${statement}\n`);
  }

  /** A row of a table: a label and milliseconds. */
  milliseconds(label: string, value: number | null): void {
    if (value !== null) {
      this.#write(`  ${label.padEnd(48)}${value.toFixed(1).padStart(9)} ms\n`);
    }
  }

  /** A command that shows the same by hand. */
  command(text: string): void {
    this.#write(`  \u001B[36m$ ${text}\u001B[0m\n`);
  }
}
