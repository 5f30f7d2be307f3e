import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { figureRows, formatTable } from './figures.ts';
import type { Figure } from './figures.ts';

/** Prints figures as a table and, with `--json FILE`, writes them for `make bench`. */
export async function report(figures: readonly Figure[], args = process.argv.slice(2)): Promise<void> {
  const { values } = parseArgs({ args, options: { json: { type: 'string' } }, strict: false });
  process.stdout.write(`${formatTable(figureRows(figures))}\n`);
  if (typeof values.json === 'string') {
    await writeFile(values.json, JSON.stringify(figures));
  }
}

/** Says what is going on, for those who wait. */
export function progress(text: string): void {
  process.stderr.write(`  … ${text}\n`);
}
