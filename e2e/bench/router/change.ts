import type { IPFamily } from '@fairlead/api';
import { now } from '@fairlead/e2e/lab';
import { allocate, deleteService } from '../../node-agent/allocated.ts';
import { VIRTUAL_GROUP } from '../../scene/manifests.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { KernelWatch } from './kernel-watch.ts';
import { hostRoute, singleAddress } from './pool.ts';
import { ServiceWatch } from './service-watch.ts';
import { createPlainService } from './virtual-node.ts';
import type { VirtualNode } from './virtual-node.ts';

/** Withdrawn one after the other they take less than the grace time after which addresses go, so nothing interferes. */
const SAMPLES = 30;
/** The first ones warm up what is compiled at run time. */
const WARM_UP = 5;
const LONGEST_MS = 10_000;

interface ChangeOptions {
  readonly family: IPFamily;
  /** How many others there are. */
  readonly count: number;
}

/** Medians of one Service's address announced and withdrawn among many: from its status to the ToR's kernel. */
export async function measureChanges(node: VirtualNode, { family, count }: ChangeOptions): Promise<Figure[]> {
  const { lab } = node;
  const names = Array.from({ length: SAMPLES + WARM_UP }, (_, index) => `${family.toLowerCase()}-change-${index}`);
  for (const name of names) {
    await createPlainService(lab, name);
  }
  using services = await ServiceWatch.start(lab);
  await using addresses = await KernelWatch.addresses(lab.run.namespacePath(node.node.namespace));
  const changes = { node, services, addresses };
  const announced: number[] = [];
  for (const [index, name] of names.entries()) {
    announced.push(await announce(changes, { name, address: singleAddress(family, index + 1) }));
  }
  const withdrawn: number[] = [];
  for (const [index, name] of names.entries()) {
    withdrawn.push(await withdraw(changes, { name, address: singleAddress(family, index + 1) }));
  }
  const what = `one of ${count.toLocaleString('en')} ${family} addresses, p50:`;
  const figure = (words: string, samples: readonly number[]): Figure => ({
    what: `${what} ${words}`,
    value: quantile(samples.slice(WARM_UP), 0.5),
    unit: 'ms',
    atMost: 5,
  });
  return [
    figure('status → route in the ToR', announced),
    figure('Service deleted → withdrawn from the ToR', withdrawn),
  ];
}

interface Changes {
  readonly node: VirtualNode;
  readonly services: ServiceWatch;
  readonly addresses: KernelWatch;
}

interface One {
  readonly name: string;
  readonly address: string;
}

/** @returns ms from when the address was first known to be in the status, by the watch or by the patch's answer */
async function announce({ node, services, addresses }: Changes, { name, address }: One): Promise<number> {
  const routed = node.tor.seen.until([hostRoute(address)], 1, LONGEST_MS);
  await allocate(node.lab, { name, addresses: [address], group: VIRTUAL_GROUP });
  const answered = now();
  const [{ at: seen }, at] = await Promise.all([services.assigned.of(name), routed]);
  // An IPv6 address follows its route, and takes the kernel milliseconds: those are not the next one's.
  await addresses.seen.until([address], 1, LONGEST_MS);
  return at - Math.min(seen, answered);
}

/** @returns ms from when the Service was first known to be deleted */
async function withdraw({ node, services }: Changes, { name, address }: One): Promise<number> {
  const gone = node.tor.seen.until([hostRoute(address)], 0, LONGEST_MS);
  await deleteService(node.lab, name);
  const answered = now();
  const [seen, at] = await Promise.all([services.deleted.of(name), gone]);
  return at - Math.min(seen, answered);
}
