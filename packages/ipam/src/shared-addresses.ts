import type { Allocation } from './allocation.ts';
import type { Holding } from './holding.ts';
import { PortIndex, PortList } from './port-index.ts';
import type { Place } from './place.ts';

/** Where an address stands that others could join. */
export interface Listing {
  readonly signature: string;
  readonly place: Place;
  readonly index: PortIndex<Holding<Allocation>>;
}

/**
 * Addresses that Services with a sharing key have, found by who could join them: by what they share by, then by family,
 * group and (where the group says so) namespace, then by ports. An address that nobody can join is not here: an orphan,
 * an excluded one, one whose holders clash until that is settled.
 */
export class SharedAddresses {
  readonly #bySignature = new Map<string, Map<string, PortIndex<Holding<Allocation>>>>();

  /** Lists an address, if its holders share it. */
  list(holding: Holding<Allocation>, place: Place | undefined): void {
    const signature = holding.holders.any?.signature;
    if (signature === undefined || place === undefined || holding.isContested) {
      return;
    }
    const index = this.#indexFor(signature, place.key);
    index.add(holding);
    holding.listing = { signature, place, index };
  }

  /** To be called before the address loses its last holder or its place, and before one comes who clashes. */
  unlist(holding: Holding<Allocation>): void {
    const { listing } = holding;
    if (listing === undefined) {
      return;
    }
    const { signature, place, index } = listing;
    holding.listing = undefined;
    index.delete(holding);
    const places = this.#bySignature.get(signature);
    if (index.size === 0 && places !== undefined) {
      places.delete(place.key);
      if (places.size === 0) {
        this.#bySignature.delete(signature);
      }
    }
  }

  /** An address there that the Service could join and does not have; undefined when there is none. */
  joinable(service: Allocation, place: Place): Holding<Allocation> | undefined {
    const { signature, view } = service;
    const index = signature === undefined ? undefined : this.#bySignature.get(signature)?.get(place.key);
    return index?.find(new PortList(view.ports), ({ holders }) => !holders.has(service));
  }

  #indexFor(signature: string, place: string): PortIndex<Holding<Allocation>> {
    let places = this.#bySignature.get(signature);
    if (places === undefined) {
      places = new Map();
      this.#bySignature.set(signature, places);
    }
    let index = places.get(place);
    if (index === undefined) {
      index = new PortIndex();
      places.set(place, index);
    }
    return index;
  }
}
