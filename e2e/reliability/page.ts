import { formatTable } from '../bench/figures.ts';
import type { Subject } from './scenario.ts';

/** What is between these two is written by `make reliability ARGS=--write`; all else on the page is prose. */
function marksOf(subject: Subject): { readonly begin: string; readonly end: string } {
  return { begin: `<!-- measured: ${subject} -->`, end: `<!-- /measured: ${subject} -->` };
}

/** What the page is to be told. */
export interface Figures {
  /** Whose table. */
  readonly subject: Subject;
  readonly header: readonly string[];
  /** One row a scenario that was measured now; the name of the scenario first. */
  readonly rows: readonly (readonly string[])[];
  /** Names of all scenarios of that table, in order: rows of others are left out. */
  readonly names: readonly string[];
  /** The machine, in words. */
  readonly machine: string;
}

/**
 * The page with these figures. Rows of scenarios that were not measured now stay as they are, unless they come from
 * another machine: figures of two do not belong into one table.
 * @throws {Error} where the page has no place for them
 */
export function withFigures(page: string, { subject, header, rows, names, machine }: Figures): string {
  const { begin, end } = marksOf(subject);
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end} for the table`);
  const old = page.slice(from, to);
  const kept = old.includes(machine) ? rowsOf(old) : [];
  const byName = new Map([...kept, ...rows].map((row) => [row[0] ?? '', row]));
  const all = names.flatMap((name) => {
    const row = byName.get(name);
    return row?.length === header.length ? [row] : [];
  });
  const table = formatTable([header, ...all]);
  return `${page.slice(0, from)}${begin}\n\nMeasured on ${machine}.\n\n${table}\n\n${page.slice(to)}`;
}

/** The rows of a Markdown table, without its header. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split(' | ')
      .map((cell) => cell.trim()),
  );
}
