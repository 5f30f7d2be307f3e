import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Router, RouterManifest, ServiceGroup } from '@fairlead/api';
import { parseAddress } from '@fairlead/api';
import type { RouterNode } from '@fairlead/router';
import { Run } from '../lab/index.ts';
import type { LabProcess } from '../lab/index.ts';

export const NODE = 'node';
export const TOR = 'tor';
export const ADDRESSES = {
  node: { IPv4: '192.0.2.1', IPv6: '2001:db8::1' },
  tor: { IPv4: '192.0.2.254', IPv6: '2001:db8::fe' },
} as const;
export const ASN = { node: 64_512, tor: 64_513 } as const;

/** What the agent knows of its node. */
export const NODE_FACTS: RouterNode = {
  name: 'node-1',
  addresses: { IPv4: parseAddress(ADDRESSES.node.IPv4), IPv6: parseAddress(ADDRESSES.node.IPv6) },
  dummyInterface: 'kube-lb0',
};

const DAD_OFF = ['all', 'default', 'eth0'].map((name) => `net.ipv6.conf.${name}.accept_dad=0`);

/** A node and a ToR, each a namespace, with one cable between them and kube-lb0 on the node. */
export async function startTopology(): Promise<Run> {
  const run = await Run.start();
  const node = run.namespaceName(NODE);
  const tor = run.namespaceName(TOR);
  await run.exec(['ip', 'netns', 'add', node]);
  await run.exec(['ip', 'netns', 'add', tor]);
  await run.exec(['ip', 'link', 'add', 'eth0', 'netns', node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', tor]);
  for (const namespace of [NODE, TOR] as const) {
    await run.exec(['sysctl', '-qw', ...DAD_OFF], { namespace });
    const { IPv4, IPv6 } = ADDRESSES[namespace];
    const lines = [
      'link set lo up',
      `address add ${IPv4}/24 dev eth0`,
      `address add ${IPv6}/64 dev eth0`,
      'link set eth0 up',
      // Kind ifb where the kernel has no dummy; it is the same to routes.
      ...(namespace === NODE ? ['link add kube-lb0 type ifb', 'link set kube-lb0 up'] : []),
    ];
    await run.exec(['ip', '-batch', '-'], { namespace, stdin: lines.join('\n') });
  }
  return run;
}

/**
 * A BIRD of the run, in one of its namespaces.
 * @param options.folder where its files are; default: a folder with the namespace's name
 * @param options.flags further ones, such as `-R`
 */
export function spawnBird(
  run: Run,
  namespace: string,
  options: { readonly folder?: string; readonly flags?: readonly string[] } = {},
): LabProcess {
  const { folder = birdFolder(run, namespace), flags = [] } = options;
  const [config, socket, pid] = ['bird.conf', 'bird.ctl', 'bird.pid'].map((name) => join(folder, name));
  const command = ['bird', '-f', '-c', `${config}`, '-s', `${socket}`, '-P', `${pid}`, ...flags] as const;
  return run.spawn(`bird-${namespace}`, [...command], { namespace });
}

export function birdFolder(run: Run, namespace: string): string {
  return join(run.directory, namespace);
}

/** A ToR that takes what the node announces into its kernel. */
export async function spawnTor(run: Run, neighborOptions = ''): Promise<LabProcess> {
  await mkdir(birdFolder(run, TOR), { recursive: true });
  await writeFile(
    join(birdFolder(run, TOR), 'bird.conf'),
    `log stderr all;
router id ${ADDRESSES.tor.IPv4};
protocol device { }
protocol kernel kernel4 { ipv4 { import none; export all; }; }
protocol kernel kernel6 { ipv6 { import none; export all; }; }
protocol bfd { }
protocol bgp node {
  local as ${ASN.tor};
  neighbor ${ADDRESSES.node.IPv4} as ${ASN.node};
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  ${neighborOptions}
  ipv4 { import all; export none; };
  ipv6 { import all; export none; };
}
`,
  );
  return spawnBird(run, TOR);
}

type Neighbor = NonNullable<RouterManifest['spec']['bgp']>['neighbors'][number];

/** A neighbor as the API server would give it, defaults filled in. */
export function neighbor(more: Partial<Neighbor> & { readonly name: string }): Neighbor {
  return { address: ADDRESSES.tor.IPv4, asn: ASN.tor, port: 179, passive: false, holdTime: '9s', ...more };
}

export function router(neighbors: readonly Neighbor[], more: Partial<Router['spec']> = {}): Router {
  const spec = { daemon: 'BIRD', asn: ASN.node, bgp: { listenPort: 179, neighbors }, ...more };
  return {
    apiVersion: 'fairlead.dev/v1',
    kind: 'Router',
    metadata: { name: 'default' },
    spec: spec as Router['spec'],
  };
}

export function group(name: string, ranges: readonly string[], bgp?: ServiceGroup['spec']['bgp']): ServiceGroup {
  const pools = ranges.map((range) => ({ range, avoidBuggyIPs: false }));
  const spec = { pools, ...(bgp === undefined ? {} : { bgp }) };
  return {
    apiVersion: 'fairlead.dev/v1',
    kind: 'ServiceGroup',
    metadata: { name },
    spec: spec as unknown as ServiceGroup['spec'],
  };
}
