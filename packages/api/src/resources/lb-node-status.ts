import { conditions, time } from '../schema/common.ts';
import type { ResourceDefinition } from '../schema/definition.ts';
import { choice, defaulted, flag, integer, list, object, optional, record, text } from '../schema/field.ts';
import type { Read } from '../schema/field.ts';
import type { Resource } from './resource.ts';

/** How many local addresses a status lists; beyond it, `truncated` says so. Keeps the object under 32 KiB. */
export const LOCAL_ADDRESSES_LISTED = 100;

/** How many entries its lists may have: who writes one leaves the rest out, because one too many is refused as a whole. */
export const NODE_STATUS_LIMITS = {
  interfaces: 32,
  /** Of one interface. */
  addresses: 32,
  /** Of one interface; and all together. */
  subnets: 32,
  allSubnets: 64,
  labels: 256,
  sessions: 64,
} as const;

/**
 * Written by one agent alone: nothing in it is refused by rules, only bounded; and its lists have one owner, so that
 * `managedFields` stays small.
 */
const address = (description: string) => text({ description, maxLength: 45 });
const cidr = (description: string) => text({ description, maxLength: 49 });
const mac = (description: string) => text({ description, maxLength: 59 });
const interfaceName = (description: string) => text({ description, maxLength: 15 });

const INTERFACE = object(
  {
    name: interfaceName('Its name.'),
    mac: mac('Its MAC address, in small letters with colons.'),
    carrier: defaulted(flag({ description: 'Whether it has carrier.' }), true),
    addresses: optional(
      list(cidr('An address with its prefix length.'), {
        description: "The node's own addresses on it, both families, link-local IPv6 left out.",
        maxItems: NODE_STATUS_LIMITS.addresses,
      }),
    ),
    linkLocal: optional(address('Its IPv6 link-local address, by which the neighbours ask whether it lives.')),
    subnets: optional(
      list(cidr('A subnet.'), {
        description: 'The subnets it is on: of its addresses and of on-link routes.',
        maxItems: NODE_STATUS_LIMITS.subnets,
      }),
    ),
    lans: optional(
      list(text({ description: 'Name of a LAN.', maxLength: 253 }), {
        description: 'The LANs it is on, one for each subnet.',
        maxItems: NODE_STATUS_LIMITS.subnets,
      }),
    ),
    formerMACs: optional(
      list(mac('A MAC address.'), {
        description: 'MAC addresses it had in the last day: frames from them were ours.',
        maxItems: 16,
      }),
    ),
  },
  { description: 'A local interface.' },
);

const FITNESS = object(
  {
    state: choice(['Fit', 'Excluded', 'Unfit'], {
      description:
        '`Fit`: announces. `Excluded`: told to leave; hands over and ranks last. `Unfit`: its data path does not work; announces nothing.',
    }),
    reason: text({ description: 'Why, in one CamelCase word.', maxLength: 64 }),
    message: optional(text({ description: 'Why, in a sentence.', maxLength: 1024 })),
    since: optional(time('Since when.')),
  },
  { description: 'Whether the node can hold addresses.' },
);

const LOCAL_ADDRESS = object(
  {
    address: address('The address.'),
    interface: interfaceName('The interface that carries it.'),
    service: text({
      description: 'The Service that has it, as `NAMESPACE/NAME`; of several that share it, the oldest.',
      maxLength: 320,
    }),
    since: time('Since when the node has it.'),
  },
  { description: 'A local address on this node.' },
);

const SESSION = object(
  {
    name: text({ description: 'Name of the session: the neighbor, or the protocol.', maxLength: 64 }),
    state: text({ description: "Its state in the router's own word, such as `Established`.", maxLength: 64 }),
    since: optional(time('Since when.')),
    prefixes: optional(
      integer({
        description: 'Prefixes announced in it; a minute old where Services come all the time.',
        minimum: 0,
        maximum: 2_147_483_647,
      }),
    ),
    imported: optional(
      integer({
        description: 'Prefixes taken from the other side; the templates that come with Fairlead take none.',
        minimum: 0,
        maximum: 2_147_483_647,
      }),
    ),
    message: optional(text({ description: 'Why it is not up, or its last error.', maxLength: 512 })),
  },
  { description: 'A routing session.' },
);

const ROUTER = object(
  {
    daemon: choice(['BIRD', 'FRR', 'None'], { description: 'The routing daemon.' }),
    router: optional(text({ description: 'Name of the Router that it follows.', maxLength: 253 })),
    sessions: optional(list(SESSION, { description: 'Its sessions.', maxItems: NODE_STATUS_LIMITS.sessions })),
  },
  { description: 'The routing daemon of the node.' },
);

export const lbNodeStatusStatus = object(
  {
    interfaces: optional(
      list(INTERFACE, { description: 'The local interfaces.', maxItems: NODE_STATUS_LIMITS.interfaces }),
    ),
    subnets: optional(
      list(cidr('A subnet.'), {
        description: 'The subnets of all local interfaces.',
        maxItems: NODE_STATUS_LIMITS.allSubnets,
      }),
    ),
    fitness: optional(FITNESS),
    nodeLabels: optional(
      record(text({ description: 'Value of a label.', maxLength: 63 }), {
        description: "The labels of the Node, copied so that a LAN's agents need not watch Nodes.",
        maxProperties: NODE_STATUS_LIMITS.labels,
        atomic: true,
      }),
    ),
    localCount: optional(
      integer({ description: 'How many local addresses the node has.', minimum: 0, maximum: 2_147_483_647 }),
    ),
    virtualCount: optional(
      integer({
        description: 'How many virtual addresses the node has; a minute old where Services come all the time.',
        minimum: 0,
        maximum: 2_147_483_647,
      }),
    ),
    localAddresses: optional(
      list(LOCAL_ADDRESS, {
        description: `The local addresses of the node, the first ${LOCAL_ADDRESSES_LISTED} by number, or fewer where all of this would be more than 32 KiB.`,
        maxItems: LOCAL_ADDRESSES_LISTED,
      }),
    ),
    truncated: optional(flag({ description: 'True where the node has more than are listed.' })),
    router: optional(ROUTER),
    conditions: optional(
      conditions('`Ready` says whether the agent does all it should; others name what stands in its way.'),
    ),
  },
  { description: 'What the agent sees and has.' },
);

export type LBNodeStatusStatus = Read<typeof lbNodeStatusStatus>;
export type NodeInterface = Read<typeof INTERFACE>;
export type Fitness = Read<typeof FITNESS>;
export type LocalAddress = Read<typeof LOCAL_ADDRESS>;
export type RouterSession = Read<typeof SESSION>;
export type NodeRouterStatus = Read<typeof ROUTER>;

/**
 * What one node's agent sees and has; named after the node, labelled `lan.fairlead.dev/HASH` for each LAN it is on, and
 * written by that agent alone. It outlives the node by a day, so that its MAC addresses are known.
 */
export interface LBNodeStatus extends Resource<'LBNodeStatus'> {
  readonly status?: LBNodeStatusStatus;
}

export const lbNodeStatus: ResourceDefinition = {
  kind: 'LBNodeStatus',
  singular: 'lbnodestatus',
  plural: 'lbnodestatuses',
  shortNames: ['lbns'],
  description: 'LBNodeStatus is what the agent of one node sees and has; written by that agent alone.',
  status: lbNodeStatusStatus,
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Fitness', type: 'string', jsonPath: '.status.fitness.state' },
    { name: 'Local', type: 'integer', jsonPath: '.status.localCount' },
    { name: 'Virtual', type: 'integer', jsonPath: '.status.virtualCount' },
    { name: 'Subnets', type: 'string', jsonPath: '.status.subnets' },
    { name: 'Sessions', type: 'string', jsonPath: '.status.router.sessions[*].state', priority: 1 },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ],
};
