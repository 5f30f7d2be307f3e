import type { IPFamily } from '@fairlead/api';
import type { Allocation } from './allocation.ts';
import { Holding, sharingSignature } from './holding.ts';
import type { Pool } from './pool.ts';
import { addTo, removeFrom } from './sets.ts';

/** Every address in use, found by its number and by who could share it. */
export class Holdings {
  readonly #byValue: Readonly<Record<IPFamily, Map<bigint, Holding<Allocation>>>> = {
    IPv4: new Map(),
    IPv6: new Map(),
  };
  readonly #bySignature = new Map<string, Set<Holding<Allocation>>>();

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

  /** Addresses whose holders have this sharing signature. */
  sharedBy(signature: string): Iterable<Holding<Allocation>> {
    return this.#bySignature.get(signature) ?? [];
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
    holding.add(service);
    service.holds.set(family, holding);
    this.#index(holding);
    return { holding, created: known === undefined };
  }

  /**
   * Takes an address from a Service.
   * @returns whether nobody has it now
   */
  remove(service: Allocation, holding: Holding<Allocation>): boolean {
    holding.remove(service);
    service.holds.delete(holding.family);
    this.#index(holding);
    if (holding.holders.size > 0) {
      return false;
    }
    this.#byValue[holding.family].delete(holding.value);
    return true;
  }

  /** To be called when a holder's ports, key, policy or selector have changed, and when clashes have been settled. */
  refresh(holding: Holding<Allocation>): void {
    holding.forgetPorts();
    this.#index(holding);
  }

  #index(holding: Holding<Allocation>): void {
    const holder = holding.holders.first;
    const signature = holder === undefined ? undefined : sharingSignature(holder.view);
    if (signature === holding.signature) {
      return;
    }
    if (holding.signature !== undefined) {
      removeFrom(this.#bySignature, holding.signature, holding);
    }
    if (signature !== undefined) {
      addTo(this.#bySignature, signature, holding);
    }
    holding.signature = signature;
  }
}
