import { existsSync } from 'node:fs';
import type { IPFamily, Address, NodeRouterStatus, Router, ServiceGroup } from '@fairlead/api';
import { isNotFound, SECRETS } from '@fairlead/kube';
import type { EventRecorder, KubeClient } from '@fairlead/kube';
import type * as RouterLibrary from '@fairlead/router';
import type {
  RouterController,
  RouterIntent,
  RouterObserver,
  RouterStatus,
  RouterVerdict,
  RouterView,
  SecretData,
} from '@fairlead/router';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import type { StrayRoute } from '../plan/types.ts';
import { RouterEvents } from '../status/router-events.ts';
import { RouterReport } from '../status/router-report.ts';

/** Changes come in groups; the router is told once. */
const GATHER_MS = 20;
/** Secrets are not watched (agents may read only those that are named to them); this is how soon a new one counts. */
const SECRETS_MS = 60_000;

/** What the router's configuration is made of. */
export interface RouterFacts {
  readonly router: Router | undefined;
  readonly serviceGroups: readonly ServiceGroup[];
  readonly strays: readonly StrayRoute[];
  readonly addresses: Readonly<Partial<Record<IPFamily, Address>>>;
  readonly dummyInterface: string;
  /** Of the Node; one of them may hold its AS number. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface RouterSideOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly namespace: string;
  readonly node: string;
  readonly directory: string;
  readonly templateDirectory: string;
  readonly recorder: Pick<EventRecorder, 'record'>;
  /** Counts what happens to the routing daemon. */
  readonly observer: RouterObserver;
  /** Everything as it is now; undefined while it has not been read. */
  readonly facts: () => RouterFacts | undefined;
  /** What is told of the router changed. Must not throw. */
  readonly changed: () => void;
}

/**
 * Hands the Router that selects this node to the routing daemon. Where the daemon's folder exists it is told also that
 * there is none: it can then start, and ends the sessions of a Router that was deleted while no agent ran.
 */
export class RouterSide {
  readonly #options: RouterSideOptions;
  #library: typeof RouterLibrary | undefined;
  #controller: RouterController | undefined;
  #previous: RouterView | undefined;
  #cancel: (() => void) | undefined;
  #secrets: ReadonlyMap<string, SecretData> = new Map();
  #secretNames = '';
  #running: Promise<void> = Promise.resolve();
  readonly #report: RouterReport;
  readonly #events: RouterEvents;

  constructor(options: RouterSideOptions) {
    this.#options = options;
    const { timers, changed, recorder, node } = options;
    this.#report = new RouterReport({ timers, changed });
    this.#events = new RouterEvents({ recorder, node });
  }

  /** Something that the router's configuration is made of may have changed. */
  changed(): void {
    this.#cancel ??= this.#options.timers.after(GATHER_MS, () => {
      this.#cancel = undefined;
      this.#running = this.#running.then(() => this.#tell({ readSecrets: false }));
    });
  }

  /** How the daemon does, as a condition says it; undefined while no Router has selected this node. */
  verdict(): RouterVerdict | undefined {
    const { told } = this.#report;
    return told && this.#library?.routerVerdict(told);
  }

  /** The same as LBNodeStatus has it. */
  nodeStatus(): NodeRouterStatus | undefined {
    const { told } = this.#report;
    return told && this.#library?.nodeRouterStatus(told);
  }

  /** What the daemon does at this moment; undefined while none has been asked to do anything. */
  status(): RouterStatus | undefined {
    return this.#controller?.status();
  }

  /** Ends; the daemon keeps what it has. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#report.close();
    await this.#controller?.close();
  }

  async #tell({ readSecrets }: { readonly readSecrets: boolean }): Promise<void> {
    const { facts, node, signal, logger, directory, templateDirectory, observer } = this.#options;
    const now = facts();
    if (now === undefined || signal.aborted) {
      return;
    }
    if (this.#controller === undefined && now.router === undefined && !existsSync(directory)) {
      return;
    }
    // A node without a routing daemon never needs it: templates and file watching cost 5 MiB.
    this.#library ??= await import('@fairlead/router');
    const { buildRouterView, secretNamesOf, RouterController: Controller } = this.#library;
    await this.#readSecrets(now.router === undefined ? [] : secretNamesOf(now.router.spec), readSecrets);
    const intent: RouterIntent = buildRouterView({
      router: now.router,
      serviceGroups: now.serviceGroups,
      secrets: this.#secrets,
      node: { name: node, addresses: now.addresses, dummyInterface: now.dummyInterface, labels: now.labels },
      strays: now.strays,
      previous: this.#previous,
    });
    if (intent.type === 'configure') {
      this.#previous = intent.view;
    }
    if (this.#controller === undefined && !signal.aborted) {
      this.#controller = new Controller({ directory, templateDirectory, logger, observer });
      this.#controller.onChange((status) => this.#statusChanged(status));
    }
    this.#controller?.update(intent);
  }

  #statusChanged(status: RouterStatus): void {
    const metadata = this.#options.facts()?.router?.metadata;
    this.#report.update(status);
    this.#events.update(status, metadata && { name: metadata.name, uid: metadata.uid });
  }

  async #readSecrets(names: readonly string[], again: boolean): Promise<void> {
    if (!again && names.join() === this.#secretNames) {
      return;
    }
    const { client, namespace, signal, logger, timers } = this.#options;
    const secrets = new Map<string, SecretData>();
    for (const name of names) {
      try {
        const { data } = await client.get(SECRETS, { namespace, name }, { signal });
        secrets.set(name, { ...data });
      } catch (error) {
        if (!isNotFound(error) && !signal.aborted) {
          logger.warn('A Secret of the Router cannot be read', { secret: name, error });
        }
      }
    }
    this.#secrets = secrets;
    this.#secretNames = names.join();
    if (names.length > 0) {
      timers.after(SECRETS_MS, () => {
        this.#running = this.#running.then(() => this.#tell({ readSecrets: true }));
      });
    }
  }
}
