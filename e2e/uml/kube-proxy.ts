import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { POD_CIDRS, type Lab } from '../lab/index.ts';
import { findTools } from '../tools/binaries.ts';
import type { GuestProcess } from './console.ts';
import type { Machine } from './machine.ts';

/** Starts the real kube-proxy in IPVS mode in the guest. */
export async function startIpvsProxy(
  lab: Lab,
  machine: Machine,
  options: { readonly strictARP: boolean },
): Promise<GuestProcess> {
  const { 'kube-proxy': program } = await findTools();
  const file = join(lab.run.directory, 'kube-proxy-ipvs.yaml');
  await writeFile(
    file,
    stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'ipvs',
      ipvs: { strictARP: options.strictARP },
      hostnameOverride: machine.node.name,
      clusterCIDR: `${POD_CIDRS.IPv4},${POD_CIDRS.IPv6}`,
      clientConnection: { kubeconfig: await lab.controlPlane.kubeconfigOf('system:kube-proxy') },
      bindAddress: '0.0.0.0',
      healthzBindAddress: '127.0.0.1:10256',
      metricsBindAddress: '127.0.0.1:10249',
      conntrack: { maxPerCore: 0, min: 0 },
    }),
  );
  // What its documentation wants a node to have loaded.
  await machine.exec(['modprobe', '--all', 'ip_vs', 'ip_vs_rr', 'nf_conntrack']);
  return machine.start('uml-kube-proxy', [program, `--config=${file}`]);
}
