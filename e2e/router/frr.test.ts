import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPrefix } from '@fairlead/api';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { Logger, RouterIntent, RouterViewInput } from '@fairlead/router';
import { Frr } from '../lab/index.ts';
import type { LabProcess, Run } from '../lab/index.ts';
import { Fib } from './fib.ts';
import { areEstablished, statusOf } from './status.ts';
import {
  ADDRESSES,
  ASN,
  birdFolder,
  group,
  neighbor,
  NODE,
  NODE_FACTS,
  router,
  spawnTor,
  startTopology,
  TOR,
} from './topology.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
const PASSWORD = "it's#a/*|secret!";
const SECRETS = new Map([['tor', { password: Buffer.from(`${PASSWORD}\n`).toString('base64') }]]);
const WEB = { communities: ['64512:100', '64512:1:2'], localPref: 200 };
/** As the agent marks its routes. */
const OURS = 'dev kube-lb0 proto 201 metric 2000000000';
const GROUPS = [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'], WEB)];

const lines: string[] = [];
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => lines.push(message),
  error: (message, fields) => lines.push(`error ${message} ${JSON.stringify(fields)}`),
};

function frrRouter(...neighbors: readonly Parameters<typeof neighbor>[0][]): ReturnType<typeof router> {
  return router(neighbors.map(neighbor), { daemon: 'FRR' });
}

const FIRST = frrRouter({ name: 'tor-1', passwordSecret: 'tor' });

const GRACEFUL: typeof FIRST = {
  ...FIRST,
  spec: { ...FIRST.spec, bgp: { listenPort: 179, neighbors: [], ...FIRST.spec.bgp, gracefulRestart: { time: '60s' } } },
};

function intent(more: Partial<RouterViewInput> = {}): RouterIntent {
  return buildRouterView({ router: FIRST, serviceGroups: GROUPS, secrets: SECRETS, node: NODE_FACTS, ...more });
}

describe('a node with FRR and a ToR', () => {
  let run: Run;
  let frr: Frr;
  /** A process in the node's network namespace that stays. */
  let anchor: LabProcess;
  let tor: LabProcess;
  let torFib: Fib;
  let templateDirectory: string;
  let controller: RouterController;
  const folder = (): string => join(run.directory, 'frr-node');
  const open = (): RouterController =>
    new RouterController({
      directory: folder(),
      templateDirectory,
      logger,
      pollIntervalMs: 200,
      // The agent is in the daemon's network namespace; this test is not.
      netstatPath: `/proc/${anchor.pid}/net/netstat`,
    });
  const kernel = (...batch: readonly string[]): Promise<string> =>
    run.exec(['ip', '-batch', '-'], { namespace: NODE, stdin: batch.join('\n') });
  const birdc = (command: string): Promise<string> =>
    run.exec(['birdc', '-s', join(birdFolder(run, TOR), 'bird.ctl'), ...command.split(' ')]);
  /** Since when the ToR has had the session: what the node says of itself is not asked. */
  const sinceAtTor = async (): Promise<string | undefined> =>
    /^node +BGP +\S+ +up +(\S+) +Established/m.exec(await birdc('show protocols'))?.[1];
  const announced = async (): Promise<string[]> =>
    (await torFib.prefixes()).filter((prefix) => /^(10\.|2001:db8:[56]:)/.test(prefix)).sort();

  beforeAll(async () => {
    run = await startTopology();
    templateDirectory = join(run.directory, 'templates');
    await cp(TEMPLATES, templateDirectory, { recursive: true });
    tor = await spawnTor(run, `password "${PASSWORD}";`);
    torFib = await Fib.open(run.namespacePath(TOR));
    anchor = run.spawn('anchor', ['sleep', 'infinity'], { namespace: NODE });
    frr = await Frr.launch(run, {
      name: NODE,
      namespace: NODE,
      directory: folder(),
      configurations: { zebra: '', bgpd: '', ospfd: '', ospf6d: '', bfdd: '' },
    });
    controller = open();
  }, 30_000);

  afterAll(async () => {
    await controller?.close();
    await torFib?.[Symbol.asyncDispose]();
    await run?.close();
  }, 30_000);

  it('has a session with a password', async () => {
    controller.update(intent());
    const status = await statusOf(controller, areEstablished('tor-1'));
    expect(status).toMatchObject({ daemon: 'FRR', router: 'default', connected: true, problems: [] });
  }, 30_000);

  it('brings routes of both families to the ToR with the marks of their group, and takes them back', async () => {
    await kernel(
      'address add 10.1.0.5/32 dev kube-lb0 noprefixroute',
      'address add 2001:db8:5::5/128 dev kube-lb0 noprefixroute',
      `route add 10.1.0.5/32 ${OURS}`,
      `route add 2001:db8:5::5/128 ${OURS}`,
    );
    await Promise.all([torFib.until('new', '10.1.0.5/32'), torFib.until('new', '2001:db8:5::5/128')]);
    await statusOf(controller, ({ sessions }) => sessions[0]?.exported === 2);
    const shown = await birdc('show route all 10.1.0.5/32');
    expect(shown).toContain('BGP.community: (64512,100)');
    expect(shown).toContain('BGP.large_community: (64512, 1, 2)');
    await kernel(
      'route del 10.1.0.5/32 dev kube-lb0 proto 201',
      'route del 2001:db8:5::5/128 dev kube-lb0 proto 201',
      'address del 10.1.0.5/32 dev kube-lb0',
      'address del 2001:db8:5::5/128 dev kube-lb0',
    );
    await Promise.all([torFib.until('delete', '10.1.0.5/32'), torFib.until('delete', '2001:db8:5::5/128')]);
  }, 20_000);

  it('never announces what is elsewhere, outside of the groups, or of another length', async () => {
    await kernel(
      'route add 10.1.0.7/32 dev eth0 proto 201 metric 2000000000',
      'route add 10.1.0.9/32 dev kube-lb0 proto static',
      'route add 2001:db8:5::9/128 dev kube-lb0 proto static',
      `route add 10.2.0.1/32 ${OURS}`,
      `route add 10.1.0.128/25 ${OURS}`,
      'address add 10.1.0.64/26 dev kube-lb0 noprefixroute',
      `route add 2001:db8:6::1/128 ${OURS}`,
      // zebra hears them in this order, so those above would be there when these are.
      `route add 10.1.0.8/32 ${OURS}`,
      `route add 2001:db8:5::8/128 ${OURS}`,
    );
    await Promise.all([torFib.until('new', '10.1.0.8/32'), torFib.until('new', '2001:db8:5::8/128')]);
    expect(await announced()).toEqual(['10.1.0.8/32', '2001:db8:5::8/128']);
  }, 20_000);

  it('adds and removes a neighbor, a group and a community without ending the session', async () => {
    const since = await sinceAtTor();
    expect(since).toBeDefined();
    controller.update(
      intent({
        router: frrRouter({ name: 'tor-1', passwordSecret: 'tor' }, { name: 'tor-2', address: '192.0.2.253' }),
        serviceGroups: [group('virtual', ['10.1.0.0/24', '10.2.0.0/24'], { communities: ['64512:200'] })],
      }),
    );
    await torFib.until('new', '10.2.0.1/32');
    await torFib.until('delete', '2001:db8:5::8/128');
    await statusOf(controller, ({ sessions }) => sessions.some(({ name }) => name === 'tor-2'));
    expect(await birdc('show route all 10.1.0.8/32')).toContain('BGP.community: (64512,200)');
    controller.update(intent());
    await torFib.until('delete', '10.2.0.1/32');
    await torFib.until('new', '2001:db8:5::8/128');
    await statusOf(controller, ({ sessions }) => sessions.length === 1);
    expect(await sinceAtTor()).toBe(since);
  }, 30_000);

  it('has left FRR with the configuration and nothing else', async () => {
    const shown = await frr.vtysh('show running-config');
    expect(shown).not.toContain('192.0.2.253');
    expect(shown).not.toContain('64512:200');
    expect(shown.match(/^ip(v6)? prefix-list group_virtual_\S+ .*permit/gm)).toHaveLength(2);
  });

  it('keeps the session where a template is wrong, names the line, and goes on when it is mended', async () => {
    const since = await sinceAtTor();
    const file = join(templateDirectory, 'frr-bgp.hbs');
    const good = await readFile(file, 'utf8');
    const line = good.split('\n').findIndex((text) => text.includes('timers connect')) + 1;
    const refused = (words: string): Promise<unknown> =>
      statusOf(
        controller,
        ({ configuration }) => configuration.type === 'refused' && configuration.fault.message.includes(words),
      ).then(({ configuration }) => configuration);

    // vtysh knows no such command.
    await writeFile(file, good.replace('timers connect', 'timers disconnect'));
    expect(await refused('timers disconnect')).toMatchObject({ fault: { template: { file: 'frr-bgp.hbs', line } } });

    // vtysh does, and bgpd does not take it: one that exists already has another AS number.
    const second = good.replace(
      'router bgp {{asn}}\n',
      'router bgp 64999\n bgp router-id 192.0.2.9\nexit\nrouter bgp {{asn}}\n',
    );
    await writeFile(file, second);
    expect(await refused('refuses it')).toMatchObject({ fault: { template: { file: 'frr-bgp.hbs' } } });

    await writeFile(file, good.replace('{{holdTime}}', '{{holdTimer}}'));
    expect(await refused('holdTimer')).toMatchObject({ fault: { template: { file: 'frr-bgp.hbs' } } });

    await writeFile(file, `log file /tmp/elsewhere\n${good}`);
    expect(await refused('elsewhere')).toMatchObject({ fault: { template: { file: 'frr-bgp.hbs', line: 1 } } });

    await writeFile(file, good);
    await statusOf(controller, areEstablished('tor-1'));
    expect(await sinceAtTor()).toBe(since);
    expect(await announced()).toEqual(['10.1.0.8/32', '2001:db8:5::8/128']);
  }, 30_000);

  it('goes on with what an agent before it brought, without a line to the ToR', async () => {
    const since = await sinceAtTor();
    await controller.close();
    controller = open();
    controller.update(
      intent({ serviceGroups: [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64', '10.3.0.0/24'], WEB)] }),
    );
    await kernel(`route add 10.3.0.1/32 ${OURS}`);
    await torFib.until('new', '10.3.0.1/32');
    controller.update(intent());
    await torFib.until('delete', '10.3.0.1/32');
    await statusOf(controller, areEstablished('tor-1'));
    expect(await sinceAtTor()).toBe(since);
  }, 20_000);

  it('finds an FRR again that was killed, with the routes as they are', async () => {
    await Promise.all(frr.processes.map((process) => process.kill('SIGKILL')));
    await torFib.until('delete', '10.1.0.8/32');
    await statusOf(controller, ({ connected }) => !connected);
    // For what comes next: it holds from a session's beginning on.
    controller.update(intent({ router: GRACEFUL }));
    await frr.start();
    await statusOf(controller, areEstablished('tor-1'));
    await Promise.all([torFib.until('new', '10.1.0.8/32'), torFib.until('new', '2001:db8:5::8/128')]);
    expect(controller.status()).toMatchObject({ connected: true, configuration: { type: 'current' } });
  }, 40_000);

  it('gives a bgpd its configuration again that was restarted alone, and with graceful restart no route goes', async () => {
    const gone: string[] = [];
    const unsubscribe = torFib.netlink.subscribe((event) => {
      if (event.type === 'route' && event.action === 'delete' && event.route.dst !== null) {
        gone.push(formatPrefix(event.route.dst));
      }
    });
    const noticed = statusOf(controller, (status) => !areEstablished('tor-1')(status));
    await frr.program('bgpd').kill('SIGKILL');
    await noticed;
    await frr.start();
    await statusOf(controller, (status) => areEstablished('tor-1')(status) && status.sessions[0]?.exported === 2);
    // Until then the ToR keeps what the session before has brought.
    while ((await birdc('show protocols all node')).includes('Neighbor graceful restart active'));
    unsubscribe();
    expect(gone).toEqual([]);
    expect(await announced()).toEqual(['10.1.0.8/32', '2001:db8:5::8/128']);
    controller.update(intent());
    await statusOf(controller, ({ configuration }) => configuration.type === 'current');
  }, 40_000);

  it('says so where the ToR has another password', async () => {
    const other = new Map([['tor', { password: Buffer.from('another').toString('base64') }]]);
    controller.update(intent({ secrets: other }));
    const status = await statusOf(
      controller,
      ({ sessions }) => sessions[0]?.isUp === false && sessions[0].message.includes('password'),
      30_000,
    );
    expect(status.lastReset?.sentence).toBe('restarts tor-1 (password)');
    expect(JSON.stringify(status)).not.toContain('another');
    controller.update(intent());
    await statusOf(controller, areEstablished('tor-1'), 30_000);
  }, 70_000);

  it('sees within two seconds that the ToR is gone', async () => {
    await tor.kill('SIGKILL');
    const gone = performance.now();
    await statusOf(controller, ({ sessions }) => sessions[0]?.isUp === false);
    expect(performance.now() - gone).toBeLessThan(2_000);
  }, 20_000);

  it('speaks OSPF instead, for both families', async () => {
    await writeFile(join(birdFolder(run, TOR), 'bird.conf'), OSPF_TOR);
    tor.start();
    const ospf = {
      metric: 20,
      metricType: 'Type2' as const,
      areas: [{ id: '0', type: 'Normal' as const, interfaces: [OSPF_ETH0] }],
    };
    const { bgp: _, ...withoutBGP } = router([], { daemon: 'FRR', ospf }).spec;
    const interior = { ...router([]), spec: withoutBGP };
    // OSPF of FRR does not see metrics, so what others put over kube-lb0 inside of the ranges would be announced.
    await kernel('route del 10.1.0.9/32 dev kube-lb0', 'route del 2001:db8:5::9/128 dev kube-lb0');
    controller.update(intent({ router: interior }));
    await Promise.all([torFib.until('new', '10.1.0.8/32', 30_000), torFib.until('new', '2001:db8:5::8/128', 30_000)]);
    await statusOf(controller, ({ sessions }) => sessions.length === 2 && sessions.every(({ isUp }) => isUp), 30_000);
    expect(await announced()).toEqual(['10.1.0.8/32', '2001:db8:5::8/128']);
    // What the ToR tells stays out of the node's kernel.
    expect(await run.exec(['ip', 'route', 'show', 'proto', 'ospf'], { namespace: NODE })).toBe('');
    await kernel('route del 10.1.0.8/32 dev kube-lb0 proto 201');
    await torFib.until('delete', '10.1.0.8/32');
  }, 60_000);

  it('is as it was when no Router asks for it any more', async () => {
    controller.update(intent({ router: undefined }));
    await torFib.until('delete', '2001:db8:5::8/128', 30_000);
    await statusOf(controller, ({ daemon, configuration }) => daemon === 'None' && configuration.type === 'current');
    const shown = await frr.vtysh('show running-config');
    expect(shown).not.toMatch(/^(router|route-map|ip prefix-list|ipv6 prefix-list|interface \S+\n |bfd)/m);
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  }, 40_000);

  it('is left alone where others have configured it', async () => {
    await frr.vtysh('configure\nrouter bgp 64999\nneighbor 192.0.2.77 remote-as 64999');
    controller.update(intent());
    const status = await statusOf(controller, ({ configuration }) => configuration.type === 'failed');
    expect(status.configuration).toMatchObject({
      message: expect.stringContaining('a configuration of others (router bgp 64999)'),
    });
    const shown = await frr.vtysh('show running-config');
    expect(shown).toContain('neighbor 192.0.2.77 remote-as 64999');
    expect(shown).not.toContain('fairlead');
    await frr.vtysh('configure\nno router bgp 64999');
    await statusOf(controller, ({ configuration }) => configuration.type === 'current');
  }, 20_000);
});

const OSPF_ETH0 = {
  name: 'eth0',
  cost: 10,
  priority: 1,
  helloInterval: '1s',
  deadInterval: '4s',
  type: 'PointToPoint' as const,
  passive: false,
  passwordID: 1,
  passwordAlgorithm: 'MD5' as const,
};

const OSPF_TOR = `log stderr all;
router id ${ADDRESSES.tor.IPv4};
protocol device { }
protocol kernel kernel4 { ipv4 { import none; export where source = RTS_OSPF_EXT2; }; }
protocol kernel kernel6 { ipv6 { import none; export where source = RTS_OSPF_EXT2; }; }
protocol static { ipv4; route 198.51.100.0/24 blackhole; }
protocol ospf v2 ospf4 {
  ipv4 { import all; export all; };
  area 0 { interface "eth0" { type ptp; hello 1; dead 4; }; };
}
protocol ospf v3 ospf6 {
  ipv6 { import all; export none; };
  area 0 { interface "eth0" { type ptp; hello 1; dead 4; }; };
}
# AS ${ASN.tor} speaks no BGP here.
`;
