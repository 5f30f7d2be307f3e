import { addressBits, prefixesOverlap } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import { addressKey, prefixKey } from './keys.ts';
import type { AddressKey, PrefixKey } from './keys.ts';
import type { ProtectedPrefix } from './types.ts';

/**
 * What our routes must leave alone, with answers remembered: ten thousand addresses ask about the same few aggregates.
 */
export class Surroundings {
  readonly #prefixes: readonly ProtectedPrefix[];
  readonly #hosts = new Set<AddressKey>();
  readonly #answers = new Map<PrefixKey, ProtectedPrefix | undefined>();

  constructor(prefixes: readonly ProtectedPrefix[]) {
    this.#prefixes = prefixes;
    for (const { prefix } of prefixes) {
      if (prefix.length === addressBits(prefix.address.family)) {
        this.#hosts.add(addressKey(prefix.address));
      }
    }
  }

  /** Whether the address is that of a node, gateway, neighbor or API server: to announce it would cut that one off. */
  has(address: Address): boolean {
    return this.#hosts.has(addressKey(address));
  }

  /** The first protected prefix that shares an address with this one. */
  overlap(prefix: Prefix): ProtectedPrefix | undefined {
    const key = prefixKey(prefix);
    if (!this.#answers.has(key)) {
      this.#answers.set(
        key,
        this.#prefixes.find((other) => prefixesOverlap(other.prefix, prefix)),
      );
    }
    return this.#answers.get(key);
  }
}
