import { join } from 'node:path';
import { parseAddress } from '@fairlead/api';
import type { Router, RouterSpec } from '@fairlead/api';
import { buildRouterView, compileTemplates, readTemplates, renderRouterConfig } from '@fairlead/router';
import type { RouterNode, TemplateSet } from '@fairlead/router';
import * as fc from 'fast-check';
import { mustAccept } from './accept.ts';
import { group } from './topology.ts';

type Neighbor = NonNullable<RouterSpec['bgp']>['neighbors'][number];
type OSPF = NonNullable<RouterSpec['ospf']>;
type RIP = NonNullable<RouterSpec['rip']>;

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
const GROUPS = [
  group('web', ['10.1.0.0/24', '2001:db8:5::/64'], { communities: ['64512:100', '64512:1:2'], localPref: 200 }),
  group('api.internal', ['10.2.0.0-10.2.0.9']),
];

function only<K extends string, T>(key: K, value: T): { readonly [P in K]?: T } {
  return { [key]: value } as { readonly [P in K]: T };
}

/** A key that is there or not. */
const maybe = <K extends string, T>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ readonly [P in K]?: T }> =>
  fc.option(value, { nil: undefined }).map((it) => (it === undefined ? {} : only(key, it)));
const name = fc.constantFrom('eth0', 'eth1', 'bond0.100', 'br-lan', '1x@y_z');
const families = maybe(
  'families',
  fc.uniqueArray(fc.constantFrom('IPv4' as const, 'IPv6' as const), { minLength: 1, maxLength: 2 }),
);
const bfd = maybe(
  'bfd',
  fc.record({ interval: fc.constantFrom('10ms', '100ms', '10s'), multiplier: fc.integer({ min: 2, max: 50 }) }),
);
const secret = maybe('passwordSecret', fc.constantFrom('short', 'long', 'missing'));
const seconds = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((value) => `${value}s`);
const authentication = fc
  .tuple(
    secret,
    fc.record({
      passwordID: fc.integer({ min: 1, max: 255 }),
      passwordAlgorithm: fc.constantFrom(
        'MD5' as const,
        'SHA1' as const,
        'SHA256' as const,
        'SHA384' as const,
        'SHA512' as const,
      ),
    }),
  )
  .map(([one, two]) => Object.assign({}, one, two));

/** What the API server lets pass: its rules between fields are below. */
const neighbor: fc.Arbitrary<Omit<Neighbor, 'name'>> = fc
  .tuple(
    maybe('address', fc.constantFrom('192.0.2.254', '198.51.100.7', '2001:db8::fe', 'fe80::fe')),
    maybe('interface', name),
    maybe('localAddress', fc.constantFrom('192.0.2.1', '2001:db8::1', 'fe80::1')),
    maybe('multihop', fc.integer({ min: 1, max: 255 })),
    secret,
    bfd,
    maybe('keepaliveTime', seconds(1, 21_000)),
    families,
    fc.record({
      asn: fc.constantFrom(1, 64_512, 65_536, 4_294_967_294),
      port: fc.constantFrom(1, 179, 65_535),
      passive: fc.boolean(),
      holdTime: seconds(3, 64_800),
    }),
  )
  .map((parts) => Object.assign({}, ...parts) as Omit<Neighbor, 'name'>)
  .filter(passesRules);

const isV6 = (text: string): boolean => text.includes(':');

function passesRules({
  address,
  interface: device,
  multihop,
  localAddress,
  keepaliveTime,
  holdTime,
}: Omit<Neighbor, 'name'>): boolean {
  return (
    (address !== undefined || device !== undefined) &&
    (address?.startsWith('fe80') !== true || device !== undefined) &&
    (multihop === undefined || (address !== undefined && device === undefined)) &&
    (localAddress === undefined || address === undefined || isV6(localAddress) === isV6(address)) &&
    (keepaliveTime === undefined || Number.parseInt(keepaliveTime, 10) < Number.parseInt(holdTime, 10))
  );
}

const bgp = fc
  .tuple(
    maybe('gracefulRestart', fc.record({ time: seconds(1, 4095) })),
    fc.record({
      listenPort: fc.constantFrom(1, 179, 1790, 65_535),
      neighbors: fc
        .array(neighbor, { minLength: 1, maxLength: 4 })
        .map((all) => all.map((each, index) => Object.assign({ name: `tor-${index}` }, each))),
    }),
  )
  .map(([one, two]) => Object.assign({}, one, two));

const ospfInterface = fc
  .tuple(
    authentication,
    bfd,
    fc.record({
      name,
      cost: fc.integer({ min: 1, max: 65_535 }),
      priority: fc.integer({ min: 0, max: 255 }),
      helloInterval: seconds(1, 100),
      deadInterval: seconds(101, 64_800),
      type: fc.constantFrom('Broadcast' as const, 'PointToPoint' as const),
      passive: fc.boolean(),
    }),
  )
  .map((parts) => Object.assign({}, ...parts) as OSPF['areas'][number]['interfaces'][number]);
const ospf: fc.Arbitrary<OSPF> = fc
  .tuple(
    maybe('tag', fc.integer({ min: 1, max: 4_294_967_295 })),
    families,
    fc.record({
      areas: fc.uniqueArray(
        fc.record({
          id: fc.constantFrom('0', '0.0.0.0', '1', '0.0.0.1', '999999999', '255.255.255.255'),
          type: fc.constantFrom('Normal' as const, 'NSSA' as const),
          interfaces: fc.uniqueArray(ospfInterface, { minLength: 1, maxLength: 3, selector: (each) => each.name }),
        }),
        { minLength: 1, maxLength: 3, selector: ({ id }) => id },
      ),
      metric: fc.integer({ min: 1, max: 16_777_214 }),
      metricType: fc.constantFrom('Type1' as const, 'Type2' as const),
    }),
  )
  .map((parts) => Object.assign({}, ...parts) as OSPF);
const rip: fc.Arbitrary<RIP> = fc
  .tuple(
    maybe('tag', fc.integer({ min: 1, max: 65_535 })),
    families,
    fc.record({
      interfaces: fc.uniqueArray(
        fc
          .tuple(authentication, bfd, fc.record({ name, updateInterval: seconds(1, 3600) }))
          .map((parts) => Object.assign({}, ...parts) as RIP['interfaces'][number]),
        { minLength: 1, maxLength: 3, selector: (each) => each.name },
      ),
      metric: fc.integer({ min: 1, max: 14 }),
    }),
  )
  .map((parts) => Object.assign({}, ...parts) as RIP);

const spec: fc.Arbitrary<RouterSpec> = fc
  .tuple(
    maybe('routerID', fc.constantFrom('0.0.0.1', '255.255.255.255', '192.0.2.7')),
    maybe('bgp', bgp),
    maybe('ospf', ospf),
    maybe('rip', rip),
    fc.record({ daemon: fc.constant('BIRD' as const), asn: fc.constantFrom(64_512, 4_200_000_000) }),
  )
  .map((parts) => Object.assign({}, ...parts) as RouterSpec);

const ADDRESSES = { IPv4: parseAddress('192.0.2.1'), IPv6: parseAddress('2001:db8::1') };
const node: fc.Arbitrary<RouterNode> = fc
  .constantFrom<RouterNode['addresses'][]>(ADDRESSES, { IPv4: ADDRESSES.IPv4 }, { IPv6: ADDRESSES.IPv6 }, {})
  .map((addresses) => ({ name: 'node-1', addresses, dummyInterface: 'kube-lb0' }));
const SECRETS = new Map(
  [
    ['short', "it's#a/*s;}"],
    ['long', 'more-than-sixteen-characters'],
  ].map(([key = '', password = '']) => [key, { password: Buffer.from(password).toString('base64') }]),
);

/** How many Routers are tried; BIRD takes 10 ms for each. */
const RUNS = 250;

describe('a Router that the API server lets pass', () => {
  let templates: TemplateSet;

  beforeAll(async () => {
    templates = compileTemplates(await readTemplates(TEMPLATES));
  });

  it('makes a configuration that BIRD accepts: what cannot work is a problem, and left out', async () => {
    const seen = { neighbors: 0, areas: 0, rip: 0, problems: 0 };
    await fc.assert(
      fc.asyncProperty(spec, node, async (router, facts) => {
        const made: Router = { apiVersion: 'fairlead.dev/v1', kind: 'Router', metadata: { name: 'any' }, spec: router };
        const intent = buildRouterView({ router: made, serviceGroups: GROUPS, secrets: SECRETS, node: facts });
        if (intent.type !== 'configure') {
          throw new Error(`not configured: ${JSON.stringify(intent)}`);
        }
        const { view, problems } = intent;
        seen.neighbors += view.bgp.neighbors.length;
        seen.areas += view.ospf.areas.length;
        seen.rip += view.rip.interfaces.length;
        seen.problems += problems.length;
        await mustAccept(renderRouterConfig(view, templates).text);
      }),
      { numRuns: RUNS },
    );
    // A property that leaves everything out would prove nothing.
    expect(Object.values(seen).every((count) => count > RUNS / 10)).toBe(true);
  }, 60_000);
});
