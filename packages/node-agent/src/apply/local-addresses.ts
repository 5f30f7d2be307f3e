import { addressBits, formatAddress } from '@fairlead/api';
import { addAddress, deleteAddress } from '@fairlead/netlink';
import type { InterfaceAddress, Netlink, NetlinkError } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { LocalAddress } from '../election/types.ts';
import { interfaceAddressKey } from '../facts/kernel-state.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import { isDone, ourAddress } from './kernel-objects.ts';

export interface LocalAddressesOptions {
  readonly netlink: Pick<Netlink, 'execute' | 'addresses'>;
  readonly state: KernelState;
  readonly logger: Logger;
  /** `LBNodeAgent.spec.addressLifetime`, ms; read at each use, because it can change. */
  readonly lifetimeMs: () => number;
  /**
   * Called before addresses are added, so that they are known as ours even when the process dies in the next moment;
   * what it returns is waited for. Kernels with IFA_PROTO do not need it.
   */
  readonly record: (addresses: readonly LocalAddress[]) => Promise<void>;
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

  /** Puts addresses on. @returns for each whether it is there with our mark */
  async add(addresses: readonly LocalAddress[]): Promise<readonly boolean[]> {
    const { netlink, state, record, executed, problem, logger } = this.#options;
    await record(addresses);
    const wanted = addresses.map((address) => this.#asKernelHasIt(address));
    const results = await netlink.execute(wanted.map((address) => addAddress(requestOf(address))));
    const there = await Promise.all(
      wanted.map(async (address, position) => {
        const result = results[position];
        if (result?.ok === true) {
          state.putAddress(address);
          return true;
        }
        if (result?.error.code === 'EEXIST') {
          return await this.#isOurs(address);
        }
        if (result !== undefined) {
          problem(result.error);
          logger.error('A local address cannot be added', {
            address: formatAddress(address.address),
            error: result.error,
          });
        }
        return false;
      }),
    );
    executed('add', addresses.length, there.filter((done) => !done).length);
    return there;
  }

  /** Takes addresses off. @returns for each whether it is gone */
  async remove(addresses: readonly LocalAddress[]): Promise<readonly boolean[]> {
    const { netlink, state, executed, problem } = this.#options;
    const doomed = addresses.map((address) => this.#asKernelHasIt(address));
    for (const address of doomed) {
      this.#removing.add(interfaceAddressKey(address));
    }
    const results = await netlink.execute(
      doomed.map(({ index, address, length }) => deleteAddress({ index, address, length })),
    );
    const gone = doomed.map((address, position) => {
      const result = results[position];
      this.#removing.delete(interfaceAddressKey(address));
      if (result?.ok === true || (result?.ok === false && isDone('delete', result.error))) {
        state.dropAddress(address);
        return true;
      }
      if (result?.ok === false) {
        problem(result.error);
      }
      return false;
    });
    executed('delete', addresses.length, gone.filter((done) => !done).length);
    return gone;
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
    const wanted = addresses.map((address) => this.#asKernelHasIt(address));
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
   */
  async putBehindOwn(index: number): Promise<void> {
    const { netlink, state } = this.#options;
    const listed = await netlink.addresses({ index, family: 'IPv4' });
    const ours = listed.filter((address) => state.ourAddress(interfaceAddressKey(address)) !== undefined);
    const lastOwn = listed.findLastIndex((address) => !ours.includes(address));
    const misplaced = ours.filter((address) => listed.indexOf(address) < lastOwn);
    if (misplaced.length === 0) {
      return;
    }
    for (const address of misplaced) {
      this.#removing.add(interfaceAddressKey(address));
    }
    await netlink.execute(
      misplaced.flatMap((address) => {
        const fresh = this.#asKernelHasIt({ address: address.address, interfaceIndex: index });
        return [
          deleteAddress({ index, address: address.address, length: address.length }),
          addAddress(requestOf(fresh)),
        ];
      }),
    );
    for (const address of misplaced) {
      this.#removing.delete(interfaceAddressKey(address));
      state.putAddress(this.#asKernelHasIt({ address: address.address, interfaceIndex: index }));
    }
    this.#options.logger.info("Put local addresses behind the node's own, which came back", {
      interface: index,
      count: misplaced.length,
    });
  }

  /** What is there under the same name: ours, when the kernel or our records say so. */
  async #isOurs(address: InterfaceAddress): Promise<boolean> {
    const { netlink, state } = this.#options;
    const listed = await netlink.addresses({ index: address.index, family: address.address.family });
    const there = listed.find((each) => interfaceAddressKey(each) === interfaceAddressKey(address));
    return there !== undefined && state.putAddress(there) === 'ours';
  }

  #asKernelHasIt({ address, interfaceIndex }: LocalAddress): InterfaceAddress {
    const valid = this.#options.lifetimeMs() / 1000;
    return ourAddress(interfaceIndex, address, { valid, preferred: address.family === 'IPv6' ? 0 : valid });
  }
}

function requestOf({
  index,
  address,
  protocol,
  validLifetime,
  preferredLifetime,
}: InterfaceAddress): Parameters<typeof addAddress>[0] {
  return {
    index,
    address,
    length: addressBits(address.family),
    protocol,
    flags: { noprefixroute: true, nodad: address.family === 'IPv6' },
    validLifetime,
    preferredLifetime,
  };
}
