import type { IPFamily, Refusal } from '@fairlead/api';
import type { Allocation, World } from './allocation.ts';
import type { Group } from './group.ts';
import type { Place } from './place.ts';
import { listNames, refusalOfService } from './refusal.ts';
import { targetOf } from './target.ts';
import { NOTHING_TO_COME } from './waiting.ts';
import type { Need, Wait } from './waiting.ts';

/** What comes out of judging one Service. */
export type Decision =
  /** It has what it wants. */
  | { readonly kind: 'satisfied' }
  /** It is to have these addresses and no others. */
  | { readonly kind: 'grant'; readonly group: Group; readonly addresses: ReadonlyMap<IPFamily, bigint> }
  /** It keeps what it has and waits for more; without a refusal what it has is enough. */
  | { readonly kind: 'wait'; readonly wait: Wait; readonly refusal: Refusal | undefined }
  /** It cannot be judged before its Namespace is known; without a refusal what it has is enough. */
  | { readonly kind: 'pending'; readonly refusal: Refusal | undefined };

/** Whether every wish of the Service that must be met, is. */
function hasEnough({ view, holds }: Allocation): boolean {
  return holds.size > 0 && (view.policy === 'PreferDualStack' || view.families.every((family) => holds.has(family)));
}

/** Whether the Service has just what it asks for and need not be judged: the rule that makes addresses stick. */
function isSatisfied(service: Allocation): boolean {
  const { view, holds, request } = service;
  return (
    request.ok &&
    !service.wantsToMove &&
    view.families.length > 0 &&
    (view.group === undefined || view.group === service.group) &&
    view.families.every((family) => holds.has(family)) &&
    service.hasAllRequested
  );
}

/** Judges a Service of ours: a pure function of what it wants, what it has and what is free. */
export function decide(service: Allocation, world: World): Decision {
  if (isSatisfied(service)) {
    return { kind: 'satisfied' };
  }
  const target = targetOf(service, world);
  // What is missing may be no more than the second family that PreferDualStack hopes for.
  const onlyHopes = hasEnough(service) && wantsOnlyMore(service);
  switch (target.kind) {
    case 'pending':
      return { kind: 'pending', refusal: onlyHopes ? undefined : target.refusal };
    case 'refused': {
      const { busy, refusal } = target;
      const wait = busy === undefined ? NOTHING_TO_COME : { ...NOTHING_TO_COME, addresses: busy };
      return { kind: 'wait', wait, refusal: onlyHopes ? undefined : refusal };
    }
    case 'groups': {
      const drawing = new Drawing(service, target.groups, world);
      return (
        drawing.draw() ?? {
          kind: 'wait',
          wait: drawing.wait(),
          refusal: onlyHopes ? undefined : drawing.refusal(),
        }
      );
    }
  }
}

/** Whether nothing that the Service has contradicts its wish. */
function wantsOnlyMore({ view, request, group, wantsToMove, hasAllRequested }: Allocation): boolean {
  return request.ok && !wantsToMove && (view.group === undefined || view.group === group) && hasAllRequested;
}

/** Looks for addresses for one Service in the groups that may serve it. */
class Drawing {
  readonly #service: Allocation;
  readonly #groups: readonly Group[];
  readonly #world: World;
  /** Whether the Service has something already; it must not end with less. */
  readonly #moves: boolean;
  /** Groups that could help; known when {@link draw} has found nothing. */
  #helpful: readonly Group[] | undefined;

  constructor(service: Allocation, groups: readonly Group[], world: World) {
    this.#service = service;
    this.#groups = groups;
    this.#world = world;
    this.#moves = service.holds.size > 0;
  }

  /** From the first of the groups that can give what must be given; undefined when none can. */
  draw(): Extract<Decision, { kind: 'grant' }> | undefined {
    const { view } = this.#service;
    const ordered = this.#sharersFirst();
    for (const families of this.#rounds()) {
      for (const group of ordered) {
        const addresses = this.#isEnough(families) ? this.#addressesFrom(group, families) : undefined;
        if (addresses !== undefined && this.#isNew(addresses, view.families)) {
          return { kind: 'grant', group, addresses };
        }
      }
    }
    return undefined;
  }

  /** What would have to become free or joinable, after {@link draw} has found nothing. */
  wait(): Wait {
    const needs = this.#couldHelp().flatMap((group) => this.#needOf(group) ?? []);
    return this.#service.signature === undefined
      ? { ...NOTHING_TO_COME, needs }
      : { ...NOTHING_TO_COME, needs, places: this.#places(), likeness: this.#likeness() };
  }

  /** Why none of the groups can give what is needed. */
  refusal(): Refusal {
    const { view } = this.#service;
    const groups = this.#groups;
    const [first] = groups;
    const helpful = this.#couldHelp();
    if (helpful.length > 0) {
      // Said so that it stays true while others come and go: not what is free at this moment.
      const families = view.families.filter((family) =>
        helpful.some((group) => group.offers(family) && this.#kept(group, family) === undefined),
      );
      const what = `no free ${families.join(view.policy === 'PreferDualStack' ? ' or ' : ' and ')} address`;
      const list = listNames(helpful.map(({ name }) => name));
      const sentence = `${helpful.length === 1 ? `ServiceGroup ${list} has` : `ServiceGroups ${list} have`} ${what}; the Service gets the next one that is freed, or add a pool`;
      return this.#refuse(helpful[0], 'PoolExhausted', sentence);
    }
    const names = listNames(groups.map(({ name }) => name));
    const broken = groups.find((group) => group.problems.length > 0 && group.pools.length === 0);
    if (broken !== undefined && groups.length === 1) {
      const [problem] = broken.problems;
      const token = problem?.reason === 'NetBoxUnavailable' ? problem.reason : 'GroupNotReady';
      const sentence = `ServiceGroup ${broken.name} is not in use as written: ${problem?.sentence ?? ''}`;
      return this.#refuse(broken, token, sentence);
    }
    const lacking = view.families.filter((family) => !groups.some((group) => group.offers(family)));
    const what = `${(lacking.length > 0 ? lacking : view.families).join(' and ')} addresses`;
    const sentence =
      groups.length === 1
        ? `ServiceGroup ${names} has no ${what}; add a pool, name another group, or change spec.ipFamilyPolicy`
        : `None of the ServiceGroups ${names} has ${what}; add a pool, or change spec.ipFamilyPolicy`;
    return this.#refuse(first, 'FamilyNotInGroup', sentence);
  }

  /** What would have to become free in the group; undefined when nothing there would help. */
  #needOf(group: Group): Need | undefined {
    const { view } = this.#service;
    const families = view.families.filter(
      (family) => group.offers(family) && this.#withoutPool(group, family) === undefined,
    );
    const mode = view.policy === 'PreferDualStack' && !this.#moves ? 'any' : 'all';
    return families.length === 0 ? undefined : { group: group.name, mode, families };
  }

  /** The groups that have, be it free or not, what is enough for the Service. */
  #couldHelp(): readonly Group[] {
    const { families } = this.#service.view;
    this.#helpful ??= this.#groups.filter((group) => {
      const had = families.filter((family) => group.offers(family) || this.#kept(group, family) !== undefined);
      return had.some((family) => group.offers(family)) && this.#isEnough(had);
    });
    return this.#helpful;
  }

  /** Where an address to join would help. */
  #places(): readonly Place[] {
    const { view } = this.#service;
    return this.#groups.flatMap((group) =>
      view.families
        .filter((family) => group.offers(family) && this.#kept(group, family) === undefined)
        .map((family) => group.placeOf(family, view.namespace)),
    );
  }

  /** All that a judgement of the Service depends on, besides the places, its ports and what it shares by. */
  #likeness(): string {
    const { view, request, holds, wantsToMove, group } = this.#service;
    const isUnlike = wantsToMove || !request.ok || request.addresses.size > 0;
    if (isUnlike) {
      return view.key;
    }
    const held = view.families.filter((family) => holds.has(family)).join('+');
    const home = held === '' ? '' : `${group} of ${held}`;
    const groups = this.#groups.map(({ name }) => name).join(' ');
    // No key of a Service has spaces, nor the name of a group that there is.
    return `${view.families.join('+')} ${view.policy} ${view.group === undefined ? 'any' : 'named'} ${home} ${groups}`;
  }

  #refuse(group: Group | undefined, token: Refusal['token'], sentence: string): Refusal {
    return group === undefined
      ? refusalOfService(this.#service.view, token, sentence)
      : this.#world.catalogue.refusalOf(group.name, token, sentence);
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

  /** Whether the Service can do with these families. Nobody ends with less than his groups offer only because he moves. */
  #isEnough(families: readonly IPFamily[]): boolean {
    const { view } = this.#service;
    if (families.length === view.families.length) {
      return true;
    }
    const gives = (group: Group): boolean =>
      view.families.some((family) => !families.includes(family) && group.offers(family));
    return view.policy === 'PreferDualStack' && !(this.#moves && this.#groups.some(gives));
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
    return this.#kept(group, family) ?? this.#joinable(group, family);
  }

  /** The address that the Service asks for, or has and can keep if the others are from the group. */
  #kept(group: Group, family: IPFamily): bigint | undefined {
    const { request, holds, wantsToMove, group: home } = this.#service;
    const requested = request.ok ? request.addresses.get(family) : undefined;
    if (requested !== undefined) {
      return requested;
    }
    // An orphan of which nobody knows where it was drawn from goes with any group.
    return !wantsToMove && (home === undefined || home === group.name) ? holds.get(family)?.value : undefined;
  }

  #joinable(group: Group, family: IPFamily): bigint | undefined {
    const service = this.#service;
    return service.signature === undefined
      ? undefined
      : this.#world.joinable(service, group.placeOf(family, service.view.namespace))?.value;
  }

  /** Services with one key meet wherever they can: groups where they do come before the others. */
  #sharersFirst(): readonly Group[] {
    const { view, signature } = this.#service;
    if (signature === undefined || this.#groups.length < 2) {
      return this.#groups;
    }
    const meets = this.#groups.map((group) =>
      view.families.some((family) => this.#joinable(group, family) !== undefined),
    );
    return [...this.#groups.filter((_, index) => meets[index]), ...this.#groups.filter((_, index) => !meets[index])];
  }
}
