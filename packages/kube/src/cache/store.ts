/** The least that a cache must know of what it keeps. */
export interface Projected {
  /** `namespace/name`, or the name alone for cluster-scoped types (`keyText`). */
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * What happened to a store. `synced` follows each full list: from the first one on, what is not in the store does not
 * exist. A name that was deleted and made anew arrives as `deleted` and `added`, also when nobody saw the moment between.
 */
export type Change<P> =
  | { readonly type: 'added'; readonly object: P }
  | { readonly type: 'updated'; readonly object: P; readonly previous: P }
  | { readonly type: 'deleted'; readonly previous: P }
  | { readonly type: 'synced' };

export type ChangeListener<P> = (change: Change<P>) => void;

/** Which values an object is found under; the index's name is the key it stands at. */
export type Indices<P, I extends string> = Readonly<Record<I, (object: P) => Iterable<string>>>;

/**
 * Objects by key, and by any number of indices. One reflector writes; everybody reads and subscribes. Listeners run
 * synchronously, in the order of subscription, after the store has changed; one that throws is a bug, which surfaces as
 * an uncaught exception after the other listeners have run.
 */
export class Store<P extends Projected, I extends string = never> {
  readonly #objects = new Map<string, P>();
  readonly #indices: ReadonlyMap<I, Index<P>>;
  readonly #listeners = new Set<ChangeListener<P>>();

  constructor(options: { readonly indices?: Indices<P, I> } = {}) {
    const entries = Object.entries(options.indices ?? {}) as [I, (object: P) => Iterable<string>][];
    this.#indices = new Map(entries.map(([name, valuesOf]) => [name, new Index(valuesOf)]));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): P | undefined {
    return this.#objects.get(key);
  }

  /** All objects, in no particular order; stop before changing the store. */
  list(): Iterable<P> {
    return this.#objects.values();
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  /** The objects that an index finds under a value, in no particular order. */
  by(index: I, value: string): readonly P[] {
    const keys = this.#indices.get(index)?.keys(value) ?? [];
    return [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Calls the listener for each change from now on, until the returned function is called. */
  subscribe(listener: ChangeListener<P>): () => void {
    const own: ChangeListener<P> = (change) => listener(change); // so that one function can subscribe twice
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** For the reflector: an object as it is now. The same version again is no change. */
  set(object: P): void {
    const previous = this.#objects.get(object.key);
    if (previous === undefined) {
      this.#put(object);
      this.#tell({ type: 'added', object });
    } else if (previous.uid !== object.uid) {
      this.#remove(previous);
      this.#tell({ type: 'deleted', previous });
      this.#put(object);
      this.#tell({ type: 'added', object });
    } else if (previous.resourceVersion !== object.resourceVersion) {
      this.#put(object, previous);
      this.#tell({ type: 'updated', object, previous });
    }
  }

  /** For the reflector: nothing has this key any more. */
  delete(key: string): void {
    const previous = this.#objects.get(key);
    if (previous !== undefined) {
      this.#remove(previous);
      this.#tell({ type: 'deleted', previous });
    }
  }

  /** For the reflector: these objects and no others exist. What did not change stays the same object. */
  replace(objects: ReadonlyMap<string, P>): void {
    const gone = [...this.#objects.keys()].filter((key) => !objects.has(key));
    for (const key of gone) {
      this.delete(key);
    }
    for (const object of objects.values()) {
      this.set(object);
    }
    this.#tell({ type: 'synced' });
  }

  #put(object: P, previous?: P): void {
    this.#objects.set(object.key, object);
    for (const index of this.#indices.values()) {
      index.change(object.key, previous, object);
    }
  }

  #remove(previous: P): void {
    this.#objects.delete(previous.key);
    for (const index of this.#indices.values()) {
      index.change(previous.key, previous, undefined);
    }
  }

  #tell(change: Change<P>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** Keys by value. Most values belong to one object alone, and a Set for each would cost more than all the rest. */
class Index<P> {
  readonly #valuesOf: (object: P) => Iterable<string>;
  readonly #keys = new Map<string, string | Set<string>>();

  constructor(valuesOf: (object: P) => Iterable<string>) {
    this.#valuesOf = valuesOf;
  }

  keys(value: string): Iterable<string> {
    const keys = this.#keys.get(value) ?? [];
    return typeof keys === 'string' ? [keys] : keys;
  }

  change(key: string, previous: P | undefined, next: P | undefined): void {
    for (const value of previous === undefined ? [] : this.#valuesOf(previous)) {
      this.#remove(value, key);
    }
    for (const value of next === undefined ? [] : this.#valuesOf(next)) {
      this.#add(value, key);
    }
  }

  #add(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys === undefined) {
      this.#keys.set(value, key);
    } else if (typeof keys !== 'string') {
      keys.add(key);
    } else if (keys !== key) {
      this.#keys.set(value, new Set([keys, key]));
    }
  }

  #remove(value: string, key: string): void {
    const keys = this.#keys.get(value);
    if (keys === key) {
      this.#keys.delete(value);
    } else if (typeof keys === 'object' && keys.delete(key) && keys.size === 0) {
      this.#keys.delete(value);
    }
  }
}
