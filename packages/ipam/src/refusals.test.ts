import type { RefusalToken } from '@fairlead/api';
import { REFUSALS } from '@fairlead/api';
import type { ServiceView } from './service.ts';
import { Cluster, DUAL, groupView } from './test-cluster.ts';
import type { GroupInput } from './test-cluster.ts';

/** What of `default/web` each refusal comes from; `Contested` alone is said by who writes, not by the engine. */
const SCENES: Readonly<Record<Exclude<RefusalToken, 'Contested'>, () => Cluster>> = {
  NoGroup: () => scene({ lan: { ranges: ['192.0.2.0/24'], assign: { serviceSelector: { matchLabels: { a: 'b' } } } } }),
  GroupNotFound: () => scene({}, { group: 'lan' }),
  NotPermitted: () => scene({ lan: { ranges: ['192.0.2.0/24'], assign: only('shop') } }, { group: 'lan' }),
  PoolExhausted: () => scene({ lan: { ranges: ['192.0.2.10'] } }, {}, { addresses: '192.0.2.10' }),
  FamilyNotInGroup: () => scene({ lan: { ranges: ['192.0.2.0/24'] } }, DUAL),
  GroupDraining: () => scene({ lan: { ranges: ['192.0.2.0/24'], draining: true } }, { group: 'lan' }),
  GroupNotReady: () => scene({ lan: { ranges: ['192.0.2.99-192.0.2.10'] } }, { group: 'lan' }),
  NetBoxUnavailable: () => {
    const cluster = scene({}, { group: 'lan' });
    const view = groupView('lan', {});
    const { pools: _, ...spec } = view.spec;
    const netbox = { secret: 'netbox', from: { tag: 'lan' } };
    cluster.apply({ type: 'group-upserted', group: { ...view, spec: { ...spec, netbox } } });
    return cluster;
  },
  InvalidAddress: () => scene({}, { addresses: 'web.example.com' }),
  TwoOfOneFamily: () => scene({}, { addresses: '192.0.2.10, 192.0.2.11' }),
  FamilyNotInService: () => scene({}, { addresses: '2001:db8::10' }),
  AddressNotInAnyGroup: () => scene({}, { addresses: '192.0.2.10' }),
  AddressNotInGroup: () =>
    scene({ lan: { ranges: ['192.0.2.0/24'] }, edge: {} }, { group: 'edge', addresses: '192.0.2.10' }),
  AddressExcluded: () =>
    scene({ lan: { pools: [{ range: '192.0.2.0/24', exclude: ['192.0.2.10'] }] } }, { addresses: '192.0.2.10' }),
  AddressInUse: () => beside({}, {}),
  SharingKeyDiffers: () => beside({ sharingKey: 'shop' }, {}),
  SharingPortClash: () => beside(KEY, KEY),
  SharingPolicyDiffers: () => beside(KEY, { ...KEY, externalTrafficPolicy: 'Local' }),
  SharingSelectorDiffers: () =>
    beside({ ...LOCAL, selector: '{"app":"db"}' }, { ...LOCAL, selector: '{"app":"web"}', ports: ['TCP/443'] }),
  SharingNamespaceDiffers: () =>
    beside(
      { ...KEY, namespace: 'shop' },
      { ...KEY, ports: ['TCP/443'] },
      { ranges: ['192.0.2.0/24'], assign: { sharing: 'Namespace' } },
    ),
  NoFamilies: () => scene({}, { families: [] }),
  NamespaceUnknown: () => {
    const condition = { status: 'False', reason: 'NoGroup', message: 'There is no ServiceGroup; make one' };
    const cluster = new Cluster();
    cluster.apply({ type: 'namespace-deleted', name: 'default' });
    cluster.put('web', { observed: { addresses: [], wellFormed: true, condition } });
    cluster.group('lan', { ranges: ['192.0.2.0/24'], assign: only('shop') });
    return cluster;
  },
};

const KEY = { sharingKey: 'shop' } as const;
const LOCAL = { ...KEY, externalTrafficPolicy: 'Local' } as const;

type Wish = Partial<Omit<ServiceView, 'name'>>;

function only(namespace: string): NonNullable<GroupInput['assign']> {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
}

/** Groups, and in front of the Service `web` another one called `db`. */
function scene(groups: Readonly<Record<string, GroupInput>>, web: Wish = {}, db?: Wish): Cluster {
  const cluster = new Cluster(groups);
  if (db !== undefined) {
    cluster.put('db', db);
  }
  cluster.put('web', web);
  return cluster;
}

/** Two Services that ask for one address. */
function beside(db: Wish, web: Wish, lan: GroupInput = { ranges: ['192.0.2.0/24'] }): Cluster {
  const addresses = '192.0.2.10';
  return scene({ lan }, { ...web, addresses }, { ...db, addresses });
}

const tokens = Object.keys(SCENES) as (keyof typeof SCENES)[];

describe('every refusal of the reference comes about, and reads as it stands there:', () => {
  it.each(tokens)('%s', (token) => {
    const cluster = SCENES[token]();
    expect([cluster.token('web'), cluster.sentence('web')]).toEqual([token, REFUSALS[token].example]);
    expect(cluster.addresses('web')).toEqual([]);
  });

  it('and there are no others, besides the one that is said by who writes', () => {
    expect(Object.keys(REFUSALS).filter((token) => !Object.hasOwn(SCENES, token))).toEqual(['Contested']);
  });
});
