/**
 * `make reliability`: makes every kind of fault again and again, under a 1 kHz probe, on an otherwise idle machine, and
 * prints what clients lost by it beside what is promised. `--only NAME,…` runs some scenarios, `--times N` (default 20)
 * says how often, `--json FILE` writes each repetition's figures, `--write` puts the tables into docs/reliability.md.
 * Ends with 1 when a promise was not kept.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../bench/figures.ts';
import { machine } from '../bench/machine.ts';
import { measure, type Result } from './measure.ts';
import { withFigures } from './page.ts';
import type { Scenario, Subject } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { brokenPromises, headerOf, rowOf } from './summary.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'reliability.md');

const SUBJECTS: readonly Subject[] = ['local', 'virtual'];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    times: { type: 'string', default: '20' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

function chosen(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return SCENARIOS;
  const names = only.split(',');
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    throw new RangeError(
      `no scenario ${unknown.join(', ')}; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`,
    );
  }
  return SCENARIOS.filter(({ name }) => names.includes(name));
}

function timesOf(text: string): number {
  const times = Number(text);
  if (!Number.isInteger(times) || times < 1)
    throw new RangeError(`--times takes a whole number from 1 on, not ${text}`);
  return times;
}

const began = performance.now();
const progress = (text: string): void => {
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(5);
  process.stderr.write(`${seconds} s  ${text}\n`);
};
const scenarios = chosen(values.only);
const times = timesOf(values.times);
const date = new Date().toISOString().slice(0, 10);

const results: Result[] = [];
for (const scenario of scenarios) {
  const { atMost = times } = scenario;
  results.push(await measure(scenario, { times: Math.min(times, atMost), progress }));
}

const tables = SUBJECTS.map((subject) => ({
  subject,
  rows: results.filter(({ scenario }) => scenario.subject === subject).map((result) => rowOf(result, date)),
})).filter(({ rows }) => rows.length > 0);
for (const { subject, rows } of tables) process.stdout.write(`${formatTable([headerOf(subject), ...rows])}\n`);
if (values.json !== undefined) {
  await writeFile(values.json, JSON.stringify({ date, machine: machine(), results }, undefined, 2));
}
if (values.write) {
  const written = tables.reduce(
    (page, { subject, rows }) => {
      const names = SCENARIOS.filter((scenario) => (scenario.subject ?? 'local') === subject).map(({ name }) => name);
      return withFigures(page, { subject, header: headerOf(subject), rows, names, machine: machine() });
    },
    await readFile(PAGE, 'utf8'),
  );
  await writeFile(PAGE, written);
}
const broken = results.flatMap((result) =>
  brokenPromises(result).map((promise) => `${result.scenario.name}: ${promise}`),
);
for (const promise of broken) process.stdout.write(`not kept: ${promise}\n`);
process.stdout.write(
  `${broken.length} of the promises not kept, in ${((performance.now() - began) / 60_000).toFixed(1)} min\n`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
