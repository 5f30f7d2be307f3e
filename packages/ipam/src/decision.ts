import type { IPFamily, Refusal } from '@fairlead/api';
import type { Allocation, World } from './allocation.ts';
import type { Group } from './group.ts';
import { sharingSignature } from './holding.ts';
import { listNames, refusalOfGroup, refusalOfService } from './refusal.ts';
import { targetOf } from './target.ts';
import type { Need, Wait } from './waiting.ts';

/** What comes out of judging one Service. */
export type Decision =
  /** It has what it wants. */
  | { readonly kind: 'satisfied' }
  /** It is to have these addresses and no others. */
  | { readonly kind: 'grant'; readonly group: Group; readonly addresses: ReadonlyMap<IPFamily, bigint> }
  /** It keeps what it has and waits for more; without a refusal what it has is enough. */
  | { readonly kind: 'wait'; readonly wait: Wait; readonly refusal: Refusal | undefined }
  /** It cannot be judged before its Namespace is known. */
  | { readonly kind: 'pending' };

/** Whether every wish of the Service that must be met, is. */
function hasEnough({ view, holds }: Allocation): boolean {
  return view.policy === 'PreferDualStack' ? holds.size > 0 : view.families.every((family) => holds.has(family));
}

/** Whether the Service has just what it asks for and need not be judged: the rule that makes addresses stick. */
function isSatisfied(service: Allocation): boolean {
  const { view, holds, request } = service;
  return (
    request.ok &&
    !service.wantsToMove &&
    (view.group === undefined || view.group === service.group) &&
    view.families.every((family) => holds.has(family)) &&
    [...request.addresses].every(([family, value]) => holds.get(family)?.value === value)
  );
}

/** Judges a Service of ours: a pure function of what it wants, what it has and what is free. */
export function decide(service: Allocation, world: World): Decision {
  if (isSatisfied(service)) {
    return { kind: 'satisfied' };
  }
  const target = targetOf(service, world);
  if (target.kind === 'pending') {
    return target;
  }
  // What is missing may be no more than the second family that PreferDualStack hopes for.
  const onlyHopes = hasEnough(service) && wantsOnlyMore(service);
  const signature = sharingSignature(service.view);
  if (target.kind === 'refused') {
    const wait = { needs: [], addresses: target.addresses ?? [], signature: undefined };
    return { kind: 'wait', wait, refusal: onlyHopes ? undefined : target.refusal };
  }
  const drawing = new Drawing(service, world, signature);
  const grant = drawing.draw(target.groups);
  if (grant !== undefined) {
    return grant;
  }
  const needs = target.groups.flatMap((group) => drawing.needOf(group) ?? []);
  const refusal = onlyHopes ? undefined : drawing.refusal(target.groups);
  return { kind: 'wait', wait: { needs, addresses: [], signature }, refusal };
}

/** Whether nothing that the Service has contradicts its wish. */
function wantsOnlyMore({ view, holds, request, group, wantsToMove }: Allocation): boolean {
  return (
    request.ok &&
    !wantsToMove &&
    (view.group === undefined || view.group === group) &&
    [...request.addresses].every(([family, value]) => holds.get(family)?.value === value)
  );
}

/** Looks for addresses for one Service. */
class Drawing {
  readonly #service: Allocation;
  readonly #world: World;
  readonly #signature: string | undefined;
  /** Whether the Service leaves addresses behind if it gets others; it must then not end with fewer. */
  readonly #moves: boolean;

  constructor(service: Allocation, world: World, signature: string | undefined) {
    this.#service = service;
    this.#world = world;
    this.#signature = signature;
    this.#moves = service.holds.size > 0;
  }

  /** The first of the groups that can give what must be given; undefined when none can. */
  draw(groups: readonly Group[]): Extract<Decision, { kind: 'grant' }> | undefined {
    const { view } = this.#service;
    const ordered = this.#sharersFirst(groups);
    for (const families of this.#rounds()) {
      for (const group of ordered) {
        if (this.#isEnough(group, families)) {
          const addresses = this.#addressesFrom(group, families);
          if (addresses !== undefined && this.#isNew(addresses, view.families)) {
            return { kind: 'grant', group, addresses };
          }
        }
      }
    }
    return undefined;
  }

  /** What would have to become free in the group; undefined when nothing there would help. */
  needOf(group: Group): Need | undefined {
    const { view } = this.#service;
    const lacking = view.families.filter((family) => this.#withoutPool(group, family) === undefined);
    const offered = lacking.filter((family) => group.offers(family));
    if (offered.length === 0 || (view.policy !== 'PreferDualStack' && offered.length < lacking.length)) {
      return undefined;
    }
    const mode = view.policy === 'PreferDualStack' && !this.#moves ? 'any' : 'all';
    return { group: group.name, mode, families: offered };
  }

  /** Why none of the groups can give what is needed. */
  refusal(groups: readonly Group[]): Refusal {
    const { view } = this.#service;
    const names = listNames(groups.map(({ name }) => name));
    const [first] = groups;
    const helpful = groups.filter((group) => this.needOf(group) !== undefined);
    if (helpful.length > 0) {
      const families = [...new Set(helpful.flatMap((group) => this.needOf(group)?.families ?? []))];
      const lacking = families.filter((family) => helpful.every((group) => !group.hasFree(family)));
      const what = `no free ${(lacking.length > 0 ? lacking : families).join(view.policy === 'PreferDualStack' ? ' or ' : ' and ')} address`;
      const list = listNames(helpful.map(({ name }) => name));
      const sentence = `${helpful.length === 1 ? `ServiceGroup ${list} has` : `ServiceGroups ${list} have`} ${what}; the Service gets the next one that is freed, or add a pool`;
      return this.#refuse(helpful[0], 'PoolExhausted', sentence);
    }
    const broken = groups.find((group) => group.problems.length > 0 && group.pools.length === 0);
    if (broken !== undefined && groups.length === 1) {
      const sentence = `ServiceGroup ${broken.name} is not in use as written: ${broken.problems[0]?.sentence ?? ''}`;
      return this.#refuse(broken, 'GroupNotReady', sentence);
    }
    const lacking = view.families.filter((family) => !groups.some((group) => group.offers(family)));
    const what = `${(lacking.length > 0 ? lacking : view.families).join(' and ')} addresses`;
    const sentence =
      groups.length === 1
        ? `ServiceGroup ${names} has no ${what}; add a pool, name another group, or change spec.ipFamilyPolicy`
        : `None of the ServiceGroups ${names} has ${what}; add a pool, or change spec.ipFamilyPolicy`;
    return this.#refuse(first, 'FamilyNotInGroup', sentence);
  }

  #refuse(group: Group | undefined, token: Refusal['token'], sentence: string): Refusal {
    return group === undefined
      ? refusalOfService(this.#service.view, token, sentence)
      : refusalOfGroup(group.name, token, sentence);
  }

  /**
   * The families to try for, in turn. PreferDualStack: a group that gives both, else one that gives the primary family,
   * else one that gives the other.
   */
  #rounds(): readonly (readonly IPFamily[])[] {
    const { view, request } = this.#service;
    const { families } = view;
    if (view.policy !== 'PreferDualStack' || families.length < 2) {
      return [families];
    }
    const asked = request.ok ? [...request.addresses.keys()] : [];
    const single = families.filter((family) => asked.every((other) => other === family));
    return [families, ...single.map((family) => [family])];
  }

  /** Nobody ends with less than the group could give, only because he moved. */
  #isEnough(group: Group, families: readonly IPFamily[]): boolean {
    return (
      !this.#moves ||
      families.length === this.#service.view.families.length ||
      this.#service.view.families.every((family) => families.includes(family) || !group.offers(family))
    );
  }

  /** Whether the addresses differ from those that the Service has. */
  #isNew(addresses: ReadonlyMap<IPFamily, bigint>, families: readonly IPFamily[]): boolean {
    const { holds } = this.#service;
    return families.some((family) => holds.get(family)?.value !== addresses.get(family));
  }

  #addressesFrom(group: Group, families: readonly IPFamily[]): ReadonlyMap<IPFamily, bigint> | undefined {
    const addresses = new Map<IPFamily, bigint>();
    for (const family of families) {
      const value = this.#withoutPool(group, family) ?? group.free.get(family)?.peek();
      if (value === undefined) {
        return undefined;
      }
      addresses.set(family, value);
    }
    return addresses;
  }

  /** An address of the group that needs no free one: asked for, held already, or shared. */
  #withoutPool(group: Group, family: IPFamily): bigint | undefined {
    const service = this.#service;
    const requested = service.request.ok ? service.request.addresses.get(family) : undefined;
    if (requested !== undefined) {
      return requested;
    }
    const held = service.holds.get(family);
    if (held !== undefined && service.group === group.name && !service.wantsToMove) {
      return held.value;
    }
    return this.#shared(group, family);
  }

  #shared(group: Group, family: IPFamily): bigint | undefined {
    if (this.#signature === undefined) {
      return undefined;
    }
    for (const holding of this.#world.sharedBy(this.#signature)) {
      if (
        holding.family === family &&
        holding.pool?.group === group.name &&
        !holding.holders.has(this.#service) &&
        group.free.get(family)?.isUsable(holding.value) === true &&
        holding.clashWith(this.#service.view, group) === undefined
      ) {
        return holding.value;
      }
    }
    return undefined;
  }

  /** Services with one key meet wherever they can: groups where they do come before the others. */
  #sharersFirst(groups: readonly Group[]): readonly Group[] {
    if (this.#signature === undefined || groups.length < 2) {
      return groups;
    }
    const meets = (group: Group): boolean =>
      this.#service.view.families.some((family) => this.#shared(group, family) !== undefined);
    return [...groups.filter(meets), ...groups.filter((group) => !meets(group))];
  }
}
