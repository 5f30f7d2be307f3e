import type { RouterSpec } from '@fairlead/api';
import type { LabProcess } from '../lab/index.ts';
import { Fabric } from './fabric.ts';
import type { FabricNode, Hops } from './fabric.ts';
import { group } from './topology.ts';

type OSPF = NonNullable<RouterSpec['ospf']>;
type Interface = OSPF['areas'][number]['interfaces'][number];

const PASSWORD = 'fabric-secret';
const GROUPS = [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])];
const WITH_PASSWORD = { serviceGroups: GROUPS, secrets: secret(PASSWORD) };
const WITH_ANOTHER = { serviceGroups: GROUPS, secrets: secret('another') };

/** Fast enough for a test; the ToRs have the same. */
const ETH0: Interface = {
  name: 'eth0',
  cost: 10,
  priority: 0,
  helloInterval: '1s',
  deadInterval: '4s',
  type: 'Broadcast',
  passive: false,
  passwordSecret: 'fabric',
  passwordID: 1,
  passwordAlgorithm: 'MD5',
  bfd: { interval: '100ms', multiplier: 3 },
};

function secret(password: string): ReadonlyMap<string, Record<string, string>> {
  return new Map([['fabric', { password: Buffer.from(password).toString('base64') }]]);
}

function ospf(more: Partial<OSPF> = {}): Pick<RouterSpec, 'ospf'> {
  const areas: OSPF['areas'] = [{ id: '0', type: 'Normal', interfaces: [ETH0] }];
  return { ospf: { areas, metric: 20, metricType: 'Type2', tag: 4711, ...more } };
}

/** BIRD as ToR. It announces a route of its own, which no node is to take. */
const BIRD_TOR = `
log stderr all;
router id 192.0.2.254;
protocol device { }
protocol kernel kernel4 { merge paths yes; ipv4 { import none; export where source ~ [RTS_OSPF_EXT1, RTS_OSPF_EXT2]; }; }
protocol kernel kernel6 { merge paths yes; ipv6 { import none; export where source ~ [RTS_OSPF_EXT1, RTS_OSPF_EXT2]; }; }
protocol bfd { interface "eth0" { interval 100 ms; multiplier 3; }; }
protocol static foreign4 { ipv4; route 203.0.113.0/24 blackhole; }
protocol static foreign6 { ipv6; route 2001:db8:bad::/48 blackhole; }
protocol ospf v2 fabric4 {
  debug { events };
  ecmp yes;
  merge external yes;
  ipv4 { import all; export where source = RTS_STATIC; };
  area 0 { interface "eth0" {
    hello 1; dead 4; bfd on;
    authentication cryptographic; password "${PASSWORD}" { id 1; algorithm keyed md5; };
  }; };
}
protocol ospf v3 fabric6 {
  debug { events };
  ecmp yes;
  merge external yes;
  ipv6 { import all; export where source = RTS_STATIC; };
  area 0 { interface "eth0" {
    hello 1; dead 4; bfd on;
    authentication cryptographic; password "${PASSWORD}" { id 1; algorithm hmac sha256; };
  }; };
}
`;

/** FRR as ToR, for IPv4: BIRD 2.0.12 and FRR 8.4 do not understand each other's authentication of OSPF version 3. */
const FRR_TOR = {
  zebra: 'hostname tor-frr',
  bfdd: 'debug bfd peer',
  ospfd: `
interface eth0
 ip ospf area 0
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf priority 0
 ip ospf authentication message-digest
 ip ospf message-digest-key 1 md5 ${PASSWORD}
 ip ospf bfd
router ospf
 ospf router-id 192.0.2.253
 maximum-paths 16`,
} as const;

/**
 * The adjacencies that a node is to have: with the designated router. The other ToR learns from that one; it would only
 * make the choice longer.
 */
const ADJACENCIES = ['ospf_ipv4 eth0 192.0.2.254', 'ospf_ipv6 eth0 fe80::ff:fe00:fe'];

describe('OSPF of both versions between two nodes and two ToRs, BIRD and FRR', () => {
  let fabric: Fabric;
  let one: FabricNode;
  let two: FabricNode;
  /** The kernels of the ToRs; the first has both families. */
  let tors: readonly Hops[];
  let upstream: LabProcess;
  let ownKernel: Hops;

  const leadsTo = async (prefix: string, ...nodes: readonly ('node-1' | 'node-2')[]): Promise<void> => {
    const speakers = prefix.includes(':') ? tors.slice(0, 1) : tors;
    await Promise.all(speakers.map(async (tor) => tor.until(prefix, nodes)));
  };

  beforeAll(async () => {
    fabric = await Fabric.start(['node-1', 'node-2', 'tor', 'tor-frr']);
    [upstream] = await Promise.all([fabric.bird(BIRD_TOR), fabric.frr(FRR_TOR)]);
    tors = [await fabric.hops('tor'), await fabric.hops('tor-frr')];
    ownKernel = await fabric.hops('node-1');
    one = await fabric.node('node-1', { spec: ospf(), ...WITH_PASSWORD });
    two = await fabric.node('node-2', { spec: ospf(), ...WITH_PASSWORD });
  }, 30_000);

  afterAll(async () => {
    await fabric?.[Symbol.asyncDispose]();
  }, 30_000);

  it('has an adjacency with the designated router, with BFD and a password', async () => {
    const [status] = await Promise.all([one.until('Full', ...ADJACENCIES), two.until('Full', ...ADJACENCIES)]);
    expect(status.sessions).toHaveLength(ADJACENCIES.length);
  }, 40_000);

  it('brings routes of both families to both ToRs, with every node as next hop, and takes them back', async () => {
    for (const node of ['node-1', 'node-2'] as const) {
      await fabric.routes(node, 'add 10.1.0.5/32', 'add 2001:db8:5::5/128');
    }
    await leadsTo('10.1.0.5/32', 'node-1', 'node-2');
    await leadsTo('2001:db8:5::5/128', 'node-1', 'node-2');
    await fabric.routes('node-1', 'del 10.1.0.5/32', 'del 2001:db8:5::5/128');
    await leadsTo('10.1.0.5/32', 'node-2');
    await leadsTo('2001:db8:5::5/128', 'node-2');
    expect(await Promise.all(tors.map(async (tor) => tor.of('10.1.0.5/32')))).toEqual([['node-2'], ['node-2']]);
  }, 90_000);

  it('never announces a route of others, or outside of the groups', async () => {
    const foreign = [
      'add 10.1.0.6/32 dev kube-lb0 proto static',
      'add 10.1.0.7/32 dev eth0 proto 201',
      'add 10.2.0.1/32 dev kube-lb0 proto 201',
      'add 10.1.0.128/25 dev kube-lb0 proto 201',
      'add 2001:db8:6::1/128 dev kube-lb0 proto 201',
    ];
    await fabric.run.exec(['ip', '-batch', '-'], {
      namespace: 'node-1',
      stdin: foreign.map((change) => `route ${change}`).join('\n'),
    });
    // BIRD hears them in their order, so those above would be there when these are.
    await fabric.routes('node-1', 'add 10.1.0.8/32', 'add 2001:db8:5::8/128');
    await leadsTo('10.1.0.8/32', 'node-1');
    await leadsTo('2001:db8:5::8/128', 'node-1');
    const [bird = [], frr = []] = await Promise.all(tors.map(async (tor) => tor.learnt()));
    expect(bird.sort()).toEqual(['10.1.0.5', '10.1.0.8', '2001:db8:5::5', '2001:db8:5::8']);
    // The other ToR's own route is FRR's as well.
    expect(frr.sort()).toEqual(['10.1.0.5', '10.1.0.8', '203.0.113.0/24']);
  }, 40_000);

  it('marks its routes with metric and tag', async () => {
    const shown = await fabric.birdc('tor', 'show route all 10.1.0.8/32');
    expect(shown).toContain('OSPF.metric2: 20');
    expect(shown).toContain('OSPF.tag: 0x00001267');
  });

  it('takes nothing of what the ToRs say into its kernel', async () => {
    expect(await fabric.birdc('node-1', 'show ospf lsadb global ospf_ipv4')).toContain('203.0.113.0');
    expect(await ownKernel.learnt()).toEqual([]);
  });

  it('goes on with its adjacencies when a group is added', async () => {
    const { length } = await one.bird.log();
    const serviceGroups = [...GROUPS, group('more', ['10.2.0.0/24'])];
    one.want({ spec: ospf(), serviceGroups, secrets: secret(PASSWORD) });
    await leadsTo('10.2.0.1/32', 'node-1');
    const status = await one.until('Full', ...ADJACENCIES);
    expect(status.sessions.every(({ isUp }) => isUp)).toBe(true);
    expect((await one.bird.log()).slice(length)).not.toMatch(/Restarting|Shutting down/);
  }, 40_000);

  it('leaves with the time of BFD when a node falls silent', async () => {
    const [bird] = tors;
    expect(await bird?.of('10.1.0.5/32')).toEqual(['node-2']);
    two.bird.pause();
    const silent = performance.now();
    await Promise.all([bird?.until('10.1.0.5/32', []), bird?.until('2001:db8:5::5/128', [])]);
    const tookMs = performance.now() - silent;
    two.bird.resume();
    process.stdout.write(`OSPF with BFD: routes of a silent node were gone after ${Math.round(tookMs)} ms\n`);
    // Without BFD the last hello holds for 4 s.
    expect(tookMs).toBeLessThan(3_000);
  }, 40_000);

  it('has no adjacency with another password, and says what to look at', async () => {
    const { length: from } = await upstream.log();
    two.want({ spec: ospf(), ...WITH_ANOTHER });
    await upstream.waitForLog(/fabric4: Authentication failed for nbr 192\.0\.2\.2/, { from });
    await upstream.waitForLog(/fabric6: Authentication failed for nbr/, { from });
    const status = await two.until('Alone', 'ospf_ipv4 eth0', 'ospf_ipv6 eth0');
    expect(status.sessions).toHaveLength(2);
    expect(status.sessions.map(({ isUp, message }) => ({ isUp, message }))).toEqual(
      [1, 2].map(() => ({ isUp: false, message: expect.stringContaining('password') as string })),
    );
  }, 40_000);

  it('withdraws at once when it is to speak to nobody', async () => {
    expect(await Promise.all(tors.map(async (tor) => tor.of('10.1.0.8/32')))).toEqual([['node-1'], ['node-1']]);
    const asked = performance.now();
    one.wantNothing();
    await Promise.all([leadsTo('10.1.0.8/32'), leadsTo('2001:db8:5::8/128')]);
    const tookMs = performance.now() - asked;
    process.stdout.write(`OSPF: routes of a node that stops speaking were gone after ${Math.round(tookMs)} ms\n`);
    // An adjacency that ends is noticed after up to 5 s.
    expect(tookMs).toBeLessThan(4_000);
  }, 40_000);
});
