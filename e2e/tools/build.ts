import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KUBERNETES_TOOLS, toolPath, type KubernetesTool } from './binaries.ts';
import { toolsDirectory } from './cache.ts';
import { runCommand } from './command.ts';
import { isExecutable } from './environment.ts';
import type { Go } from './go.ts';

/** The Go packages of the tools; go.mod names them too, and pins them. */
const PACKAGES: Readonly<Record<KubernetesTool, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
};

/** The folder of go.mod. */
export const TOOLS_SOURCE = import.meta.dirname;

/** The tools that are nowhere yet, neither in `KUBEBUILDER_ASSETS` nor in the cache. */
export async function missingTools(): Promise<KubernetesTool[]> {
  const there = await Promise.all(KUBERNETES_TOOLS.map(async (tool) => isExecutable(await toolPath(tool))));
  return KUBERNETES_TOOLS.filter((_, index) => there[index] === false);
}

/**
 * Flags that put Kubernetes' version into its programs: without them the server says v0.0.0 and clients misbehave.
 * @param goMod the text of go.mod
 */
export function versionFlags(goMod: string): string {
  const match = /k8s\.io\/kubernetes v(\d+)\.(\d+)\.\S+/.exec(goMod);
  if (!match) throw new Error('go.mod does not require k8s.io/kubernetes');
  const [whole, major = '', minor = ''] = match;
  const values = { gitVersion: whole.split(' ')[1] ?? '', gitMajor: major, gitMinor: minor };
  const settings = Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s', '-w', ...settings].join(' ');
}

/** How often a long build says that it lives. */
const PROGRESS_MS = 10_000;

/** Builds a tool into the cache. A tool that is there is complete: it is renamed to its name when it is. */
export async function buildTool(tool: KubernetesTool, go: Go, progress: (line: string) => void): Promise<void> {
  const directory = await toolsDirectory();
  await mkdir(directory, { recursive: true });
  const target = join(directory, tool);
  const unfinished = `${target}.${process.pid}`;
  const began = performance.now();
  let compiled = 0;
  const seconds = () => Math.round((performance.now() - began) / 1000);
  const timer = setInterval(() => progress(`  ${tool}: ${seconds()} s, ${compiled} packages`), PROGRESS_MS);
  progress(`building ${tool} …`);
  try {
    const flags = versionFlags(await readFile(join(TOOLS_SOURCE, 'go.mod'), 'utf8'));
    await runCommand([go.program, 'build', '-v', '-ldflags', flags, '-o', unfinished, PACKAGES[tool]], {
      workingDirectory: TOOLS_SOURCE,
      environment: { ...go.environment, CGO_ENABLED: '0' },
      onErrorLine: () => (compiled += 1), // -v prints a line a package
    });
    await rename(unfinished, target);
    progress(`built ${tool} in ${seconds()} s`);
  } finally {
    clearInterval(timer);
    await rm(unfinished, { force: true });
  }
}
