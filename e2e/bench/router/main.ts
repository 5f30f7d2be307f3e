/**
 * Virtual addresses from a Service's status to the ToR's kernel: one Service, ten thousand at once, one among ten thousand,
 * what they cost, and how PureLB's way does with the same BIRD, and FRR in its place. Takes some seven minutes on two cores. `--json FILE` writes
 * the figures; `--only NAME,…` measures a part; `--services N` (10,000) is the large number.
 */
import { parseArgs } from 'node:util';
import type { IPFamily } from '@fairlead/api';
import { startScene } from '../../scene/scene.ts';
import type { Figure } from '../figures.ts';
import { progress, report } from '../output.ts';
import { measureWay } from './contest.ts';
import { measureIPv4, measureIPv6 } from './many.ts';
import { Requests } from './requests.ts';
import { measureSingle } from './single.ts';
import { addressesDirect, routesLearned, routesLearnedByFRR } from './ways.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const satisfies readonly IPFamily[];

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
/** What many addresses take without an agent, ms; the part `ways` measures it, and `ipv4` and `ipv6` show it as floor. */
const floor: Partial<Record<IPFamily, number>> = {};

const PARTS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  single: async () => {
    progress('three nodes');
    await using requests = await Requests.prepare();
    await using scene = await startScene({ apiServerFlags: requests.flags });
    const figures: Figure[] = [];
    for (const family of FAMILIES) {
      progress(`one Service at a time: ${family}`);
      figures.push(...(await measureSingle(scene.lab, family)));
    }
    return [...figures, ...(await requests.measure(scene.lab))];
  },
  ways: async () => {
    const figures: Figure[] = [];
    for (const family of FAMILIES) {
      const ours = await measureWay(routesLearned(), family, count);
      floor[family] = ours.allMs;
      figures.push(...ours.figures);
      for (const way of [addressesDirect(), routesLearnedByFRR()]) {
        figures.push(...(await measureWay(way, family, count)).figures);
      }
    }
    return figures;
  },
  ipv4: () => measureIPv4({ count, floor }),
  ipv6: () => measureIPv6({ count, floor }),
};

const figures: Figure[] = [];
for (const name of values.only?.split(',') ?? Object.keys(PARTS)) {
  const part = PARTS[name];
  if (part === undefined) {
    throw new Error(`--only takes ${Object.keys(PARTS).join(', ')}; not ${name}`);
  }
  figures.push(...(await part()));
}
await report(figures);
