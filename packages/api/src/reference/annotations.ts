import type {
  ALLOCATOR_ANNOTATIONS,
  CLAIM_ANNOTATIONS,
  EVENT_REASONS,
  NODE_ANNOTATIONS,
  SERVICE_ANNOTATIONS,
} from '../names.ts';

/** Texts of the reference for names in names.ts; a name without its text does not compile. */

/** What users write on Services. */
export const SERVICE_ANNOTATION_TEXTS: Readonly<Record<keyof typeof SERVICE_ANNOTATIONS, readonly [string, string]>> = {
  serviceGroup: [
    'Name of a ServiceGroup.',
    'Draw from this group. Changing it moves the Service; removing it leaves the address alone.',
  ],
  addresses: [
    'Addresses separated by commas, one a family; spaces, empty items and repeats do not matter.',
    'These addresses, or none: the Service waits while another has them. Changing it moves the Service; removing it leaves the address alone.',
  ],
  allowSharedIP: [
    'Any text, the key.',
    'Services with the same key meet on one address when their ports differ and their `externalTrafficPolicy` is equal (with `Local`, their selectors too).',
  ],
  reallocate: ['`"true"`', 'Give the Service another address, once; the allocator removes the annotation.'],
};

/** What the allocator writes on Services. */
export const ALLOCATOR_ANNOTATION_TEXTS: Readonly<
  Record<keyof typeof ALLOCATOR_ANNOTATIONS, readonly [string, string]>
> = {
  allocatedFrom: ['Name of a ServiceGroup, or `netbox:` and that name.', 'Where the address came from.'],
  reason: ['A sentence.', 'Why the Service has no address, or not all it wants; gone when it has.'],
  announcedBy: [
    '`NODE/INTERFACE`, separated by commas, in the order of `status.loadBalancer.ingress`.',
    'Where local addresses are now.',
  ],
};

/** What agents write on claims, the Leases `fairlead-claim-ADDRESS`. */
export const CLAIM_ANNOTATION_TEXTS: Readonly<Record<keyof typeof CLAIM_ANNOTATIONS, readonly [string, string]>> = {
  address: ['An address.', "The address, which the Lease's name can spell only in part."],
  interface: ['Name of an interface.', "The holder's interface that carries the address."],
  mac: ['A MAC address.', 'The one of that interface: an answer from it is an answer of ours.'],
  successor: ['Name of a node.', 'The node that is asked to take over.'],
  move: ['A CamelCase word.', 'Why the holder hands over.'],
};

/** What users, or `kubectl fairlead drain`, write on Nodes. */
export const NODE_ANNOTATION_TEXTS: Readonly<Record<keyof typeof NODE_ANNOTATIONS, readonly [string, string]>> = {
  drain: ['`"true"`', 'While the Node is cordoned, it hands its addresses over and takes none.'],
};

interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly by: string;
  readonly meaning: string;
}

/** Events on Services. */
export const EVENT_TEXTS: Readonly<Record<keyof typeof EVENT_REASONS, EventText>> = {
  addressAssigned: { type: 'Normal', by: 'allocator', meaning: 'The Service got an address.' },
  addressReleased: { type: 'Normal', by: 'allocator', meaning: 'The Service gave its address back.' },
  allocationFailed: {
    type: 'Warning',
    by: 'allocator',
    meaning: 'The Service has no address, or not all it wants; see [refusals](refusals.md).',
  },
  loadBalancerIPDeprecated: {
    type: 'Warning',
    by: 'allocator',
    meaning: 'The Service asks by `spec.loadBalancerIP`; the annotation `fairlead.dev/addresses` is its successor.',
  },
  statusRestored: { type: 'Warning', by: 'allocator', meaning: 'Somebody changed the status, and it was put back.' },
  addressAnnounced: { type: 'Normal', by: 'node agent', meaning: 'A node took a local address.' },
  addressWithdrawn: { type: 'Normal', by: 'node agent', meaning: 'A node let go of a local address.' },
  addressConflict: {
    type: 'Warning',
    by: 'node agent',
    meaning: 'A station that is not ours uses the address; the note has its MAC address.',
  },
  addressRestored: {
    type: 'Warning',
    by: 'node agent',
    meaning: 'Somebody removed the address from its interface, and it was put back.',
  },
  noCandidate: {
    type: 'Warning',
    by: 'allocator',
    meaning: 'No node may hold the address: `announce` selects none, or no LAN contains it.',
  },
  noSuccessor: {
    type: 'Warning',
    by: 'node agent',
    meaning: 'The holder is to leave and no other node can take over, so it stays.',
  },
  holderUnfit: {
    type: 'Warning',
    by: 'node agent',
    meaning: 'The holder still answers on the LAN and serves nothing.',
  },
  routerConfigRefused: {
    type: 'Warning',
    by: 'node agent',
    meaning:
      'A node could not use the configuration that its templates make of the Router; the note has the line to mend. The last good one stays.',
  },
  routerConfigIncomplete: {
    type: 'Warning',
    by: 'node agent',
    meaning: 'Parts of the Router could not be used on a node, such as a neighbor whose Secret is missing.',
  },
  routerConfigFailed: {
    type: 'Warning',
    by: 'node agent',
    meaning: "A node could not write the configuration, or not run the daemon's check of it; it is tried again.",
  },
  routerConfigAccepted: {
    type: 'Normal',
    by: 'node agent',
    meaning: 'After one of these a node runs the configuration of the Router, all of it.',
  },
};
