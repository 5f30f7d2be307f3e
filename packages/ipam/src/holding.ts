import type { IPFamily, RefusalToken } from '@fairlead/api';
import { formatAddress } from '@fairlead/api';
import type { Aged } from './age.ts';
import { compareAge } from './age.ts';
import type { Pool } from './pool.ts';
import type { ServiceView } from './service.ts';
import { FewMembers } from './small.ts';

/** What a holding has to know of who holds it. */
export interface Holder {
  readonly view: ServiceView & Aged;
}

/** Why two Services cannot have one address. */
export interface Clash<H> {
  readonly with: H;
  readonly token: RefusalToken;
  /** The second half of a sentence that begins with the holder. */
  readonly because: string;
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
  /** The sharing signature under which it is found; undefined: nobody can join. */
  signature: string | undefined;
  /** Of those who share; built when somebody asks to. */
  #ports: Map<string, H> | undefined;
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

  add(holder: H): void {
    this.holders.add(holder);
    if (this.#ports !== undefined) {
      for (const port of holder.view.ports) {
        this.#ports.set(port, holder);
      }
    }
  }

  remove(holder: H): void {
    this.holders.delete(holder);
    for (const port of this.#ports === undefined ? [] : holder.view.ports) {
      if (this.#ports?.get(port) === holder) {
        this.#ports.delete(port);
      }
    }
  }

  /** To be called when a holder's wish has changed, and after those who clashed have left. */
  forgetPorts(): void {
    this.#ports = undefined;
  }

  /**
   * Why the Service cannot join those who have the address; undefined when it can.
   * @param namespaceOnly the group lets only Services of one namespace share
   */
  clashWith(view: ServiceView, { namespaceOnly }: { readonly namespaceOnly: boolean }): Clash<H> | undefined {
    const holder = this.#otherHolder(view);
    if (holder === undefined) {
      return undefined;
    }
    const their = holder.view;
    const sharingKey = view.sharingKey ?? '';
    if (sharingKey === '' && (their.sharingKey ?? '') === '') {
      return { with: holder, token: 'AddressInUse', because: 'has it, and neither has a sharing key' };
    }
    if (sharingKey !== their.sharingKey) {
      const key = their.sharingKey ?? '';
      const because = `has it with ${key === '' ? 'no sharing key' : `the sharing key ${quote(key)}`}, and this Service has ${sharingKey === '' ? 'none' : quote(sharingKey)}`;
      return { with: holder, token: 'SharingKeyDiffers', because };
    }
    if (view.externalTrafficPolicy !== their.externalTrafficPolicy) {
      const because = `shares it with externalTrafficPolicy: ${their.externalTrafficPolicy}, and this Service has ${view.externalTrafficPolicy}`;
      return { with: holder, token: 'SharingPolicyDiffers', because };
    }
    if (view.externalTrafficPolicy === 'Local' && view.selector !== their.selector) {
      const because = 'shares it with externalTrafficPolicy: Local and selects other Pods';
      return { with: holder, token: 'SharingSelectorDiffers', because };
    }
    const foreigner = namespaceOnly ? this.#holderOutside(view.namespace) : undefined;
    if (foreigner !== undefined) {
      return { with: foreigner, token: 'SharingNamespaceDiffers', because: 'shares it from another namespace' };
    }
    return this.#portClash(view);
  }

  /**
   * Who has to leave so that the others can stay: the oldest stays, and after it whoever goes with those that do. The
   * outcome depends on nothing but who is there.
   */
  whoMustLeave(): H[] {
    const [oldest, ...younger] = [...this.holders].sort((a, b) => compareAge(a.view, b.view));
    if (oldest === undefined || younger.length === 0) {
      return [];
    }
    const staying = new Holding<H>(this.family, this.value, this.pool);
    staying.add(oldest);
    return younger.filter((holder) => {
      // The rule of the namespace binds who joins; who shares already keeps the address when the group changes.
      const leaves = staying.clashWith(holder.view, { namespaceOnly: false }) !== undefined;
      if (!leaves) {
        staying.add(holder);
      }
      return leaves;
    });
  }

  #otherHolder(view: ServiceView): H | undefined {
    for (const holder of this.holders) {
      if (holder.view.key !== view.key) {
        return holder;
      }
    }
    return undefined;
  }

  #holderOutside(namespace: string): H | undefined {
    for (const holder of this.holders) {
      if (holder.view.namespace !== namespace) {
        return holder;
      }
    }
    return undefined;
  }

  #portClash(view: ServiceView): Clash<H> | undefined {
    this.#ports ??= new Map([...this.holders].flatMap((holder) => holder.view.ports.map((port) => [port, holder])));
    for (const port of view.ports) {
      const holder = this.#ports.get(port);
      if (holder !== undefined && holder.view.key !== view.key) {
        return { with: holder, token: 'SharingPortClash', because: `shares it and has port ${port} already` };
      }
    }
    return undefined;
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
