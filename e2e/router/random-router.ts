import type { IPFamily, Router, ServiceGroup } from '@fairlead/api';
import { formatAddress, parseAddress } from '@fairlead/api';
import type { RouterNode, RouterViewInput } from '@fairlead/router';
import * as fc from 'fast-check';

/**
 * Routers and groups as the API server lets them pass, drawn at random: every field, at its bounds too, and values that
 * one would not expect. What CEL refuses is not among them; what only one node can judge is.
 */

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/);
const objectName = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,40}[a-z0-9])?$/);
const interfaceName = fc.oneof(
  fc.constantFrom('eth0', 'eth1', 'bond0.100', 'lo', '0', 'all', 'any', 'default'),
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}$/),
);
const asn = fc.oneof(
  fc.constantFrom(1, 23_456, 64_512, 65_535, 65_536, 4_294_967_294),
  fc.integer({ min: 1, max: 4_294_967_294 }),
);
const port = fc.oneof(fc.constantFrom(179, 1790, 1, 65_535), fc.integer({ min: 1, max: 65_535 }));
const seconds = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max })).map((value) => `${value}s`);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const ipv4 = fc
  .tuple(fc.constantFrom(10, 172, 192, 203, 1, 223), fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 254 }))
  .map((bytes) => bytes.join('.'));
const ipv6 = fc
  .tuple(fc.constantFrom('2001:db8', 'fd00', '2a00:1:2'), fc.nat(0xff_ff), fc.nat(0xff_fe))
  .map(([start, one, two]) => `${start}::${one.toString(16)}:${(two + 1).toString(16)}`);
const linkLocal = fc.integer({ min: 1, max: 0xff_ff }).map((value) => `fe80::${value.toString(16).toUpperCase()}`);

const families = optional(fc.constantFrom<IPFamily[]>(['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']));
const bfd = optional(
  fc.record({
    interval: fc.constantFrom('10ms', '100ms', '1s', '10s', '999ms'),
    multiplier: fc.integer({ min: 2, max: 50 }),
  }),
);
const SECRET_NAMES = ['tor', 'a.b-c', 'absent'] as const;
const secret = optional(fc.constantFrom(...SECRET_NAMES));

/** Where a neighbor is, in every combination that the rules of the resource allow. */
const where = fc.oneof(
  fc.record({ address: ipv4, localAddress: optional(ipv4), interface: optional(interfaceName) }),
  fc.record({ address: ipv6, localAddress: optional(ipv6), interface: optional(interfaceName) }),
  fc.record({ address: linkLocal, localAddress: optional(linkLocal), interface: interfaceName }),
  fc.record({ address: ipv4, localAddress: optional(ipv4), multihop: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ address: ipv6, localAddress: optional(ipv6), multihop: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ interface: interfaceName }),
);

const neighbor = fc
  .tuple(
    fc.record({
      name,
      asn,
      port,
      passive: fc.boolean(),
      passwordSecret: secret,
      bfd,
      holdTime: seconds(3, 64_800),
      families,
    }),
    where,
    fc.boolean(),
  )
  .map(([fields, place, hasKeepalive]) =>
    Object.assign({}, fields, place, hasKeepalive ? { keepaliveTime: '1s' } : {}),
  );

const authentication = {
  passwordSecret: secret,
  passwordID: fc.integer({ min: 1, max: 255 }),
  passwordAlgorithm: fc.constantFrom('MD5', 'SHA1', 'SHA256', 'SHA384', 'SHA512'),
};

const bgp = fc.record({
  listenPort: port,
  gracefulRestart: optional(fc.record({ time: seconds(1, 4095) })),
  neighbors: fc.uniqueArray(neighbor, { minLength: 1, maxLength: 5, selector: (each) => each.name }),
});

const ospfInterface = fc.record({
  name: interfaceName,
  cost: fc.integer({ min: 1, max: 65_535 }),
  priority: fc.integer({ min: 0, max: 255 }),
  helloInterval: seconds(1, 60),
  deadInterval: seconds(61, 64_800),
  type: fc.constantFrom('Broadcast', 'PointToPoint'),
  bfd,
  ...authentication,
});

/** A passive one speaks to nobody, and has neither BFD nor a password. */
const anyOSPFInterface = fc
  .tuple(ospfInterface, fc.boolean())
  .map(([each, passive]) =>
    Object.assign({}, each, passive ? { passive, bfd: undefined, passwordSecret: undefined } : { passive }),
  );

const ospf = fc.record({
  areas: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('0', '1', '0.0.0.0', '0.0.0.51', '999999999', '255.255.255.255'),
      type: fc.constantFrom('Normal', 'NSSA'),
      interfaces: fc.uniqueArray(anyOSPFInterface, { minLength: 1, maxLength: 3, selector: (each) => each.name }),
    }),
    { minLength: 1, maxLength: 3, selector: (area) => area.id },
  ),
  metric: fc.constantFrom(1, 20, 16_777_214),
  metricType: fc.constantFrom('Type1', 'Type2'),
  tag: optional(fc.constantFrom(1, 4_294_967_295)),
  families,
});

const rip = fc.record({
  interfaces: fc.uniqueArray(
    fc.record({ name: interfaceName, updateInterval: seconds(1, 3600), bfd, ...authentication }),
    { minLength: 1, maxLength: 3, selector: (each) => each.name },
  ),
  metric: fc.integer({ min: 1, max: 14 }),
  tag: optional(fc.constantFrom(1, 65_535)),
  families,
});

const variables = fc.dictionary(
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  { maxKeys: 3 },
);

const router = fc
  .record({
    name: objectName,
    asn,
    routerID: optional(ipv4),
    bgp: optional(bgp),
    ospf: optional(ospf),
    rip: optional(rip),
    variables: optional(variables),
  })
  .map(({ name: of, ...spec }) => ({
    apiVersion: 'fairlead.dev/v1',
    kind: 'Router',
    metadata: { name: of },
    spec: { daemon: 'BIRD', ...withoutAbsent(spec) },
  }));

const pool = fc.oneof(
  fc
    .tuple(ipv4, fc.integer({ min: 8, max: 32 }), optional(fc.integer({ min: 8, max: 32 })))
    .map(([address, length, aggregation]) => poolOf(address, length, aggregation)),
  fc
    .tuple(ipv6, fc.integer({ min: 32, max: 128 }), optional(fc.integer({ min: 32, max: 128 })))
    .map(([address, length, aggregation]) => poolOf(address, length, aggregation)),
  fc.tuple(ipv4, fc.nat(10_000)).map(([address, count]) => ({ range: rangeOf(address, count), avoidBuggyIPs: true })),
  fc.tuple(ipv6, fc.nat(10_000)).map(([address, count]) => ({ range: rangeOf(address, count), avoidBuggyIPs: false })),
);

const community = fc.oneof(
  fc.tuple(fc.nat(65_535), fc.nat(65_535)).map((parts) => parts.join(':')),
  fc.tuple(fc.nat(4_294_967_295), fc.nat(4_294_967_295), fc.nat(4_294_967_295)).map((parts) => parts.join(':')),
);

const serviceGroup = fc
  .record({
    name: objectName,
    pools: fc.array(pool, { minLength: 1, maxLength: 4 }),
    bgp: optional(
      fc.record({
        communities: fc.array(community, { maxLength: 4 }),
        localPref: optional(fc.constantFrom(0, 100, 4_294_967_295)),
      }),
    ),
  })
  .map(({ name: of, ...spec }) => ({
    apiVersion: 'fairlead.dev/v1',
    kind: 'ServiceGroup',
    metadata: { name: of },
    spec: withoutAbsent(spec),
  }));

const node: fc.Arbitrary<RouterNode> = fc
  .record({ name: objectName, IPv4: optional(ipv4), IPv6: optional(ipv6), knowsAddresses: fc.boolean() })
  .map(({ name: of, IPv4, IPv6, knowsAddresses }) => {
    const addresses = Object.fromEntries(
      Object.entries({ IPv4, IPv6 }).flatMap(([family, text]) =>
        text === undefined ? [] : [[family, parseAddress(text)]],
      ),
    ) as RouterNode['addresses'];
    const hostAddresses = knowsAddresses ? Object.values(addresses) : undefined;
    return { name: of, addresses, dummyInterface: 'kube-lb0', hostAddresses };
  });

/** Any bytes; most are no password that can be used. */
const password = fc.oneof(
  fc.stringMatching(/^[\x21\x23-\x7e]{1,16}$/),
  fc.stringMatching(/^[\x20-\x7e]{1,90}$/),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** What a node's configuration is made of. */
export const routerInputs: fc.Arbitrary<RouterViewInput> = fc
  .record({
    router,
    serviceGroups: fc.uniqueArray(serviceGroup, { maxLength: 4, selector: (each) => each.metadata.name }),
    node,
    passwords: fc.tuple(password, password),
  })
  .map((drawn) => ({
    router: drawn.router as unknown as Router,
    serviceGroups: drawn.serviceGroups as unknown as readonly ServiceGroup[],
    node: drawn.node,
    secrets: new Map(
      drawn.passwords.map((text, index) => [
        SECRET_NAMES[index] ?? '',
        { password: Buffer.from(text).toString('base64') },
      ]),
    ),
  }));

function poolOf(address: string, length: number, aggregation: number | undefined): object {
  const { family, value } = parseAddress(address);
  const host = BigInt((family === 'IPv4' ? 32 : 128) - length);
  const range = `${formatAddress({ family, value: (value >> host) << host })}/${length}`;
  return { range, avoidBuggyIPs: false, ...(aggregation === undefined ? {} : { aggregation: `/${aggregation}` }) };
}

function rangeOf(address: string, count: number): string {
  const { family, value } = parseAddress(address);
  return `${address}-${formatAddress({ family, value: value + BigInt(count) })}`;
}

/** The API server has no fields that are there and undefined. */
function withoutAbsent(value: unknown): object {
  return JSON.parse(JSON.stringify(value)) as object;
}
