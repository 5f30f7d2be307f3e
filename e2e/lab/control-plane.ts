import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findTools, type KubernetesTool } from '../tools/binaries.ts';
import { LabApi, type KubernetesObject } from './api.ts';
import { kubeconfig } from './kubeconfig.ts';
import { createPki, type Pki } from './pki.ts';
import { ProcessError, type LabProcess } from './process.ts';
import { Run } from './run.ts';

/** How a control plane is started. All of it has defaults. */
export interface ControlPlaneOptions {
  /** Run the kube-controller-manager too (default false): endpoint slices, service accounts, namespaces, garbage. */
  readonly controllerManager?: boolean;
  /** Manifests (files or folders) that are applied before this returns; a test for CRDs gives `deploy/crds`. */
  readonly manifests?: readonly string[];
  /** Further flags of kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
  /** Further users with tokens: name to groups. Their kubeconfigs come from {@link ControlPlane.kubeconfigOf}. */
  readonly users?: Readonly<Record<string, readonly string[]>>;
  /** The run to belong to; default: one of its own, which ends with {@link ControlPlane.close}. */
  readonly run?: Run;
  /** Where it listens; default: a free port of 127.0.0.1. */
  readonly listen?: Listen;
}

/** Where the API server listens. */
export interface Listen {
  /** Short name of the namespace in which etcd, the API server and the controller manager run. */
  readonly namespace?: string;
  /** Address that clients use, the server's own pods included. */
  readonly address: string;
  readonly port: number;
  /** Further addresses by which it can be reached (in its certificate). */
  readonly alsoAddresses?: readonly string[];
}

/** The dual-stack Service ranges of every lab. */
export const SERVICE_CIDRS = { IPv4: '10.96.0.0/16', IPv6: 'fd00:96::/108' } as const;
/** The dual-stack Pod ranges of every lab. */
export const POD_CIDRS = { IPv4: '10.244.0.0/16', IPv6: 'fd00:244::/48' } as const;

const ADMIN = 'lab-admin';
const CONTROLLER_MANAGER = 'system:kube-controller-manager';
const PROXY = 'system:kube-proxy';

/** The controllers of which the lab has need; each further one costs watches and CPU at start. */
const CONTROLLERS = [
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'namespace-controller',
  'endpointslice-controller',
  'endpointslice-mirroring-controller',
  'garbage-collector-controller',
  'root-ca-certificate-publisher-controller',
];

/** etcd, kube-apiserver and, where asked for, kube-controller-manager: real ones. */
export class ControlPlane implements AsyncDisposable {
  readonly run: Run;
  /** `https://HOST:PORT` */
  readonly server: string;
  /** File with the administrator's access. */
  readonly kubeconfig: string;
  readonly etcd: LabProcess;
  /** Can be killed, paused and started again: it comes back on the same port with the same data. */
  readonly apiServer: LabProcess;
  readonly controllerManager: LabProcess | undefined;
  /** The administrator's API access. */
  readonly api: LabApi;
  readonly #caCertificate: string;
  readonly #tokens: ReadonlyMap<string, string>;
  /** The kubectl of the cluster's version. */
  readonly kubectlPath: string;
  readonly #ownsRun: boolean;

  constructor(parts: {
    run: Run;
    ownsRun: boolean;
    server: string;
    kubeconfig: string;
    kubectl: string;
    caCertificate: string;
    tokens: ReadonlyMap<string, string>;
    etcd: LabProcess;
    apiServer: LabProcess;
    controllerManager: LabProcess | undefined;
    api: LabApi;
  }) {
    this.run = parts.run;
    this.server = parts.server;
    this.kubeconfig = parts.kubeconfig;
    this.etcd = parts.etcd;
    this.apiServer = parts.apiServer;
    this.controllerManager = parts.controllerManager;
    this.api = parts.api;
    this.#ownsRun = parts.ownsRun;
    this.#caCertificate = parts.caCertificate;
    this.#tokens = parts.tokens;
    this.kubectlPath = parts.kubectl;
  }

  /** The Unix socket on which etcd serves its clients, HTTP and gRPC. */
  get etcdSocket(): string {
    return join(this.run.directory, new URL(ETCD.client.replace('unix:', 'http:')).host);
  }

  /**
   * Runs kubectl as administrator.
   * @returns its standard output
   * @throws {CommandError} with its standard error, when it fails
   */
  async kubectl(args: readonly string[], stdin?: string): Promise<string> {
    return this.run.exec(
      [this.kubectlPath, '--kubeconfig', this.kubeconfig, ...args],
      stdin === undefined ? {} : { stdin },
    );
  }

  /** Applies manifests: files, folders, or YAML text on standard input (`-`). Returns when CRDs among them are served. */
  async apply(manifests: readonly string[], stdin?: string): Promise<void> {
    if (manifests.length === 0) return;
    const output = await this.kubectl(
      ['apply', '--server-side', '-o', 'name', ...manifests.flatMap((path) => ['-f', path])],
      stdin,
    );
    const crds = [...output.matchAll(/^customresourcedefinition\.apiextensions\.k8s\.io\/(.+)$/gm)].map(
      ([, name = '']) => name,
    );
    await Promise.all(
      crds.map(async (name) =>
        this.api.until<KubernetesObject & { status?: { conditions?: readonly { type: string; status: string }[] } }>(
          '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
          ({ status }) =>
            status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false,
          { fieldSelector: `metadata.name=${name}` },
        ),
      ),
    );
  }

  /** Writes a kubeconfig for one of the users with a token (`lab-admin`, `system:kube-proxy`, those of the options). */
  async kubeconfigOf(user: string): Promise<string> {
    const token = this.#tokens.get(user);
    if (token === undefined) throw new Error(`no user ${user}; there are ${[...this.#tokens.keys()].join(', ')}`);
    return this.writeKubeconfig(user.replaceAll(':', '-'), token);
  }

  /**
   * Writes a kubeconfig for a service account, with a token by TokenRequest (valid for 24 h).
   * @param pod bind the token to this Pod of the same namespace: its node's name is then in the user's extra fields
   */
  async serviceAccountKubeconfig(account: { namespace: string; name: string; pod?: string }): Promise<string> {
    const { namespace, name, pod } = account;
    const { status } = await this.api.create<{ status: { token: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          expirationSeconds: 24 * 3600,
          ...(pod !== undefined && { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod } }),
        },
      },
    );
    return this.writeKubeconfig(pod ?? name, status.token);
  }

  /** Writes a kubeconfig with the token given. @returns the file's path */
  async writeKubeconfig(name: string, token: string): Promise<string> {
    const path = join(this.run.directory, `${name}.kubeconfig`);
    await writeFile(path, kubeconfig({ server: this.server, caCertificate: this.#caCertificate, token }), {
      mode: 0o600,
    });
    return path;
  }

  /** Waits until the API server answers that it is ready (default at most 60 s). */
  async ready(timeoutMs = 60_000): Promise<void> {
    await untilReady(this.api, this.apiServer, timeoutMs);
  }

  async close(): Promise<void> {
    await this.api.close();
    if (this.#ownsRun) await this.run.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Starts etcd and kube-apiserver (RBAC, dual-stack Services), and returns when the API server is ready: about 3 s.
 * @throws {ToolMissingError} before set-up has built them
 * @throws {ProcessError} with the end of the log, when one of them ends at once
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const tools = await findTools();
  const run = options.run ?? (await Run.start());
  try {
    return await startIn(run, tools, options);
  } catch (error) {
    run.fail();
    if (!options.run) await run.close();
    throw error;
  }
}

async function startIn(
  run: Run,
  tools: Readonly<Record<KubernetesTool, string>>,
  options: ControlPlaneOptions,
): Promise<ControlPlane> {
  const listen = options.listen ?? { address: '127.0.0.1', port: await freePort() };
  const groups = { [ADMIN]: ['system:masters'], [CONTROLLER_MANAGER]: [], [PROXY]: [], ...options.users };
  const tokens = new Map(Object.keys(groups).map((user) => [user, randomBytes(16).toString('hex')]));
  const etcd = startEtcd(run, tools.etcd, listen);
  const pki = await createPki(run, {
    dns: ['localhost', 'kubernetes.default.svc'],
    addresses: [...new Set(['127.0.0.1', '10.96.0.1', listen.address, ...(listen.alsoAddresses ?? [])])],
  });
  const tokenFile = join(run.directory, 'pki', 'tokens.csv');
  const rows = Object.entries(groups).map(([user, of]) => `${tokens.get(user)},${user},${user},"${of.join(',')}"`);
  await writeFile(tokenFile, `${rows.join('\n')}\n`, { mode: 0o600 });

  const server = `https://${listen.address}:${listen.port}`;
  const caCertificate = await readFile(pki.caCertificate, 'utf8');
  const api = new LabApi({ server, caCertificate, token: tokens.get(ADMIN) ?? '' });
  const apiServer = startApiServer(run, tools['kube-apiserver'], { listen, pki, tokenFile, options });
  const write = async (user: string) => {
    const path = join(run.directory, `${user.replaceAll(':', '-')}.kubeconfig`);
    await writeFile(path, kubeconfig({ server, caCertificate, token: tokens.get(user) ?? '' }), { mode: 0o600 });
    return path;
  };
  const adminKubeconfig = await write(ADMIN);
  const controllerManagerKubeconfig = await write(CONTROLLER_MANAGER);
  await untilReady(api, apiServer, 60_000);
  const controllerManager = options.controllerManager
    ? startControllerManager(run, tools['kube-controller-manager'], {
        listen,
        pki,
        kubeconfig: controllerManagerKubeconfig,
      })
    : undefined;
  const controlPlane = new ControlPlane({
    run,
    ownsRun: options.run === undefined,
    server,
    kubeconfig: adminKubeconfig,
    kubectl: tools.kubectl,
    caCertificate,
    tokens,
    etcd,
    apiServer,
    controllerManager,
    api,
  });
  await controlPlane.apply(options.manifests ?? []);
  return controlPlane;
}

/**
 * etcd speaks over sockets in the run's folder, so it needs no ports. Their URLs must look like host and port; the names
 * are files in the working folder.
 */
const ETCD = { client: 'unix://localhost:2379', peer: 'unix://localhost:2380' } as const;

function startEtcd(run: Run, program: string, listen: Listen): LabProcess {
  const flags = [
    `--name=${run.id}`,
    '--data-dir=etcd',
    `--listen-client-urls=${ETCD.client}`,
    `--advertise-client-urls=${ETCD.client}`,
    `--listen-peer-urls=${ETCD.peer}`,
    `--initial-advertise-peer-urls=${ETCD.peer}`,
    `--initial-cluster=${run.id}=${ETCD.peer}`,
    '--unsafe-no-fsync', // the data dies with the run
    '--log-level=warn',
  ];
  return run.spawn('etcd', [program, ...flags], namespaceOf(listen));
}

function startApiServer(
  run: Run,
  program: string,
  { listen, pki, tokenFile, options }: { listen: Listen; pki: Pki; tokenFile: string; options: ControlPlaneOptions },
): LabProcess {
  const flags = [
    `--etcd-servers=${ETCD.client}`,
    `--bind-address=${listen.namespace === undefined ? listen.address : '0.0.0.0'}`,
    `--secure-port=${listen.port}`,
    // On loopback there is nothing that could be advertised to Pods.
    ...(listen.namespace === undefined
      ? ['--endpoint-reconciler-type=none']
      : [`--advertise-address=${listen.address}`]),
    `--service-cluster-ip-range=${SERVICE_CIDRS.IPv4},${SERVICE_CIDRS.IPv6}`,
    `--tls-cert-file=${pki.servingCertificate}`,
    `--tls-private-key-file=${pki.servingKey}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki.serviceAccountKey}`,
    `--service-account-signing-key-file=${pki.serviceAccountKey}`,
    `--token-auth-file=${tokenFile}`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    '--profiling=false',
    // Without a controller manager nobody makes the service accounts that this plugin wants.
    ...(options.controllerManager ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...(options.apiServerFlags ?? []),
  ];
  return run.spawn('kube-apiserver', [program, ...flags], namespaceOf(listen));
}

function startControllerManager(
  run: Run,
  program: string,
  parts: { listen: Listen; pki: Pki; kubeconfig: string },
): LabProcess {
  const flags = [
    `--kubeconfig=${parts.kubeconfig}`,
    `--controllers=${CONTROLLERS.join(',')}`,
    `--service-account-private-key-file=${parts.pki.serviceAccountKey}`,
    `--root-ca-file=${parts.pki.caCertificate}`,
    // Each controller as itself: the roles of the bootstrap policy are made for that.
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    '--secure-port=0',
    '--concurrent-service-endpoint-syncs=5',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ];
  return run.spawn('kube-controller-manager', [program, ...flags], namespaceOf(parts.listen));
}

function namespaceOf(listen: Listen): { namespace?: string } {
  return listen.namespace === undefined ? {} : { namespace: listen.namespace };
}

/** There is no event that tells when a server becomes ready: it is asked every 25 ms. */
async function untilReady(api: LabApi, server: LabProcess, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < deadline) {
    if (!server.running)
      throw new ProcessError(`${server.name} ended; the end of ${server.logFile}:\n${await server.tail()}`);
    try {
      await api.text('/readyz');
      return;
    } catch (error) {
      last = error;
    }
    await delay(25);
  }
  throw new ProcessError(
    `${server.name} not ready within ${timeoutMs} ms (${String(last)}); its log: ${server.logFile}`,
  );
}

/** A port of 127.0.0.1 that is free now. */
async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() =>
      address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
    );
  });
  return promise;
}

/** Makes a folder below the run's, for a process's own files. */
export async function runDirectory(run: Run, name: string): Promise<string> {
  const path = join(run.directory, name);
  await mkdir(path, { recursive: true });
  return path;
}
