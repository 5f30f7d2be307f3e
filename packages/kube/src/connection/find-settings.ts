import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeConfigError } from '../errors.ts';
import { inClusterSource } from './in-cluster.ts';
import type { SettingsSource } from './settings.ts';

export interface FindSettingsOptions {
  /** Path of a kubeconfig, when the user gave one. */
  readonly kubeconfig?: string;
  /** `KUBECONFIG`, `KUBERNETES_SERVICE_HOST`, `HOME` are read from here. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Where the settings come from, in kubectl's order: the path given, `$KUBECONFIG`, the Pod's service account,
 * `~/.kube/config`. A path that was given is meant, so a missing file is an error and nothing else is tried.
 */
export function findSettings({ kubeconfig, env }: FindSettingsOptions): SettingsSource {
  const given = kubeconfig ?? env['KUBECONFIG'] ?? '';
  if (given !== '') {
    return fromFiles(
      given.split(':').filter((path) => path !== ''),
      env,
    );
  }
  if ((env['KUBERNETES_SERVICE_HOST'] ?? '') !== '') {
    return inClusterSource({ env });
  }
  const home = join(env['HOME'] ?? '/root', '.kube', 'config');
  const files = fromFiles([home], env);
  return {
    description: home,
    load: async (refused) => {
      await access(home).catch((cause: unknown) => {
        throw new KubeConfigError('there is no kubeconfig: give --kubeconfig, or set KUBECONFIG', { cause });
      });
      return await files.load(refused);
    },
  };
}

/** The reader of kubeconfig files is loaded when first needed: a Pod never pays for its YAML parser. */
function fromFiles(paths: readonly string[], env: FindSettingsOptions['env']): SettingsSource {
  let source: Promise<SettingsSource> | undefined;
  return {
    description: paths.join(':'),
    load: async (refused) => {
      source ??= import('./kubeconfig.ts').then(({ kubeconfigSource }) => kubeconfigSource({ paths, env }));
      return await (await source).load(refused);
    },
  };
}
