import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ADDRESSES_ALLOCATED, API_VERSION, DEFAULT_LOAD_BALANCER_CLASS } from '@fairlead/api';
import type { ServiceGroup, ServiceGroupManifest } from '@fairlead/api';
import type { KubeEvent, Service } from '@fairlead/kube';
import { REPOSITORY, Run, startControlPlane } from '../lab/index.ts';
import type { ControlPlane, LabProcess } from '../lab/index.ts';
import { AuditLog } from './audit.ts';

const RELEASE_NAMESPACE = 'fairlead-system';
const CRDS = join(REPOSITORY, 'deploy', 'crds');
const PROGRAM = join(REPOSITORY, 'packages', 'allocator', 'src', 'main.ts');

/** A Service as it comes over the wire, with the metadata that every stored object has. */
export type StoredService = Service & {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
};

/** What a test says of a Service of type LoadBalancer of our class. */
export interface ServiceInput {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly spec?: Readonly<Record<string, unknown>>;
}

export const DUAL = { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] };
export const SIX = { ipFamilies: ['IPv6'] };

/** A running allocator. */
export interface RunningAllocator {
  readonly process: LabProcess;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
}

/** A real API server with our resources, and allocators under their own service account. */
export class AllocatorCluster implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly #audit: AuditLog | undefined;
  #started = 0;

  private constructor(plane: ControlPlane, audit: AuditLog | undefined) {
    this.plane = plane;
    this.#audit = audit;
  }

  /** @param options.audit have the API server keep a log of who writes which status; it costs a little time a write */
  static async start(options: { readonly audit?: boolean } = {}): Promise<AllocatorCluster> {
    const run = await Run.start();
    try {
      const audit = options.audit === true ? await AuditLog.prepare(run.directory) : undefined;
      const manifests = [CRDS, join(REPOSITORY, 'deploy', 'rbac.yaml')];
      const plane = await startControlPlane({ run, manifests, apiServerFlags: audit?.flags ?? [] });
      await plane.kubectl(['wait', '--for=condition=Established', '--timeout=20s', '-f', CRDS]);
      return new AllocatorCluster(plane, audit);
    } catch (error) {
      await run.close();
      throw error;
    }
  }

  /** Who wrote which status, according to the API server. */
  get audit(): AuditLog {
    if (this.#audit === undefined) {
      throw new Error('this cluster was started without an audit log');
    }
    return this.#audit;
  }

  /** Starts an allocator from its sources; returns when it is ready, unless told not to wait. */
  async allocator(
    options: {
      readonly identity?: string;
      readonly flags?: readonly string[];
      /** Default: one of the service account. */
      readonly kubeconfig?: string;
      /** False: return before it is ready. */
      readonly wait?: boolean;
      /** Default: the sources; benches give the bundle. */
      readonly program?: string;
    } = {},
  ): Promise<RunningAllocator> {
    this.#started += 1;
    const identity = options.identity ?? `allocator-${this.#started}`;
    const account = { namespace: RELEASE_NAMESPACE, name: 'fairlead-allocator' };
    const kubeconfig = options.kubeconfig ?? (await this.plane.serviceAccountKubeconfig(account));
    const address = `127.0.0.1:${await freePort()}`;
    const flags = { kubeconfig, identity, 'metrics-address': address };
    const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    const process_ = this.plane.run.spawn(`${identity}-${this.#started}`, [
      process.execPath,
      options.program ?? PROGRAM,
      ...given,
      ...(options.flags ?? []),
    ]);
    const running = { process: process_, url: `http://${address}` };
    if (options.wait !== false) {
      await untilReady(running);
    }
    return running;
  }

  /** Makes or replaces a ServiceGroup. */
  async group(name: string, spec: ServiceGroupManifest['spec']): Promise<void> {
    const manifest = { apiVersion: API_VERSION, kind: 'ServiceGroup', metadata: { name }, spec };
    await this.plane.apply(['-'], JSON.stringify(manifest));
  }

  async untilGroup(name: string, condition: (group: ServiceGroup) => boolean): Promise<ServiceGroup> {
    return await this.plane.api.until<ServiceGroup>(`/apis/${API_VERSION}/servicegroups`, condition, {
      fieldSelector: `metadata.name=${name}`,
    });
  }

  /** Makes or edits a Namespace; its labels become those given. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    await this.plane.apply(['-'], JSON.stringify(manifest));
  }

  /** Makes a Service of type LoadBalancer of our class; `spec` overrides that. */
  async create(key: string, input: ServiceInput = {}): Promise<StoredService> {
    const { annotations, labels, finalizers, spec } = input;
    const { namespace, name } = serviceKey(key);
    return await this.plane.api.create(servicesOf(namespace), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, annotations, labels, finalizers },
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass: DEFAULT_LOAD_BALANCER_CLASS,
        ports: [{ port: 80 }],
        ...spec,
      },
    });
  }

  async get(key: string): Promise<StoredService> {
    return await this.plane.api.get(servicePath(key));
  }

  async patch(key: string, patch: unknown): Promise<StoredService> {
    return await this.plane.api.patch(servicePath(key), patch);
  }

  async patchStatus(key: string, patch: unknown): Promise<StoredService> {
    return await this.plane.api.patch(`${servicePath(key)}/status`, patch);
  }

  async delete(...keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.plane.api.delete(servicePath(key))));
  }

  /** Deletes every Service of the namespace `default` that has a name of ours. */
  async clear(): Promise<void> {
    const { items } = await this.plane.api.get<{ items: StoredService[] }>(servicesOf('default'));
    await this.delete(...items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kubernetes'));
  }

  async until(
    key: string,
    condition: (service: StoredService) => boolean,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<StoredService> {
    const { namespace, name } = serviceKey(key);
    return await this.plane.api.until<StoredService>(servicesOf(namespace), condition, {
      ...options,
      fieldSelector: `metadata.name=${name}`,
    });
  }

  /** Waits until the Service has these addresses and says that it has all. */
  async untilAddresses(name: string, addresses: readonly string[], timeoutMs?: number): Promise<StoredService> {
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    return await this.until(
      name,
      (service) =>
        conditionOf(service)?.status === 'True' && JSON.stringify(addressesOf(service)) === JSON.stringify(addresses),
      options,
    );
  }

  /** Waits until the Service says that it is refused for this reason. */
  async untilRefused(name: string, reason: string): Promise<StoredService> {
    return await this.until(name, (service) => conditionOf(service)?.reason === reason);
  }

  /** Waits for an event about the Service. */
  async untilEvent(key: string, reason: string): Promise<KubeEvent> {
    const { namespace, name } = serviceKey(key);
    return await this.plane.api.until<KubeEvent & { metadata: { name: string } }>(
      eventsIn(namespace),
      (event) => event.regarding?.name === name && event.reason === reason,
    );
  }

  /**
   * The Event objects that the allocator has made about the Service. The API server makes some of its own: the repair
   * of its cluster IPs does, where it looks between a Service and its IPAddress.
   */
  async eventsOf(key: string): Promise<readonly KubeEvent[]> {
    const { namespace, name } = serviceKey(key);
    const { items } = await this.plane.api.get<{ items: KubeEvent[] }>(eventsIn(namespace));
    return items.filter(
      ({ regarding, reportingController }) =>
        regarding?.name === name && reportingController === 'fairlead.dev/allocator',
    );
  }

  /** How many requests the API server has answered so far, by verb, resource and subresource. */
  async requests(verb: string, resource: string, subresource = ''): Promise<number> {
    const metrics = await this.plane.api.text('/metrics');
    return metrics
      .split('\n')
      .filter((line) => line.startsWith('apiserver_request_total{'))
      .filter((line) =>
        [`verb="${verb}"`, `resource="${resource}"`, `subresource="${subresource}"`].every((part) =>
          line.includes(part),
        ),
      )
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane.close();
    await this.plane.run.close();
  }
}

/** Tests name Services `NAMESPACE/NAME`, or `NAME` in the namespace `default`. */
function serviceKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: slash < 0 ? 'default' : key.slice(0, slash), name: key.slice(slash + 1) };
}

function servicesOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/services`;
}

function servicePath(key: string): string {
  const { namespace, name } = serviceKey(key);
  return `${servicesOf(namespace)}/${name}`;
}

function eventsIn(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
}

export function addressesOf({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
}

export function conditionOf({ status }: Service): { status: string; reason: string; message: string } | undefined {
  return status?.conditions?.find(({ type }) => type === ADDRESSES_ALLOCATED);
}

/** A metric of an allocator, without labels; undefined when there is none. */
export async function metricOf({ url }: RunningAllocator, name: string): Promise<number | undefined> {
  const line = (await (await fetch(`${url}/metrics`)).text()).split('\n').find((text) => text.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/** There is no event that tells from outside when a program is ready: it is asked every 20 ms. */
export async function untilReady({ process, url }: RunningAllocator, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = 'no answer';
  while (performance.now() < deadline && process.running) {
    last = await readiness(url);
    if (last === 'ok') {
      return;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  throw new Error(`${process.name} is not ready: ${last}\n${await process.tail()}`);
}

/** What `/readyz` says: `ok`, the reason, or `no answer`. */
export async function readiness(url: string): Promise<string> {
  try {
    return (await (await fetch(`${url}/readyz`)).text()).trim();
  } catch {
    return 'no answer';
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server has an address');
  }
  return address.port;
}
