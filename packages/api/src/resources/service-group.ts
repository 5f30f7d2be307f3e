import { conditions, isDuration, interfaceSelectors, labelSelector, network, secretName } from '../schema/common.ts';
import type { ResourceDefinition } from '../schema/definition.ts';
import { choice, defaulted, flag, integer, list, listByKey, object, optional, set, text } from '../schema/field.ts';
import type { Read, Rule, Write } from '../schema/field.ts';
import type { Resource } from './resource.ts';

/** Longest text of a range: two IPv6 addresses in full and a dash. */
const RANGE_LENGTH = 79;

const RANGE_FORM: Rule = {
  rule: "self.contains('-') ? self.split('-', 3).size() == 2 && self.split('-', 3).all(a, isIP(a)) : isIP(self) || isCIDR(self)",
  message:
    'write a network (192.0.2.0/24), two addresses with a dash and no spaces (192.0.2.10-192.0.2.99), or one address; without leading zeros, and not in the IPv4-mapped form',
};

/** CEL: the ends of a range; a network or a single address is its own only end. */
const ENDS = "self.split('-', 3)";

const HOST_BITS: Rule = {
  rule: '!isCIDR(self) || cidr(self).masked() == cidr(self)',
  message:
    'the address has bits set behind its prefix length; write the network address (192.0.2.0/24, not 192.0.2.5/24)',
};

const ONE_FAMILY: Rule = {
  rule: `!self.contains('-') || !${ENDS}.all(a, isIP(a)) || ${ENDS}.all(a, ip(a).family() == ip(${ENDS}[0]).family())`,
  message: 'both ends of a range must be of one family; write two IPv4 addresses or two IPv6 addresses',
};

/** A range that touches none of some networks; a range between two addresses is judged by its ends here. */
function outside(networks: readonly string[], message: string): Rule {
  const all = `[${networks.map((entry) => `'${entry}'`).join(', ')}]`;
  return {
    rule: `isCIDR(self) ? !${all}.exists(n, cidr(n).containsCIDR(self) || cidr(self).containsCIDR(n)) : ${ENDS}.all(a, !isIP(a) || !${all}.exists(n, cidr(n).containsIP(a)))`,
    message,
  };
}

const USABLE: readonly Rule[] = [
  outside(['0.0.0.0/8', '::/128'], 'no Service can have an unspecified address (0.0.0.0/8, ::); leave them out'),
  outside(['127.0.0.0/8', '::1/128'], 'no Service can have a loopback address (127.0.0.0/8, ::1); leave them out'),
  outside(
    ['169.254.0.0/16', 'fe80::/10'],
    'no Service can have a link-local address (169.254.0.0/16, fe80::/10); write addresses that can be routed',
  ),
  outside(
    ['224.0.0.0/4', 'ff00::/8'],
    'no Service can have a multicast address (224.0.0.0/4, ff00::/8); write unicast addresses',
  ),
  outside(
    ['240.0.0.0/4'],
    'no Service can have an address of 240.0.0.0/4, which is reserved and ends in the broadcast address',
  ),
];

/** What CEL can say of an exclude. That it lies inside its range is said by validateServiceGroup. */
const RANGE_RULES: readonly Rule[] = [RANGE_FORM, HOST_BITS, ONE_FAMILY];

const EXCLUDE = set(
  text({
    description: 'A network, two addresses with a dash, or one address.',
    maxLength: RANGE_LENGTH,
    rules: RANGE_RULES,
  }),
  { description: 'Addresses of the range that are never handed out. Those already in use stay.', maxItems: 32 },
);

const POOL = object(
  {
    range: text({
      description:
        'The addresses: a network (`192.0.2.0/24`), two addresses with a dash (`192.0.2.10-192.0.2.99`), or one address.',
      maxLength: RANGE_LENGTH,
      rules: [...RANGE_RULES, ...USABLE],
    }),
    subnet: optional(
      network(
        'The network that the range is part of. Its first address, its broadcast address and, for IPv6, its subnet-router anycast address are then never handed out.',
      ),
    ),
    aggregation: optional(
      text({
        description:
          'Prefix length of the route that is announced for a virtual address of this pool: `/N`, or `default` for the length of `subnet`. Absent: a host route for each address.',
        maxLength: 16,
        rules: [
          {
            rule: "self.matches('^(default|/([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))$')",
            message: 'write default (the length of subnet) or a prefix length such as /32, /24 or /64',
          },
        ],
      }),
    ),
    exclude: optional(EXCLUDE),
    avoidBuggyIPs: defaulted(
      flag({
        description:
          'Skip IPv4 addresses that end in .0 and .255, which some old equipment takes for network and broadcast addresses.',
      }),
      false,
    ),
  },
  {
    description: 'One range of addresses of one family.',
    rules: [
      {
        rule: "!has(self.aggregation) || self.aggregation != 'default' || has(self.subnet)",
        message: 'aggregation: default is the length of the subnet; write subnet as well, or a length such as /24',
      },
      {
        rule: "!has(self.subnet) || !isCIDR(self.subnet) || (isCIDR(self.range) ? cidr(self.subnet).containsCIDR(self.range) : self.range.split('-', 3).all(a, !isIP(a) || cidr(self.subnet).containsIP(a)))",
        message: 'the range must lie inside the subnet; correct one of the two',
      },
      {
        rule: "!has(self.aggregation) || !self.aggregation.matches('^/[0-9]{1,3}$') || self.range.contains(':') || int(self.aggregation.substring(1)) <= 32",
        message: 'an IPv4 route has a prefix length of 32 at most; write /32 or a lower number',
      },
      {
        rule: "!has(self.aggregation) || !has(self.subnet) || !isCIDR(self.subnet) || !self.aggregation.matches('^/[0-9]{1,3}$') || int(self.aggregation.substring(1)) >= cidr(self.subnet).prefixLength()",
        message:
          'the aggregation is shorter than the subnet, so the route would cover foreign addresses; write default or a longer prefix length',
      },
    ],
  },
);

const NETBOX = object(
  {
    secret: secretName(
      "A Secret in the release's namespace with the keys `url`, `token` and, for a private CA, `ca.crt`. It is there, so that who edits groups can send no token elsewhere.",
    ),
    from: object(
      {
        ipRange: optional(
          integer({
            description: 'The id of an IP range in NetBox.',
            minimum: 1,
            maximum: Number.MAX_SAFE_INTEGER,
          }),
        ),
        prefix: optional(network('A prefix that is in NetBox.')),
        tag: optional(
          text({ description: 'The slug of a tag on addresses that are held ready.', minLength: 1, maxLength: 100 }),
        ),
      },
      {
        description: 'Where in NetBox the addresses come from.',
        rules: [
          {
            rule: '[has(self.ipRange), has(self.prefix), has(self.tag)].filter(x, x).size() == 1',
            message: 'write exactly one of ipRange, prefix and tag',
          },
        ],
      },
    ),
    tenant: optional(text({ description: 'The slug of the tenant of the addresses.', minLength: 1, maxLength: 100 })),
    vrf: optional(text({ description: 'The name of the VRF of the addresses.', minLength: 1, maxLength: 100 })),
    tags: optional(
      set(text({ description: 'The slug of a tag.', minLength: 1, maxLength: 100 }), {
        description: 'Tags that addresses get.',
        maxItems: 16,
      }),
    ),
    dnsDomain: optional(
      text({
        description: 'Domain behind the DNS name that an address gets: `SERVICE.NAMESPACE.DOMAIN`.',
        maxLength: 190,
        rules: [
          {
            rule: "self.matches('^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')",
            message: 'write a domain in small letters, such as lb.example.com',
          },
        ],
      }),
    ),
    aggregation: optional(
      text({
        description: 'Prefix length of the route that is announced for a virtual address. Absent: a host route.',
        maxLength: 16,
        rules: [
          {
            rule: "self.matches('^/([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$')",
            message: 'write a prefix length such as /32 or /64',
          },
        ],
      }),
    ),
  },
  { description: 'A NetBox that is asked for addresses.' },
);

const ASSIGN = object(
  {
    auto: defaulted(
      flag({
        description:
          'Whether Services that name no group may draw from this one. False: only those that name the group or an address of it.',
      }),
      true,
    ),
    priority: defaulted(
      integer({
        description:
          'Among the groups that a Service may draw from, those with selectors first, then the lower number.',
        minimum: -1_000_000,
        maximum: 1_000_000,
      }),
      0,
    ),
    namespaceSelector: optional(
      labelSelector(
        "Which namespaces' Services may draw from the group, also by naming it or an address of it. Absent: all.",
      ),
    ),
    serviceSelector: optional(
      labelSelector('Which Services may draw from the group, also by naming it or an address of it. Absent: all.'),
    ),
    sharing: defaulted(
      choice(['Cluster', 'Namespace'], {
        description:
          'Who may meet on one address by the annotation `fairlead.dev/allow-shared-ip`: Services of the whole cluster, or of one namespace.',
      }),
      'Cluster',
    ),
  },
  { description: 'Who gets addresses of the group.' },
);

const ANNOUNCE = object(
  {
    mode: defaulted(
      choice(['Auto', 'Local', 'Virtual'], {
        description:
          '`Local`: one node has the address on its interface and answers ARP and ND for it. `Virtual`: every node has it on the dummy interface and a route leads there. `Auto`: local where a LAN contains the address, else virtual.',
      }),
      'Auto',
    ),
    nodeSelector: optional(labelSelector('Which nodes may announce. Absent: all.')),
    preferredNodes: optional(
      list(
        object(
          {
            weight: integer({
              description: 'Added to the preference of the nodes that match.',
              minimum: 1,
              maximum: 100,
            }),
            preference: labelSelector('Which nodes.'),
          },
          { description: 'A preference for some nodes.' },
        ),
        { description: 'Which nodes hold local addresses rather than others.', maxItems: 16 },
      ),
    ),
    takeBack: defaulted(
      text({
        description:
          '`Never`, or how long a preferred node must have been fit before it takes an address back from a node that is preferred less.',
        maxLength: 32,
        rules: [
          {
            rule: `self == 'Never' || ${isDuration('self')}`,
            message: 'write Never, or a duration with units from h, m, s and ms, such as 30s or 10m',
          },
        ],
      }),
      'Never',
    ),
    interfaces: optional(
      interfaceSelectors("Interfaces for local addresses of this group. Absent: the node's local interface."),
    ),
    onConflict: defaulted(
      choice(['Defend', 'Yield'], {
        description:
          'What the holder of a local address does when a station that is not ours starts to use it: defend it once in 10 s (RFC 5227, 2.4), or let go of it.',
      }),
      'Defend',
    ),
    takeOver: defaulted(
      choice(['WhenSilent', 'Force'], {
        description:
          'Whether a local address is taken only from a node that has fallen silent on the LAN, or also from one that still answers but can serve nothing.',
      }),
      'WhenSilent',
    ),
  },
  { description: 'Where and how addresses of the group are announced.' },
);

const BGP = object(
  {
    communities: optional(
      set(
        text({
          description: 'A community (`64512:100`) or a large community (`64512:1:2`).',
          maxLength: 32,
          rules: [
            {
              rule: "self.matches('^[0-9]{1,10}:[0-9]{1,10}(:[0-9]{1,10})?$')",
              message: 'write a community such as 64512:100, or a large community such as 64512:1:2',
            },
            {
              rule: "!self.matches('^[0-9]{1,10}:[0-9]{1,10}(:[0-9]{1,10})?$') || self.split(':', 4).all(n, int(n) <= (self.split(':', 4).size() == 2 ? 65535 : 4294967295))",
              message: 'the parts of a community go up to 65535, those of a large community up to 4294967295',
            },
          ],
        }),
        { description: 'Communities on the routes of the group.', maxItems: 32 },
      ),
    ),
    localPref: optional(
      integer({
        description: 'Local preference of the routes of the group, for peers of the same AS.',
        minimum: 0,
        maximum: 4_294_967_295,
      }),
    ),
  },
  { description: 'What routes of the group carry in BGP.' },
);

export const serviceGroupSpec = object(
  {
    pools: optional(listByKey(POOL, { key: 'range', description: 'Ranges of addresses.', minItems: 1, maxItems: 64 })),
    netbox: optional(NETBOX),
    assign: defaulted(ASSIGN, {}),
    draining: defaulted(flag({ description: 'True: the group gives no new addresses; those in use stay.' }), false),
    announce: defaulted(ANNOUNCE, {}),
    bgp: optional(BGP),
  },
  {
    description: 'What the group is to be.',
    rules: [{ rule: 'has(self.pools) != has(self.netbox)', message: 'write exactly one of pools and netbox' }],
  },
);

const COUNT_LENGTH = 40;

export const serviceGroupStatus = object(
  {
    conditions: optional(
      conditions('`Ready` says whether the group is in use as written; `Draining` whether it drains.'),
    ),
    allocatedIPv4: optional(
      text({ description: 'IPv4 addresses in use; a shared one counts once.', maxLength: COUNT_LENGTH }),
    ),
    availableIPv4: optional(
      text({ description: 'IPv4 addresses that could be handed out now.', maxLength: COUNT_LENGTH }),
    ),
    allocatedIPv6: optional(
      text({ description: 'IPv6 addresses in use; a shared one counts once.', maxLength: COUNT_LENGTH }),
    ),
    availableIPv6: optional(
      text({
        description:
          'IPv6 addresses that could be handed out now. Text, because a /64 has more than a number can count.',
        maxLength: COUNT_LENGTH,
      }),
    ),
  },
  { description: 'What the allocator made of it.' },
);

export type ServiceGroupSpec = Read<typeof serviceGroupSpec>;
export type ServiceGroupStatus = Read<typeof serviceGroupStatus>;
export type Pool = Read<typeof POOL>;
export type NetBoxSource = Read<typeof NETBOX>;
export type Assign = Read<typeof ASSIGN>;
export type Announce = Read<typeof ANNOUNCE>;
export type GroupBGP = Read<typeof BGP>;

/** A named set of address pools, or a NetBox, with the rules for who may draw from it; as read from the API server. */
export interface ServiceGroup extends Resource<'ServiceGroup'> {
  readonly spec: ServiceGroupSpec;
  readonly status?: ServiceGroupStatus;
}

/** A ServiceGroup as one writes it: what has a default may be left out. */
export interface ServiceGroupManifest extends Resource<'ServiceGroup'> {
  readonly spec: Write<typeof serviceGroupSpec>;
}

export const serviceGroup: ResourceDefinition = {
  kind: 'ServiceGroup',
  singular: 'servicegroup',
  plural: 'servicegroups',
  shortNames: ['sg', 'sgs'],
  description:
    'ServiceGroup is a named set of address pools, or a NetBox, with the rules for who may draw from it and how its addresses are announced.',
  spec: serviceGroupSpec,
  status: serviceGroupStatus,
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'IPv4 used', type: 'string', jsonPath: '.status.allocatedIPv4' },
    { name: 'IPv4 free', type: 'string', jsonPath: '.status.availableIPv4' },
    { name: 'IPv6 used', type: 'string', jsonPath: '.status.allocatedIPv6' },
    { name: 'IPv6 free', type: 'string', jsonPath: '.status.availableIPv6' },
    { name: 'Draining', type: 'string', jsonPath: '.spec.draining', priority: 1 },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ],
};
