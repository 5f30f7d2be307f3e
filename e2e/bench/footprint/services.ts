import type { ServiceGroupManifest } from '@fairlead/api';
import { seedServices } from '@fairlead/e2e/lab';
import type { LabNode, LabProcess, ServiceObject } from '@fairlead/e2e/lab';
import { nodeAgents, service } from '../../scene/manifests.ts';
import type { GroupName } from '../../scene/manifests.ts';
import { applyAll, startScene } from '../../scene/scene.ts';
import type { Scene } from '../../scene/scene.ts';
import type { Figure } from '../figures.ts';
import { progress } from '../output.ts';
import { memoryOf } from '../usage.ts';
import { shareOf, wait } from './usage-over.ts';

const SERVICES = 10_000;
/** What follows from so many Services is over by then, and what that left is collected. */
const SETTLE_MS = 60_000;
const IDLE_MS = 60_000;
const LOOK_MS = 5_000;

/** What the pools of these groups begin with, and where in them the seeded Services have their addresses. */
const NETWORKS: Readonly<Record<GroupName | 'elsewhere', string>> = {
  routed: '10.99',
  elsewhere: '10.98',
  lan: '172.20',
};
const FIRST_BLOCK = 70;

/** A group that may be announced by no node there is. */
const ELSEWHERE: ServiceGroupManifest = {
  apiVersion: 'fairlead.dev/v1',
  kind: 'ServiceGroup',
  metadata: { name: 'elsewhere' },
  spec: {
    pools: [{ range: `${NETWORKS.elsewhere}.0.0/16` }],
    announce: { nodeSelector: { matchLabels: { 'example.com/not': 'here' } } },
  },
};

/** An agent among ten thousand Services: those that it announces, those that others do, and those on its LAN. */
export async function measureServices(): Promise<Figure[]> {
  return [
    ...(await measure('routed', 'virtual', 100)),
    ...(await measure('elsewhere', 'for other nodes', 100)),
    ...(await measure('lan', 'local')),
  ];
}

async function measure(group: GroupName | 'elsewhere', words: string, mostMemory?: number): Promise<Figure[]> {
  progress(`${SERVICES} Services, ${words}`);
  await using scene = await startScene({ nodes: 1 });
  const node = scene.lab.node(1);
  const sample = await createSample(scene, group);
  const agent = await startAlone(scene, node);
  await seedServices(scene.lab.controlPlane, {
    sample,
    count: SERVICES - 1,
    name: (index) => `copy-${index}`,
    addresses: (index) => [`${NETWORKS[group]}.${FIRST_BLOCK + (index >> 8)}.${index & 255}`],
  });
  await untilAddresses(node, group === 'elsewhere' ? 0 : SERVICES);
  await untilAllIsSaid(scene);
  await wait(SETTLE_MS);
  const renewed = group === 'lan';
  if (renewed) {
    // All of them are due then, and renewed at the pace of the default lifetime.
    await applyAll(scene.lab, [nodeAgents({ addressLifetime: '23h' })]);
  }
  const share = await shareOf(agent, renewed ? 3 * IDLE_MS : IDLE_MS);
  const { resident } = await memoryOf(agent.pid);
  const what = `agent, ${SERVICES} Services ${words}`;
  return [
    {
      what: `${what}: resident memory`,
      value: resident,
      unit: 'MiB',
      ...(mostMemory === undefined ? {} : { atMost: mostMemory }),
    },
    {
      what: `${what}: processor time${renewed ? ' while they are renewed and watched' : ''}`,
      value: share,
      unit: '% of a core',
      atMost: 1,
    },
  ];
}

/** A Service with an address from the allocator, of which the others are copies. */
async function createSample({ lab }: Scene, group: GroupName | 'elsewhere'): Promise<ServiceObject> {
  await applyAll(lab, [ELSEWHERE]);
  await applyAll(lab, [service({ name: 'sample', group, families: 'IPv4', app: 'nothing' })]);
  return await lab.api.until<ServiceObject>(
    '/api/v1/namespaces/default/services',
    ({ metadata, status }) => metadata.name === 'sample' && (status?.loadBalancer?.ingress ?? []).length > 0,
  );
}

/** Ends whatever else would be busy with ten thousand Services, and starts the agent anew, which then asks nobody's health. */
async function startAlone({ lab, allocators }: Scene, node: LabNode): Promise<LabProcess> {
  for (const { process } of allocators) {
    await process.kill('SIGTERM');
  }
  await node.processes.get('kube-proxy')?.kill('SIGTERM');
  await node.processes.get('agent')?.kill('SIGTERM');
  return await lab.startAgent(node, { flags: ['--data-path-health', 'none'] });
}

/** Waits until no more events are written: the agent tells of many addresses at ten a second, for minutes. */
async function untilAllIsSaid({ lab }: Scene): Promise<void> {
  let before = -1;
  for (;;) {
    const metrics = await lab.api.text('/metrics');
    const written = metrics
      .split('\n')
      .filter((line) => /^apiserver_request_total{.*resource="events".*verb="POST"/.test(line))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    if (written === before) {
      return;
    }
    before = written;
    await wait(LOOK_MS);
  }
}

/** Waits until the node has so many host addresses. */
async function untilAddresses(node: LabNode, count: number): Promise<void> {
  for (;;) {
    const links = JSON.parse(await node.exec(['ip', '-j', '-4', 'addr'])) as {
      readonly ifname: string;
      readonly addr_info: readonly { readonly prefixlen: number }[];
    }[];
    const there = links
      .filter(({ ifname }) => ifname !== 'lo')
      .flatMap(({ addr_info: infos }) => infos.filter(({ prefixlen }) => prefixlen === 32)).length;
    if (there >= count) {
      return;
    }
    await wait(LOOK_MS);
  }
}
