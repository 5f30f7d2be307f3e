import { duration, interfaceName, whereDurations } from '../schema/common.ts';
import { choice, defaulted, flag, integer, listByKey, object, optional, text } from '../schema/field.ts';
import type { Read } from '../schema/field.ts';
import { authentication, families, interfaceBFD } from './router-common.ts';

export const ospfInterface = object(
  {
    name: interfaceName('Its name.'),
    cost: defaulted(
      integer({
        description:
          'Cost of its own networks. For the way through it to others a node announces the highest, so that it forwards nothing for them.',
        minimum: 1,
        maximum: 65_535,
      }),
      10,
    ),
    priority: defaulted(
      integer({
        description:
          'Of the node in the choice of the designated router. 0: it never becomes one, so that a node that comes or goes does not trouble the others; the upstream routers need 1 or more.',
        minimum: 0,
        maximum: 255,
      }),
      0,
    ),
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
    passive: defaulted(
      flag({ description: 'True: its networks are announced, and nobody is spoken to on it.' }),
      false,
    ),
    ...authentication(
      'OSPF',
      'How the password proves a packet: MD5, which every router knows, or HMAC-SHA (RFC 5709). Version 3 has no MD5 (RFC 7166) and takes SHA256 in its place.',
    ),
    bfd: optional(interfaceBFD),
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
      {
        rule: '!self.passive || (!has(self.bfd) && !has(self.passwordSecret))',
        message: 'a passive interface speaks to nobody; leave bfd and passwordSecret out',
      },
    ],
  },
);

const OSPF_AREA = object(
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
    type: defaulted(
      choice(['Normal', 'NSSA'], {
        description:
          'The kind of area, the same on all its routers. A stub area takes no routes from outside OSPF, which ours are; an NSSA does (RFC 3101).',
      }),
      'Normal',
    ),
    interfaces: listByKey(ospfInterface, {
      key: 'name',
      description: 'Interfaces in the area.',
      minItems: 1,
      maxItems: 16,
    }),
  },
  {
    description: 'An OSPF area.',
    rules: [
      {
        rule: "self.type != 'NSSA' || !(self.id in ['0', '0.0.0.0'])",
        message: 'area 0 is the backbone and cannot be an NSSA; write type: Normal, or the number of another area',
      },
    ],
  },
);

export const routerOSPF = object(
  {
    areas: listByKey(OSPF_AREA, { key: 'id', description: 'Areas this node is in.', minItems: 1, maxItems: 8 }),
    metric: defaulted(
      integer({ description: 'Metric of our routes, the same on all nodes.', minimum: 1, maximum: 16_777_214 }),
      20,
    ),
    metricType: defaulted(
      choice(['Type1', 'Type2'], {
        description:
          'Kind of the metric: `Type1` adds the cost of the way to the node, `Type2` compares the way only where metrics are equal.',
      }),
      'Type2',
    ),
    tag: optional(
      integer({ description: 'Tag of our routes, for filters upstream.', minimum: 1, maximum: 4_294_967_295 }),
    ),
    families: families(
      'Families whose routes are announced: IPv4 by version 2, IPv6 by version 3. Absent: those of which the node has an address.',
    ),
  },
  { description: 'OSPF: version 2 for IPv4, version 3 for IPv6. Absent: off.' },
);

export type RouterOSPF = Read<typeof routerOSPF>;
export type OSPFArea = Read<typeof OSPF_AREA>;
export type OSPFInterface = Read<typeof ospfInterface>;
