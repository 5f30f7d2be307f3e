import {
  conditions,
  duration,
  interfaceName,
  ipAddress,
  labelSelector,
  secretName,
  whereDurations,
} from '../schema/common.ts';
import type { ResourceDefinition } from '../schema/definition.ts';
import {
  choice,
  defaulted,
  described,
  flag,
  integer,
  listByKey,
  object,
  optional,
  record,
  set,
  text,
} from '../schema/field.ts';
import type { Read, Write } from '../schema/field.ts';
import type { Resource } from './resource.ts';

/** An AS number (RFC 6793), less 0 and the reserved highest one (RFC 7300). */
const asn = (description: string) => integer({ description, minimum: 1, maximum: 4_294_967_294 });
const port = (description: string) => integer({ description, minimum: 1, maximum: 65_535 });

const BFD = object(
  {
    interval: defaulted(duration('Time between two packets, both ways.', { minimum: '10ms', maximum: '10s' }), '100ms'),
    multiplier: defaulted(
      integer({ description: 'After how many missing packets the session is down.', minimum: 2, maximum: 50 }),
      3,
    ),
  },
  { description: 'BFD for this neighbor; `{}` for the defaults. Absent: off.' },
);

const NEIGHBOR = object(
  {
    name: text({
      description: 'Its name, in the status and in the configuration of the daemon.',
      maxLength: 32,
      rules: [
        {
          rule: "self.matches('^[A-Za-z][A-Za-z0-9_-]*$')",
          message: 'write a name of letters, digits, dashes and underscores that starts with a letter',
        },
      ],
    }),
    address: optional(
      ipAddress('Its address. Absent with `interface`: the neighbor is found on that interface (unnumbered).'),
    ),
    asn: asn('Its AS number. The same as ours makes the session internal.'),
    port: defaulted(port('Its TCP port.'), 179),
    localAddress: optional(ipAddress('Our address in the session. Absent: as the kernel chooses.')),
    interface: optional(interfaceName('The interface towards it: needed for a link-local address and for unnumbered.')),
    multihop: optional(
      integer({
        description: 'How many hops away it may be. Absent: on a network of this node.',
        minimum: 1,
        maximum: 255,
      }),
    ),
    passive: defaulted(flag({ description: 'True: wait for the neighbor to connect.' }), false),
    passwordSecret: optional(
      secretName(
        "A Secret in the release's namespace whose key `password` is the TCP MD5 password (RFC 2385). The session stays down while it is missing.",
      ),
    ),
    bfd: optional(BFD),
    holdTime: defaulted(
      duration('The session is down after this time without a message.', {
        minimum: '3s',
        maximum: '18h',
        wholeSeconds: true,
      }),
      '9s',
    ),
    keepaliveTime: optional(
      duration('Time between two messages. Absent: a third of `holdTime`.', {
        minimum: '1s',
        maximum: '6h',
        wholeSeconds: true,
      }),
    ),
    families: optional(
      set(choice(['IPv4', 'IPv6'], { description: 'A family.' }), {
        description: 'Families whose routes are announced. Absent: both, as far as the node has addresses of them.',
        minItems: 1,
        maxItems: 2,
      }),
    ),
  },
  {
    description: 'A BGP neighbor.',
    rules: [
      { rule: 'has(self.address) || has(self.interface)', message: 'write address, or interface for unnumbered BGP' },
      {
        rule: '!has(self.address) || !isIP(self.address) || !ip(self.address).isLinkLocalUnicast() || has(self.interface)',
        message: 'a link-local address says nothing without its interface; write interface as well',
      },
      {
        rule: '!has(self.multihop) || (has(self.address) && !has(self.interface))',
        message: 'multihop is for a neighbor with an address and without interface',
      },
      {
        rule: '!has(self.localAddress) || !has(self.address) || !isIP(self.localAddress) || !isIP(self.address) || ip(self.localAddress).family() == ip(self.address).family()',
        message: 'address and localAddress must be of one family',
      },
      {
        rule: `!has(self.keepaliveTime) || ${whereDurations(['self.keepaliveTime', 'self.holdTime'], 'duration(self.keepaliveTime) < duration(self.holdTime)')}`,
        message: 'keepaliveTime must be shorter than holdTime, by custom a third of it',
      },
    ],
  },
);

const ROUTER_BGP = object(
  {
    listenPort: defaulted(
      port('TCP port on which neighbors reach us. Another than 179 where something else on the node speaks BGP.'),
      179,
    ),
    gracefulRestart: optional(
      object(
        {
          time: defaulted(
            duration('How long neighbors keep our routes while the daemon is away.', {
              minimum: '1s',
              maximum: '4095s',
              wholeSeconds: true,
            }),
            '120s',
          ),
        },
        { description: 'Graceful restart (RFC 4724); `{}` for the defaults. Absent: off.' },
      ),
    ),
    neighbors: listByKey(NEIGHBOR, {
      key: 'name',
      description: 'With whom to speak.',
      minItems: 1,
      maxItems: 32,
    }),
  },
  { description: 'BGP. Absent: off.' },
);

const OSPF_INTERFACE = object(
  {
    name: interfaceName('Its name.'),
    cost: defaulted(integer({ description: 'Its cost.', minimum: 1, maximum: 65_535 }), 10),
    helloInterval: defaulted(
      duration('Time between two hello packets.', { minimum: '1s', maximum: '18h', wholeSeconds: true }),
      '10s',
    ),
    deadInterval: defaulted(
      duration('A neighbor is down after this time without one.', {
        minimum: '2s',
        maximum: '18h',
        wholeSeconds: true,
      }),
      '40s',
    ),
    type: defaulted(
      choice(['Broadcast', 'PointToPoint'], { description: 'The kind of network it is on.' }),
      'Broadcast',
    ),
    passwordSecret: optional(
      secretName("A Secret in the release's namespace whose key `password` authenticates OSPF packets."),
    ),
  },
  {
    description: 'An interface that speaks OSPF.',
    rules: [
      {
        rule: whereDurations(
          ['self.helloInterval', 'self.deadInterval'],
          'duration(self.helloInterval) < duration(self.deadInterval)',
        ),
        message: 'helloInterval must be shorter than deadInterval, by custom a fourth of it',
      },
    ],
  },
);

const ROUTER_OSPF = object(
  {
    areas: listByKey(
      object(
        {
          id: text({
            description: 'Its number, plain (`0`) or dotted (`0.0.0.0`).',
            maxLength: 15,
            rules: [
              {
                rule: "self.matches('^(0|[1-9][0-9]{0,8})$') || (isIP(self) && ip(self).family() == 4)",
                message: 'write the area as a number such as 0, or dotted such as 0.0.0.0',
              },
            ],
          }),
          interfaces: listByKey(OSPF_INTERFACE, {
            key: 'name',
            description: 'Interfaces in the area.',
            minItems: 1,
            maxItems: 16,
          }),
        },
        { description: 'An OSPF area.' },
      ),
      { key: 'id', description: 'Areas this node is in.', minItems: 1, maxItems: 8 },
    ),
  },
  { description: 'OSPF: version 2 for IPv4, version 3 for IPv6. Absent: off.' },
);

const ROUTER_RIP = object(
  {
    interfaces: listByKey(
      object({ name: interfaceName('Its name.') }, { description: 'An interface that speaks RIP.' }),
      { key: 'name', description: 'Interfaces that speak RIP.', minItems: 1, maxItems: 16 },
    ),
  },
  { description: 'RIP for IPv4, RIPng for IPv6. Absent: off.' },
);

export const routerSpec = object(
  {
    nodeSelector: optional(
      labelSelector(
        'On which nodes this holds. Absent: on every node. Where several select a node, the one with the most requirements holds, then the first by name.',
      ),
    ),
    daemon: defaulted(
      choice(['BIRD', 'FRR', 'None'], {
        description:
          '`BIRD`: the bundled one. `FRR`: one that runs beside the agent. `None`: nothing is configured; whatever routes on the host takes the routes from the dummy interface.',
      }),
      'BIRD',
    ),
    asn: optional(asn('Our AS number; needed with `bgp`.')),
    routerID: optional(
      described(
        text({
          description: '',
          maxLength: 15,
          rules: [
            {
              rule: "isIP(self) && ip(self).family() == 4 && self != '0.0.0.0'",
              message: 'write the router ID like an IPv4 address, such as 192.0.2.1',
            },
          ],
        }),
        "The router ID, written like an IPv4 address. Absent: the node's IPv4 address, else a hash of its name. With it set, select one node only.",
      ),
    ),
    bgp: optional(ROUTER_BGP),
    ospf: optional(ROUTER_OSPF),
    rip: optional(ROUTER_RIP),
    variables: optional(
      record(text({ description: 'Any text without control characters.', maxLength: 1024 }), {
        description: 'Values for templates of your own: `{{variables.NAME}}`.',
        maxProperties: 64,
        rules: [
          {
            rule: "self.all(name, name.matches('^[A-Za-z_][A-Za-z0-9_]{0,62}$'))",
            message: 'write names of letters, digits and underscores that do not start with a digit',
          },
          {
            rule: "self.all(name, !self[name].matches('[\\\\x00-\\\\x1f\\\\x7f]'))",
            message: 'values take no control characters such as newlines; put several lines into the template',
          },
        ],
      }),
    ),
  },
  {
    description: 'What the routing daemons of the selected nodes are to do.',
    rules: [
      { rule: '!has(self.bgp) || has(self.asn)', message: 'bgp needs asn, our AS number' },
      {
        rule: "self.daemon != 'None' || (!has(self.bgp) && !has(self.ospf) && !has(self.rip))",
        message: 'daemon: None configures nothing; leave bgp, ospf and rip out, or choose BIRD or FRR',
      },
    ],
  },
);

export const routerStatus = object(
  { conditions: optional(conditions('`Ready` says whether it is in use as written.')) },
  { description: 'What was made of it.' },
);

export type RouterSpec = Read<typeof routerSpec>;
export type RouterStatus = Read<typeof routerStatus>;
export type RouterBGP = Read<typeof ROUTER_BGP>;
export type BGPNeighbor = Read<typeof NEIGHBOR>;
export type BFDSettings = Read<typeof BFD>;
export type RouterOSPF = Read<typeof ROUTER_OSPF>;
export type OSPFInterface = Read<typeof OSPF_INTERFACE>;
export type RouterRIP = Read<typeof ROUTER_RIP>;

/** What the routing daemons of some nodes do, as read from the API server. */
export interface Router extends Resource<'Router'> {
  readonly spec: RouterSpec;
  readonly status?: RouterStatus;
}

/** A Router as one writes it: what has a default may be left out. */
export interface RouterManifest extends Resource<'Router'> {
  readonly spec: Write<typeof routerSpec>;
}

export const router: ResourceDefinition = {
  kind: 'Router',
  singular: 'router',
  plural: 'routers',
  shortNames: ['lbr'],
  description:
    'Router sets what the routing daemons of some nodes do with the routes to virtual addresses. A node that no Router selects announces none.',
  spec: routerSpec,
  status: routerStatus,
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Daemon', type: 'string', jsonPath: '.spec.daemon' },
    { name: 'ASN', type: 'integer', jsonPath: '.spec.asn' },
    { name: 'Neighbors', type: 'string', jsonPath: '.spec.bgp.neighbors[*].address' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ],
};
