import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { POD_CIDRS } from './control-plane.ts';
import type { NodePlan } from './plan.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';

/** Starts kube-proxy (nftables mode) in a node's namespace. Its health is on 127.0.0.1:10256 there, as everywhere. */
export async function startKubeProxy(
  run: Run,
  node: NodePlan,
  options: { program: string; kubeconfig: string; minSyncPeriod: string },
): Promise<LabProcess> {
  const file = join(run.directory, `kube-proxy-${node.name}.yaml`);
  await writeFile(
    file,
    stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'nftables',
      hostnameOverride: node.name,
      clusterCIDR: `${POD_CIDRS.IPv4},${POD_CIDRS.IPv6}`,
      clientConnection: { kubeconfig: options.kubeconfig },
      bindAddress: '0.0.0.0',
      healthzBindAddress: '127.0.0.1:10256',
      metricsBindAddress: '127.0.0.1:10249',
      // A namespace cannot set the machine's conntrack table.
      conntrack: { maxPerCore: 0, min: 0 },
      nftables: { minSyncPeriod: options.minSyncPeriod },
    }),
  );
  return run.spawn(`kube-proxy-${node.name}`, [options.program, `--config=${file}`], { namespace: node.name });
}
