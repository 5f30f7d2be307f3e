import { array, constantFrom, integer, oneof, record, subarray } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Labels } from './group.ts';
import type { Cluster, GroupInput } from './test-cluster.ts';
import { serviceView } from './test-cluster.ts';
import type { ReferencePool, ReferenceState, Requests } from './test-reference.ts';
import { Reference } from './test-reference.ts';
import type { ServiceView } from './service.ts';

/**
 * Random histories of a cluster in which Services get into each other's way all the time: few addresses, few values.
 * FAIRLEAD_HISTORIES says how many of each kind; a failure prints seed and path, and FAIRLEAD_SEED and
 * FAIRLEAD_SEED_PATH play it again.
 */
export function runs(ordinary: number): { numRuns: number; seed?: number; path?: string } {
  const { FAIRLEAD_HISTORIES: count, FAIRLEAD_SEED: seed, FAIRLEAD_SEED_PATH: path } = process.env;
  return {
    numRuns: count === undefined ? ordinary : Number(count),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  };
}

/** What a Service asks for; age and identity are its own. */
export type Wish = Omit<
  ServiceView,
  'key' | 'namespace' | 'name' | 'uid' | 'resourceVersion' | 'createdAt' | 'observed'
>;

export type Step =
  | { readonly type: 'put'; readonly name: string; readonly createdAt: number; readonly wish: Wish }
  /** Deleted and made anew so fast that the watch shows one change. */
  | { readonly type: 'replace'; readonly name: string; readonly createdAt: number; readonly wish: Wish }
  | { readonly type: 'repeat'; readonly name: string }
  | { readonly type: 'delete'; readonly name: string }
  | { readonly type: 'group'; readonly name: string; readonly input: GroupInput | undefined }
  | { readonly type: 'namespace'; readonly name: string; readonly labels: Labels | undefined }
  | { readonly type: 'restart' }
  /** Somebody edits statuses while no allocator runs. */
  | { readonly type: 'tamper'; readonly edits: readonly Tampering[] };

export interface Tampering {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly keepsGroup: boolean;
}

const POOLS: readonly ReferencePool[] = [
  { spec: { range: '192.0.2.1-192.0.2.2' }, usable: ['192.0.2.1', '192.0.2.2'], kept: [] },
  { spec: { range: '192.0.2.2-192.0.2.4' }, usable: ['192.0.2.2', '192.0.2.3', '192.0.2.4'], kept: [] },
  {
    spec: { range: '192.0.2.0/30', subnet: '192.0.2.0/30' },
    usable: ['192.0.2.1', '192.0.2.2'],
    kept: ['192.0.2.0', '192.0.2.3'],
  },
  {
    spec: { range: '192.0.2.3-192.0.2.5', exclude: ['192.0.2.4'] },
    usable: ['192.0.2.3', '192.0.2.5'],
    kept: ['192.0.2.4'],
  },
  { spec: { range: '192.0.2.2', exclude: ['192.0.2.2'] }, usable: [], kept: ['192.0.2.2'] },
  {
    spec: { range: '198.51.100.255-198.51.101.1', avoidBuggyIPs: true },
    usable: ['198.51.101.1'],
    kept: ['198.51.100.255', '198.51.101.0'],
  },
  { spec: { range: '192.0.2.9-192.0.2.1' }, usable: [], kept: [] },
  { spec: { range: '2001:db8::1-2001:db8::2' }, usable: ['2001:db8::1', '2001:db8::2'], kept: [] },
  {
    spec: { range: '2001:db8::/127', subnet: '2001:db8::/127' },
    usable: ['2001:db8::', '2001:db8::1'],
    kept: [],
  },
  { spec: { range: '2001:db8::2/128' }, usable: ['2001:db8::2'], kept: [] },
];

const REQUESTS: Requests = {
  '192.0.2.1': ['192.0.2.1'],
  '192.0.2.2, 2001:db8::1': ['192.0.2.2', '2001:db8::1'],
  '2001:DB8::2': ['2001:db8::2'],
  ' ,192.0.2.4,, 192.0.2.4 ': ['192.0.2.4'],
  '203.0.113.9': ['203.0.113.9'],
};

export const reference = new Reference(POOLS, REQUESTS);

const LABELS: readonly Labels[] = [{}, { colour: 'red' }];
const RED = { matchLabels: { colour: 'red' } };

/** Five Services in one Namespace, three in another. */
const SERVICES = ['a', 'b', 'c', 'd', 'e', 'other/f', 'other/g', 'other/h'];
const service = constantFrom(...SERVICES.map((name) => (name.includes('/') ? name : `default/${name}`)));

const FAMILIES: readonly ServiceView['families'][] = [['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']];

const wish: Arbitrary<Wish> = record({
  role: constantFrom<ServiceView['role'][]>('ours', 'ours', 'ours', 'ours', 'ours', 'leaving'),
  families: constantFrom(...FAMILIES, ...FAMILIES, []),
  policy: constantFrom<ServiceView['policy'][]>('PreferDualStack', 'RequireDualStack'),
  ports: constantFrom([], ['TCP/80'], ['TCP/80'], ['TCP/80', 'UDP/53'], ['TCP/443'], ['TCP/443', 'UDP/53']),
  externalTrafficPolicy: constantFrom<ServiceView['externalTrafficPolicy'][]>('Cluster', 'Cluster', 'Local'),
  selector: constantFrom('p', 'q'),
  labels: constantFrom(...LABELS),
  sharingKey: constantFrom('', '', 'k', 'k', 'l'),
  group: constantFrom('', '', '', 'x', 'y', 'nowhere'),
  addresses: constantFrom('', '', '', '', '', ...Object.keys(REQUESTS), 'rubbish'),
  loadBalancerIP: constantFrom('', '', '', '', '192.0.2.1', '2001:DB8::2'),
  reallocate: constantFrom(false, false, false, true),
}).map(toWish);

function toWish({ group, families, policy, ...rest }: Wish & { readonly group: string }): Wish {
  return {
    ...rest,
    families,
    policy: families.length < 2 ? 'SingleStack' : policy,
    ...(group === '' ? {} : { group }),
  };
}

const age = integer({ min: 0, max: 3 });

const edit: Arbitrary<GroupInput> = record({
  pools: array(constantFrom(...POOLS.map(({ spec }) => spec)), { minLength: 1, maxLength: 3 }),
  draining: constantFrom(false, false, false, true),
  createdAt: age,
  assign: record({
    auto: constantFrom(true, true, false),
    priority: integer({ min: 0, max: 1 }),
    sharing: constantFrom<('Cluster' | 'Namespace')[]>('Cluster', 'Namespace'),
    selectors: subarray(['namespaceSelector', 'serviceSelector'] as const),
  }).map(({ selectors, ...assign }) =>
    Object.assign({}, assign, Object.fromEntries(selectors.map((selector) => [selector, RED]))),
  ),
});

const anything = [...new Set(POOLS.flatMap(({ usable, kept }) => usable.concat(kept))), '203.0.113.9', 'rubbish'];

const tampering: Arbitrary<Tampering> = record({
  name: service,
  addresses: array(constantFrom(...anything), { maxLength: 3 }),
  keepsGroup: constantFrom(true, false),
});

const just = <T extends string>(type: T) => constantFrom(type);

export const step: Arbitrary<Step> = oneof(
  { weight: 20, arbitrary: record({ type: just('put'), name: service, createdAt: age, wish }) },
  { weight: 1, arbitrary: record({ type: just('replace'), name: service, createdAt: age, wish }) },
  { weight: 3, arbitrary: record({ type: just('repeat'), name: service }) },
  { weight: 8, arbitrary: record({ type: just('delete'), name: service }) },
  {
    weight: 6,
    arbitrary: record({
      type: just('group'),
      name: constantFrom('x', 'y', 'z'),
      input: oneof({ weight: 4, arbitrary: edit }, { weight: 1, arbitrary: constantFrom(undefined) }),
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      type: just('namespace'),
      name: constantFrom('default', 'other'),
      labels: constantFrom(...LABELS, undefined),
    }),
  },
  { weight: 1, arbitrary: record({ type: just('restart') }) },
  { weight: 1, arbitrary: record({ type: just('tamper'), edits: array(tampering, { minLength: 1, maxLength: 3 }) }) },
);

/** The Service after somebody has written the wish. */
export function wished(
  key: string,
  input: Wish,
  identity: Pick<ServiceView, 'uid' | 'createdAt' | 'observed'>,
): ServiceView {
  const [namespace = '', name = ''] = key.split('/');
  return serviceView(name, { ...input, ...identity, namespace });
}

const UNTOUCHED: ServiceView['observed'] = { addresses: [], wellFormed: true };

/** Lets one thing happen; the engine hears of it at once. */
export function take(cluster: Cluster, current: Step): void {
  const known = 'name' in current ? cluster.services.get(current.name) : undefined;
  switch (current.type) {
    case 'put': {
      const { createdAt, uid, observed } = known ?? {
        createdAt: current.createdAt,
        uid: `uid-${current.name}`,
        observed: UNTOUCHED,
      };
      cluster.set(wished(current.name, current.wish, { createdAt, uid, observed }));
      break;
    }
    case 'replace': {
      const uid = `${known?.uid ?? 'uid'}-again`;
      cluster.set(wished(current.name, current.wish, { createdAt: current.createdAt, uid, observed: UNTOUCHED }));
      break;
    }
    case 'repeat':
      if (known !== undefined) {
        cluster.set(known);
      }
      break;
    case 'delete':
      cluster.delete(current.name);
      break;
    case 'group':
      cluster.group(current.name, current.input);
      break;
    case 'namespace':
      cluster.namespace(current.name, current.labels);
      break;
    case 'restart':
      cluster.restart();
      break;
    case 'tamper':
      tamper(cluster, current.edits);
      cluster.restart();
      break;
  }
}

function tamper(cluster: Cluster, edits: readonly Tampering[]): void {
  for (const { name, addresses, keepsGroup } of edits) {
    const view = cluster.services.get(name);
    if (view !== undefined) {
      const { allocatedFrom, ...observed } = view.observed;
      const group = keepsGroup && allocatedFrom !== undefined ? { allocatedFrom } : {};
      cluster.services.set(name, { ...view, observed: { ...observed, addresses, ...group } });
    }
  }
}

/** The cluster as the reference sees it. */
export function stateOf(cluster: Cluster): ReferenceState {
  return {
    services: new Map(cluster.services),
    groups: new Map(cluster.groups),
    namespaces: new Map(cluster.namespaces),
    held: new Map(
      [...cluster.services.keys()].flatMap((key) => {
        const verdict = cluster.engine.verdict(key);
        return verdict?.kind !== 'allocated'
          ? []
          : [[key, { addresses: verdict.addresses, group: verdict.group, refused: verdict.refusal !== undefined }]];
      }),
    ),
  };
}
