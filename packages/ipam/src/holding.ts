import type { IPFamily, RefusalToken } from '@fairlead/api';
import { formatAddress, quote } from '@fairlead/api';
import type { Aged } from './age.ts';
import { compareAge, olderOf } from './age.ts';
import type { Pool } from './pool.ts';
import type { Ports } from './port-index.ts';
import { PortList } from './port-index.ts';
import type { ServiceView } from './service.ts';
import type { Listing } from './shared-addresses.ts';
import { FewMembers } from './small.ts';

/** What a holding has to know of who holds it. */
export interface Holder {
  readonly view: ServiceView & Aged;
}

/** Why two Services cannot have one address. */
export interface Clash<H> {
  readonly with: H;
  readonly token: RefusalToken;
  /** The second half of a sentence that begins with the holder, with what to do about it. */
  readonly because: string;
}

/** A rule of the group that has the address. */
export interface SharingRules {
  /** Only Services of one namespace share an address. */
  readonly namespaceOnly: boolean;
}

/** Services that may meet on one address at all have equal signatures; undefined: the Service shares with nobody. */
export function sharingSignature(view: ServiceView): string | undefined {
  return view.sharingKey === undefined || view.sharingKey === ''
    ? undefined
    : JSON.stringify([
        view.sharingKey,
        view.externalTrafficPolicy,
        view.externalTrafficPolicy === 'Local' ? view.selector : '',
      ]);
}

/** An address in use and who has it: one Service, or several that share it. */
export class Holding<H extends Holder> {
  readonly family: IPFamily;
  readonly value: bigint;
  /** The pool that has the address, whoever drew it; undefined: an orphan. */
  pool: Pool | undefined;
  readonly holders = new FewMembers<H>();
  /** Where those who could join find it; undefined: nobody can join. */
  listing: Listing | undefined;
  /** Somebody has it who cannot share it with the others; until {@link settle}. */
  #isContested = false;
  /** Who has which port; only while there are several holders. */
  #sharers: Sharers<H> | undefined;
  #oldest: H | undefined;
  #text: string | undefined;

  constructor(family: IPFamily, value: bigint, pool: Pool | undefined) {
    this.family = family;
    this.value = value;
    this.pool = pool;
  }

  /** The address as text. */
  get text(): string {
    this.#text ??= formatAddress({ family: this.family, value: this.value });
    return this.#text;
  }

  get isContested(): boolean {
    return this.#isContested;
  }

  /** The ports of all holders. */
  get ports(): Ports {
    return this.#sharers?.ports ?? new PortList(this.holders.any?.view.ports ?? []);
  }

  /** The namespace of all holders; undefined where they have several. */
  get namespace(): string | undefined {
    return this.#sharers === undefined ? this.holders.any?.view.namespace : this.#sharers.namespace;
  }

  /** The holder that was created first. */
  get oldest(): H | undefined {
    this.#oldest ??= oldestOf(this.holders);
    return this.#oldest;
  }

  add(holder: H): void {
    this.#isContested ||= !this.accepts(holder.view, { namespaceOnly: false });
    if (this.holders.size > 0 && !this.holders.has(holder)) {
      this.#sharers ??= new Sharers(this.holders);
      this.#sharers.add(holder);
    }
    this.holders.add(holder);
    if (this.#oldest !== undefined && compareAge(holder.view, this.#oldest.view) < 0) {
      this.#oldest = holder;
    }
  }

  /** To be called while the holder has the view with which it was added. */
  remove(holder: H): void {
    this.holders.delete(holder);
    this.#sharers?.remove(holder);
    if (this.holders.size <= 1) {
      this.#sharers = undefined;
    }
    if (this.#oldest === holder) {
      this.#oldest = undefined;
    }
  }

  /** To be called when those who cannot share it with older ones have left. */
  settle(): void {
    this.#isContested = false;
    this.#sharers = this.holders.size > 1 ? new Sharers(this.holders) : undefined;
  }

  /** Whether the Service can join those who have the address. */
  accepts(view: ServiceView, rules: SharingRules): boolean {
    const their = this.#anyOther(view)?.view;
    return (
      their === undefined ||
      ((view.sharingKey ?? '') !== '' &&
        view.sharingKey === their.sharingKey &&
        view.externalTrafficPolicy === their.externalTrafficPolicy &&
        (view.externalTrafficPolicy === 'Cluster' || view.selector === their.selector) &&
        (!rules.namespaceOnly || this.#otherOutside(view) === undefined) &&
        this.#portClash(view) === undefined)
    );
  }

  /** Why the Service cannot join those who have the address; undefined when it can. */
  clashWith(view: ServiceView, rules: SharingRules): Clash<H> | undefined {
    if (this.accepts(view, rules)) {
      return undefined;
    }
    const holder = this.#oldestOther(view);
    if (holder === undefined) {
      return undefined;
    }
    const their = holder.view;
    const sharingKey = view.sharingKey ?? '';
    if (sharingKey === '' && (their.sharingKey ?? '') === '') {
      const because = 'has it, and neither has a sharing key; ask for another address, or give both the same key';
      return { with: holder, token: 'AddressInUse', because };
    }
    if (sharingKey !== their.sharingKey) {
      const key = their.sharingKey ?? '';
      const because = `has it with ${key === '' ? 'no sharing key' : `the sharing key ${quote(key)}`}, and this Service has ${sharingKey === '' ? 'none' : quote(sharingKey)}; give both the same key, or ask for another address`;
      return { with: holder, token: 'SharingKeyDiffers', because };
    }
    if (view.externalTrafficPolicy !== their.externalTrafficPolicy) {
      const because = `shares it with externalTrafficPolicy: ${their.externalTrafficPolicy}, and this Service has ${view.externalTrafficPolicy}; make them equal, or ask for another address`;
      return { with: holder, token: 'SharingPolicyDiffers', because };
    }
    if (view.externalTrafficPolicy === 'Local' && view.selector !== their.selector) {
      const because =
        'shares it with externalTrafficPolicy: Local and selects other Pods; let both select the same, or ask for another address';
      return { with: holder, token: 'SharingSelectorDiffers', because };
    }
    const foreigner = rules.namespaceOnly ? this.#otherOutside(view) : undefined;
    if (foreigner !== undefined) {
      const because =
        'shares it from another namespace, which assign.sharing of the group forbids; ask for another address';
      return { with: foreigner, token: 'SharingNamespaceDiffers', because };
    }
    return this.#portClash(view);
  }

  /**
   * Who has to leave so that the others can stay: the oldest stays, and after it whoever goes with those that do. The
   * outcome depends on nothing but who is there.
   */
  whoMustLeave(): H[] {
    const staying = new Holding<H>(this.family, this.value, this.pool);
    return [...this.holders]
      .sort((a, b) => compareAge(a.view, b.view))
      .filter((holder) => {
        // The rule of the namespace binds who joins; who shares already keeps the address when the group changes.
        const stays = staying.accepts(holder.view, { namespaceOnly: false });
        if (stays) {
          staying.add(holder);
        }
        return !stays;
      });
  }

  #anyOther(view: ServiceView): H | undefined {
    for (const holder of this.holders) {
      if (holder.view.key !== view.key) {
        return holder;
      }
    }
    return undefined;
  }

  #oldestOther(view: ServiceView): H | undefined {
    return this.oldest?.view.key === view.key
      ? oldestOf([...this.holders].filter((holder) => holder.view.key !== view.key))
      : this.oldest;
  }

  /** The oldest holder in another namespace. */
  #otherOutside({ namespace }: ServiceView): H | undefined {
    if (this.namespace === namespace) {
      return undefined;
    }
    return this.oldest?.view.namespace === namespace
      ? oldestOf([...this.holders].filter(({ view }) => view.namespace !== namespace))
      : this.oldest;
  }

  #portClash(view: ServiceView): Clash<H> | undefined {
    for (const port of view.ports) {
      const holder = this.#holderOfPort(port, view);
      if (holder !== undefined) {
        const because = `shares it and has port ${port} already; change the port of one of the two, or ask for another address`;
        return { with: holder, token: 'SharingPortClash', because };
      }
    }
    return undefined;
  }

  #holderOfPort(port: string, view: ServiceView): H | undefined {
    const only = this.holders.any;
    const holder =
      this.#sharers === undefined
        ? only?.view.ports.includes(port) === true
          ? only
          : undefined
        : this.#sharers.ports.holderOf(port);
    return holder?.view.key === view.key ? undefined : holder;
  }
}

function oldestOf<H extends Holder>(holders: Iterable<H>): H | undefined {
  let oldest: H | undefined;
  for (const holder of holders) {
    oldest = olderOf(oldest, holder);
  }
  return oldest;
}

/** What is known of several holders together. */
class Sharers<H extends Holder> {
  readonly ports = new HeldPorts<H>();
  /** How many holders a namespace has. */
  readonly #namespaces = new Map<string, number>();

  constructor(holders: Iterable<H>) {
    for (const holder of holders) {
      this.add(holder);
    }
  }

  /** The namespace of all; undefined where there are several. */
  get namespace(): string | undefined {
    const [first] = this.#namespaces.keys();
    return this.#namespaces.size === 1 ? first : undefined;
  }

  add(holder: H): void {
    const { namespace } = holder.view;
    this.#namespaces.set(namespace, (this.#namespaces.get(namespace) ?? 0) + 1);
    this.ports.add(holder);
  }

  remove(holder: H): void {
    const { namespace } = holder.view;
    const left = (this.#namespaces.get(namespace) ?? 0) - 1;
    if (left > 0) {
      this.#namespaces.set(namespace, left);
    } else {
      this.#namespaces.delete(namespace);
    }
    this.ports.remove(holder);
  }
}

/** Ports of several Services, each with the one that has it. */
class HeldPorts<H extends Holder> implements Ports {
  readonly #holders = new Map<string, H>();

  get size(): number {
    return this.#holders.size;
  }

  has(port: string): boolean {
    return this.#holders.has(port);
  }

  holderOf(port: string): H | undefined {
    return this.#holders.get(port);
  }

  add(holder: H): void {
    for (const port of holder.view.ports) {
      this.#holders.set(port, holder);
    }
  }

  remove(holder: H): void {
    for (const port of holder.view.ports) {
      if (this.#holders.get(port) === holder) {
        this.#holders.delete(port);
      }
    }
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#holders.keys();
  }
}
