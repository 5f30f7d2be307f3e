import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { runDirectory, type ControlPlane } from './control-plane.ts';
import type { HttpClients } from './http.ts';
import type { LabNode } from './node.ts';
import { NAMESPACES, type HostLink } from './plan.ts';
import { preferring } from './preferring.ts';
import { ProcessError, type LabProcess } from './process.ts';

/** The checkout. */
export const REPOSITORY = join(import.meta.dirname, '..', '..');
/** Where the release lives in the cluster. */
export const RELEASE_NAMESPACE = 'fairlead-system';
/** Where an agent serves its metrics and health, in its node's namespace. */
export const AGENT_METRICS = '127.0.0.1:7673';

/** How one of the project's programs is started. */
export interface ProgramOptions {
  /** Further flags of the program. */
  readonly flags?: readonly string[];
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Return when `/readyz` is good (default), or at once. */
  readonly waitUntilReady?: boolean;
  /** How long to wait for that, milliseconds; default 20 s. */
  readonly timeoutMs?: number;
}

/** Further options of an allocator. */
export interface AllocatorOptions extends ProgramOptions {
  /** Name of the replica, default `allocator-1`. */
  readonly identity?: string;
}

/** How BIRD is started on a node. */
export interface RouterOptions {
  /** Further flags. */
  readonly flags?: readonly string[];
  /** Before other processes of the machine, so that BFD at 100 ms finds no fault where only they are. Default false. */
  readonly preferred?: boolean;
}

/** An allocator and where its metrics are, as seen from the machine. */
export interface RunningAllocator {
  readonly process: LabProcess;
  /** `http://HOST:PORT` */
  readonly metrics: string;
}

/** The programs of `dist/`, as the cluster's workloads would start them. */
export class FairleadPrograms {
  readonly #controlPlane: ControlPlane;
  readonly #hostLink: HostLink;
  readonly #http: HttpClients;
  readonly #agentKubeconfigs = new Map<string, Promise<string>>();
  #allocators = 0;

  constructor(controlPlane: ControlPlane, hostLink: HostLink, http: HttpClients) {
    this.#controlPlane = controlPlane;
    this.#hostLink = hostLink;
    this.#http = http;
  }

  /** Starts `dist/allocator.mjs` beside the API server, as service account fairlead-allocator. */
  async startAllocator(options: AllocatorOptions = {}): Promise<RunningAllocator> {
    const { run } = this.#controlPlane;
    this.#allocators += 1;
    const identity = options.identity ?? `allocator-${this.#allocators}`;
    const address = `${this.#hostLink.controlPlane}:${7672 + this.#allocators * 10}`;
    const kubeconfig = await this.#controlPlane.serviceAccountKubeconfig({
      namespace: RELEASE_NAMESPACE,
      name: 'fairlead-allocator',
    });
    const flags = { kubeconfig, namespace: RELEASE_NAMESPACE, identity, 'metrics-address': address };
    const process = run.spawn(identity, program('allocator', flags, options), {
      namespace: NAMESPACES.controlPlane,
      ...(options.environment && { environment: options.environment }),
    });
    if (options.waitUntilReady ?? true)
      await this.untilReady(process, NAMESPACES.controlPlane, address, options.timeoutMs);
    return { process, metrics: `http://${address}` };
  }

  /**
   * Starts `dist/node-agent.mjs` on a node, as service account fairlead-node-agent with a token bound to the node's Pod.
   * Its state file is `RUN/NODE/state.json`, its router directory `RUN/NODE/router`.
   */
  async startAgent(node: LabNode, options: ProgramOptions = {}): Promise<LabProcess> {
    const { run } = this.#controlPlane;
    const directory = await runDirectory(run, node.name);
    const flags = {
      'node-name': node.name,
      kubeconfig: await this.agentKubeconfig(node),
      namespace: RELEASE_NAMESPACE,
      'state-file': join(directory, 'state.json'),
      'metrics-address': AGENT_METRICS,
      'router-directory': await runDirectory(run, `${node.name}/router`),
      'template-directory': join(REPOSITORY, 'bird-templates'),
    };
    const process = run.spawn(`agent-${node.name}`, program('node-agent', flags, options), {
      namespace: node.namespace,
      environment: { NODE_NAME: node.name, ...options.environment },
    });
    node.adopt('agent', process);
    if (options.waitUntilReady ?? true)
      await this.untilReady(process, node.namespace, AGENT_METRICS, options.timeoutMs);
    return process;
  }

  /** Starts BIRD on a node with the configuration that its agent writes, as soon as that is there (10 s at most). */
  async startRouter(node: LabNode, options: RouterOptions = {}): Promise<LabProcess> {
    const { run } = this.#controlPlane;
    const directory = await runDirectory(run, `${node.name}/router`);
    await untilFile(directory, 'bird.conf', 10_000);
    const flags = [
      '-f',
      '-c',
      join(directory, 'bird.conf'),
      '-s',
      join(directory, 'bird.ctl'),
      ...(options.flags ?? []),
    ];
    const command = preferring(options.preferred, ['bird', ...flags]);
    const process = run.spawn(`router-${node.name}`, command, { namespace: node.namespace });
    await untilFile(directory, 'bird.ctl', 10_000);
    return node.adopt('router', process);
  }

  /** Waits until a program of ours answers `/readyz`. @throws {ProcessError} with its last words, when it ends before */
  async untilReady(process: LabProcess, namespace: string, address: string, timeoutMs = 20_000): Promise<void> {
    const ready = this.#http.untilOk(namespace, `http://${address}/readyz`, { timeoutMs });
    const outcome = await Promise.race([
      ready.then(
        () => 'ready' as const,
        () => 'late' as const,
      ),
      process.exited.then(() => 'ended' as const),
    ]);
    if (outcome === 'ready') return;
    const what = outcome === 'ended' ? 'ended' : `was not ready within ${timeoutMs} ms`;
    throw new ProcessError(`${process.name} ${what}; the end of ${process.logFile}:\n${await process.tail()}`);
  }

  /** One Pod and one token a node, however often its agent is started. */
  async agentKubeconfig(node: LabNode): Promise<string> {
    const known = this.#agentKubeconfigs.get(node.name);
    if (known) return known;
    const made = this.#createAgentPod(node);
    this.#agentKubeconfigs.set(node.name, made);
    return made;
  }

  async #createAgentPod(node: LabNode): Promise<string> {
    const pod = `fairlead-node-agent-${node.name}`;
    await this.#controlPlane.api.create(`/api/v1/namespaces/${RELEASE_NAMESPACE}/pods`, {
      metadata: { name: pod, labels: { app: 'fairlead-node-agent' } },
      spec: {
        nodeName: node.name,
        serviceAccountName: 'fairlead-node-agent',
        hostNetwork: true,
        containers: [{ name: 'agent', image: 'fairlead' }],
      },
    });
    return this.#controlPlane.serviceAccountKubeconfig({
      namespace: RELEASE_NAMESPACE,
      name: 'fairlead-node-agent',
      pod,
    });
  }
}

function program(
  name: string,
  flags: Readonly<Record<string, string>>,
  options: ProgramOptions,
): [string, ...string[]] {
  const file = join(REPOSITORY, 'dist', `${name}.mjs`);
  if (!existsSync(file)) throw new Error(`${file} is not there: run \`npm run build\``);
  const ours = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  return [process.execPath, ...(options.nodeFlags ?? []), file, ...ours, ...(options.flags ?? [])];
}

/** Waits until a file is in a folder, by the folder's events. @throws {Error} when it is not within `timeoutMs` */
export async function untilFile(directory: string, name: string, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watcher = watch(directory);
  const timer = setTimeout(() => reject(new Error(`no ${name} in ${directory} within ${timeoutMs} ms`)), timeoutMs);
  const look = () => {
    if (existsSync(join(directory, name))) resolve();
  };
  watcher.on('change', look).on('error', reject);
  look();
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    watcher.close();
  }
}
