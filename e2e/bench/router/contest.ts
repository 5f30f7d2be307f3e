import type { IPFamily } from '@fairlead/api';
import { now } from '@fairlead/e2e/lab';
import { openNetlink } from '@fairlead/netlink';
import type { Netlink, NetlinkRequest } from '@fairlead/netlink';
import { NODE, spawnTor, startTopology, TOR } from '../../router/topology.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { progress } from '../output.ts';
import { KernelWatch } from './kernel-watch.ts';
import { hostRoute, seededAddress, singleAddress } from './pool.ts';
import type { Way } from './ways.ts';

/** One after the other. */
const CHANGES = 25;
const WARM_UP = 5;
/** FRR takes a quarter of a minute, and BIRD finds at its next reading what it has missed. */
const LONGEST_MS = 150_000;

/** What a {@link Way} takes. */
export interface Outcome {
  /** Until the ToR has all, ms. */
  readonly allMs: number;
  readonly figures: readonly Figure[];
}

/**
 * One way alone, without Kubernetes: a node with its daemon, and a ToR with BIRD. So many addresses by `ip -batch`, until the ToR's
 * kernel has the last of the routes; then one more at a time, which goes again.
 */
export async function measureWay(way: Way, family: IPFamily, count: number): Promise<Outcome> {
  progress(`${count} ${family} addresses: ${way.name}`);
  await using run = await startTopology();
  await spawnTor(run);
  await way.start(run);
  await using tor = await KernelWatch.routes(run.namespacePath(TOR));
  const netlink = await openNetlink({ netns: run.namespacePath(NODE) });
  try {
    const change = await changer(netlink, tor, way);
    // The session is up once one has come through.
    await change.announce(singleAddress(family, 0));
    const addresses = Array.from({ length: count }, (_, index) => seededAddress(family, index));
    const routed = tor.seen.until(addresses.map(hostRoute), 1, LONGEST_MS);
    const began = now();
    const batch = run.exec(['ip', '-batch', '-'], {
      namespace: NODE,
      stdin: way.batch(family, addresses).join('\n'),
    });
    const [at] = await Promise.all([routed, batch]);
    const announced: number[] = [];
    const withdrawn: number[] = [];
    for (let index = 1; index <= CHANGES; index += 1) {
      announced.push(await change.announce(singleAddress(family, index)));
      withdrawn.push(await change.withdraw(singleAddress(family, index)));
    }
    const what = `${count.toLocaleString('en')} ${family} addresses without an agent, ${way.name}:`;
    return {
      allMs: at - began,
      figures: [
        { what: `${what} by ip -batch until all are in the ToR`, value: (at - began) / 1_000, unit: 's' },
        { what: `${what} one more, kernel → ToR, p50`, value: quantile(announced.slice(WARM_UP), 0.5), unit: 'ms' },
        { what: `${what} one less, kernel → ToR, p50`, value: quantile(withdrawn.slice(WARM_UP), 0.5), unit: 'ms' },
      ],
    };
  } finally {
    await netlink.close();
  }
}

/** Changes one address at a time. Each resolves with the ms from the first request until the ToR's kernel shows it. */
async function changer(
  netlink: Netlink,
  tor: KernelWatch,
  way: Way,
): Promise<Readonly<Record<'announce' | 'withdraw', (address: string) => Promise<number>>>> {
  const index = (await netlink.links()).find(({ name }) => name === 'kube-lb0')?.index ?? 0;
  const change = async (requests: readonly NetlinkRequest[], address: string, routes: 0 | 1): Promise<number> => {
    const seen = tor.seen.until([hostRoute(address)], routes, LONGEST_MS);
    const began = now();
    const results = await netlink.execute(requests);
    for (const result of results) {
      if (!result.ok) {
        throw result.error;
      }
    }
    return (await seen) - began;
  };
  return {
    announce: (address) => change(way.announce(address, index), address, 1),
    withdraw: (address) => change(way.withdraw(address, index), address, 0),
  };
}
