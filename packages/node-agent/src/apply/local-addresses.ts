import { setImmediate as nextTurn } from 'node:timers/promises';
import { addressBits, formatAddress } from '@fairlead/api';
import { addAddress, deleteAddress } from '@fairlead/netlink';
import type { InterfaceAddress, Netlink, NetlinkError } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { LocalAddress } from '../election/types.ts';
import { interfaceAddressKey } from '../facts/kernel-state.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import type { AddressMark } from '../facts/ownership.ts';
import { IPv6Arrival } from './ipv6-arrival.ts';
import { isDone, ourAddress } from './kernel-objects.ts';

export interface LocalAddressesOptions {
  readonly netlink: Pick<Netlink, 'execute' | 'addresses' | 'drained' | 'subscribe'>;
  readonly state: KernelState;
  readonly logger: Logger;
  /** The lifetime that addresses get, ms; read at each use, because it can change. */
  readonly lifetimeMs: () => number;
  /** How addresses are marked as ours. */
  readonly mark: AddressMark;
  readonly executed: (kind: 'add' | 'delete', count: number, failed: number) => void;
  readonly problem: (error: NetlinkError) => void;
}

/**
 * The local addresses on this node's interfaces, as the holder wants them: host addresses with our mark, no route of
 * their own, a finite lifetime, and for IPv6 without duplicate address detection (ours has just been done) and with
 * preferred lifetime 0, so that the node never picks one as its source (RFC 6724 5, rule 3).
 */
export class LocalAddresses {
  readonly #options: LocalAddressesOptions;
  readonly #removing = new Set<string>();

  constructor(options: LocalAddressesOptions) {
    this.#options = options;
  }

  /** Puts addresses on, and waits until the kernel answers for them. @returns for each whether it is there with our mark */
  async add(addresses: readonly LocalAddress[]): Promise<readonly boolean[]> {
    const { netlink, state, executed, problem, logger } = this.#options;
    const wanted = this.#asKernelHasThem(addresses);
    const arrival = new IPv6Arrival(netlink, wanted);
    const results = await netlink.execute(wanted.map((address) => addAddress(requestOf(address))));
    const known = results.some((result) => !result.ok && result.error.code === 'EEXIST')
      ? await this.#listed(wanted)
      : undefined;
    const there = wanted.map((address, position) => {
      const result = results[position];
      if (result?.ok === true) {
        state.putAddress(address);
        return true;
      }
      arrival.skip(address);
      if (result?.error.code === 'EEXIST') {
        const found = known?.get(interfaceAddressKey(address));
        return found !== undefined && state.putAddress(found) === 'ours';
      }
      if (result !== undefined) {
        problem(result.error);
        logger.error('A local address cannot be added', {
          address: formatAddress(address.address),
          error: result.error,
        });
      }
      return false;
    });
    executed('add', addresses.length, there.filter((done) => !done).length);
    await arrival.wait();
    return there;
  }

  /**
   * Takes addresses off. What stands there under the same name without our mark is somebody else's and is left alone.
   * @returns for each whether ours is gone
   */
  async remove(addresses: readonly LocalAddress[]): Promise<readonly boolean[]> {
    const { netlink, state, executed, problem } = this.#options;
    const named = this.#asKernelHasThem(addresses);
    const doomed = named.filter((address) => state.foreignAddress(interfaceAddressKey(address)) === undefined);
    for (const address of doomed) {
      this.#removing.add(interfaceAddressKey(address));
    }
    const results = await netlink.execute(
      doomed.map(({ index, address, length }) => deleteAddress({ index, address, length })),
    );
    const failed = new Set<InterfaceAddress>();
    for (const [position, address] of doomed.entries()) {
      const result = results[position];
      this.#removing.delete(interfaceAddressKey(address));
      if (result?.ok === true || (result?.ok === false && isDone('delete', result.error))) {
        state.dropAddress(address);
      } else {
        failed.add(address);
        if (result?.ok === false) {
          problem(result.error);
        }
      }
    }
    executed('delete', doomed.length, failed.size);
    return named.map((address) => !failed.has(address));
  }

  /** Whether we are taking it off right now: its event is no work of others. */
  isRemoving(address: Pick<InterfaceAddress, 'index' | 'address' | 'length'>): boolean {
    return this.#removing.has(interfaceAddressKey(address));
  }

  /**
   * Sets the lifetimes of addresses that are known to be there anew. The kernel would make those that are not.
   * @returns how many failed
   */
  async renew(addresses: readonly LocalAddress[]): Promise<number> {
    const wanted = this.#asKernelHasThem(addresses);
    const results = await this.#options.netlink.execute(
      wanted.map((address) => addAddress({ ...requestOf(address), replace: true })),
    );
    let failed = 0;
    for (const [position, result] of results.entries()) {
      const address = wanted[position];
      if (result.ok && address !== undefined) {
        this.#options.state.putAddress(address);
      } else if (!result.ok) {
        failed += 1;
        this.#options.problem(result.error);
      }
    }
    return failed;
  }

  /**
   * Puts our IPv4 addresses behind the node's own where one of its own came back behind them: the kernel takes the first
   * as source where no prefix decides. Each is removed and added in one batch, so it is away for microseconds.
   * @returns those that the kernel did not take back
   */
  async putBehindOwn(index: number): Promise<readonly LocalAddress[]> {
    const { netlink, state, logger, problem } = this.#options;
    const listed = await netlink.addresses({ index, family: 'IPv4' });
    const ours = new Set(listed.filter((address) => state.ourAddress(interfaceAddressKey(address)) !== undefined));
    const lastOwn = listed.findLastIndex((address) => !ours.has(address));
    const misplaced = listed.slice(0, Math.max(0, lastOwn)).filter((address) => ours.has(address));
    if (misplaced.length === 0) {
      return [];
    }
    const moved = this.#asKernelHasThem(misplaced.map(({ address }) => ({ address, interfaceIndex: index })));
    for (const address of moved) {
      this.#removing.add(interfaceAddressKey(address));
    }
    const results = await netlink.execute(moved.flatMap((each) => [deleteAddress(each), addAddress(requestOf(each))]));
    await this.#heardOf(moved);
    const lost: LocalAddress[] = [];
    for (const [position, address] of moved.entries()) {
      const added = results[position * 2 + 1];
      if (added?.ok === true) {
        state.putAddress(address);
      } else {
        state.dropAddress(address);
        lost.push({ address: address.address, interfaceIndex: index });
        if (added !== undefined) {
          problem(added.error);
        }
      }
    }
    logger.info("Put local addresses behind the node's own, which came back", {
      interface: index,
      count: moved.length - lost.length,
    });
    return lost;
  }

  /** Waits until the events of our own removals are delivered: later they would look like the work of others. */
  async #heardOf(removed: readonly InterfaceAddress[]): Promise<void> {
    while (!this.#options.netlink.drained()) {
      await nextTurn();
    }
    for (const address of removed) {
      this.#removing.delete(interfaceAddressKey(address));
    }
  }

  /** What the kernel has on the interfaces of these addresses, by its keys. */
  async #listed(wanted: readonly InterfaceAddress[]): Promise<ReadonlyMap<string, InterfaceAddress>> {
    const indexes = new Set(wanted.map(({ index }) => index));
    const listed = await this.#options.netlink.addresses();
    return new Map(
      listed.filter(({ index }) => indexes.has(index)).map((address) => [interfaceAddressKey(address), address]),
    );
  }

  #asKernelHasThem(addresses: readonly LocalAddress[]): InterfaceAddress[] {
    const { mark, lifetimeMs } = this.#options;
    const valid = lifetimeMs() / 1000;
    return addresses.map(({ address, interfaceIndex }) =>
      ourAddress({
        index: interfaceIndex,
        address,
        mark,
        lifetimes: { valid, preferred: address.family === 'IPv6' ? 0 : valid },
      }),
    );
  }
}

function requestOf({
  index,
  address,
  protocol,
  metric,
  validLifetime,
  preferredLifetime,
}: InterfaceAddress): Parameters<typeof addAddress>[0] {
  return {
    index,
    address,
    length: addressBits(address.family),
    protocol,
    metric,
    flags: { noprefixroute: true, nodad: address.family === 'IPv6' },
    validLifetime,
    preferredLifetime,
  };
}
