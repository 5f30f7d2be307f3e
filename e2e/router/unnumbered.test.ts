import type { RouterSpec } from '@fairlead/api';
import type { LabProcess } from '../lab/index.ts';
import { addressOf, Fabric } from './fabric.ts';
import type { FabricNode, Hops, Wanted } from './fabric.ts';
import { group } from './topology.ts';

const PASSWORD = 'correct-horse';
const LABEL = 'example.com/asn';
const GROUPS = [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])];
const SECRETS = new Map([['tor', { password: Buffer.from(PASSWORD).toString('base64') }]]);

/** The ToR knows the link-local address of each node, and each node its own AS number; nodes know the ToR's interface. */
const TOR = `
log stderr all;
router id 192.0.2.254;
protocol device { }
protocol kernel kernel4 { ipv4 { import none; export all; }; }
protocol kernel kernel6 { ipv6 { import none; export all; }; }
protocol bfd { }
protocol bgp node {
  local as 64513;
  neighbor ${addressOf('node-1').linkLocal} as 4200000001;
  interface "eth0";
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  password "${PASSWORD}";
  bfd { interval 100 ms; multiplier 3; };
  ipv4 { import all; export none; extended next hop on; };
  ipv6 { import all; export none; };
}
`;

const SPEC: Partial<RouterSpec> = {
  asn: 64_512,
  asnLabel: LABEL,
  bgp: {
    listenPort: 179,
    neighbors: [
      {
        name: 'tor',
        interface: 'eth0',
        asn: 64_513,
        port: 179,
        passive: false,
        holdTime: '9s',
        passwordSecret: 'tor',
        bfd: { interval: '100ms', multiplier: 3 },
      },
    ],
  },
};

const WANTED: Wanted = {
  spec: SPEC,
  serviceGroups: GROUPS,
  secrets: SECRETS,
  labels: { [LABEL]: '4200000001' },
};

describe('unnumbered BGP of a node with an AS number of its own', () => {
  let fabric: Fabric;
  let node: FabricNode;
  let tor: LabProcess;
  let hops: Hops;

  beforeAll(async () => {
    fabric = await Fabric.start(['node-1', 'tor']);
    // The link needs no IPv4 address for IPv4 routes.
    await fabric.run.exec(['ip', '-4', 'address', 'flush', 'dev', 'eth0'], { namespace: 'node-1' });
    hops = await fabric.hops('tor');
    node = await fabric.node('node-1', WANTED);
    tor = await fabric.bird(TOR);
  }, 30_000);

  afterAll(async () => {
    await fabric?.[Symbol.asyncDispose]();
  }, 30_000);

  it('has a session by the name of the neighbor, whoever connects', async () => {
    const status = await node.until('Established', 'tor');
    expect(status).toMatchObject({ problems: [], sessions: [{ name: 'tor', isUp: true }] });
  }, 30_000);

  it('brings routes of both families by the link-local address', async () => {
    await fabric.routes('node-1', 'add 10.1.0.5/32', 'add 2001:db8:5::5/128');
    await hops.until('10.1.0.5/32', ['node-1']);
    await hops.until('2001:db8:5::5/128', ['node-1']);
    await fabric.routes('node-1', 'del 10.1.0.5/32', 'del 2001:db8:5::5/128');
    await expect(hops.until('2001:db8:5::5/128', [])).resolves.toBeUndefined();
  }, 30_000);

  it('goes on with its session when a group is added', async () => {
    const before = await node.until('Established', 'tor');
    node.want({ ...WANTED, serviceGroups: [...GROUPS, group('more', ['10.2.0.0/24'])] });
    await fabric.routes('node-1', 'add 10.2.0.1/32');
    await hops.until('10.2.0.1/32', ['node-1']);
    const after = await node.until('Established', 'tor');
    expect(after.sessions[0]?.since).toEqual(before.sessions[0]?.since);
  }, 30_000);

  it('keeps its name while the other side is away, and when the session comes anew', async () => {
    await tor.kill('SIGKILL');
    const away = await node.until('Connect', 'tor');
    expect(away.sessions).toMatchObject([{ isUp: false, message: expect.stringContaining('closed') as string }]);
    tor.start();
    const status = await node.until('Established', 'tor');
    expect(status.sessions.map(({ name }) => name)).toEqual(['tor']);
  }, 40_000);
});
