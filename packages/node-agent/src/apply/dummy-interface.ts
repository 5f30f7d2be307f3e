import { addLink, setLinkMTU, setLinkUp } from '@fairlead/netlink';
import type { Link, Netlink, NetlinkError } from '@fairlead/netlink';
import type { Logger } from '@fairlead/runtime';
import type { KernelState } from '../facts/kernel-state.ts';
import { isDummy } from '../facts/ownership.ts';
import type { IPv6Switch } from './ipv6-switch.ts';

export interface DummyInterfaceOptions {
  readonly netlink: Pick<Netlink, 'execute' | 'links' | 'drained'>;
  readonly state: KernelState;
  readonly logger: Logger;
  readonly ipv6: IPv6Switch;
  /** Its name at first. */
  readonly name: string;
  /** It could not be made, set up, or made to take IPv6; `undefined`: all is well now. Must not throw. */
  readonly problem: (error: Error | undefined) => void;
}

/**
 * The name is that of an interface with a life of its own, which is never seized: its addresses and its traffic would be
 * lost. The user renames one of the two.
 */
export class ForeignInterfaceError extends Error {
  override readonly name = 'ForeignInterfaceError';
  readonly code = 'EFOREIGN';

  constructor({ name, kind }: Link) {
    const what = kind === undefined ? 'a device' : `of kind ${kind}`;
    super(
      `${name} is ${what} here and not of kind dummy, so it is left alone and this node announces no virtual address; rename or remove it, or give another name as dummyInterface of an LBNodeAgent`,
    );
  }
}

/** IPv6 is switched off on the interface, and the agent may not change that. The message says which sysctl to set. */
export class IPv6DisabledError extends Error {
  override readonly name = 'IPv6DisabledError';
  readonly code = 'EACCES';

  constructor(assignments: readonly string[]) {
    super(
      `IPv6 is switched off where the virtual IPv6 addresses belong, and the agent may not switch it on; run: sysctl -w ${assignments.join(' ')}`,
    );
  }
}

/** What kernels say that have no such kind of interface. */
const NO_SUCH_KIND = new Set(['EOPNOTSUPP', 'ENOTSUP']);
/** Below this an interface has no IPv6 at all (RFC 8200 5; net/ipv6/addrconf.c takes all of it off). */
const LEAST_MTU = 1280;
/** What it gets then: that of a new dummy interface. Nothing is sent through it, so it matters to nothing else. */
const USUAL_MTU = 1500;

/**
 * The interface for virtual addresses, `kube-lb0`: made where it is missing, set up where it is down, never deleted. Of
 * kind dummy; where the kernel has none, ifb, which acts alike here (no ARP, swallows what is sent into it). One of these
 * kinds that somebody else has made is used as it is; one of any other kind is not touched.
 */
export class DummyInterface {
  readonly #options: DummyInterfaceOptions;
  #name: string;
  #link: Link | undefined;
  /** While it is being made, events tell of steps on the way. */
  #making = false;
  /** The kernel took an IPv6 address or route for forbidden there. */
  #refusesIPv6 = false;
  #doubtful = false;
  #said: string | undefined;

  constructor(options: DummyInterfaceOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#link = this.#known();
  }

  get name(): string {
    return this.#name;
  }

  /** From now on the interface of that name is meant. @returns whether that is another one */
  use(name: string): boolean {
    const changed = name !== this.#name;
    this.#name = name;
    this.#link = this.#known();
    return changed;
  }

  /** Its index while it exists. Never kept by name: an interface that was made anew has another. */
  get index(): number | undefined {
    return this.#link?.index;
  }

  /** Whether it exists, is up, and takes both families as far as is known. */
  get ready(): boolean {
    return !this.#doubtful && isReady(this.#link);
  }

  /** `ifb` where the kernel has no `dummy`. */
  get kind(): string | undefined {
    return this.#link?.kind;
  }

  /**
   * Looks at it again after the kernel changed.
   * @returns whether it was taken away or made useless, or replaced
   */
  kernelChanged(): boolean {
    if (this.#making) {
      return false;
    }
    const before = this.#link;
    this.#link = this.#known();
    return before !== undefined && (this.#link?.index !== before.index || (isReady(before) && !isReady(this.#link)));
  }

  /** The kernel refused something because it is gone or down. */
  lost(): void {
    this.#link = undefined;
  }

  /** The kernel refused something of IPv6. */
  ipv6Refused(): void {
    this.#refusesIPv6 = true;
    this.#doubtful = true;
  }

  /** Makes it and sets it up where need be. @returns its index; undefined when that failed, which has been said */
  async ensure(): Promise<number | undefined> {
    this.#making = true;
    try {
      const error = await this.#make();
      // The events of our own making come before the last reading, so that none of them looks like news afterwards.
      this.#options.netlink.drained();
      await this.#read();
      this.#say(error ?? this.#allowIPv6());
      this.#doubtful = false;
      return error === undefined ? this.index : undefined;
    } finally {
      this.#making = false;
    }
  }

  async #make(): Promise<Error | undefined> {
    const { netlink } = this.#options;
    const foreign = await this.#read();
    if (foreign !== undefined) {
      return new ForeignInterfaceError(foreign);
    }
    if (this.#link === undefined) {
      const error = await this.#add();
      if (error !== undefined) {
        return error;
      }
      const taken = await this.#read();
      if (taken !== undefined) {
        return new ForeignInterfaceError(taken);
      }
    }
    if (this.#link === undefined) {
      return undefined;
    }
    const { index, mtu, flags } = this.#link;
    const results = await netlink.execute([
      ...(mtu < LEAST_MTU ? [setLinkMTU(index, USUAL_MTU)] : []),
      ...(flags.up ? [] : [setLinkUp(index)]),
    ]);
    return results.find((result) => !result.ok)?.error;
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

  /**
   * IPv6 may be off there because that is the default for new interfaces, which is not meant for this one. Where it is off
   * for all, somebody wants none on this node.
   */
  #allowIPv6(): Error | undefined {
    const { ipv6 } = this.#options;
    if (!this.#refusesIPv6) {
      return undefined;
    }
    const off = ['all', this.name].filter((each) => ipv6.isOff(each));
    if (off.length === 0 || (!off.includes('all') && ipv6.switchOn(this.name))) {
      this.#refusesIPv6 = false;
      return undefined;
    }
    return new IPv6DisabledError(off.map((each) => ipv6.assignment(each)));
  }

  #say(error: Error | undefined): void {
    const { logger, problem } = this.#options;
    if (error !== undefined && error.message !== this.#said) {
      logger.error(`The interface ${this.name} is not as it should be; it is tried again`, { error });
    }
    this.#said = error?.message;
    problem(error);
  }

  /** The interface of that name as last heard of, if it is one to be used. */
  #known(): Link | undefined {
    const link = this.#options.state.linkNamed(this.#name);
    return link !== undefined && isDummy(link) ? link : undefined;
  }

  /** Reads it anew. @returns the interface of that name that is not one to be used, where there is such */
  async #read(): Promise<Link | undefined> {
    const links = await this.#options.netlink.links();
    const found = links.find((link) => link.name === this.name);
    if (found !== undefined) {
      this.#options.state.putLink(found);
    }
    this.#link = found !== undefined && isDummy(found) ? found : undefined;
    return found === undefined || isDummy(found) ? undefined : found;
  }
}

function isReady(link: Link | undefined): boolean {
  return link !== undefined && link.flags.up && link.mtu >= LEAST_MTU;
}
