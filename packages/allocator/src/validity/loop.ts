import { validateLBNodeAgent, validateRouter } from '@fairlead/api';
import { isConflict, isNotFound, LB_NODE_AGENTS, Reflector, ROUTERS, Store, WorkQueue } from '@fairlead/kube';
import type { KubeClient, KubeObject, ResourceType } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import { FailingWrites } from '../failing-writes.ts';
import type { ValidityFacts } from './ready.ts';
import { judgeValidity, planReady } from './ready.ts';

export interface ValidityLoopOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Monotonic milliseconds until which we may write. */
  readonly deadline: () => number;
  readonly now: () => number;
  readonly wallClock: () => number;
}

/** One kind of resource that is judged. */
interface Kind {
  readonly name: string;
  readonly store: Store<ValidityFacts>;
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly write: (name: string, patch: unknown, call: { timeoutMs: number; signal: AbortSignal }) => Promise<unknown>;
}

/** One object is written at most so often, whoever rewrites its condition. */
const DEBOUNCE_MS = 250;
const AFTER_CONFLICT_MS = 500;
const SHORTEST_REQUEST_MS = 50;

/**
 * Says on Routers and LBNodeAgents whether they can be used as written. The leader does it for all: agents have no right to
 * write on what every node reads.
 */
export class ValidityLoop {
  readonly #options: ValidityLoopOptions;
  readonly #kinds: readonly Kind[];
  readonly #queue = new WorkQueue<string>({ baseDelayMs: 100, maxDelayMs: 5_000 });

  constructor(options: ValidityLoopOptions) {
    this.#options = options;
    this.#kinds = [
      this.#kind(ROUTERS, (router) => judgeValidity(router, validateRouter)),
      this.#kind(LB_NODE_AGENTS, (agent) => judgeValidity(agent, validateLBNodeAgent)),
    ];
  }

  /** Works until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger, now } = this.#options;
    const failing = new FailingWrites({ what: 'Routers and LBNodeAgents', logger, now });
    const unsubscribe = this.#kinds.map(({ name, store }) =>
      store.subscribe((change) => {
        if (change.type === 'added' || change.type === 'updated') {
          this.#queue.addAfter(`${name}/${change.object.key}`, DEBOUNCE_MS);
        }
      }),
    );
    const writing = this.#queue.run((key) => failing.attempt(key, () => this.#write(key, signal)), {
      signal,
      onError: (key, error) => failing.failed(key, error),
    });
    await Promise.all([writing, ...this.#kinds.map((kind) => kind.run(signal))]);
    for (const end of unsubscribe) {
      end();
    }
  }

  #kind<T extends KubeObject>(type: ResourceType<T>, project: (object: T) => ValidityFacts): Kind {
    const { client, logger } = this.#options;
    const store = new Store<ValidityFacts>();
    const reflector = new Reflector({ client, type, project, store, logger });
    return {
      name: type.kind,
      store,
      run: (signal) => reflector.run(signal),
      write: (name, patch, call) =>
        client.patch(type, { name }, patch, { type: 'merge', subresource: 'status', ...call }),
    };
  }

  async #write(key: string, signal: AbortSignal): Promise<void | { readonly againInMs: number }> {
    const { deadline, now, wallClock } = this.#options;
    const slash = key.indexOf('/');
    const [kindName, name] = [key.slice(0, slash), key.slice(slash + 1)];
    const kind = this.#kinds.find((one) => one.name === kindName);
    const facts = kind?.store.get(name);
    const conditions = facts && planReady(facts, new Date(wallClock()).toISOString().replace(/\.\d+Z$/, 'Z'));
    if (kind === undefined || facts === undefined || conditions === undefined) {
      return;
    }
    const timeoutMs = Math.min(10_000, deadline() - now());
    if (timeoutMs < SHORTEST_REQUEST_MS) {
      return { againInMs: AFTER_CONFLICT_MS };
    }
    const { uid, resourceVersion } = facts;
    try {
      await kind.write(name, { metadata: { uid, resourceVersion }, status: { conditions } }, { timeoutMs, signal });
    } catch (error) {
      if (isConflict(error)) {
        return { againInMs: AFTER_CONFLICT_MS }; // the watch brings the newer version
      }
      if (!isNotFound(error)) {
        throw error;
      }
    }
  }
}
