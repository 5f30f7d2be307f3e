import type { ServiceView } from '@fairlead/ipam';
import { isNotFound, metadataOnly, NAMESPACES, Reflector, SERVICE_GROUPS, SERVICES, Store } from '@fairlead/kube';
import type { KubeClient, Service } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { GroupFacts } from './objects/group.ts';
import { projectGroup } from './objects/group.ts';
import type { NamespaceFacts } from './objects/namespace.ts';
import { projectNamespace } from './objects/namespace.ts';
import type { Ownership } from './objects/service.ts';
import { projectService } from './objects/service.ts';
import { SharedValues } from './objects/shared-values.ts';

/** What the allocator knows of the cluster; the same on the leader and on a standby. */
export class Caches {
  readonly services = new Store<ServiceView, 'address'>({
    indices: { address: ({ observed }) => observed.addresses },
  });
  readonly groups = new Store<GroupFacts>();
  readonly namespaces = new Store<NamespaceFacts>();
  /** What is kept of a Service; the same for one that was read in another way. */
  readonly projectService: (service: Service) => ServiceView | undefined;
  readonly #reflectors: readonly {
    readonly what: string;
    readonly reflector: Pick<Reflector<never, never>, 'run' | 'synced' | 'hasSynced' | 'failure' | 'refresh'>;
  }[];

  constructor({ client, logger, ownership }: { client: KubeClient; logger: Logger; ownership: Ownership }) {
    const shared = new SharedValues();
    this.projectService = (service) => projectService(service, ownership, shared);
    this.#reflectors = [
      {
        what: 'Services',
        // All of them: one that stopped being a LoadBalancer while nobody looked may still carry our condition.
        reflector: new Reflector({
          client,
          type: SERVICES,
          store: this.services,
          logger,
          project: this.projectService,
        }),
      },
      {
        what: 'ServiceGroups',
        reflector: new Reflector({ client, type: SERVICE_GROUPS, store: this.groups, logger, project: projectGroup }),
      },
      {
        what: 'Namespaces',
        reflector: new Reflector({
          client,
          type: metadataOnly(NAMESPACES), // labels for selectors; nobody looks at anything else
          store: this.namespaces,
          logger,
          project: projectNamespace,
        }),
      },
    ];
  }

  /** Follows the cluster until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map(({ reflector }) => reflector.run(signal)));
  }

  /** Resolves when everything has been read once. */
  async synced(): Promise<void> {
    await Promise.all(this.#reflectors.map(({ reflector }) => reflector.synced));
  }

  /**
   * Reads everything anew and consistently: when this resolves, the caches are newer than anything that was written before
   * the call, and follow over connections that work. A standby's may have fallen behind on dead ones without notice.
   * @returns false when the signal aborted before that
   */
  async refresh(signal: AbortSignal): Promise<boolean> {
    const fresh = Promise.all(this.#reflectors.map(({ reflector }) => reflector.refresh())).then(() => true);
    return await untilAborted(fresh, signal);
  }

  /** What has not been read yet, and why, in a sentence; undefined when everything has been. */
  waitsFor(): string | undefined {
    const missing = this.#reflectors.filter(({ reflector }) => !reflector.hasSynced);
    if (missing.length === 0) {
      return undefined;
    }
    const names = missing.map(({ what }) => what).join(', ');
    const failure = missing.map(({ reflector }) => reflector.failure).find((error) => error !== undefined);
    return `waiting for the API server: ${names} not read yet${failure === undefined ? '' : `; ${sentenceOf(failure)}`}`;
  }
}

function sentenceOf(failure: unknown): string {
  const message = failure instanceof Error ? failure.message : String(failure);
  // Where Kubernetes itself answers, a list that is not found is one of a kind that it does not know.
  return isNotFound(failure) ? `${message}: are the CustomResourceDefinitions of deploy/crds applied?` : message;
}

/** What the promise resolves with; false when the signal aborts first. */
async function untilAborted(promise: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const { promise: aborted, resolve } = Promise.withResolvers<false>();
  const onAbort = (): void => resolve(false);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) {
    onAbort();
  }
  const first = await Promise.race([aborted, promise]);
  signal.removeEventListener('abort', onAbort);
  return first;
}
