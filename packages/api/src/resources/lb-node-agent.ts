import { conditions, duration, interfaceName, interfaceSelectors, labelSelector } from '../schema/common.ts';
import type { ResourceDefinition } from '../schema/definition.ts';
import { defaulted, integer, object, optional } from '../schema/field.ts';
import type { Read, Write } from '../schema/field.ts';
import { NODE_AGENT_DEFAULTS } from '../defaults.ts';
import type { Resource } from './resource.ts';

const LOCAL = object(
  {
    interfaces: defaulted(
      interfaceSelectors(
        'Interfaces that carry local addresses. `default` is, for each family, the interface of the default route with the lowest metric.',
      ),
      NODE_AGENT_DEFAULTS.local.interfaces,
    ),
  },
  { description: 'Which interfaces are local.' },
);

const ANNOUNCEMENTS = object(
  {
    count: defaulted(
      integer({ description: 'How many times a new local address is announced.', minimum: 1, maximum: 100 }),
      NODE_AGENT_DEFAULTS.announcements.count,
    ),
    interval: defaulted(
      duration('Time between two of them.', { minimum: '10ms', maximum: '1m' }),
      NODE_AGENT_DEFAULTS.announcements.interval,
    ),
  },
  { description: 'Gratuitous ARP and unsolicited neighbour advertisements after an address was added.' },
);

const FAILOVER = object(
  {
    interval: defaulted(
      duration('How often a node of the LAN is asked whether it lives.', { minimum: '20ms', maximum: '10s' }),
      NODE_AGENT_DEFAULTS.failover.interval,
    ),
    misses: defaulted(
      integer({
        description: 'After how many missing answers it counts as dead.',
        minimum: 2,
        maximum: 20,
      }),
      NODE_AGENT_DEFAULTS.failover.misses,
    ),
  },
  { description: 'How the death of a node is noticed on its LAN. All nodes of a LAN should have the same.' },
);

export const lbNodeAgentSpec = object(
  {
    nodeSelector: optional(
      labelSelector(
        'On which nodes this holds. Absent: on every node. Where several select a node, the one with the most requirements holds, then the first by name. A node that none selects while there are some announces nothing: after 10 s it hands over what it has.',
      ),
    ),
    local: defaulted(LOCAL, {}),
    dummyInterface: defaulted(
      interfaceName('The interface that carries virtual addresses; made where it is missing.'),
      NODE_AGENT_DEFAULTS.dummyInterface,
    ),
    announcements: defaulted(ANNOUNCEMENTS, {}),
    addressLifetime: defaulted(
      duration(
        'Valid lifetime of local addresses in the kernel, renewed at half of it: a last resort for a node that nobody will ever clean.',
        { minimum: '10s', maximum: '8760h' },
      ),
      NODE_AGENT_DEFAULTS.addressLifetime,
    ),
    failover: defaulted(FAILOVER, {}),
  },
  { description: 'How the agents of the selected nodes work.' },
);

export const lbNodeAgentStatus = object(
  { conditions: optional(conditions('`Ready` says whether it is in use as written.')) },
  { description: 'What was made of it.' },
);

export type LBNodeAgentSpec = Read<typeof lbNodeAgentSpec>;
export type LBNodeAgentStatus = Read<typeof lbNodeAgentStatus>;

/** Settings of the node agents of some nodes, as read from the API server. */
export interface LBNodeAgent extends Resource<'LBNodeAgent'> {
  readonly spec: LBNodeAgentSpec;
  readonly status?: LBNodeAgentStatus;
}

/** An LBNodeAgent as one writes it: what has a default may be left out. */
export interface LBNodeAgentManifest extends Resource<'LBNodeAgent'> {
  readonly spec: Write<typeof lbNodeAgentSpec>;
}

export const lbNodeAgent: ResourceDefinition = {
  kind: 'LBNodeAgent',
  singular: 'lbnodeagent',
  plural: 'lbnodeagents',
  shortNames: ['lbna', 'lbnas'],
  description:
    'LBNodeAgent sets which nodes announce, and how their agents work. Without any, every node does, by the defaults; while there are some, those that they select.',
  spec: lbNodeAgentSpec,
  status: lbNodeAgentStatus,
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Interfaces', type: 'string', jsonPath: '.spec.local.interfaces' },
    { name: 'Dummy', type: 'string', jsonPath: '.spec.dummyInterface' },
    { name: 'Failover', type: 'string', jsonPath: '.spec.failover.interval', priority: 1 },
    { name: 'Lifetime', type: 'string', jsonPath: '.spec.addressLifetime', priority: 1 },
  ],
};
