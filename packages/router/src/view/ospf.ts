import { formatAddress, ospfAreaNumber } from '@fairlead/api';
import type { Address, IPFamily, OSPFArea, OSPFInterface, RouterOSPF } from '@fairlead/api';
import { authenticationView } from './authentication.ts';
import type { BFDInterfaces } from './bfd.ts';
import { attempt, checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { familiesView } from './families.ts';
import type { FamiliesView } from './families.ts';
import { keptWhereFaulty } from './kept.ts';
import type { SecretData } from './passwords.ts';
import * as printable from './printable.ts';
import { NOTHING, YES } from './printable.ts';
import type { Printable } from './printable.ts';
import type { RouterViewProblem } from './problem.ts';
import type { OSPFAreaView, OSPFInterfaceView, OSPFView, RouterView } from './view.ts';

/** What OSPF and RIP need to know beyond the Router. */
export interface InteriorContext {
  /** Who is to do it: not every daemon can do all. */
  readonly daemon: 'BIRD' | 'FRR';
  /** Addresses of the node, of each family that it has. */
  readonly nodeAddresses: Readonly<Partial<Record<IPFamily, Address>>>;
  /** Secrets that could be read, by name. */
  readonly secrets: ReadonlyMap<string, SecretData>;
  /** Collects the interfaces with BFD of all protocols. */
  readonly bfd: BFDInterfaces;
  /** The last view: an interface that has a problem now stays as it was there. */
  readonly previous: Pick<RouterView, 'ospf' | 'rip' | 'bfd'> | undefined;
}

/** OSPF where the Router has none. */
export const NO_OSPF: OSPFView = {
  ipv4: NOTHING,
  ipv6: NOTHING,
  metric: NOTHING,
  metricType: NOTHING,
  tag: NOTHING,
  areas: [],
};

/**
 * OSPF as it is to be configured. An interface with a problem stays as it was in the last view, and is left out where
 * it was in none: packets without the password that was asked for are never sent.
 * @throws {PlacedProblem} for a bad value of all of OSPF
 */
export function ospfView(
  ospf: RouterOSPF | undefined,
  place: Place,
  context: InteriorContext,
  problems: RouterViewProblem[],
): OSPFView {
  if (ospf === undefined) {
    return NO_OSPF;
  }
  const families = familiesView(ospf.families, place, context.nodeAddresses, problems);
  const { tag } = ospf;
  const settings = {
    ...families,
    // LSInfinity is 2^24 - 1 (RFC 2328, appendix B).
    metric: checkedAt(within(place, 'metric'), () =>
      printable.wholeNumber(ospf.metric, { minimum: 1, maximum: 16_777_214 }),
    ),
    metricType: checkedAt(within(place, 'metricType'), () =>
      printable.oneOf(ospf.metricType, { Type1: '1', Type2: '2' }),
    ),
    tag:
      tag === undefined
        ? NOTHING
        : checkedAt(within(place, 'tag'), () => printable.wholeNumber(tag, { minimum: 1, maximum: 4_294_967_295 })),
  };
  if (families.ipv4 === NOTHING && families.ipv6 === NOTHING) {
    return NO_OSPF;
  }
  const seen = { areas: new Map<number, string>(), interfaces: new Map<string, string>() };
  const areas = ospf.areas.flatMap((area, index) => {
    const at = within(place, `areas[${index}]`);
    const view = attempt(problems, () => areaView(area, at, { ...context, families, seen }, problems));
    return view === undefined || view.interfaces.length === 0 ? [] : [view];
  });
  // A daemon refuses OSPF without an area.
  return areas.length === 0 ? NO_OSPF : { ...settings, areas };
}

/** What one area needs to know of the others. */
interface AreaContext extends InteriorContext {
  readonly families: FamiliesView;
  /** Areas by number and interfaces by name that have been met, with the area's name as written. */
  readonly seen: { readonly areas: Map<number, string>; readonly interfaces: Map<string, string> };
}

function areaView(
  { id, type, interfaces }: OSPFArea,
  place: Place,
  context: AreaContext,
  problems: RouterViewProblem[],
): OSPFAreaView {
  const number = checkedAt(within(place, 'id'), () => areaNumber(id));
  const twin = context.seen.areas.get(number);
  if (twin !== undefined) {
    const sentence = `area ${id} is area ${twin}; put their interfaces into one`;
    throw new PlacedProblem(problemAt(within(place, 'id'), 'DuplicateArea', sentence));
  }
  context.seen.areas.set(number, id);
  const kind = checkedAt(within(place, 'type'), () => printable.oneOf(type, { Normal: '', NSSA: YES }));
  if (number === 0 && kind !== NOTHING) {
    const sentence = 'area 0 is the backbone and cannot be an NSSA; write type: Normal, or the number of another area';
    throw new PlacedProblem(problemAt(within(place, 'type'), 'AreaTypeImpossible', sentence));
  }
  const dotted = formatAddress({ family: 'IPv4', value: BigInt(number) }) as Printable;
  const before = context.previous?.ospf.areas.find((area) => area.id === dotted)?.interfaces ?? [];
  const views = interfaces.flatMap((each, index) =>
    keptWhereFaulty<OSPFInterfaceView>(
      {
        what: `interface ${each.name}`,
        make: () => interfaceView(each, within(place, `interfaces[${index}]`), id, context),
        previous: () => before.find(({ name }) => name === each.name && !context.seen.interfaces.has(name)),
        keep: ({ name }) => {
          context.seen.interfaces.set(name, id);
          if (context.previous !== undefined) {
            context.bfd.keep(name, context.previous.bfd);
          }
        },
      },
      problems,
    ),
  );
  return { id: dotted, nssa: kind, interfaces: views };
}

function areaNumber(id: string): number {
  const number = /^(\d{1,10}|\d{1,3}(\.\d{1,3}){3})$/.test(id) ? ospfAreaNumber(id) : Number.NaN;
  const isDottedByte = id.split('.').every((part) => !id.includes('.') || Number(part) <= 255);
  if (!isDottedByte || !Number.isInteger(number) || number > 4_294_967_295) {
    throw new printable.ValueError(
      `${JSON.stringify(id)} is not an area; write a number such as 0, or dotted such as 0.0.0.0`,
    );
  }
  return number;
}

function interfaceView(
  ospf: OSPFInterface,
  place: Place,
  area: string,
  { seen, families, secrets, bfd }: AreaContext,
): OSPFInterfaceView {
  const name = checkedAt(within(place, 'name'), () => printable.interfaceName(ospf.name));
  const other = seen.interfaces.get(name);
  if (other !== undefined) {
    const sentence = `${name} is in area ${other} already; leave it in one`;
    throw new PlacedProblem(problemAt(within(place, 'name'), 'DuplicateInterface', sentence));
  }
  const [helloInterval, deadInterval] = intervals(ospf, place);
  const view: OSPFInterfaceView = {
    name,
    cost: checkedAt(within(place, 'cost'), () => printable.wholeNumber(ospf.cost, { minimum: 1, maximum: 65_535 })),
    priority: checkedAt(within(place, 'priority'), () =>
      printable.wholeNumber(ospf.priority, { minimum: 0, maximum: 255 }),
    ),
    helloInterval,
    deadInterval,
    pointToPoint: checkedAt(within(place, 'type'), () =>
      printable.oneOf(ospf.type, { Broadcast: '', PointToPoint: YES }),
    ),
    passive: ospf.passive ? YES : NOTHING,
    ...authenticationView(ospf, place, { secrets, usesIPv4: families.ipv4 !== NOTHING }),
    bfd: ospf.bfd === undefined || ospf.passive ? NOTHING : YES,
  };
  if (ospf.bfd !== undefined && !ospf.passive) {
    bfd.ask(name, ospf.bfd, within(place, 'bfd'));
  }
  seen.interfaces.set(name, area);
  return view;
}

/** The field on the wire has 16 bits for the one and 32 for the other (RFC 2328, A.3.2); version 3 has 16 for both. */
function intervals({ helloInterval, deadInterval }: OSPFInterface, place: Place): readonly [Printable, Printable] {
  const hello = checkedAt(within(place, 'helloInterval'), () =>
    printable.seconds(helloInterval, { minimum: 1, maximum: 65_535 }),
  );
  const dead = checkedAt(within(place, 'deadInterval'), () =>
    // Rounding up could make two intervals equal that were not.
    printable.seconds(deadInterval, { minimum: Number(hello) + 1, maximum: 65_535 }),
  );
  return [hello, dead];
}
