/**
 * Why a Service has no address, or not all it wants. One value, printed alike in the condition, the annotation, the
 * event, the log and the CLI: the token is the condition's reason, the sentence its message.
 */
export interface Refusal {
  readonly token: RefusalToken;
  /** A whole sentence with the names and addresses of this very case. */
  readonly sentence: string;
  /** What one would change to mend it. */
  readonly object?: RefusalObject;
}

/** The object that a refusal asks one to look at. */
export interface RefusalObject {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** What a reason means and what to do about it; the page docs/reference/refusals.md is made from it. */
export interface Explanation {
  readonly meaning: string;
  readonly cure: string;
}

/** Every refusal of the allocator by its token. */
export const REFUSALS = {
  NoGroup: {
    meaning: 'No ServiceGroup may serve the Service: none exists, none is `assign.auto`, or no selector matches.',
    cure: 'Make a ServiceGroup, or name one with the annotation `fairlead.dev/service-group`.',
  },
  GroupNotFound: {
    meaning: 'The annotation `fairlead.dev/service-group` names a ServiceGroup that does not exist.',
    cure: 'Correct the annotation, or make the ServiceGroup.',
  },
  GroupNotReady: {
    meaning: 'The ServiceGroup is not in use as written; its condition `Ready` says why.',
    cure: 'Mend the ServiceGroup: `kubectl describe servicegroup NAME`.',
  },
  GroupDraining: {
    meaning: 'The ServiceGroup is draining: it gives no new addresses.',
    cure: 'Name another group or address, or set `draining: false`.',
  },
  NotPermitted: {
    meaning:
      'The Service names a group, or an address of it, whose `namespaceSelector` or `serviceSelector` does not select it.',
    cure: 'Name another group, or have the group select this Service.',
  },
  PoolExhausted: {
    meaning: 'Every address that the Service could have is in use.',
    cure: 'Nothing, and it gets the next one that is freed; or add a pool to the group.',
  },
  FamilyNotInGroup: {
    meaning: 'The group has no addresses of a family that the Service needs.',
    cure: 'Add a pool of that family to the group, name another group, or relax `ipFamilyPolicy`.',
  },
  NoFamilies: {
    meaning: 'The Service has no `spec.ipFamilies`, so it cannot be known what it needs.',
    cure: 'Write `IPv4`, `IPv6` or both into `spec.ipFamilies`.',
  },
  InvalidAddress: {
    meaning: 'An address in `fairlead.dev/addresses` or `spec.loadBalancerIP` cannot be read.',
    cure: 'Write plain addresses, such as `192.0.2.10` or `192.0.2.10, 2001:db8::10`.',
  },
  TwoOfOneFamily: {
    meaning: '`fairlead.dev/addresses` has two addresses of one family.',
    cure: 'Leave one of each family.',
  },
  FamilyNotInService: {
    meaning: 'The Service asks for an address of a family that is not in its `spec.ipFamilies`.',
    cure: 'Ask for an address of its families, or make the Service dual-stack.',
  },
  AddressNotInAnyGroup: {
    meaning: 'No ServiceGroup has the address that the Service asks for.',
    cure: 'Ask for an address of a group, or add it to a pool.',
  },
  AddressNotInGroup: {
    meaning: 'The address that the Service asks for is not in the group that it names.',
    cure: 'Correct one of the two annotations.',
  },
  AddressExcluded: {
    meaning:
      'The address that the Service asks for is never handed out: excluded, skipped by `avoidBuggyIPs`, or the network, broadcast or anycast address of its subnet.',
    cure: 'Ask for another address, or change the pool.',
  },
  AddressInUse: {
    meaning: 'Another Service has the address that this one asks for; the sentence names it.',
    cure: 'Ask for another address, or give both Services the same key with `fairlead.dev/allow-shared-ip`.',
  },
  SharingKeyDiffers: {
    meaning: 'The Services have different keys in `fairlead.dev/allow-shared-ip`, or one has none.',
    cure: 'Give both the same key, or ask for another address.',
  },
  SharingPortClash: {
    meaning: 'A Service with the same key already has one of the ports at that address.',
    cure: 'Change the port of one of the two, or ask for another address.',
  },
  SharingPolicyDiffers: {
    meaning: 'Services that share an address must have the same `externalTrafficPolicy`.',
    cure: 'Make them equal, or ask for another address.',
  },
  SharingSelectorDiffers: {
    meaning:
      'Services that share an address with `externalTrafficPolicy: Local` must select the same Pods, for one node must serve both.',
    cure: 'Use `externalTrafficPolicy: Cluster`, or ask for another address.',
  },
  SharingNamespaceDiffers: {
    meaning: 'The group says `assign.sharing: Namespace`, and the sharer is in another namespace.',
    cure: 'Ask for another address, or set `assign.sharing: Cluster`.',
  },
  NamespaceUnknown: {
    meaning: "The Service's Namespace has not been read yet, so its labels cannot be judged.",
    cure: 'Nothing: it takes a moment.',
  },
  NetBoxUnavailable: {
    meaning: 'NetBox does not answer, or not as it should; the sentence says how.',
    cure: 'See to NetBox; the allocator goes on by itself.',
  },
  Contested: {
    meaning: 'Another program keeps overwriting the status of the Service; the sentence names it.',
    cure: 'Give that program another load balancer class, or switch it off for this Service.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

/** Token of a refusal; the reason of the condition `fairlead.dev/AddressesAllocated` while it is False. */
export type RefusalToken = keyof typeof REFUSALS;

/** Reasons of the condition `fairlead.dev/AddressesAllocated` while it is True. */
export const ALLOCATED_REASONS = {
  Allocated: {
    meaning: 'The Service has every address that it needs.',
    cure: 'Nothing to do.',
  },
  Orphaned: {
    meaning: 'The Service keeps its address, though no pool has it any more.',
    cure: 'Put the address back into a pool, or move the Service with `fairlead.dev/reallocate: "true"`.',
  },
} as const satisfies Readonly<Record<string, Explanation>>;

/** Reason of the condition while it is True. */
export type AllocatedReason = keyof typeof ALLOCATED_REASONS;
