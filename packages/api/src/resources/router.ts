import { conditions, labelSelector } from '../schema/common.ts';
import type { ResourceDefinition } from '../schema/definition.ts';
import { choice, defaulted, described, object, optional, record, text } from '../schema/field.ts';
import type { Read, Write } from '../schema/field.ts';
import type { Resource } from './resource.ts';
import { asn, routerBGP } from './router-bgp.ts';
import { routerOSPF } from './router-ospf.ts';
import { routerRIP } from './router-rip.ts';

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
    asn: optional(asn('Our AS number; needed with `bgp`, here or by `asnLabel`.')),
    asnLabel: optional(
      text({
        description:
          "Label of Nodes whose value is the node's own AS number, where each node or rack has its own. A node without it has `asn`.",
        maxLength: 317,
        rules: [
          {
            rule: "self.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$')",
            message: 'write the name of a label, such as example.com/asn',
          },
        ],
      }),
    ),
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
    bgp: optional(routerBGP),
    ospf: optional(routerOSPF),
    rip: optional(routerRIP),
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
      {
        rule: '!has(self.bgp) || has(self.asn) || has(self.asnLabel)',
        message: 'bgp needs asn, our AS number, or asnLabel where each node has its own',
      },
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
