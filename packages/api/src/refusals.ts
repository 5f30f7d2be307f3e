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

/** What a refusal is about; the sections of docs/reference/refusals.md. */
export type RefusalConcern = 'group' | 'request' | 'sharing' | 'circumstances';

/** A refusal explained, with a sentence as a user reads it: tests compare it with what the program says. */
export interface RefusalExplanation extends Explanation {
  readonly concern: RefusalConcern;
  readonly example: string;
}

/** Every refusal of the allocator by its token, in the order in which the reference tells them. */
export const REFUSALS = {
  NoGroup: {
    concern: 'group',
    example:
      'No ServiceGroup that is assign.auto selects this Service; name one with the annotation fairlead.dev/service-group, or change its selectors',
    meaning: 'No ServiceGroup may serve the Service: none exists, none is `assign.auto`, or no selector matches.',
    cure: 'Make a ServiceGroup, or name one with the annotation `fairlead.dev/service-group`.',
  },
  GroupNotFound: {
    concern: 'group',
    example: 'There is no ServiceGroup "lan"; correct the annotation fairlead.dev/service-group, or make the group',
    meaning: 'The annotation `fairlead.dev/service-group` names a ServiceGroup that does not exist.',
    cure: 'Correct the annotation, or make the ServiceGroup.',
  },
  NotPermitted: {
    concern: 'group',
    example:
      'ServiceGroup lan does not select this Service; name another group, or change its assign.namespaceSelector or assign.serviceSelector',
    meaning:
      'The Service names a group, or an address of it, whose `namespaceSelector` or `serviceSelector` does not select it.',
    cure: 'Name another group, or have the group select this Service.',
  },
  PoolExhausted: {
    concern: 'group',
    example: 'ServiceGroup lan has no free IPv4 address; the Service gets the next one that is freed, or add a pool',
    meaning: 'Every address that the Service could have is in use.',
    cure: 'Nothing, and it gets the next one that is freed; or add a pool to the group.',
  },
  FamilyNotInGroup: {
    concern: 'group',
    example: 'ServiceGroup lan has no IPv6 addresses; add a pool, name another group, or change spec.ipFamilyPolicy',
    meaning: 'The group has no addresses of a family that the Service needs.',
    cure: 'Add a pool of that family to the group, name another group, or relax `ipFamilyPolicy`.',
  },
  GroupDraining: {
    concern: 'group',
    example:
      'ServiceGroup lan is draining and gives no new addresses; name another group, or set its draining to false',
    meaning: 'The ServiceGroup is draining: it gives no new addresses.',
    cure: 'Name another group or address, or set `draining: false`.',
  },
  GroupNotReady: {
    concern: 'group',
    example:
      'ServiceGroup lan is not in use as written: spec.pools[0].range: "192.0.2.99-192.0.2.10" ends before it begins; write 192.0.2.10-192.0.2.99',
    meaning: 'The ServiceGroup is not in use as written; its condition `Ready` says why.',
    cure: 'Mend the ServiceGroup: `kubectl describe servicegroup NAME`.',
  },
  NetBoxUnavailable: {
    concern: 'group',
    example:
      'ServiceGroup lan is not in use as written: spec.netbox: this version does not ask NetBox for addresses; write spec.pools instead',
    meaning: 'The addresses of the group come from NetBox, which cannot be asked; the sentence says why.',
    cure: 'Do what the sentence says; the allocator goes on by itself.',
  },
  InvalidAddress: {
    concern: 'request',
    example:
      'The annotation fairlead.dev/addresses cannot be read: "web.example.com" is not an IP address; write one like 192.0.2.10 or 2001:db8::10',
    meaning: 'An address in `fairlead.dev/addresses` or `spec.loadBalancerIP` cannot be read.',
    cure: 'Write plain addresses, such as `192.0.2.10` or `192.0.2.10, 2001:db8::10`.',
  },
  TwoOfOneFamily: {
    concern: 'request',
    example: 'The annotation fairlead.dev/addresses has 192.0.2.10 and 192.0.2.11; leave one IPv4 address',
    meaning: '`fairlead.dev/addresses` has two addresses of one family.',
    cure: 'Leave one of each family.',
  },
  FamilyNotInService: {
    concern: 'request',
    example:
      'The annotation fairlead.dev/addresses asks for 2001:db8::10, but the Service has IPv4 only; ask for an address of that family, or change spec.ipFamilyPolicy',
    meaning: 'The Service asks for an address of a family that is not in its `spec.ipFamilies`.',
    cure: 'Ask for an address of its families, or make the Service dual-stack.',
  },
  AddressNotInAnyGroup: {
    concern: 'request',
    example: 'No ServiceGroup has 192.0.2.10; ask for another address, or add it to a pool',
    meaning: 'No ServiceGroup has the address that the Service asks for.',
    cure: 'Ask for an address of a group, or add it to a pool.',
  },
  AddressNotInGroup: {
    concern: 'request',
    example:
      '192.0.2.10 is in ServiceGroup lan and not in edge, and a Service draws from one group; ask for another address, or name lan',
    meaning: 'The address that the Service asks for is not in the group that it names.',
    cure: 'Correct one of the two annotations.',
  },
  AddressExcluded: {
    concern: 'request',
    example:
      'ServiceGroup lan never hands out 192.0.2.10: it is excluded, skipped by avoidBuggyIPs, or an address of the subnet itself',
    meaning:
      'The address that the Service asks for is never handed out: excluded, skipped by `avoidBuggyIPs`, or the network, broadcast or anycast address of its subnet.',
    cure: 'Ask for another address, or change the pool.',
  },
  AddressInUse: {
    concern: 'request',
    example:
      '192.0.2.10: Service default/db has it, and neither has a sharing key; ask for another address, or give both the same key',
    meaning:
      'Another Service has the address that this one asks for, or still shows it though it is to lose it; the sentence names it.',
    cure: 'Ask for another address, or give both Services the same key with `fairlead.dev/allow-shared-ip`.',
  },
  SharingKeyDiffers: {
    concern: 'sharing',
    example:
      '192.0.2.10: Service default/db has it with the sharing key "shop", and this Service has none; give both the same key, or ask for another address',
    meaning: 'The Services have different keys in `fairlead.dev/allow-shared-ip`, or one has none.',
    cure: 'Give both the same key, or ask for another address.',
  },
  SharingPortClash: {
    concern: 'sharing',
    example:
      '192.0.2.10: Service default/db shares it and has port TCP/80 already; change the port of one of the two, or ask for another address',
    meaning: 'A Service with the same key already has one of the ports at that address.',
    cure: 'Change the port of one of the two, or ask for another address.',
  },
  SharingPolicyDiffers: {
    concern: 'sharing',
    example:
      '192.0.2.10: Service default/db shares it with externalTrafficPolicy: Cluster, and this Service has Local; make them equal, or ask for another address',
    meaning: 'Services that share an address must have the same `externalTrafficPolicy`.',
    cure: 'Make them equal, or ask for another address.',
  },
  SharingSelectorDiffers: {
    concern: 'sharing',
    example:
      '192.0.2.10: Service default/db shares it with externalTrafficPolicy: Local and selects other Pods; let both select the same, or ask for another address',
    meaning:
      'Services that share an address with `externalTrafficPolicy: Local` must select the same Pods, for one node must serve both.',
    cure: 'Use `externalTrafficPolicy: Cluster`, or ask for another address.',
  },
  SharingNamespaceDiffers: {
    concern: 'sharing',
    example:
      '192.0.2.10: Service shop/db shares it from another namespace, which assign.sharing of the group forbids; ask for another address',
    meaning: 'The group says `assign.sharing: Namespace`, and the sharer is in another namespace.',
    cure: 'Ask for another address, or set `assign.sharing: Cluster`.',
  },
  NoFamilies: {
    concern: 'circumstances',
    example: 'The Service has no spec.ipFamilies; write IPv4, IPv6 or both',
    meaning: 'The Service has no `spec.ipFamilies`, so it cannot be known what it needs.',
    cure: 'Write `IPv4`, `IPv6` or both into `spec.ipFamilies`.',
  },
  NamespaceUnknown: {
    concern: 'circumstances',
    example: 'The labels of Namespace default are not known yet; nothing is to be done, it takes a moment',
    meaning: "The Service's Namespace has not been read yet, so its labels cannot be judged.",
    cure: 'Nothing: it takes a moment.',
  },
  Contested: {
    concern: 'circumstances',
    example:
      'The program "other-controller" keeps overwriting what the allocator writes in the status; give the Service to one of them by its load balancer class. It is put back after a minute or more',
    meaning: 'Another program keeps overwriting the status of the Service; the sentence names it.',
    cure: 'Give that program another load balancer class, or switch it off for this Service.',
  },
} as const satisfies Readonly<Record<string, RefusalExplanation>>;

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
