import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createKubeClient, type KubeClient, type Logger, type ResourceType, type KubeObject } from '@fairlead/kube';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '../lab/control-plane.ts';
import { ChaosProxy } from './chaos-proxy.ts';

export interface ConfigMap extends KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** The simplest objects there are. */
export const CONFIG_MAPS: ResourceType<ConfigMap> = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

/** The part of a kubeconfig that is needed to write another one. */
interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

/** A control plane, and clients and proxies to it; everything ends with it. */
export class Cluster implements AsyncDisposable {
  readonly controlPlane: ControlPlane;
  /** PEM of the certificate authority. */
  readonly ca: string;
  readonly token: string;
  readonly #ends = new AsyncDisposableStack();
  #files = 0;

  private constructor(controlPlane: ControlPlane, ca: string, token: string) {
    this.controlPlane = controlPlane;
    this.ca = ca;
    this.token = token;
  }

  static async start(options: ControlPlaneOptions = {}): Promise<Cluster> {
    const controlPlane = await startControlPlane(options);
    const { clusters, users } = parse(await readFile(controlPlane.kubeconfig, 'utf8')) as Kubeconfig;
    const ca = Buffer.from(clusters[0].cluster['certificate-authority-data'] ?? '', 'base64').toString('utf8');
    return new Cluster(controlPlane, ca, users[0].user['token'] ?? '');
  }

  async proxy(host?: string): Promise<ChaosProxy> {
    const { server } = this.controlPlane;
    return this.#ends.use(await ChaosProxy.start({ server, ca: this.ca, ...(host === undefined ? {} : { host }) }));
  }

  /** A client of the administrator; through a proxy where one is given. */
  async client(options: {
    readonly logger: Logger;
    readonly server?: string;
    readonly watchSilenceMs?: number;
  }): Promise<KubeClient> {
    const { logger, server, watchSilenceMs } = options;
    const client = await createKubeClient({
      kubeconfig: server === undefined ? this.controlPlane.kubeconfig : await this.kubeconfig({ server }),
      logger,
      userAgent: 'fairlead-test/1',
      ...(watchSilenceMs === undefined ? {} : { watchSilenceMs }),
    });
    return this.#ends.use(client);
  }

  /** Writes a kubeconfig; both parts are merged over what reaches this cluster as administrator. */
  async kubeconfig(
    cluster: Readonly<Record<string, unknown>>,
    user?: Readonly<Record<string, unknown>>,
  ): Promise<string> {
    this.#files += 1;
    const path = join(this.controlPlane.run.directory, `test-${this.#files}.kubeconfig`);
    const trust = Buffer.from(this.ca).toString('base64');
    const content = {
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      clusters: [
        {
          name: 'c',
          cluster: { server: this.controlPlane.server, 'certificate-authority-data': trust, ...cluster },
        },
      ],
      users: [{ name: 'u', user: user ?? { token: this.token } }],
    };
    await writeFile(path, JSON.stringify(content));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
    await this.controlPlane.close();
  }
}
