import { Reflector, Store } from '@fairlead/kube';
import type { Change, KubeClient, KubeObject, Projected, ReflectorOptions, ResourceType } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';

export interface WatchOptions<T extends KubeObject, P extends Projected> {
  readonly client: KubeClient;
  readonly type: ResourceType<T>;
  readonly project: (object: T) => P | undefined;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Default: all of them, or none where the type has none. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Called with each failure to list or to watch. */
  readonly onFailure?: (error: unknown) => void;
}

/** How far a watch is. */
export interface Progress {
  /** Resolves when the store is complete for the first time. */
  readonly synced: Promise<void>;
  readonly hasSynced: () => boolean;
  /** When the API server was last heard on it; steady ms. */
  readonly lastContact: () => number | undefined;
}

/** One kind of object as it is now, from the moment of `synced` on completely. */
export interface Watch<P extends Projected> extends Progress {
  readonly store: Store<P>;
}

/** Starts watching one kind of object, in a store of its own, until the signal aborts. */
export function watch<T extends KubeObject, P extends Projected>(options: WatchOptions<T, P>): Watch<P> {
  const store = new Store<P>();
  return { store, ...watchInto(store, options) };
}

/** The same into a store that outlives the watch. */
export function watchInto<T extends KubeObject, P extends Projected>(
  store: ReflectorOptions<T, P>['store'],
  { signal, ...options }: WatchOptions<T, P>,
): Progress {
  const reflector = new Reflector<T, P>({ ...options, store });
  void reflector.run(signal);
  return {
    synced: reflector.synced,
    hasSynced: () => reflector.hasSynced,
    lastContact: () => reflector.lastContact,
  };
}

/** The object that a change is about; undefined for `synced`. */
export function objectOf<P>(change: Change<P>): P | undefined {
  switch (change.type) {
    case 'added':
    case 'updated':
      return change.object;
    case 'deleted':
      return change.previous;
    case 'synced':
      return undefined;
    default:
      return change satisfies never;
  }
}
