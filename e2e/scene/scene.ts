import type { RouterManifest } from '@fairlead/api';
import {
  startLab,
  type Lab,
  type LabOptions,
  type LabProcess,
  type RouterOptions,
  type RunningAllocator,
} from '@fairlead/e2e/lab';
import { ROUTER, SERVICE_GROUPS } from './manifests.ts';

/** What a scene is to be. */
export interface SceneOptions extends LabOptions {
  /** Replicas of the allocator; default 1. */
  readonly allocators?: number;
  /** Whether nodes have BIRD and speak with the ToR; default true. */
  readonly routers?: boolean;
  /** What their daemons are to do; default {@link ROUTER}. */
  readonly router?: RouterManifest;
  /** How BIRD is started on the nodes. */
  readonly routerOptions?: RouterOptions;
}

/** A lab in which Fairlead runs: allocators, an agent on each node, BIRD beside it, and groups of both kinds. */
export interface Scene extends AsyncDisposable {
  readonly lab: Lab;
  readonly allocators: readonly RunningAllocator[];
  /** In the order of the nodes. */
  readonly agents: readonly LabProcess[];
  /** In the order of the nodes; empty without routers. */
  readonly routers: readonly LabProcess[];
}

/** Starts a lab and Fairlead in it; returns when all programs are ready and the ToR has its sessions. */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const {
    allocators: replicas = 1,
    routers: withRouters = true,
    router = ROUTER,
    routerOptions = {},
    progress = () => {},
  } = options;
  const lab = await startLab(options);
  try {
    await applyAll(lab, withRouters ? [...SERVICE_GROUPS, router] : SERVICE_GROUPS);
    progress('allocator and agents');
    const [allocators, agents] = await Promise.all([
      Promise.all(Array.from({ length: replicas }, () => lab.startAllocator())),
      Promise.all(lab.nodes.map((node) => lab.startAgent(node))),
    ]);
    progress('routers');
    const routers = withRouters ? await Promise.all(lab.nodes.map((node) => lab.startRouter(node, routerOptions))) : [];
    if (withRouters) {
      await lab.tor.untilEstablished(lab.nodes.length);
    }
    return { lab, allocators, agents, routers, [Symbol.asyncDispose]: () => lab.close() };
  } catch (error) {
    lab.fail();
    await lab.close();
    throw error;
  }
}

/** Applies manifests by kubectl. */
export async function applyAll(lab: Lab, manifests: readonly object[]): Promise<void> {
  await lab.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
}
