import type { IPFamily } from '@fairlead/api';
import type { Allocation } from './allocation.ts';
import { Holding } from './holding.ts';
import type { Place } from './place.ts';
import type { Pool } from './pool.ts';
import { SharedAddresses } from './shared-addresses.ts';

/** Every address in use, found by its number and by who could share it. */
export class Holdings {
  readonly #byValue: Readonly<Record<IPFamily, Map<bigint, Holding<Allocation>>>> = {
    IPv4: new Map(),
    IPv6: new Map(),
  };
  readonly #shared = new SharedAddresses();
  readonly #placeOf: (holding: Holding<Allocation>) => Place | undefined;

  /** @param placeOf where others could join the address; undefined where nobody can */
  constructor(placeOf: (holding: Holding<Allocation>) => Place | undefined) {
    this.#placeOf = placeOf;
  }

  get size(): number {
    return this.#byValue.IPv4.size + this.#byValue.IPv6.size;
  }

  get(family: IPFamily, value: bigint): Holding<Allocation> | undefined {
    return this.#byValue[family].get(value);
  }

  has(family: IPFamily, value: bigint): boolean {
    return this.#byValue[family].has(value);
  }

  *all(): Iterable<Holding<Allocation>> {
    yield* this.#byValue.IPv4.values();
    yield* this.#byValue.IPv6.values();
  }

  /** An address there that the Service could join and does not have; undefined when there is none. */
  joinable(service: Allocation, place: Place): Holding<Allocation> | undefined {
    return this.#shared.joinable(service, place);
  }

  /**
   * Gives an address to a Service, beside those that have it already.
   * @returns the holding, and whether nobody had the address before
   */
  add(
    service: Allocation,
    family: IPFamily,
    value: bigint,
    pool: Pool | undefined,
  ): { readonly holding: Holding<Allocation>; readonly created: boolean } {
    const known = this.get(family, value);
    const holding = known ?? new Holding<Allocation>(family, value, pool);
    if (known === undefined) {
      this.#byValue[family].set(value, holding);
    }
    service.holds.set(family, holding);
    this.attach(service, holding);
    return { holding, created: known === undefined };
  }

  /**
   * Takes an address from a Service.
   * @returns whether nobody has it now
   */
  remove(service: Allocation, holding: Holding<Allocation>): boolean {
    this.detach(service, holding);
    service.holds.delete(holding.family);
    if (holding.holders.size > 0) {
      return false;
    }
    this.#byValue[holding.family].delete(holding.value);
    return true;
  }

  /** Makes the Service one of the holders, as it is now. */
  attach(service: Allocation, holding: Holding<Allocation>): void {
    const { view } = service;
    const { namespace } = holding.listing?.place ?? {};
    if (!holding.accepts(view, { namespaceOnly: namespace !== undefined })) {
      this.#shared.unlist(holding);
    }
    holding.add(service);
    if (holding.listing === undefined) {
      this.relist(holding);
    } else {
      holding.listing.index.gain(holding, view.ports);
    }
  }

  /** Takes the Service from the holders; to be called while it is as it was when it became one. */
  detach(service: Allocation, holding: Holding<Allocation>): void {
    if (holding.holders.size <= 1) {
      this.#shared.unlist(holding);
    }
    const wasListed = holding.listing !== undefined;
    holding.remove(service);
    if (wasListed) {
      holding.listing?.index.lose(holding, service.view.ports);
    } else if (holding.holders.size > 0) {
      this.relist(holding);
    }
  }

  /** To be called when clashes have been settled, and when the pool of the address, or its group, is another one. */
  relist(holding: Holding<Allocation>): void {
    this.#shared.unlist(holding);
    if (holding.holders.any?.signature !== undefined) {
      this.#shared.list(holding, this.#placeOf(holding));
    }
  }
}
