import { existsSync } from 'node:fs';
import type { IPFamily, Address, NodeRouterStatus, Router, ServiceGroup } from '@fairlead/api';
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
import { RouterSecrets } from './router-secrets.ts';

/** Changes come in groups; the router is told once. */
const GATHER_MS = 20;

/** What the router's configuration is made of. */
export interface RouterFacts {
  readonly router: Router | undefined;
  readonly serviceGroups: readonly ServiceGroup[];
  readonly strays: readonly StrayRoute[];
  readonly addresses: Readonly<Partial<Record<IPFamily, Address>>>;
  /** All that are on interfaces of the node, but for those that Fairlead put there. */
  readonly hostAddresses: readonly Address[];
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
  #secrets: RouterSecrets | undefined;
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
      this.#running = this.#running.then(() => this.#tell());
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
    await this.#secrets?.close();
    await this.#controller?.close();
  }

  async #tell(): Promise<void> {
    const { facts, signal, directory } = this.#options;
    const now = facts();
    if (now === undefined || signal.aborted) {
      return;
    }
    if (this.#controller === undefined && now.router === undefined && !existsSync(directory)) {
      return;
    }
    // A node without a routing daemon never needs it: templates and file watching cost 5 MiB.
    this.#library ??= await import('@fairlead/router');
    const controller = this.#open(this.#library);
    const secrets = this.#readSecrets(this.#library, now.router);
    if (secrets !== undefined && !signal.aborted) {
      controller.update(this.#intent(this.#library, now, secrets));
    }
  }

  /** The controller, made where there is none: from then on the daemon can start. */
  #open({ RouterController: Controller }: typeof RouterLibrary): RouterController {
    if (this.#controller === undefined) {
      const { directory, templateDirectory, logger, observer } = this.#options;
      this.#controller = new Controller({ directory, templateDirectory, logger, observer });
      this.#controller.onChange((status) => this.#statusChanged(status));
    }
    return this.#controller;
  }

  #readSecrets(
    { PASSWORD_KEY, secretNamesOf }: typeof RouterLibrary,
    router: Router | undefined,
  ): ReadonlyMap<string, SecretData> | undefined {
    this.#secrets ??= new RouterSecrets({ ...this.#options, key: PASSWORD_KEY, changed: () => this.changed() });
    return this.#secrets.read(router === undefined ? [] : secretNamesOf(router.spec));
  }

  #intent(
    { buildRouterView, passwordsBySecret }: typeof RouterLibrary,
    { router, serviceGroups, strays, addresses, hostAddresses, dummyInterface, labels }: RouterFacts,
    secrets: ReadonlyMap<string, SecretData>,
  ): RouterIntent {
    const node = { name: this.#options.node, addresses, hostAddresses, dummyInterface, labels };
    const build = (given: ReadonlyMap<string, SecretData>): RouterIntent =>
      buildRouterView({ router, serviceGroups, secrets: given, node, strays, previous: this.#previous });
    if (this.#previous === undefined) {
      // What a past life ran, as far as it hung on passwords: a session is not to end because one cannot be read now.
      const before = build(this.#secrets?.remembered() ?? new Map());
      this.#previous = before.type === 'configure' ? before.view : undefined;
    }
    const intent = build(secrets);
    if (intent.type === 'configure') {
      this.#previous = intent.view;
    }
    if (intent.type !== 'keep') {
      this.#secrets?.remember(intent.type === 'configure' ? passwordsBySecret(intent.view) : new Map());
    }
    return intent;
  }

  #statusChanged(status: RouterStatus): void {
    const metadata = this.#options.facts()?.router?.metadata;
    this.#report.update(status);
    this.#events.update(status, metadata && { name: metadata.name, uid: metadata.uid });
  }
}
