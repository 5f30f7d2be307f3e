/**
 * Allocation: the engine alone, and the allocator against a real API server, beside what the API server takes without it.
 * `--json FILE` writes the figures; `--only NAME,…` measures a part; `--services N` (10,000) is the large number of
 * Services. All takes some 13 minutes on two cores, ten of which are the API server's own time to create 40,000 Services.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../../lab/index.ts';
import type { Figure } from '../figures.ts';
import { progress, report } from '../output.ts';
import { measureBurst } from './burst.ts';
import { measureEngine } from './engine.ts';
import { measureRestart } from './restart.ts';
import { measureBesideWaiting, measureSingle } from './single.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    services: { type: 'string', default: '10000' },
  },
});
const count = Number(values.services);
if (!Number.isInteger(count) || count < 1) {
  throw new Error(`--services takes a number from 1 on, not ${values.services}`);
}
const bundle = join(REPOSITORY, 'dist', 'allocator.mjs');
const program = existsSync(bundle) ? { program: bundle } : {};
if (program.program === undefined) {
  progress(`${bundle} is not there (npm run build): the allocator runs from its sources, slower and larger`);
}

const PARTS: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  engine: () => measureEngine(),
  single: () => measureSingle(program),
  burst: () => measureBurst({ count: 1_000, rounds: 3, within: 1.5, ...program }),
  // Twice, for the API server's own time differs by a tenth from run to run.
  'large-burst': () => measureBurst({ count, rounds: 2, within: 1.1, ...program }),
  start: () => measureRestart({ count, idle: true, ...program }),
  waiting: () => measureBesideWaiting({ count, ...program }),
};

const names = values.only?.split(',') ?? Object.keys(PARTS);
const figures: Figure[] = [];
for (const name of names) {
  const part = PARTS[name];
  if (part === undefined) {
    throw new Error(`--only takes ${Object.keys(PARTS).join(', ')}; not ${name}`);
  }
  figures.push(...(await part()));
}
await report(figures);
