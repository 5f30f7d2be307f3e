import { join } from 'node:path';
import { findTools } from '../tools/binaries.ts';
import type { LabApi } from './api.ts';
import { startCapture, type Capture } from './capture.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { Deployment, PodAddresses, type DeploymentOptions } from './deployment.ts';
import {
  FairleadPrograms,
  REPOSITORY,
  type AllocatorOptions,
  type ProgramOptions,
  type RouterOptions,
  type RunningAllocator,
} from './fairlead.ts';
import { HttpClients, type HttpAnswer } from './http.ts';
import { startIpMonitor, type IpMonitor } from './ip-monitor.ts';
import { startKubeProxy } from './kube-proxy.ts';
import { createNetwork } from './network.ts';
import { LabNode, type CutOptions } from './node.ts';
import { NAMESPACES, planNetwork, type HostLink, type NetworkPlan } from './plan.ts';
import { startProbe, type Probe, type ProbeOptions } from './probe.ts';
import type { LabProcess } from './process.ts';
import { startResponder } from './responder.ts';
import { Run } from './run.ts';
import { Tor } from './tor.ts';
import type { TorOptions } from './tor-daemon.ts';
import { startTcpProbe, type TcpProbe, type TcpProbeOptions } from './tcp-probe.ts';

/** What a lab is to be. All of it has defaults. */
export interface LabOptions {
  /** Number of nodes, `node-1` to `node-N`. Default 3. */
  readonly nodes?: number;
  /** Manifests to apply; default `deploy/crds` and `deploy/rbac.yaml`. */
  readonly manifests?: readonly string[];
  /** Labels of each node, by its index from 1 on. */
  readonly nodeLabels?: (index: number) => Readonly<Record<string, string>>;
  readonly tor?: TorOptions;
  /**
   * Time between two syncs of kube-proxy. Default `10ms`, so that a timeline does not show kube-proxy; its own default,
   * `1s`, is what a cluster with many changes needs.
   */
  readonly kubeProxySyncPeriod?: string;
  /** Further flags of kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
  /** Told what is being done, for those who wait. */
  readonly progress?: (step: string) => void;
}

/** How a node is named: by number (from 1), by name, or itself. */
export type NodeReference = number | string | LabNode;

/** A cluster on one machine, and everything around it. */
export class Lab implements AsyncDisposable {
  readonly run: Run;
  readonly controlPlane: ControlPlane;
  /** API access as administrator. */
  readonly api: LabApi;
  readonly nodes: readonly LabNode[];
  readonly tor: Tor;
  readonly plan: NetworkPlan;
  /** How long the start took. */
  readonly startedInMs: number;
  readonly #programs: FairleadPrograms;
  readonly #http: HttpClients;
  readonly #podAddresses = new PodAddresses();
  readonly #deployments: Deployment[] = [];

  constructor(parts: {
    run: Run;
    controlPlane: ControlPlane;
    nodes: readonly LabNode[];
    tor: Tor;
    plan: NetworkPlan;
    hostLink: HostLink;
    http: HttpClients;
    startedInMs: number;
  }) {
    this.run = parts.run;
    this.controlPlane = parts.controlPlane;
    this.api = parts.controlPlane.api;
    this.nodes = parts.nodes;
    this.tor = parts.tor;
    this.plan = parts.plan;
    this.startedInMs = parts.startedInMs;
    this.#http = parts.http;
    this.#programs = new FairleadPrograms(parts.controlPlane, parts.hostLink, parts.http);
  }

  /** File with the administrator's access. */
  get kubeconfig(): string {
    return this.controlPlane.kubeconfig;
  }

  /** A node by its number (from 1), or by its name. */
  node(reference: NodeReference): LabNode {
    if (reference instanceof LabNode) return reference;
    const node = this.nodes.find(({ name, plan }) => name === reference || plan.index === reference);
    if (!node) throw new RangeError(`no node ${reference}; there are ${this.nodes.map(({ name }) => name).join(', ')}`);
    return node;
  }

  /**
   * Source addresses by which a node forwards for kube-proxy, to the node's name: with externalTrafficPolicy Cluster they
   * tell a backend which node a packet came to. For {@link ProbeOptions.forwarders}.
   */
  get forwarders(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.plan.nodes.flatMap(({ name, address, podGateway }) =>
        [address, podGateway].flatMap(({ IPv4, IPv6 }) => [
          [IPv4, name],
          [IPv6, name],
        ]),
      ),
    );
  }

  /** Starts a UDP probe, 1 kHz by default. */
  async probe(options: ProbeOptions): Promise<Probe> {
    return startProbe(this.run, options);
  }

  /** Starts a TCP probe: new connections, 50 a second by default. */
  async tcpProbe(options: TcpProbeOptions): Promise<TcpProbe> {
    return startTcpProbe(this.run, options);
  }

  /** Lets every node itself answer probes on {@link RESPONDER_PORT}, on whatever address it has. */
  async startResponders(): Promise<void> {
    await Promise.all(this.nodes.map(async (node) => startResponder(this.run, node)));
  }

  /** Watches a namespace with `ip monitor`. */
  async ipMonitor(namespace: string): Promise<IpMonitor> {
    return startIpMonitor(this.run, namespace);
  }

  /** Captures ARP and neighbour discovery on the switch. */
  async capture(): Promise<Capture> {
    return startCapture(this.run);
  }

  /** Runs kubectl as administrator. @returns its standard output */
  async kubectl(args: readonly string[], stdin?: string): Promise<string> {
    return this.controlPlane.kubectl(args, stdin);
  }

  /** Applies YAML. */
  async apply(yaml: string): Promise<void> {
    await this.controlPlane.apply(['-'], yaml);
  }

  /** Backends that behave as a Deployment's; returns when all are ready. */
  async deployment(options: DeploymentOptions): Promise<Deployment> {
    const { run, api } = this;
    const nodes = this.plan.nodes;
    const deployment = new Deployment({ run, api, addresses: this.#podAddresses, nodes, options });
    this.#deployments.push(deployment);
    await deployment.scale(options.replicas);
    return deployment;
  }

  /** Starts `dist/allocator.mjs`. */
  async startAllocator(options?: AllocatorOptions): Promise<RunningAllocator> {
    return this.#programs.startAllocator(options);
  }

  /** A kubeconfig as a node's agent has it: account fairlead-node-agent, token bound to its Pod on that node. */
  async agentKubeconfig(node: NodeReference): Promise<string> {
    return this.#programs.agentKubeconfig(this.node(node));
  }

  /** Starts `dist/node-agent.mjs` on a node. */
  async startAgent(node: NodeReference, options?: ProgramOptions): Promise<LabProcess> {
    return this.#programs.startAgent(this.node(node), options);
  }

  /** Starts BIRD on a node, with the configuration that its agent writes. */
  async startRouter(node: NodeReference, options?: RouterOptions): Promise<LabProcess> {
    return this.#programs.startRouter(this.node(node), options);
  }

  /** The machine dies: no frame, no process. */
  async killNode(node: NodeReference): Promise<void> {
    await this.node(node).kill();
  }

  /** The machine boots again: an empty kernel, then kube-proxy and its Pods. Agent and router are the caller's to start. */
  async reviveNode(reference: NodeReference): Promise<void> {
    const node = this.node(reference);
    await node.boot();
    await this.run.exec(['rm', '-rf', join(this.run.directory, node.name)]); // /run of a machine is empty after a boot
    node.processes.get('kube-proxy')?.start();
    await Promise.all([
      this.httpUntilOk(node.namespace, KUBE_PROXY_HEALTH),
      ...this.#deployments.map(async (deployment) => deployment.restartOn(node.plan)),
    ]);
  }

  /** Cuts a node off the LAN. */
  async cutLan(node: NodeReference, options?: CutOptions): Promise<void> {
    await this.node(node).cutLan(options);
  }

  /** Cuts a node off the API server. */
  async cutApi(node: NodeReference): Promise<void> {
    await this.node(node).cutApi();
  }

  /** GETs a URL from a namespace (`client`, `remote`, `node-1`, …). */
  async http(from: string, url: string): Promise<HttpAnswer> {
    return this.#http.get(from, url);
  }

  /** Asks a URL from a namespace until it answers 200 (default within 10 s). */
  async httpUntilOk(from: string, url: string, options?: { timeoutMs?: number }): Promise<HttpAnswer> {
    return this.#http.untilOk(from, url, options);
  }

  /** Starts the HTTP client of a namespace ahead of a measurement; it has asked something once when this returns. */
  async warmHttp(from: string): Promise<void> {
    // Nothing listens there; that it is refused tells that the client runs.
    await this.#http.get(from, 'http://127.0.0.1:1/').catch(() => {});
  }

  /** Keeps the logs of this lab when it is closed, and says where. */
  fail(): void {
    this.run.fail();
  }

  /** Ends all of it. */
  async close(): Promise<void> {
    await this.api.close();
    await this.run.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const KUBE_PROXY_HEALTH = 'http://127.0.0.1:10256/healthz';
const API_PORT = 6443;

/**
 * Starts a cluster of N nodes with everything around it: switch, ToR, a client on the LAN and one behind the ToR.
 * @throws {Error} when it is not root, or set-up has not been run; what was started by then is ended, its logs are kept
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const began = performance.now();
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces: run it as root (sudo)');
  const run = await Run.start();
  try {
    return await start(run, options, began);
  } catch (error) {
    run.fail();
    await run.close();
    throw error;
  }
}

async function start(run: Run, options: LabOptions, began: number): Promise<Lab> {
  const {
    nodes: size = 3,
    manifests = ['deploy/crds', 'deploy/rbac.yaml'].map((path) => join(REPOSITORY, path)),
    progress = () => {},
    kubeProxySyncPeriod: minSyncPeriod = '10ms',
  } = options;
  const plan = planNetwork(size);
  const tools = await findTools();
  progress('network');
  const hostLink = await createNetwork(run, plan);
  progress('control plane');
  const [controlPlane, tor] = await Promise.all([
    startControlPlane({
      run,
      controllerManager: true,
      ...(options.apiServerFlags && { apiServerFlags: options.apiServerFlags }),
      listen: { namespace: NAMESPACES.controlPlane, address: hostLink.controlPlane, port: API_PORT },
    }),
    Tor.start(run, plan.tor, options.tor),
  ]);
  progress('nodes');
  const http = new HttpClients(run);
  const nodes = plan.nodes.map((node) => new LabNode(node, { run, plan, hostLink }));
  const kubeconfig = await controlPlane.kubeconfigOf('system:kube-proxy');
  await Promise.all([
    controlPlane.apply(manifests),
    controlPlane.api.until(
      '/api/v1/namespaces/default/serviceaccounts',
      ({ metadata }) => metadata.name === 'default',
      { timeoutMs: 30_000 },
    ),
    ...nodes.map(async (node) => {
      await controlPlane.api.create('/api/v1/nodes', nodeObject(node, options.nodeLabels?.(node.plan.index)));
      node.adopt(
        'kube-proxy',
        await startKubeProxy(run, node.plan, { program: tools['kube-proxy'], kubeconfig, minSyncPeriod }),
      );
      await http.untilOk(node.namespace, KUBE_PROXY_HEALTH, { timeoutMs: 30_000 });
    }),
  ]);
  return new Lab({ run, controlPlane, nodes, tor, plan, hostLink, http, startedInMs: performance.now() - began });
}

/** A Node as its kubelet registers it. */
function nodeObject(node: LabNode, labels: Readonly<Record<string, string>> = {}): object {
  const { name, address, plan } = node;
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...labels } },
    spec: { podCIDR: plan.podCIDR.IPv4, podCIDRs: [plan.podCIDR.IPv4, plan.podCIDR.IPv6] },
    status: {
      capacity: { cpu: '2', memory: '4Gi', pods: '250' },
      addresses: [
        { type: 'InternalIP', address: address.IPv4 },
        { type: 'InternalIP', address: address.IPv6 },
        { type: 'Hostname', address: name },
      ],
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'the lab is its kubelet' },
        { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', message: 'the lab made its routes' },
      ],
    },
  };
}
