import type { IPFamily, ServiceGroupReason, ServiceGroupSpec } from '@fairlead/api';
import { compileSelector } from '@fairlead/api';
import type { Aged } from './age.ts';
import { FreeAddresses } from './free-addresses.ts';
import type { Place } from './place.ts';
import { newPlace } from './place.ts';
import type { Pool } from './pool.ts';
import type { ServiceView } from './service.ts';

export type Labels = Readonly<Record<string, string>>;

/** A ServiceGroup as far as allocation depends on it. */
export interface GroupView extends Aged {
  readonly name: string;
  readonly spec: ServiceGroupSpec;
}

/** Why a group is not in use as written: the condition `Ready=False`. */
export interface GroupProblem {
  readonly reason: ServiceGroupReason;
  readonly sentence: string;
}

/** The free addresses of a group by family; a family that the group has no pool of is absent. */
export type FreeByFamily = ReadonlyMap<IPFamily, FreeAddresses>;

/** A group with what may be drawn from it now. */
export class Group {
  readonly view: GroupView;
  /** Pools in use: readable, and without addresses that an older group has. */
  readonly pools: readonly Pool[];
  readonly problems: readonly GroupProblem[];
  readonly free: FreeByFamily;
  /** Distinct addresses of the pools that Services have, excluded ones included. */
  readonly allocated: Record<IPFamily, bigint> = { IPv4: 0n, IPv6: 0n };
  readonly #places: Readonly<Record<IPFamily, Place>>;
  readonly #selectsNamespace: (labels: Labels) => boolean;
  readonly #selectsService: (labels: Labels) => boolean;

  constructor(
    view: GroupView,
    pools: readonly Pool[],
    problems: readonly GroupProblem[],
    isTaken: (family: IPFamily, value: bigint) => boolean,
    before: Group | undefined,
  ) {
    this.view = view;
    this.pools = pools;
    this.problems = problems;
    this.#places = { IPv4: newPlace(view.name, 'IPv4'), IPv6: newPlace(view.name, 'IPv6') };
    this.#selectsNamespace = compileSelector(view.spec.assign.namespaceSelector);
    this.#selectsService = compileSelector(view.spec.assign.serviceSelector);
    const families = (['IPv4', 'IPv6'] as const).filter((family) => pools.some((pool) => pool.family === family));
    this.free = new Map(
      families.map((family) => [
        family,
        new FreeAddresses(
          pools.filter((pool) => pool.family === family),
          (value) => isTaken(family, value),
          before?.free.get(family)?.resting,
        ),
      ]),
    );
  }

  get name(): string {
    return this.view.name;
  }

  get draining(): boolean {
    return this.view.spec.draining;
  }

  get namespaceOnly(): boolean {
    return this.view.spec.assign.sharing === 'Namespace';
  }

  /** Whether the labels of a Service's Namespace must be known to judge it. */
  get looksAtNamespaces(): boolean {
    return this.view.spec.assign.namespaceSelector !== undefined;
  }

  /** Where a Service of the namespace meets those with whom it may share an address of the group. */
  placeOf(family: IPFamily, namespace: string): Place {
    return this.namespaceOnly ? newPlace(this.name, family, namespace) : this.#places[family];
  }

  offers(family: IPFamily): boolean {
    return this.free.has(family);
  }

  /** How many addresses of the family could be handed out now. */
  available(family: IPFamily): bigint {
    return this.draining ? 0n : (this.free.get(family)?.available ?? 0n);
  }

  hasFree(family: IPFamily): boolean {
    return !this.draining && this.free.get(family)?.peek() !== undefined;
  }

  /** Whether the selectors let the Service draw from the group; they bind also where it names the group. */
  permits(service: ServiceView, namespaceLabels: Labels | undefined): boolean {
    return (
      (!this.looksAtNamespaces || (namespaceLabels !== undefined && this.#selectsNamespace(namespaceLabels))) &&
      this.#selectsService(service.labels)
    );
  }
}

/** The order in which a Service that names no group tries them: groups with selectors first, then priority, then name. */
export function compareForAssignment(a: Group, b: Group): number {
  const hasSelectors = ({ view }: Group): number =>
    view.spec.assign.namespaceSelector !== undefined || view.spec.assign.serviceSelector !== undefined ? 0 : 1;
  return (
    hasSelectors(a) - hasSelectors(b) ||
    a.view.spec.assign.priority - b.view.spec.assign.priority ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}
