import { join } from 'node:path';
import { toolsDirectory } from './cache.ts';
import { isExecutable, type Environment } from './environment.ts';

/** The Kubernetes programs that the light lab runs. */
export const KUBERNETES_TOOLS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kubectl'] as const;
/** Name of one of {@link KUBERNETES_TOOLS}. */
export type KubernetesTool = (typeof KUBERNETES_TOOLS)[number];

/** What the `KUBEBUILDER_ASSETS` folder of controller-runtime's envtest holds by its convention. */
const ENVTEST_TOOLS: ReadonlySet<KubernetesTool> = new Set(['etcd', 'kube-apiserver', 'kubectl']);

/** Thrown when a program of the lab is not there; set-up builds it. */
export class ToolMissingError extends Error {
  readonly code = 'TOOL_MISSING';
  constructor(tools: readonly string[]) {
    super(`${tools.join(', ')} not built yet: run \`node e2e/tools/setup.ts\` (some minutes, once)`);
    this.name = 'ToolMissingError';
  }
}

/**
 * Where a tool is, whether or not it has been built: in `KUBEBUILDER_ASSETS` where that folder has it (etcd,
 * kube-apiserver, kubectl), else in the cache.
 */
export async function toolPath(tool: KubernetesTool, environment: Environment = process.env): Promise<string> {
  const assets = environment['KUBEBUILDER_ASSETS'];
  if (assets && ENVTEST_TOOLS.has(tool)) {
    const path = join(assets, tool);
    if (await isExecutable(path)) return path;
  }
  return join(await toolsDirectory(environment), tool);
}

/**
 * The paths of all tools of the lab.
 * @throws {ToolMissingError} when one has not been built
 */
export async function findTools(
  environment: Environment = process.env,
): Promise<Readonly<Record<KubernetesTool, string>>> {
  const found = await Promise.all(
    KUBERNETES_TOOLS.map(async (tool) => {
      const path = await toolPath(tool, environment);
      return { tool, path, there: await isExecutable(path) };
    }),
  );
  const missing = found.filter((each) => !each.there).map((each) => each.tool);
  if (missing.length > 0) throw new ToolMissingError(missing);
  return Object.fromEntries(found.map(({ tool, path }) => [tool, path])) as Record<KubernetesTool, string>;
}
