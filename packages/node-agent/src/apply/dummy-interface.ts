import { addLink, setLinkUp } from '@fairlead/netlink';
import type { Link, Netlink, NetlinkError } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { KernelState } from '../facts/kernel-state.ts';

export interface DummyInterfaceOptions {
  readonly netlink: Pick<Netlink, 'execute' | 'links' | 'drained'>;
  readonly state: KernelState;
  readonly logger: Logger;
  /** Its name at first. */
  readonly name: string;
  /** It could not be made or set up; `undefined`: it is there now. Must not throw. */
  readonly problem: (error: NetlinkError | undefined) => void;
}

/** What kernels say that have no such kind of interface. */
const NO_SUCH_KIND = new Set(['EOPNOTSUPP', 'ENOTSUP']);

/**
 * The interface for virtual addresses, `kube-lb0`: made where it is missing, set up where it is down, never deleted. Of
 * kind dummy; where the kernel has none, ifb, which acts alike here (no ARP, swallows what is sent into it).
 */
export class DummyInterface {
  readonly #options: DummyInterfaceOptions;
  #name: string;
  #link: Link | undefined;
  /** While it is being made, events tell of steps on the way. */
  #making = false;

  constructor(options: DummyInterfaceOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#link = options.state.linkNamed(options.name);
  }

  get name(): string {
    return this.#name;
  }

  /** From now on the interface of that name is meant. @returns whether that is another one */
  use(name: string): boolean {
    const changed = name !== this.#name;
    this.#name = name;
    this.#link = this.#options.state.linkNamed(name);
    return changed;
  }

  /** Its index while it exists. Never kept by name: an interface that was made anew has another. */
  get index(): number | undefined {
    return this.#link?.index;
  }

  /** Whether it exists and is up. */
  get ready(): boolean {
    return this.#link?.flags.up === true;
  }

  /** `ifb` where the kernel has no `dummy`. */
  get kind(): string | undefined {
    return this.#link?.kind;
  }

  /**
   * Looks at it again after the kernel changed.
   * @returns whether it was taken away or switched off, or replaced
   */
  kernelChanged(): boolean {
    if (this.#making) {
      return false;
    }
    const before = this.#link;
    this.#link = this.#options.state.linkNamed(this.name);
    return before !== undefined && (this.#link?.index !== before.index || (before.flags.up && !this.#link.flags.up));
  }

  /** The kernel refused something because it is gone or down. */
  lost(): void {
    this.#link = undefined;
  }

  /** Makes it and sets it up where need be. @returns its index; undefined when that failed, which has been said */
  async ensure(): Promise<number | undefined> {
    this.#making = true;
    const error = await this.#make();
    // The events of our own making come before the last reading, so that none of them looks like news afterwards.
    this.#options.netlink.drained();
    await this.#read();
    this.#making = false;
    this.#options.problem(error);
    if (error !== undefined) {
      this.#options.logger.error(`The interface ${this.name} cannot be made ready`, { error });
      return undefined;
    }
    return this.index;
  }

  async #make(): Promise<NetlinkError | undefined> {
    await this.#read();
    if (this.#link === undefined) {
      const error = await this.#add();
      if (error !== undefined) {
        return error;
      }
      await this.#read();
    }
    if (this.#link !== undefined && !this.#link.flags.up) {
      const [result] = await this.#options.netlink.execute([setLinkUp(this.#link.index)]);
      if (result?.ok === false) {
        return result.error;
      }
      await this.#read();
    }
    return undefined;
  }

  async #add(): Promise<NetlinkError | undefined> {
    const { netlink, logger } = this.#options;
    const [dummy] = await netlink.execute([addLink({ name: this.name, kind: 'dummy' })]);
    if (dummy?.ok !== false || dummy.error.code === 'EEXIST') {
      return undefined;
    }
    if (!NO_SUCH_KIND.has(dummy.error.code)) {
      return dummy.error;
    }
    const [ifb] = await netlink.execute([addLink({ name: this.name, kind: 'ifb' })]);
    if (ifb?.ok === false && ifb.error.code !== 'EEXIST') {
      // What the user can mend is the missing module, not the stand-in.
      return dummy.error;
    }
    logger.warn(`This kernel has no dummy interfaces; ${this.name} is made of kind ifb, which works the same`, {
      cure: 'modprobe dummy, and delete the interface when it is convenient',
    });
    return undefined;
  }

  async #read(): Promise<void> {
    const links = await this.#options.netlink.links();
    this.#link = links.find((link) => link.name === this.name);
    if (this.#link !== undefined) {
      this.#options.state.putLink(this.#link);
    }
  }
}
