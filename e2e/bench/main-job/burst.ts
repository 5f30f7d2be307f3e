import { now } from '@fairlead/e2e/lab';
import type { Lab } from '@fairlead/e2e/lab';
import { service } from '../../scene/manifests.ts';
import type { GroupName } from '../../scene/manifests.ts';
import { deleteService } from '../../scene/observe.ts';
import type { Figure } from '../figures.ts';
import type { Witnesses } from './witnesses.ts';

/** Services that are created at once. */
const COUNT = 1000;
/** Requests under way at once, as from one busy client. */
const PARALLEL = 16;
const SERVICES = '/api/v1/namespaces/default/services';

/** Runs the work for each index, so many at once. */
export async function inParallel(
  count: number,
  parallel: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
}

function manifest(name: string, group: GroupName): object {
  return service({ name, group, families: 'IPv4', app: 'nothing' });
}

/** The same without Fairlead: creating them and one status patch each, by this client. In seconds. */
export async function measureFloor(lab: Lab): Promise<number> {
  const patches: Promise<unknown>[] = [];
  const status = { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } } };
  const began = now();
  await inParallel(COUNT, PARALLEL, async (index) => {
    const name = `floor-${index}`;
    const foreign = manifest(name, 'lan') as { spec: object };
    await lab.api.create(SERVICES, { ...foreign, spec: { ...foreign.spec, loadBalancerClass: 'example.com/nobody' } });
    patches.push(lab.api.patch(`${SERVICES}/${name}/status`, status, 'strategic'));
  });
  await Promise.all(patches);
  const seconds = (now() - began) / 1000;
  await inParallel(COUNT, PARALLEL, (index) => deleteService(lab, `floor-${index}`));
  return seconds;
}

/** From the first create until the last of the addresses is on the wire (local) or in the ToR (virtual). */
export async function measureBurst(
  lab: Lab,
  witnesses: Witnesses,
  options: { readonly group: GroupName; readonly floorSeconds: number },
): Promise<Figure[]> {
  const { group, floorSeconds } = options;
  const names = Array.from({ length: COUNT }, (_, index) => `burst-${group}-${index}`);
  const began = now();
  await inParallel(COUNT, PARALLEL, async (index) => {
    await lab.api.create(SERVICES, manifest(names[index] ?? '', group));
  });
  const createdAt = now();
  const statuses = await Promise.all(names.map((name) => witnesses.assigned.of(name)));
  const ready = await Promise.all(
    statuses.map(({ address }) => witnesses[group === 'lan' ? 'onTheWire' : 'inTor'].of(address)),
  );
  const seconds = (times: readonly number[]): number => (Math.max(...times) - began) / 1000;
  const what = `${COUNT} ${group === 'lan' ? 'local' : 'virtual'} Services at once:`;
  await inParallel(COUNT, PARALLEL, (index) => deleteService(lab, names[index] ?? ''));
  const floor = { what: 'creating and one status patch each', value: floorSeconds };
  return [
    { what: `${what} all created`, value: (createdAt - began) / 1000, unit: 's' },
    { what: `${what} all have their address`, value: seconds(statuses.map(({ at }) => at)), unit: 's', floor },
    {
      what: `${what} all ${group === 'lan' ? 'told to the LAN' : 'in the ToR'}`,
      value: seconds(ready),
      unit: 's',
      floor,
      atMost: 1.5 * floorSeconds,
    },
  ];
}
