import { createHash } from 'node:crypto';
import { formatAddress, KERNEL_PROTOCOL, ROUTE_METRIC } from '@fairlead/api';
import type { Address, IPFamily, Router, RouterSpec, ServiceGroup } from '@fairlead/api';
import { attempt, checkedAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { localASN } from './asn.ts';
import { BFDInterfaces } from './bfd.ts';
import { groupViews } from './groups.ts';
import type { StrayRoute } from './groups.ts';
import { neighborViews } from './neighbors.ts';
import { ospfView } from './ospf.ts';
import type { InteriorContext } from './ospf.ts';
import type { SecretData } from './passwords.ts';
import * as printable from './printable.ts';
import { NOTHING, YES } from './printable.ts';
import type { Printable } from './printable.ts';
import type { RouterViewProblem } from './problem.ts';
import { ripView } from './rip.ts';
import type { BGPView, RouterView } from './view.ts';

/** What the router needs to know of its node. */
export interface RouterNode {
  readonly name: string;
  /** An address of the node of each family that it has, for the router ID and for next hops over several hops. */
  readonly addresses: Readonly<Partial<Record<IPFamily, Address>>>;
  /** All addresses on the interfaces of the node, virtual ones left out. Default: not known, and not compared with. */
  readonly hostAddresses?: readonly Address[] | undefined;
  /** The interface that has virtual addresses and their routes. */
  readonly dummyInterface: string;
  /** Labels of the Node. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RouterViewInput {
  /** The Router that selects the node, as read from the API server; undefined: none does. */
  readonly router: Router | undefined;
  readonly serviceGroups: readonly ServiceGroup[];
  /** `data` of the Secrets that could be read, by name. */
  readonly secrets: ReadonlyMap<string, SecretData>;
  readonly node: RouterNode;
  /** Routes of this node that lie outside of all pools. Default: none. */
  readonly strays?: readonly StrayRoute[];
  /** The last view that was made: a neighbor or interface that has a problem now, such as a lost Secret, stays as it was there. */
  readonly previous?: RouterView | undefined;
}

/** What is to be done with the routing daemon of a node. */
export type RouterIntent =
  /** Speak to neighbors. `problems` are of parts that had to be left out. */
  | {
      readonly type: 'configure';
      readonly daemon: 'BIRD' | 'FRR';
      readonly view: RouterView;
      readonly problems: readonly RouterViewProblem[];
    }
  /** Speak to nobody: no Router selects the node, or it says `daemon: None`. */
  | { readonly type: 'idle'; readonly problems: readonly [] }
  /** Nothing can be made of the Router: what runs stays as it is. */
  | { readonly type: 'keep'; readonly problems: readonly RouterViewProblem[] };

/**
 * What the router of a node is to do, from resources as read from the API server. Pure. Nothing that a resource says
 * reaches a template unchecked, whatever the API server has let pass: one bad neighbor or pool is a problem and is left
 * out; a bad value of the whole Router keeps what runs.
 */
export function buildRouterView(input: RouterViewInput): RouterIntent {
  const { router } = input;
  if (router === undefined) {
    return { type: 'idle', problems: [] };
  }
  const { daemon } = router.spec;
  switch (daemon) {
    case 'None':
      return { type: 'idle', problems: [] };
    case 'BIRD':
    case 'FRR': {
      const problems: RouterViewProblem[] = [];
      const view = attempt(problems, () => routerView(router, daemon, input, problems));
      return view === undefined ? { type: 'keep', problems } : { type: 'configure', daemon, view, problems };
    }
    default:
      return daemon satisfies never;
  }
}

function routerView(
  { metadata, spec }: Router,
  daemon: InteriorContext['daemon'],
  input: RouterViewInput,
  problems: RouterViewProblem[],
): RouterView {
  const place: Place = { object: { kind: 'Router', name: metadata.name }, path: 'spec' };
  const { node, serviceGroups, strays = [] } = input;
  const nodePlace: Place = { object: { kind: 'Node', name: node.name }, path: 'metadata.name' };
  const asn = localASN(spec, place, node);
  const bgp = bgpView(spec, asn, within(place, 'bgp'), input, problems);
  const bfd = new BFDInterfaces();
  const interior: InteriorContext = {
    daemon,
    nodeAddresses: node.addresses,
    secrets: input.secrets,
    bfd,
    previous: input.previous,
  };
  const ospf = ospfView(spec.ospf, within(place, 'ospf'), interior, problems);
  const rip = ripView(spec.rip, within(place, 'rip'), interior, problems);
  return {
    router: checkedAt({ ...place, path: 'metadata.name' }, () => printable.objectName(metadata.name)),
    node: {
      name: checkedAt(nodePlace, () => printable.objectName(node.name)),
      ipv4: node.addresses.IPv4 === undefined ? NOTHING : printable.addressText(node.addresses.IPv4),
      ipv6: node.addresses.IPv6 === undefined ? NOTHING : printable.addressText(node.addresses.IPv6),
    },
    routerID: checkedAt(within(place, 'routerID'), () =>
      printable.routerID(spec.routerID ?? defaultRouterID(node.name, node.addresses.IPv4)),
    ),
    asn,
    dummyInterface: checkedAt({ ...nodePlace, path: 'dummyInterface' }, () =>
      printable.interfaceName(node.dummyInterface),
    ),
    kernelProtocol: printable.wholeNumber(KERNEL_PROTOCOL, { minimum: 1, maximum: 255 }),
    kernelMetric: printable.wholeNumber(ROUTE_METRIC, { minimum: 1, maximum: 0xff_ff_ff_ff }),
    // zebra takes the highest byte of a kernel route's metric for its distance (netlink_route_change_read_unicast).
    frrMetric: printable.wholeNumber(ROUTE_METRIC & 0xff_ff_ff, { minimum: 1, maximum: 0xff_ff_ff }),
    bgp,
    ospf,
    rip,
    bfd: bfd.view(bgp.usesBFD !== NOTHING),
    groups: groupViews(serviceGroups, strays, problems),
    variables: variableViews(spec.variables ?? {}, within(place, 'variables'), problems),
  };
}

function bgpView(
  { bgp }: RouterSpec,
  asn: Printable,
  place: Place,
  { node, secrets, previous }: RouterViewInput,
  problems: RouterViewProblem[],
): BGPView {
  if (bgp === undefined || asn === NOTHING) {
    return { listenPort: NOTHING, gracefulRestartTime: NOTHING, usesBFD: NOTHING, neighbors: [] };
  }
  const { gracefulRestart } = bgp;
  const neighbors = neighborViews(
    bgp.neighbors,
    place,
    {
      nodeAddresses: node.addresses,
      hostAddresses: node.hostAddresses,
      secrets,
      previous: previous?.bgp.neighbors ?? [],
    },
    problems,
  );
  return {
    listenPort: checkedAt(within(place, 'listenPort'), () => printable.port(bgp.listenPort)),
    gracefulRestartTime:
      gracefulRestart === undefined
        ? NOTHING
        : checkedAt(within(place, 'gracefulRestart.time'), () =>
            // The field on the wire has 12 bits (RFC 4724, 3).
            printable.seconds(gracefulRestart.time, { minimum: 1, maximum: 4095 }),
          ),
    usesBFD: neighbors.some(({ bfdInterval }) => bfdInterval !== NOTHING) ? YES : NOTHING,
    neighbors,
  };
}

function variableViews(
  variables: Readonly<Record<string, string>>,
  place: Place,
  problems: RouterViewProblem[],
): Readonly<Record<string, Printable>> {
  const entries = Object.entries(variables).flatMap(([name, text]) => {
    const entry = attempt(problems, () =>
      checkedAt(within(place, name), () => [printable.variableName(name), printable.variableText(text)] as const),
    );
    return entry === undefined ? [] : [entry];
  });
  return Object.fromEntries(entries);
}

/** The node's IPv4 address, else 32 bits of a hash of its name: the same after each restart, and unlike its peers'. */
function defaultRouterID(nodeName: string, ipv4: Address | undefined): string {
  if (ipv4 !== undefined) {
    return formatAddress(ipv4);
  }
  const number = createHash('sha256').update(nodeName).digest().readUInt32BE(0);
  return formatAddress({ family: 'IPv4', value: BigInt(number === 0 ? 1 : number) });
}
