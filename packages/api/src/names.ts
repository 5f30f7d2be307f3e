/** API group of the custom resources. */
export const GROUP = 'fairlead.dev';
/** Version of the custom resources. */
export const VERSION = 'v1';
/** `apiVersion` of every custom resource. */
export const API_VERSION = `${GROUP}/${VERSION}`;
/** The `spec.loadBalancerClass` that is ours unless `--load-balancer-class` says otherwise. */
export const DEFAULT_LOAD_BALANCER_CLASS = `${GROUP}/fairlead`;
/** Namespace of the release: Leases and Secrets live here unless `--namespace` says otherwise. */
export const DEFAULT_NAMESPACE = 'fairlead-system';

/** Annotations that users write on a Service. */
export const SERVICE_ANNOTATIONS = {
  /** Name of the ServiceGroup to draw from. */
  serviceGroup: `${GROUP}/service-group`,
  /** Addresses asked for, one a family, separated by commas; spaces allowed. */
  addresses: `${GROUP}/addresses`,
  /** Sharing key: Services with the same key may meet on one address. */
  allowSharedIP: `${GROUP}/allow-shared-ip`,
  /** `"true"`: give the Service another address; the allocator removes the annotation. */
  reallocate: `${GROUP}/reallocate`,
} as const;

/** Annotations that the allocator writes on a Service. */
export const ALLOCATOR_ANNOTATIONS = {
  /** The ServiceGroup that the address came from, or `netbox:GROUP`. */
  allocatedFrom: `${GROUP}/allocated-from`,
  /** Sentence of the refusal while there is one. */
  reason: `${GROUP}/reason`,
  /** `NODE/INTERFACE` of each local address, in the order of `status.loadBalancer.ingress`, separated by commas. */
  announcedBy: `${GROUP}/announced-by`,
} as const;

/** Annotations on the claim (Lease) of a local address. */
export const CLAIM_ANNOTATIONS = {
  /** The address in canonical text; the Lease's name cannot hold a colon. */
  address: `${GROUP}/address`,
  /** Interface of the holder that carries the address. */
  interface: `${GROUP}/interface`,
  /** MAC address of that interface. */
  mac: `${GROUP}/mac`,
  /** Node that the holder asks to take over. */
  successor: `${GROUP}/successor`,
  /** Why the holder asks. */
  move: `${GROUP}/move`,
} as const;

/** Annotations that users, or `kubectl fairlead drain`, write on a Node. */
export const NODE_ANNOTATIONS = {
  /** `"true"` on a cordoned Node: its agent hands over what it holds. On a Node that is not cordoned it means nothing. */
  drain: `${GROUP}/drain`,
} as const;

/** On every claim, beside the labels of its LANs: what selects claims among the Leases of the namespace. */
export const CLAIM_LABEL = `${GROUP}/claim`;

/** Condition on Services: True when every address the Service needs is allocated. */
export const ADDRESSES_ALLOCATED = `${GROUP}/AddressesAllocated`;
/** Finalizer, only where an address must be given back to NetBox. */
export const FINALIZER = `${GROUP}/release`;

/** Event reasons, on Services but for the last ones, which are on Routers. */
export const EVENT_REASONS = {
  addressAssigned: 'AddressAssigned',
  addressReleased: 'AddressReleased',
  allocationFailed: 'AllocationFailed',
  loadBalancerIPDeprecated: 'LoadBalancerIPDeprecated',
  statusRestored: 'StatusRestored',
  addressAnnounced: 'AddressAnnounced',
  addressWithdrawn: 'AddressWithdrawn',
  addressConflict: 'AddressConflict',
  addressRestored: 'AddressRestored',
  noCandidate: 'NoCandidate',
  noSuccessor: 'NoSuccessor',
  holderUnfit: 'HolderUnfit',
  routerConfigRefused: 'RouterConfigRefused',
  routerConfigIncomplete: 'RouterConfigIncomplete',
  routerConfigFailed: 'RouterConfigFailed',
  routerConfigAccepted: 'RouterConfigAccepted',
} as const;
export type EventReason = (typeof EVENT_REASONS)[keyof typeof EVENT_REASONS];

/** Nodes with this label are not to announce (well-known label of Kubernetes). */
export const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** Prefix of the labels by which the objects of one LAN are selected; what follows is the hash of its subnet. */
export const LAN_LABEL_PREFIX = `lan.${GROUP}/`;

/** Protocol number that marks our addresses (IFA_PROTO) and routes (rtm_protocol) in the kernel. */
export const KERNEL_PROTOCOL = 201;

/**
 * Metric of our routes: higher than any that DHCP, RA, kubelet, CNIs or routing daemons use, so that a connected route
 * wins wherever ours should ever lie over it. Below 2^31, because some tools print it signed.
 */
export const ROUTE_METRIC = 2_000_000_000;
/** Dummy interface for virtual addresses unless the LBNodeAgent names another. */
export const DEFAULT_DUMMY_INTERFACE = 'kube-lb0';

/** Names of the Leases in the release's namespace. */
export const LEASES = {
  allocator: 'fairlead-allocator',
  /** Lease of a node's agent. */
  agent: (node: string): string => `fairlead-agent-${node}`,
  claimPrefix: 'fairlead-claim-',
} as const;

/** Service accounts of the two processes. */
export const SERVICE_ACCOUNTS = { allocator: 'fairlead-allocator', nodeAgent: 'fairlead-node-agent' } as const;
