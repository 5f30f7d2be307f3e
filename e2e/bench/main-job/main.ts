/** From a Service to the wire: one Service, a thousand at once, and what it costs the API server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startScene } from '../../scene/scene.ts';
import type { Figure } from '../figures.ts';
import { progress, report } from '../output.ts';
import { measureBurst, measureFloor } from './burst.ts';
import { AUDIT_POLICY, auditFlags, measureRequests } from './requests.ts';
import { measureSingle } from './single.ts';
import { startWitnesses } from './witnesses.ts';

const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-'));
await writeFile(join(folder, 'policy.json'), AUDIT_POLICY);
const figures: Figure[] = [];
{
  progress('three nodes');
  await using scene = await startScene();
  const { lab } = scene;
  await using witnesses = await startWitnesses(lab);
  for (const [group, family] of [
    ['routed', 'IPv4'],
    ['routed', 'IPv6'],
    ['lan', 'IPv4'],
    ['lan', 'IPv6'],
  ] as const) {
    progress(`one Service at a time: ${group}, ${family}`);
    figures.push(...(await measureSingle(lab, witnesses, { group, family })));
  }
}
{
  progress('three nodes, for many Services at once');
  await using scene = await startScene({ kubeProxySyncPeriod: '1s' });
  const { lab } = scene;
  // The witnesses cost the machine something; they are there while the floor is measured too.
  await using witnesses = await startWitnesses(lab);
  progress('1,000 Services without Fairlead');
  const floorSeconds = await measureFloor(lab);
  for (const group of ['routed', 'lan'] as const) {
    progress(`1,000 Services: ${group}`);
    figures.push(...(await measureBurst(lab, witnesses, { group, floorSeconds })));
  }
}
{
  progress('three nodes, with an audit log');
  await using scene = await startScene({ apiServerFlags: auditFlags(folder) });
  for (const group of ['routed', 'lan'] as const) {
    progress(`requests a Service: ${group}`);
    figures.push(await measureRequests(scene.lab, { group, folder }));
  }
}
await rm(folder, { recursive: true, force: true });
await report(figures);
