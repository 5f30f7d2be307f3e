import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Frr } from '../lab/index.ts';
import type { Run } from '../lab/index.ts';
import { Fib } from './fib.ts';
import { sample } from './pages.ts';
import { ip, RACK_NODES, SECOND, startRack } from './rack.ts';
import { birdFolder, NODE, spawnBird, TOR } from './topology.ts';

/** Host routes of both families and an aggregate, as the agent makes them, and some that are nobody's business. */
export const ROUTES = ['10.1.0.5/32', '10.1.0.0/25', '2001:db8:5::5/128'];
export const FOREIGN = ['10.9.0.1/32', '2001:db8:9::9/128'];

/** BIRD in a namespace with a sample as its configuration. */
export async function bird(run: Run, namespace: string, text: string): Promise<void> {
  await mkdir(birdFolder(run, namespace), { recursive: true });
  await writeFile(join(birdFolder(run, namespace), 'bird.conf'), text);
  spawnBird(run, namespace);
}

/** FRR in a namespace, told a sample as an administrator would. */
export async function frr(run: Run, namespace: string, text: string): Promise<Frr> {
  const file = join(run.directory, `${namespace}.conf`);
  await writeFile(file, text);
  const started = await Frr.launch(run, {
    name: namespace,
    namespace,
    // The samples have BFD, which would take a busy machine for a dead node.
    preferred: true,
    directory: join(run.directory, `frr-${namespace}`),
    configurations: { zebra: '', bgpd: '', bfdd: '', ospfd: '', ospf6d: '' },
  });
  const said = await run.exec(['vtysh', '--vty_socket', join(run.directory, `frr-${namespace}`), '--inputfile', file]);
  // It exits with 0 where a daemon has refused something, and says so. Sessions that are not there yet need no reset.
  if (said.replace('Graceful restart configuration changed, reset all peers to take effect', '').trim() !== '') {
    throw new Error(`FRR does not take all of the sample: ${said}`);
  }
  return started;
}

/** What an agent puts on kube-lb0 for some Services: addresses, then routes. */
export async function announce(run: Run, node: string): Promise<void> {
  await ip(run, node, [
    'address add 10.1.0.5/32 dev kube-lb0 noprefixroute',
    'address add 2001:db8:5::5/128 dev kube-lb0 noprefixroute',
    ...[...ROUTES, ...FOREIGN].map((prefix) => `route add ${prefix} dev kube-lb0 proto 201 metric 2000000000`),
  ]);
}

async function nextHops(run: Run, prefix: string): Promise<string[]> {
  const family = prefix.includes(':') ? '-6' : '-4';
  const shown = await run.exec(['ip', family, '-json', 'route', 'show', prefix], { namespace: TOR });
  const routes = JSON.parse(shown) as readonly {
    readonly gateway?: string;
    readonly nexthops?: readonly { readonly gateway: string }[];
  }[];
  return routes.flatMap(
    ({ gateway, nexthops }) => nexthops?.map((hop) => hop.gateway) ?? (gateway === undefined ? [] : [gateway]),
  );
}

/** Waits until the ToR has every route from both nodes. */
export async function bothNodes(run: Run, fib: Fib): Promise<void> {
  for (const prefix of ROUTES) {
    await fib.untilSo(async () => (await nextHops(run, prefix)).length === 2, `two next hops of ${prefix}`);
  }
}

/** The samples of a daemon for nodes and ToR. */
export interface Samples {
  /** The page of the ToR. */
  readonly torPage: string;
  readonly startTor: (run: Run) => Promise<unknown>;
  /** @param host last part of the node's address */
  readonly startNode: (run: Run, node: string, host: number) => Promise<unknown>;
}

/** Proves with a rack that the samples work together: one route with every node as next hop, of ours alone. */
export function proveSamples({ torPage, startTor, startNode }: Samples): void {
  let run: Run;
  let fib: Fib;

  beforeAll(async () => {
    run = await startRack();
    fib = await Fib.open(run.namespacePath(TOR));
    for (const line of (await sample(torPage, 'sysctl')).trim().split('\n')) {
      await run.exec(['sysctl', '-qw', line.replaceAll(' ', '')], { namespace: TOR });
    }
    await startTor(run);
    for (const [name, host] of Object.entries(RACK_NODES)) {
      await startNode(run, name, host);
      await announce(run, name);
    }
  }, 60_000);

  afterAll(async () => {
    await fib?.[Symbol.asyncDispose]();
    await run?.close();
  }, 30_000);

  it('make one route with both nodes as next hops, of ours alone', async () => {
    await bothNodes(run, fib);
    const announced = (await fib.prefixes()).filter((prefix) => /^(10\.|2001:db8:.+:)/.test(prefix));
    expect(new Set(announced.filter((prefix) => FOREIGN.includes(prefix)))).toEqual(new Set());
    expect([...new Set(announced)].filter((prefix) => ROUTES.includes(prefix)).sort()).toEqual([...ROUTES].sort());
  }, 60_000);

  it('take a node out whose route is withdrawn, and the route when none is left', async () => {
    const withdraw = ['route del 10.1.0.5/32 dev kube-lb0 proto 201', 'address del 10.1.0.5/32 dev kube-lb0'];
    await ip(run, SECOND, withdraw);
    const isFirstAlone = async (): Promise<boolean> => (await nextHops(run, '10.1.0.5/32')).join(' ') === '192.0.2.1';
    await fib.untilSo(isFirstAlone, 'the first node as the only next hop');
    await ip(run, NODE, withdraw);
    await fib.until('delete', '10.1.0.5/32');
  }, 30_000);
}
