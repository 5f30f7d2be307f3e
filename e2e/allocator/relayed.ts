import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TcpRelay } from '../lab/index.ts';
import type { AllocatorCluster, RunningAllocator } from './cluster.ts';

/** An allocator, and what stands between it and the API server. */
export interface RelayedAllocator extends RunningAllocator {
  readonly relay: TcpRelay;
}

/** Starts an allocator whose every connection to the API server goes through a relay of its own; it is ready then. */
export async function relayedAllocator(
  cluster: AllocatorCluster,
  options: { readonly identity: string; readonly flags?: readonly string[] },
): Promise<RelayedAllocator> {
  const { plane } = cluster;
  const relay = await TcpRelay.start({ port: Number(new URL(plane.server).port) });
  const account = { namespace: 'fairlead-system', name: 'fairlead-allocator' };
  const direct = await readFile(await plane.serviceAccountKubeconfig(account), 'utf8');
  const kubeconfig = join(plane.run.directory, `${options.identity}-relayed.kubeconfig`);
  await writeFile(kubeconfig, direct.replace(plane.server, `https://127.0.0.1:${relay.port}`), { mode: 0o600 });
  const running = await cluster.allocator({ ...options, kubeconfig });
  return { ...running, relay };
}
