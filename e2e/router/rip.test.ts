import type { RouterSpec } from '@fairlead/api';
import { Fabric } from './fabric.ts';
import type { FabricNode, Hops, NodeStation } from './fabric.ts';
import { group } from './topology.ts';

type RIP = NonNullable<RouterSpec['rip']>;
type Interface = RIP['interfaces'][number];

const PASSWORD = 'fabric-secret';
const GROUPS = [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])];
const ETH0: Interface = { name: 'eth0', updateInterval: '1s', passwordID: 1, passwordAlgorithm: 'MD5' };
/** Seconds after which the ToRs drop what is not announced any more. */
const TIMEOUT_S = 6;

function rip(more: Partial<Interface> = {}, families?: RIP['families']): Pick<RouterSpec, 'rip'> {
  return {
    rip: { interfaces: [{ ...ETH0, ...more }], metric: 2, tag: 4711, ...(families === undefined ? {} : { families }) },
  };
}

/** BIRD as ToR. It announces a route of its own, which no node is to take. */
const birdTor = (options = ''): string => `
log stderr all;
router id 192.0.2.254;
protocol device { }
protocol kernel kernel4 { merge paths yes; ipv4 { import none; export where source = RTS_RIP; }; }
protocol kernel kernel6 { merge paths yes; ipv6 { import none; export where source = RTS_RIP; }; }
protocol static foreign4 { ipv4; route 203.0.113.0/24 blackhole; }
protocol static foreign6 { ipv6; route 2001:db8:bad::/48 blackhole; }
protocol rip fabric4 {
  ecmp yes;
  ipv4 { import all; export where source = RTS_STATIC; };
  interface "eth0" { update time 1; timeout time ${TIMEOUT_S}; garbage time ${TIMEOUT_S}; ${options} };
}
protocol rip ng fabric6 {
  ecmp yes;
  ipv6 { import all; export where source = RTS_STATIC; };
  interface "eth0" { update time 1; timeout time ${TIMEOUT_S}; garbage time ${TIMEOUT_S}; };
}
`;

const secrets = (password: string): ReadonlyMap<string, Record<string, string>> =>
  new Map([['fabric', { password: Buffer.from(password).toString('base64') }]]);

const frrTor = (protocol: 'rip' | 'ripng'): string => `
router ${protocol}
 network eth0
 timers basic 5 ${TIMEOUT_S} 5
 allow-ecmp`;
const FRR_TOR = { zebra: 'hostname tor-frr', ripd: frrTor('rip'), ripngd: frrTor('ripng') } as const;

describe('RIP and RIPng between two nodes and two ToRs, BIRD and FRR', () => {
  let fabric: Fabric;
  let one: FabricNode;
  let two: FabricNode;
  let bird: Hops;
  let frr: Hops;
  let ownKernel: Hops;

  const leadsTo = async (prefix: string, ...nodes: readonly NodeStation[]): Promise<void> => {
    await Promise.all([bird, frr].map(async (tor) => tor.until(prefix, nodes)));
  };

  beforeAll(async () => {
    fabric = await Fabric.start(['node-1', 'node-2', 'tor', 'tor-frr']);
    await Promise.all([fabric.bird(birdTor()), fabric.frr(FRR_TOR)]);
    bird = await fabric.hops('tor');
    frr = await fabric.hops('tor-frr');
    ownKernel = await fabric.hops('node-1');
    one = await fabric.node('node-1', { spec: rip(), serviceGroups: GROUPS });
    two = await fabric.node('node-2', { spec: rip(), serviceGroups: GROUPS });
  }, 30_000);

  afterAll(async () => {
    await fabric?.[Symbol.asyncDispose]();
  }, 30_000);

  it('hears a ToR that announces something', async () => {
    const status = await one.until('Heard', 'rip_ipv4 eth0 192.0.2.254', 'rip_ipv6 eth0 fe80::ff:fe00:fe');
    expect(status.sessions.every(({ isUp }) => isUp)).toBe(true);
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
    await fabric.routes('node-2', 'del 10.1.0.5/32', 'del 2001:db8:5::5/128');
    await expect(Promise.all([leadsTo('10.1.0.5/32'), leadsTo('2001:db8:5::5/128')])).resolves.toBeDefined();
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
    for (const tor of [bird, frr]) {
      const seen = (await tor.learnt()).filter((prefix) => /^(10\.|2001:db8:[56]:)/.test(prefix)).sort();
      expect(seen).toEqual(['10.1.0.8', '2001:db8:5::8']);
    }
  }, 40_000);

  it('marks its routes with metric and tag', async () => {
    const shown = await fabric.birdc('tor', 'show route all 10.1.0.8/32');
    // The ToR adds 1 for its interface.
    expect(shown).toContain('RIP.metric: 3');
    expect(shown).toContain('RIP.tag: 1267');
  });

  it('takes nothing of what the ToRs say into its kernel', async () => {
    expect(await fabric.birdc('node-1', 'show rip neighbors rip_ipv4')).toMatch(/192\.0\.2\.254 +eth0 +1 +1 /);
    expect(await ownKernel.learnt()).toEqual([]);
  });

  it('announces nothing to a ToR with another password', async () => {
    await fabric.routes('node-2', 'add 10.1.0.8/32');
    await leadsTo('10.1.0.8/32', 'node-1', 'node-2');
    await fabric.reconfigure(
      birdTor(`authentication cryptographic; password "${PASSWORD}" { id 1; algorithm keyed md5; };`),
    );
    const spec = rip({ passwordSecret: 'fabric' }, ['IPv4']);
    one.want({ spec, serviceGroups: GROUPS, secrets: secrets('another') });
    two.want({ spec, serviceGroups: GROUPS, secrets: secrets(PASSWORD) });
    await two.until('Heard', 'rip_ipv4 eth0 192.0.2.254');
    await bird.until('10.1.0.8/32', ['node-2']);
    const status = await one.until('Alone', 'rip_ipv4 eth0');
    expect(status.sessions).toMatchObject([{ message: expect.stringContaining('another password') as string }]);
    await fabric.reconfigure(birdTor());
    one.want({ spec: rip(), serviceGroups: GROUPS });
    two.want({ spec: rip(), serviceGroups: GROUPS });
    await leadsTo('10.1.0.8/32', 'node-1', 'node-2');
  }, 90_000);

  it('withdraws before it is to speak to nobody, so that no ToR waits for its timeout', async () => {
    await fabric.routes('node-2', 'add 2001:db8:5::8/128');
    await leadsTo('2001:db8:5::8/128', 'node-1', 'node-2');
    const asked = performance.now();
    one.wantNothing();
    await Promise.all([leadsTo('10.1.0.8/32', 'node-2'), leadsTo('2001:db8:5::8/128', 'node-2')]);
    const tookMs = performance.now() - asked;
    process.stdout.write(`RIP: routes of a node that stops speaking were gone after ${Math.round(tookMs)} ms\n`);
    expect(tookMs).toBeLessThan((TIMEOUT_S - 1) * 1000);
  }, 60_000);
});
