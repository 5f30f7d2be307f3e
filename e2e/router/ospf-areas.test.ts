import type { RouterSpec } from '@fairlead/api';
import { Fabric } from './fabric.ts';
import type { FabricNode, Hops } from './fabric.ts';
import { group } from './topology.ts';

const GROUPS = [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])];
const SPEC: Pick<RouterSpec, 'ospf'> = {
  ospf: {
    areas: [
      {
        id: '51',
        type: 'NSSA',
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
};

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

describe('OSPF in a not-so-stubby area on a point-to-point link', () => {
  let fabric: Fabric;
  let node: FabricNode;
  let hops: Hops;

  beforeAll(async () => {
    fabric = await Fabric.start(['node-1', 'tor']);
    await fabric.bird(TOR);
    hops = await fabric.hops('tor');
    node = await fabric.node('node-1', { spec: SPEC, serviceGroups: GROUPS });
  }, 30_000);

  afterAll(async () => {
    await fabric?.[Symbol.asyncDispose]();
  }, 30_000);

  it('brings routes of both families to the ToR', async () => {
    const status = await node.until('Full', 'ospf_ipv4 eth0 192.0.2.254', 'ospf_ipv6 eth0 fe80::ff:fe00:fe');
    expect(status.sessions).toHaveLength(2);
    await fabric.routes('node-1', 'add 10.1.0.5/32', 'add 2001:db8:5::5/128');
    await hops.until('10.1.0.5/32', ['node-1']);
    await hops.until('2001:db8:5::5/128', ['node-1']);
    expect(await fabric.birdc('tor', 'show route all 10.1.0.5/32')).toContain('OSPF.metric1: 40');
  }, 40_000);
});
