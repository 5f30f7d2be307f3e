import type { LabProcess } from '@fairlead/e2e/lab';
import { LOCAL_GROUP, service } from '../../scene/manifests.ts';
import { applyAll, startScene } from '../../scene/scene.ts';
import type { Scene } from '../../scene/scene.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { progress } from '../output.ts';
import { memoryOf } from '../usage.ts';
import { AgentRequests } from './requests.ts';
import { shareOf, wait } from './usage-over.ts';

/** Time for what a start leaves to do: collecting garbage, and V8's second thoughts about code. */
const SETTLE_MS = 30_000;
/** Over this long processor time is counted. */
const IDLE_MS = 60_000;
/** Over this long requests are counted: watches are opened anew every five to ten minutes, Leases twice a minute. */
const REQUESTS_MS = 600_000;
const STARTS = 5;
/** With addresses on the LAN the nodes watch each other. */
const LOCAL_SERVICES = 10;

/** Three nodes with BGP sessions and nothing to do, then with a few local addresses. */
export async function measureIdle(): Promise<Figure[]> {
  progress('three nodes, BGP sessions up, no Service');
  await using requests = await AgentRequests.prepare();
  await using scene = await startScene({ apiServerFlags: requests.flags });
  const { agents, allocators } = scene;
  const [agent] = agents;
  const [allocator] = allocators;
  if (agent === undefined || allocator === undefined) {
    throw new Error('the scene has no agent or no allocator');
  }
  await wait(SETTLE_MS);
  progress(`idle for ${IDLE_MS / 1000} s`);
  const idle = await Promise.all([usage('agent', agent, 85), usage('allocator', allocator.process, 95)]);
  progress(`${LOCAL_SERVICES} local Services, idle for ${REQUESTS_MS / 1000} s`);
  const watching = await measureWatching(scene, agent, requests);
  progress(`an agent started ${STARTS} times`);
  return [...idle.flat(), ...watching, await measureStarts(scene)];
}

async function usage(name: string, process: LabProcess, mostMemory: number): Promise<Figure[]> {
  const share = await shareOf(process, IDLE_MS);
  const { resident } = await memoryOf(process.pid);
  return [
    { what: `${name}, no Service: resident memory`, value: resident, unit: 'MiB', atMost: mostMemory },
    { what: `${name}, no Service: processor time`, value: share, unit: '% of a core', atMost: 0.3 },
  ];
}

async function measureWatching({ lab, agents }: Scene, agent: LabProcess, requests: AgentRequests): Promise<Figure[]> {
  const names = Array.from({ length: LOCAL_SERVICES }, (_, index) => `local-${index}`);
  await applyAll(
    lab,
    names.map((name) => service({ name, group: LOCAL_GROUP, families: 'IPv4', app: 'nothing' })),
  );
  await wait(SETTLE_MS);
  const before = await requests.count();
  const share = await shareOf(agent, REQUESTS_MS);
  const asked = (await requests.count()) - before;
  const what = `agent, three nodes with ${LOCAL_SERVICES} local Services`;
  return [
    { what: `${what}: processor time`, value: share, unit: '% of a core' },
    {
      what: `${what}: API requests a minute`,
      value: asked / agents.length / (REQUESTS_MS / 60_000),
      unit: 'requests',
      atMost: 4,
    },
  ];
}

async function measureStarts({ lab }: Scene): Promise<Figure> {
  const starts: number[] = [];
  for (let index = 0; index < STARTS; index += 1) {
    await lab.node(1).processes.get('agent')?.kill('SIGTERM');
    const began = performance.now();
    await lab.startAgent(1);
    starts.push((performance.now() - began) / 1000);
  }
  return { what: 'agent: start → ready, p50', value: quantile(starts, 0.5), unit: 's', atMost: 1 };
}
