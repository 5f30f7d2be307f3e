import { parseAddress } from '@fairlead/api';
import { CASES } from '../../testdata/cases.ts';
import { buildRouterView } from './build.ts';
import type { RouterIntent, RouterViewInput } from './build.ts';
import type { RouterView } from './view.ts';

function input(name: string): RouterViewInput & { readonly router: NonNullable<RouterViewInput['router']> } {
  const found = CASES[name];
  if (found?.router === undefined) {
    throw new Error(`no case ${name}`);
  }
  return { ...found, router: found.router };
}

type Neighbor = NonNullable<NonNullable<RouterViewInput['router']>['spec']['bgp']>['neighbors'][number];

/** The case with its neighbors changed. */
function withNeighbors(name: string, change: (neighbor: Neighbor) => readonly Neighbor[]): RouterViewInput {
  const { router, ...rest } = input(name);
  const { bgp } = router.spec;
  if (bgp === undefined) {
    throw new Error(`${name} has no bgp`);
  }
  return {
    ...rest,
    router: { ...router, spec: { ...router.spec, bgp: { ...bgp, neighbors: bgp.neighbors.flatMap(change) } } },
  };
}

function withoutAddress(neighbor: Neighbor): Neighbor {
  const { address, ...rest } = neighbor;
  expect(address).toBeDefined();
  return rest;
}

function viewOf(intent: RouterIntent): RouterView {
  if (intent.type !== 'configure') {
    throw new Error(`not configured: ${JSON.stringify(intent.problems)}`);
  }
  return intent.view;
}

/** The AS number that the Node's label names. */
const asnOf = (labels: Readonly<Record<string, string>>, asn?: number): RouterIntent => {
  const { router, node, ...rest } = input('asn-of-the-node');
  const { asn: _, ...spec } = router.spec;
  return buildRouterView({
    ...rest,
    node: { ...node, labels },
    router: { ...router, spec: { ...spec, ...(asn === undefined ? {} : { asn }) } },
  });
};

const neighborsOf = (intent: RouterIntent): string[] => viewOf(intent).bgp.neighbors.map(({ name }) => name);

describe('buildRouterView', () => {
  it('is idle without a Router and with daemon None', () => {
    const none = input('no-bgp');
    expect(buildRouterView({ ...none, router: undefined })).toEqual({ type: 'idle', problems: [] });
    const router = { ...none.router, spec: { ...none.router.spec, daemon: 'None' as const } };
    expect(buildRouterView({ ...none, router })).toEqual({ type: 'idle', problems: [] });
  });

  it('makes the same view for BIRD and FRR, and says for which', () => {
    const { router, ...rest } = input('one-neighbor');
    const bird = buildRouterView({ ...rest, router });
    const frr = buildRouterView({ ...rest, router: { ...router, spec: { ...router.spec, daemon: 'FRR' } } });
    expect([bird, frr]).toMatchObject([{ daemon: 'BIRD' }, { daemon: 'FRR' }]);
    expect(viewOf(frr)).toEqual(viewOf(bird));
  });

  it('takes the IPv4 address of the node for the router ID, else a hash of its name that stays', () => {
    expect(viewOf(buildRouterView(input('one-neighbor'))).routerID).toBe('192.0.2.1');
    const hashed = input('ipv6-node');
    const routerID = viewOf(buildRouterView(hashed)).routerID;
    expect(routerID).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(viewOf(buildRouterView(hashed)).routerID).toBe(routerID);
    const other = buildRouterView({ ...hashed, node: { ...hashed.node, name: 'node-2' } });
    expect(viewOf(other).routerID).not.toBe(routerID);
  });

  it('keeps what runs where a value of the whole Router is wrong', () => {
    const { router, ...rest } = input('router-id');
    const intent = buildRouterView({ ...rest, router: { ...router, spec: { ...router.spec, routerID: '0.0.0.0' } } });
    expect(intent).toMatchObject({ type: 'keep', problems: [{ reason: 'InvalidValue', path: 'spec.routerID' }] });
  });

  it('leaves out a neighbor with a bad value, and no other', () => {
    const intent = buildRouterView(
      withNeighbors('one-neighbor', (tor) => [{ ...tor, name: 'bad', interface: 'eth0"; accept' }, tor]),
    );
    expect(neighborsOf(intent)).toEqual(['tor-1']);
    expect(intent.problems).toMatchObject([
      { reason: 'InvalidValue', path: 'spec.bgp.neighbors[0].interface', object: { kind: 'Router', name: 'rack-1' } },
    ]);
    expect(intent.problems[0]?.sentence).toMatch(
      /write the name of an interface, such as eth0.*bad is left out until then$/,
    );
  });

  it('leaves a neighbor as it was where its value becomes bad', () => {
    const previous = viewOf(buildRouterView(input('one-neighbor')));
    const changed = withNeighbors('one-neighbor', (tor) => [{ ...tor, holdTime: '1s' }]);
    const intent = buildRouterView({ ...changed, previous });
    expect(viewOf(intent).bgp.neighbors).toEqual(previous.bgp.neighbors);
    expect(intent.problems).toMatchObject([{ path: 'spec.bgp.neighbors[0].holdTime' }]);
  });

  it.each([
    ['an own address for the neighbor', { address: '192.0.2.1' }, 'address', /is an address of this node/],
    ['an address at our end that is not there', { localAddress: '192.0.2.77' }, 'localAddress', /has no address 192/],
  ])('leaves a neighbor as it was with %s', (_, change, field, sentence) => {
    const previous = viewOf(buildRouterView(input('one-neighbor')));
    const hostAddresses = ['192.0.2.1', '2001:db8::1'].map((text) => parseAddress(text));
    const changed = withNeighbors('one-neighbor', (tor) => [{ ...tor, ...change }]);
    const node = { ...changed.node, hostAddresses };
    const intent = buildRouterView({ ...changed, node, previous });
    expect(viewOf(intent).bgp.neighbors).toEqual(previous.bgp.neighbors);
    expect(intent.problems).toMatchObject([{ reason: 'InvalidValue', path: `spec.bgp.neighbors[0].${field}` }]);
    expect(intent.problems[0]?.sentence).toMatch(sentence);
    const right = withNeighbors('one-neighbor', (tor) => [{ ...tor, localAddress: '192.0.2.1' }]);
    expect(buildRouterView({ ...right, node }).problems).toEqual([]);
    // Where the addresses of the node are not known nothing is said against them.
    expect(buildRouterView(changed).problems).toEqual([]);
  });

  describe('a password', () => {
    it('loses the newline that editors put behind it', () => {
      expect(viewOf(buildRouterView(input('password'))).bgp.neighbors[0]?.password).toBe("it's#a/*secret;}");
    });

    it.each([
      ['no Secret', new Map()],
      ['no key', new Map([['tor', { token: 'eA==' }]])],
      ['an empty key', new Map([['tor', { password: '' }]])],
    ])('with %s leaves the neighbor out', (_, secrets) => {
      const intent = buildRouterView({ ...input('password'), secrets });
      expect(neighborsOf(intent)).toEqual([]);
      expect(intent.problems).toMatchObject([
        { reason: 'SecretMissing', path: 'spec.bgp.neighbors[0].passwordSecret' },
      ]);
    });

    it('stays known while its Secret is away', () => {
      const previous = viewOf(buildRouterView(input('password')));
      const intent = buildRouterView({ ...input('password'), secrets: new Map(), previous });
      expect(viewOf(intent).bgp.neighbors).toEqual(previous.bgp.neighbors);
      expect(intent.problems).toMatchObject([{ reason: 'SecretMissing' }]);
    });

    it.each(['two\nlines', 'a"quote', 'a space', 'päss', 'x'.repeat(81), '\n'])(
      'is refused and not repeated: %j',
      (text) => {
        const secrets = new Map([['tor', { password: Buffer.from(text).toString('base64') }]]);
        const intent = buildRouterView({ ...input('password'), secrets });
        expect(neighborsOf(intent)).toEqual([]);
        expect(intent.problems).toMatchObject([{ reason: 'InvalidValue', object: { kind: 'Secret', name: 'tor' } }]);
        expect(intent.problems[0]?.sentence).toContain('write 1 to 80 printable ASCII characters');
        expect(text.trim() !== '' && intent.problems[0]?.sentence.includes(text)).toBe(false);
      },
    );
  });

  it('refuses the second of two neighbors whose names are one to BIRD', () => {
    const intent = buildRouterView(withNeighbors('one-neighbor', (tor) => [tor, { ...tor, name: 'tor_1' }]));
    expect(neighborsOf(intent)).toEqual(['tor-1']);
    expect(intent.problems).toMatchObject([{ reason: 'NeighborNameClash', path: 'spec.bgp.neighbors[1].name' }]);
  });

  it('takes a neighbor without an address for one that is found on the interface', () => {
    const intent = buildRouterView(withNeighbors('link-local-session', (tor) => [withoutAddress(tor)]));
    expect(intent.problems).toEqual([]);
    expect(viewOf(intent).bgp.neighbors).toMatchObject([{ address: '', interface: 'eth0', extendedNextHop: 'yes' }]);
  });

  it('asks for an address or an interface where a neighbor has neither', () => {
    const intent = buildRouterView(withNeighbors('one-neighbor', (tor) => [withoutAddress(tor)]));
    expect(intent.problems).toMatchObject([{ reason: 'InvalidValue', path: 'spec.bgp.neighbors[0].address' }]);
  });

  it('has BFD over several hops from an address of the node, without which BIRD refuses its configuration', () => {
    const intent = buildRouterView(input('multihop-bfd'));
    expect(viewOf(intent).bgp.neighbors).toMatchObject([{ localAddress: '192.0.2.1' }]);
    const none = buildRouterView({ ...input('multihop-bfd'), node: input('ipv6-node').node });
    expect(neighborsOf(none)).toEqual([]);
    expect(none.problems).toMatchObject([{ reason: 'NodeAddressMissing', path: 'spec.bgp.neighbors[0].localAddress' }]);
  });

  it.each([{ address: 'fe80::fe' }, { address: '2001:db8::fe', localAddress: 'fe80::1' }])(
    'asks for the interface of a link-local address: %j',
    (more) => {
      const intent = buildRouterView(withNeighbors('one-neighbor', (tor) => [{ ...tor, ...more }]));
      expect(neighborsOf(intent)).toEqual([]);
      expect(intent.problems).toMatchObject([{ reason: 'InvalidValue', path: 'spec.bgp.neighbors[0].interface' }]);
    },
  );

  it('leaves out a neighbor that is there under another name', () => {
    const intent = buildRouterView(
      withNeighbors('ipv6-session', (tor) => [tor, { ...tor, name: 'again', address: '2001:DB8:0::fe' }]),
    );
    expect(neighborsOf(intent)).toEqual(['tor-1']);
    expect(intent.problems).toMatchObject([{ reason: 'DuplicateNeighbor', path: 'spec.bgp.neighbors[1]' }]);
  });

  describe('the AS number of the node', () => {
    it("is that of the Node's label, else that of the Router", () => {
      expect(viewOf(asnOf({ 'example.com/asn': '64999' }, 64_512)).asn).toBe('64999');
      expect(viewOf(asnOf({}, 64_512)).asn).toBe('64512');
    });

    it('is missed where there is neither, and what runs stays', () => {
      const intent = asnOf({});
      expect(intent).toMatchObject({ type: 'keep', problems: [{ reason: 'ASNMissing', path: 'spec.asn' }] });
      expect(intent.problems[0]?.sentence).toContain('has no label example.com/asn');
    });

    it.each(['0', '4294967295', '64512; accept', '1.10', ''])('cannot be %j', (text) => {
      expect(asnOf({ 'example.com/asn': text }, 64_512)).toMatchObject({
        type: 'keep',
        problems: [{ reason: 'InvalidValue', object: { kind: 'Node' }, path: 'metadata.labels[example.com/asn]' }],
      });
    });
  });

  it('needs a next hop of its own family over several hops', () => {
    const { node } = input('ipv4-node');
    const far = withNeighbors('multihop', (tor) => [{ ...tor, families: ['IPv4', 'IPv6'] }]);
    const intent = buildRouterView({ ...far, node });
    expect(viewOf(intent).bgp.neighbors).toMatchObject([{ ipv4: 'yes', ipv6: '' }]);
    expect(intent.problems).toMatchObject([{ reason: 'NextHopMissing', path: 'spec.bgp.neighbors[0].families' }]);
  });

  it('leaves out a pool and a community that make no sense, and nothing else of the group', () => {
    const { serviceGroups, ...rest } = input('communities');
    const broken = serviceGroups.map((group) =>
      Object.assign({}, group, {
        spec: {
          ...group.spec,
          pools: [{ range: '10.0.0.9-10.0.0.1', avoidBuggyIPs: false }, ...(group.spec.pools ?? [])],
          bgp: { communities: ['64512:70000', '64512:7'] },
        },
      }),
    );
    const intent = buildRouterView({ ...rest, serviceGroups: broken });
    const web = viewOf(intent).groups.find(({ name }) => name === 'web');
    expect(web).toMatchObject({
      ipv4: [{ prefix: '10.1.0.0/24', minLength: '32', maxLength: '32' }],
      communities: [{ asn: '64512', value: '7' }],
    });
    expect(intent.problems.map(({ path }) => path)).toEqual([
      'spec.bgp.communities[0]',
      'spec.pools[0].range',
      'spec.bgp.communities[0]',
      'spec.pools[0].range',
    ]);
  });

  it('keeps apart groups whose names are alike to BIRD', () => {
    const { serviceGroups, ...rest } = input('one-neighbor');
    const [first] = serviceGroups;
    const named = ['a.b', 'a-b', 'ab'].map((name) => Object.assign({}, first, { metadata: { name } }));
    const symbols = viewOf(buildRouterView({ ...rest, serviceGroups: named })).groups.map(({ symbol }) => symbol);
    expect(new Set(symbols).size).toBe(3);
  });

  it('gives the same view whatever the order of the groups', () => {
    const { serviceGroups, ...rest } = input('communities');
    const reversed = [...serviceGroups].reverse();
    expect(buildRouterView({ ...rest, serviceGroups: reversed })).toEqual(buildRouterView({ ...rest, serviceGroups }));
  });
});
