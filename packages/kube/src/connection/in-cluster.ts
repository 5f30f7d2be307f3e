import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { KubeConfigError } from '../errors.ts';
import type { SettingsSource } from './settings.ts';

/** Where the kubelet mounts a Pod's service account. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterOptions {
  /** `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`, which the kubelet sets, are read from here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default {@link SERVICE_ACCOUNT_FOLDER}. */
  readonly folder?: string;
}

/** Settings of a process in a Pod. The kubelet replaces the token long before it ends, so each load reads it afresh. */
export function inClusterSource({ env, folder = SERVICE_ACCOUNT_FOLDER }: InClusterOptions): SettingsSource {
  const read = async (file: string): Promise<string> => {
    const path = join(folder, file);
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch (cause) {
      throw new KubeConfigError(
        `cannot read ${path}; give the Pod a service account (automountServiceAccountToken), or --kubeconfig outside a Pod`,
        { cause },
      );
    }
  };
  return {
    description: 'service account of the Pod',
    load: async () => {
      const host = env['KUBERNETES_SERVICE_HOST'];
      const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
      if (host === undefined || host === '') {
        throw new KubeConfigError('KUBERNETES_SERVICE_HOST is not set: this is no Pod; give --kubeconfig');
      }
      const [token, ca, namespace] = await Promise.all([
        read('token'),
        read('ca.crt'),
        read('namespace').catch(() => undefined),
      ]);
      return {
        server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
        tls: { ca },
        headers: { authorization: `Bearer ${token}` },
        ...(namespace === undefined ? {} : { namespace }),
      };
    },
  };
}
