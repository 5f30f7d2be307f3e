/**
 * `make bench`: runs every bench, one after the other on an otherwise idle machine, and prints their figures, each
 * beside its floor. `--write` puts them into docs/performance.md as well; `--only NAME,…` runs some of them, and the
 * page keeps what it has of the others. Ends with 1 when a figure misses its bound.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figureRows, formatTable, keepsItsBound } from './figures.ts';
import type { Figure } from './figures.ts';
import { machine } from './machine.ts';
import { replaceSections } from './page.ts';
import type { Section } from './page.ts';

interface Bench {
  /** Its folder here; `main.ts --json FILE` in it writes its figures. */
  readonly name: string;
  readonly title: string;
}

const BENCHES: readonly Bench[] = [
  { name: 'main-job', title: 'From a Service to the wire' },
  { name: 'allocator', title: 'Allocation' },
  { name: 'local', title: 'Local addresses' },
  { name: 'router', title: 'Virtual addresses and the router' },
  { name: 'netlink', title: 'Netlink' },
  { name: 'footprint', title: 'Memory, processor time, start' },
];

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, '..', '..', 'docs', 'performance.md');

function run(bench: Bench, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(here, bench.name, 'main.ts'), '--json', file], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function figuresOf(bench: Bench, folder: string): Promise<Figure[]> {
  const file = join(folder, `${bench.name}.json`);
  const code = await run(bench, file);
  if (code !== 0) {
    throw new Error(`the bench ${bench.name} ended with ${code}; its last lines above say why`);
  }
  return JSON.parse(await readFile(file, 'utf8')) as Figure[];
}

function sectionOf({ title }: Bench, figures: readonly Figure[]): Section {
  const date = new Date().toISOString().slice(0, 10);
  return { title, body: `${date}, ${machine()}.\n\n${formatTable(figureRows(figures))}` };
}

const { values } = parseArgs({
  options: { write: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const names = values.only?.split(',');
const chosen = BENCHES.filter(({ name }) => names?.includes(name) ?? true);
if (names !== undefined && chosen.length !== new Set(names).size) {
  throw new Error(`--only takes some of ${BENCHES.map(({ name }) => name).join(',')}; not ${values.only}`);
}
const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-'));
try {
  const sections = [];
  for (const bench of chosen) {
    process.stdout.write(`\n== ${bench.title}\n`);
    sections.push({ bench, figures: await figuresOf(bench, folder) });
  }
  const written = sections.map(({ bench, figures }) => sectionOf(bench, figures));
  process.stdout.write(`\n${written.map(({ title, body }) => `## ${title}\n\n${body}\n`).join('\n')}`);
  if (values.write) {
    await writeFile(page, replaceSections(await readFile(page, 'utf8'), written));
  }
  const missed = sections.flatMap(({ figures }) => figures.filter((figure) => !keepsItsBound(figure)));
  process.stdout.write(`\n${missed.length} of the bounds missed\n`);
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
