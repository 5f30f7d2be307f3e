import type { RIPInterface, RouterRIP } from '@fairlead/api';
import { authenticationView } from './authentication.ts';
import { checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { familiesView } from './families.ts';
import type { FamiliesView } from './families.ts';
import { keptWhereFaulty } from './kept.ts';
import type { InteriorContext } from './ospf.ts';
import * as printable from './printable.ts';
import { NOTHING, YES } from './printable.ts';
import type { RouterViewProblem } from './problem.ts';
import type { RIPInterfaceView, RIPView } from './view.ts';

/** RFC 2453 (3.8): 180 s for routes that are announced every 30 s. */
const TIMEOUT_INTERVALS = 6;

/** Seconds: the least that ripd takes for `timers basic`. */
const FRR_SHORTEST_INTERVAL = 5;

/** RIP where the Router has none. */
export const NO_RIP: RIPView = { ipv4: NOTHING, ipv6: NOTHING, metric: NOTHING, tag: NOTHING, interfaces: [] };

/**
 * RIP as it is to be configured; interfaces with problems as in OSPF.
 * @throws {PlacedProblem} for a bad value of all of RIP
 */
export function ripView(
  rip: RouterRIP | undefined,
  place: Place,
  context: InteriorContext,
  problems: RouterViewProblem[],
): RIPView {
  if (rip === undefined) {
    return NO_RIP;
  }
  const families = familiesView(rip.families, place, context.nodeAddresses, problems);
  const { tag } = rip;
  const settings = {
    // 16 is infinity (RFC 2453, 3.6), and the neighbor adds at least 1.
    metric: checkedAt(within(place, 'metric'), () => printable.wholeNumber(rip.metric, { minimum: 1, maximum: 14 })),
    tag:
      tag === undefined
        ? NOTHING
        : checkedAt(within(place, 'tag'), () => printable.wholeNumber(tag, { minimum: 1, maximum: 65_535 })),
  };
  const interfaces = rip.interfaces.flatMap((each, index) =>
    keptWhereFaulty<RIPInterfaceView>(
      {
        what: `interface ${each.name}`,
        make: () => {
          const at = within(place, `interfaces[${index}]`);
          if (context.daemon === 'FRR') {
            mustSuitFRR(each, rip.interfaces, at);
          }
          return interfaceView(each, at, { ...context, families }, problems);
        },
        previous: () => context.previous?.rip.interfaces.find(({ name }) => name === each.name),
        keep: ({ name }) => {
          if (context.previous !== undefined) {
            context.bfd.keep(name, context.previous.bfd);
          }
        },
      },
      problems,
    ),
  );
  const speaking = interfaces.filter(({ ipv4, ipv6 }) => ipv4 !== NOTHING || ipv6 !== NOTHING);
  if (speaking.length === 0) {
    return NO_RIP;
  }
  return {
    ipv4: speaking.some(({ ipv4 }) => ipv4 !== NOTHING) ? YES : NOTHING,
    ipv6: speaking.some(({ ipv6 }) => ipv6 !== NOTHING) ? YES : NOTHING,
    ...settings,
    interfaces: speaking,
  };
}

function interfaceView(
  rip: RIPInterface,
  place: Place,
  { daemon, families, secrets, bfd }: InteriorContext & { readonly families: FamiliesView },
  problems: RouterViewProblem[],
): RIPInterfaceView {
  const name = checkedAt(within(place, 'name'), () => printable.interfaceName(rip.name));
  const authentication = authenticationView(rip, place, { secrets, usesIPv4: families.ipv4 !== NOTHING });
  const isUnprotected = families.ipv6 !== NOTHING && authentication.password !== NOTHING;
  if (isUnprotected) {
    const sentence = `RIPng has no authentication, so IPv6 is left out on ${name}; write families: [IPv4], or leave passwordSecret out`;
    problems.push(problemAt(within(place, 'passwordSecret'), 'AuthenticationImpossible', sentence));
  }
  const updateInterval = checkedAt(within(place, 'updateInterval'), () =>
    printable.seconds(rip.updateInterval, { minimum: 1, maximum: 3600 }),
  );
  if (daemon === 'FRR' && Number(updateInterval) < FRR_SHORTEST_INTERVAL) {
    const sentence = `RIP of FRR has no intervals below ${FRR_SHORTEST_INTERVAL} s, so ${name} is left out; write a longer one, or daemon: BIRD`;
    throw new PlacedProblem(problemAt(within(place, 'updateInterval'), 'BeyondFRR', sentence));
  }
  const bfdView = daemon === 'FRR' ? undefined : rip.bfd;
  if (bfdView !== rip.bfd) {
    const sentence = `FRR has no BFD for RIP, so it is left out on ${name}; write daemon: BIRD, or leave bfd out`;
    problems.push(problemAt(within(place, 'bfd'), 'BeyondFRR', sentence));
  }
  const view: RIPInterfaceView = {
    name,
    ipv4: families.ipv4,
    ipv6: isUnprotected ? NOTHING : families.ipv6,
    updateInterval,
    timeout: printable.wholeNumber(TIMEOUT_INTERVALS * Number(updateInterval), { minimum: 1, maximum: 65_535 }),
    ...authentication,
    bfd: bfdView === undefined ? NOTHING : YES,
  };
  if (bfdView !== undefined) {
    bfd.ask(name, bfdView, within(place, 'bfd'));
  }
  return view;
}

/**
 * What ripd cannot do is not done in another way.
 * @throws {PlacedProblem}
 */
function mustSuitFRR(
  { name, passwordSecret, passwordAlgorithm, updateInterval }: RIPInterface,
  interfaces: readonly RIPInterface[],
  place: Place,
): void {
  if (passwordSecret !== undefined && passwordAlgorithm !== 'MD5') {
    const sentence = `RIP of FRR knows passwords by MD5 alone, so ${name} is left out; write passwordAlgorithm: MD5, or daemon: BIRD`;
    throw new PlacedProblem(problemAt(within(place, 'passwordAlgorithm'), 'BeyondFRR', sentence));
  }
  const [first] = interfaces;
  if (first !== undefined && first.updateInterval !== updateInterval) {
    const sentence = `RIP of FRR has one interval for all interfaces, so ${name} is left out; write ${first.updateInterval} as for ${first.name}, or daemon: BIRD`;
    throw new PlacedProblem(problemAt(within(place, 'updateInterval'), 'BeyondFRR', sentence));
  }
}
