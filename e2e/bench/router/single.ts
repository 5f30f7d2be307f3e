import type { IPFamily } from '@fairlead/api';
import type { Lab } from '@fairlead/e2e/lab';
import { now } from '@fairlead/e2e/lab';
import { service, VIRTUAL_GROUP } from '../../scene/manifests.ts';
import { createService, deleteService } from '../../scene/observe.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { KernelWatch } from './kernel-watch.ts';
import { hostRoute } from './pool.ts';
import { ServiceWatch } from './service-watch.ts';

const SAMPLES = 30;
/** The first ones warm up what is compiled at run time. */
const WARM_UP = 5;
const LONGEST_MS = 10_000;

/** Milliseconds from the status on. */
interface Sample {
  readonly first: number;
  readonly all: number;
  /** From the deletion on, until no node announces it. */
  readonly gone: number;
}

/** One Service after the other in an idle cluster, from its status to the ToR's kernel. */
export async function measureSingle(lab: Lab, family: IPFamily): Promise<Figure[]> {
  using services = await ServiceWatch.start(lab);
  await using tor = await KernelWatch.routes(lab.run.namespacePath(lab.tor.namespace));
  const samples: Sample[] = [];
  for (let index = 0; index < SAMPLES + WARM_UP; index += 1) {
    const name = `one-${family.toLowerCase()}-${index}`;
    samples.push(await measureOne(lab, { services, tor, family, name }));
  }
  const median = (leg: keyof Sample): number =>
    quantile(
      samples.slice(WARM_UP).map((sample) => sample[leg]),
      0.5,
    );
  const what = `one virtual ${family} Service, ${lab.nodes.length} nodes, p50:`;
  return [
    { what: `${what} status → in the ToR`, value: median('first'), unit: 'ms', atMost: 15 },
    { what: `${what} status → in the ToR by every node`, value: median('all'), unit: 'ms', atMost: 15 },
    { what: `${what} deleted → gone from the ToR`, value: median('gone'), unit: 'ms', atMost: 15 },
  ];
}

async function measureOne(
  lab: Lab,
  options: {
    readonly services: ServiceWatch;
    readonly tor: KernelWatch;
    readonly family: IPFamily;
    readonly name: string;
  },
): Promise<Sample> {
  const { services, tor, family, name } = options;
  await createService(lab, service({ name, group: VIRTUAL_GROUP, families: family, app: 'nothing' }));
  const { at, address } = await services.assigned.of(name);
  const route = [hostRoute(address)];
  const [first, all] = await Promise.all([
    tor.seen.until(route, 1, LONGEST_MS),
    tor.seen.until(route, lab.nodes.length, LONGEST_MS),
  ]);
  const gone = tor.seen.until(route, 0, LONGEST_MS);
  await deleteService(lab, name);
  const answered = now();
  const [seen, goneAt] = await Promise.all([services.deleted.of(name), gone]);
  return { first: first - at, all: all - at, gone: goneAt - Math.min(seen, answered) };
}
