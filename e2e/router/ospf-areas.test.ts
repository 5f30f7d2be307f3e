import type { RouterSpec } from '@fairlead/api';
import { addressOf, Fabric } from './fabric.ts';
import type { FabricNode } from './fabric.ts';
import { group } from './topology.ts';

const GROUPS = [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])];
const spec = (id: string, type: 'Normal' | 'NSSA'): Pick<RouterSpec, 'ospf'> => ({
  ospf: {
    areas: [
      {
        id,
        type,
        interfaces: [
          {
            name: 'eth0',
            cost: 10,
            priority: 0,
            helloInterval: '1s',
            deadInterval: '4s',
            type: 'PointToPoint',
            passive: false,
            passwordID: 1,
            passwordAlgorithm: 'MD5',
          },
        ],
      },
    ],
    metric: 30,
    metricType: 'Type1',
  },
});

/** FRR 8.4 takes no IPv6 routes from an NSSA. */
const FRR_TOR = {
  zebra: 'hostname tor-frr',
  ospfd: `
interface eth0
 ip ospf area 0.0.0.1
 ip ospf network point-to-point
 ip ospf hello-interval 1
 ip ospf dead-interval 4
router ospf
 ospf router-id 192.0.2.253`,
  ospf6d: `
interface eth0
 ipv6 ospf6 area 0.0.0.1
 ipv6 ospf6 network point-to-point
 ipv6 ospf6 hello-interval 1
 ipv6 ospf6 dead-interval 4
router ospf6
 ospf6 router-id 192.0.2.253`,
} as const;

const TOR = `
log stderr all;
router id 192.0.2.254;
protocol device { }
protocol kernel kernel4 { ipv4 { import none; export where source ~ [RTS_OSPF_EXT1, RTS_OSPF_EXT2]; }; }
protocol kernel kernel6 { ipv6 { import none; export where source ~ [RTS_OSPF_EXT1, RTS_OSPF_EXT2]; }; }
protocol ospf v2 fabric4 {
  ipv4 { import all; export none; };
  area 51 { nssa; interface "eth0" { type ptp; hello 1; dead 4; }; };
}
protocol ospf v3 fabric6 {
  ipv6 { import all; export none; };
  area 51 { nssa; interface "eth0" { type ptp; hello 1; dead 4; }; };
}
`;

/** Two pairs that share a network and hear nothing of each other, as their areas differ. */
const PAIRS = [
  { daemon: 'BIRD', tor: 'tor', node: 'node-1', id: '51', type: 'NSSA' },
  { daemon: 'FRR', tor: 'tor-frr', node: 'node-2', id: '1', type: 'Normal' },
] as const;

describe('OSPF on a point-to-point link', () => {
  let fabric: Fabric;
  const nodes = new Map<string, FabricNode>();

  beforeAll(async () => {
    fabric = await Fabric.start(['node-1', 'node-2', 'tor', 'tor-frr']);
    await Promise.all([fabric.bird(TOR), fabric.frr(FRR_TOR)]);
    for (const { node, id, type } of PAIRS) {
      nodes.set(node, await fabric.node(node, { spec: spec(id, type), serviceGroups: GROUPS }));
    }
  }, 30_000);

  afterAll(async () => {
    await fabric?.[Symbol.asyncDispose]();
  }, 30_000);

  it.each(PAIRS)(
    'in area $id ($type) brings routes of both families to $daemon',
    async ({ tor, node }) => {
      const { IPv4, linkLocal } = addressOf(tor);
      const status = await nodes.get(node)?.until('Full', `ospf_ipv4 eth0 ${IPv4}`, `ospf_ipv6 eth0 ${linkLocal}`);
      expect(status?.sessions).toHaveLength(2);
      const hops = await fabric.hops(tor);
      await fabric.routes(node, 'add 10.1.0.5/32', 'add 2001:db8:5::5/128');
      await hops.until('10.1.0.5/32', [node]);
      await hops.until('2001:db8:5::5/128', [node]);
    },
    40_000,
  );

  it('announces no way through a node that another router would take', async () => {
    for (const protocol of ['fabric4', 'fabric6']) {
      const state = await fabric.birdc('tor', `show ospf state ${protocol}`);
      const [, node = ''] = /router 192\.0\.2\.1\n([^]*?)(?:\n\n|$)/.exec(state) ?? [];
      expect(node).toMatch(/router 192\.0\.2\.254 metric 65535/);
    }
  });
});
