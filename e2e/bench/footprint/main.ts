/** What the processes need while nothing happens: memory, processor time, and how soon they are ready. */
import { readFile } from 'node:fs/promises';
import type { LabProcess } from '@fairlead/e2e/lab';
import { startScene } from '../../scene/scene.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import { progress, report } from '../output.ts';

/** Over this long processor time is counted. */
const IDLE_MS = 30_000;
/** Time for what a start leaves to do. */
const SETTLE_MS = 10_000;
const STARTS = 5;
/** Clock ticks a second in /proc (USER_HZ, the same on every Linux that Node runs on). */
const TICKS_PER_SECOND = 100;

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Resident memory in MiB. */
async function memoryOf({ pid }: LabProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Processor time in seconds, user and system, all threads. */
async function processorTimeOf({ pid }: LabProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function measureIdle(name: string, process: LabProcess, mostMemory: number): Promise<Figure[]> {
  const before = await processorTimeOf(process);
  const began = performance.now();
  await wait(IDLE_MS);
  const seconds = (performance.now() - began) / 1000;
  const share = ((await processorTimeOf(process)) - before) / seconds;
  return [
    { what: `${name}, no Service: resident memory`, value: await memoryOf(process), unit: 'MiB', atMost: mostMemory },
    { what: `${name}, no Service: processor time`, value: share * 100, unit: '% of a core', atMost: 0.3 },
  ];
}

progress('three nodes, BGP sessions up, no Service');
await using scene = await startScene();
const { lab, agents, allocators } = scene;
const [agent] = agents;
const [allocator] = allocators;
if (agent === undefined || allocator === undefined) {
  throw new Error('the scene has no agent or no allocator');
}
await wait(SETTLE_MS);
progress(`idle for ${IDLE_MS / 1000} s`);
const figures = (
  await Promise.all([measureIdle('agent', agent, 85), measureIdle('allocator', allocator.process, 95)])
).flat();
progress(`an agent started ${STARTS} times`);
const starts: number[] = [];
for (let index = 0; index < STARTS; index += 1) {
  await lab.node(1).processes.get('agent')?.kill('SIGTERM');
  const began = performance.now();
  await lab.startAgent(1);
  starts.push((performance.now() - began) / 1000);
}
figures.push({ what: 'agent: start → ready, p50', value: quantile(starts, 0.5), unit: 's', atMost: 1 });
await report(figures);
