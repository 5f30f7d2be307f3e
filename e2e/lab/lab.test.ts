import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackendAnswer } from './backend.ts';
import { now } from './clock.ts';
import { startLab, type Lab } from './lab.ts';
import { claimant } from './lan-frame.ts';
import { useLab } from './suite.ts';
import { takeTimeline } from './timeline.ts';

/** A Service of kube-proxy's own kind: what the lab proves about itself must not need Fairlead. */
function serviceOf(app: string, externalIPs: readonly string[]): object {
  return {
    metadata: { name: app },
    spec: {
      selector: { app },
      ipFamilyPolicy: 'RequireDualStack',
      externalIPs,
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'probe', protocol: 'UDP', port: 80, targetPort: 8080 },
      ],
    },
  };
}

describe('a lab of three nodes', () => {
  const suite = useLab();

  suite.test('starts warm within 15 s', async (lab) => {
    process.stdout.write(`lab: 3 nodes in ${(lab.startedInMs / 1000).toFixed(1)} s\n`);
    expect(lab.startedInMs).toBeLessThan(15_000);
    const ready = await lab.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}']);
    expect(ready).toBe('node-1 node-2 node-3');
  });

  suite.test(
    'kube-proxy forwards from the LAN and from behind the ToR, both families, and follows the backends',
    async (lab) => {
      const web = await lab.deployment({ name: 'web', replicas: 2, nodes: ['node-2', 'node-3'] });
      const addresses = ['172.20.8.1', 'fd00:20::8:1'];
      await lab.node(1).exec(['ip', 'address', 'add', '172.20.8.1/32', 'dev', 'eth0']);
      await lab
        .node(1)
        .exec(['ip', 'address', 'add', 'fd00:20::8:1/128', 'dev', 'eth0', 'nodad', 'preferred_lft', '0']);
      await lab.api.create('/api/v1/namespaces/default/services', serviceOf('web', addresses));
      for (const from of ['client', 'remote']) {
        for (const url of ['http://172.20.8.1/', 'http://[fd00:20::8:1]/']) {
          const answer = JSON.parse((await lab.httpUntilOk(from, url)).body) as BackendAnswer;
          expect(answer.pod).toMatch(/^web-[12]$/);
          // externalTrafficPolicy Cluster: the backend sees the node that the request came to.
          expect(lab.forwarders[answer.source]).toBe('node-1');
        }
      }
      await web.scale(1);
      await lab.api.until<EndpointSlice>(
        '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
        isSliceOf('web', 1),
      );
      await web.stop('web-1');
      await lab.api.until<EndpointSlice>(
        '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
        isSliceOf('web', 0),
      );
      await web.start('web-1');
      const answer = JSON.parse((await lab.httpUntilOk('client', 'http://172.20.8.1/')).body) as BackendAnswer;
      expect(answer.pod).toBe('web-1');
    },
  );

  suite.test(
    'the ToR learns a route from a BIRD on a node within BGP, spreads it, and loses it within BFD',
    async (lab) => {
      await using monitor = await lab.ipMonitor('tor');
      const route = (gateways: readonly string[], from = 0) =>
        monitor.events.waitFor(
          (event) =>
            event.type === 'route' &&
            !event.deleted &&
            event.destination === '10.50.0.1' &&
            gateways.join() === event.gateways.toSorted().join(),
          { from, timeoutMs: 20_000 },
        );
      await Promise.all([1, 2].map(async (index) => startBird(lab, index)));
      await route(['172.20.1.1', '172.20.1.2']);
      await lab.tor.untilEstablished(2);
      await lab.tor.untilBfdUp('172.20.1.2');
      expect(await lab.tor.routes()).toContainEqual(expect.stringContaining('10.50.0.1'));
      const [before, killed] = [monitor.events.length, now()];
      await lab.killNode(2);
      const left = await route(['172.20.1.1'], before);
      // BFD at 3 x 100 ms; without it the hold time of 9 s would have to pass.
      expect(left.at - killed).toBeLessThan(3_000);
      await lab.reviveNode(2);
      expect((await lab.httpUntilOk('node-2', 'http://127.0.0.1:10256/healthz')).status).toBe(200);
    },
    60_000,
  );

  suite.test('the capture on the switch tells who answers for an address', async (lab) => {
    const capture = await lab.capture();
    await lab.startResponders();
    for (const [address, length] of [
      ['172.20.8.3', 32],
      ['fd00:20::8:3', 128],
    ] as const) {
      await lab.node(3).exec(['ip', 'address', 'add', `${address}/${length}`, 'dev', 'eth0', 'nodad']);
      const probe = await lab.probe({ from: 'client', address, port: 7007, packets: 100 });
      const answer = await capture.events.waitFor((event) => claimant(event, address) !== undefined);
      expect(claimant(answer, address)).toBe(lab.node(3).mac);
      expect((await probe.finished).nodes).toEqual({
        'node-3': expect.objectContaining({ packets: expect.any(Number) }),
      });
    }
    await capture.stop();
  });

  suite.test('a cut LAN leaves the API server in reach, and a cut API the LAN', async (lab) => {
    const { hostname, port } = new URL(lab.controlPlane.server);
    // A connection and no more: what is asked for is a way there, and nothing in it can wait for ever.
    const reachesApi = async () =>
      lab.run.exec(['timeout', '15', 'bash', '-c', `< /dev/tcp/${hostname}/${port}`], { namespace: 'node-1' });
    await lab.cutLan(1);
    await expect(reachesApi()).resolves.toBe('');
    await lab.node(1).mendLan();
    await lab.cutApi(1);
    expect((await lab.httpUntilOk('client', `http://${lab.node(1).address.IPv4}:7008/`)).status).toBe(200);
    await lab.node(1).mendApi();
    await expect(reachesApi()).resolves.toBe('');
  });

  suite.test('a node whose LAN is silent keeps its carrier', async (lab) => {
    const carrier = async () => lab.node(3).exec(['ip', '-br', 'link', 'show', 'eth0']);
    await lab.cutLan(3, { losesCarrier: false });
    expect(await carrier()).toContain('LOWER_UP');
    const silent = await lab.probe({ from: 'client', address: lab.node(3).address.IPv4, port: 7007, packets: 50 });
    expect((await silent.finished).received).toBe(0);
    await lab.node(3).mendLan();
    expect((await lab.httpUntilOk('client', `http://${lab.node(3).address.IPv4}:7008/`)).status).toBe(200);
    await lab.cutLan(3);
    expect(await carrier()).toContain('NO-CARRIER');
    await lab.node(3).mendLan();
  });

  suite.test('a timeline has every station of a Service, in order', async (lab) => {
    await lab.deployment({ name: 'slow', replicas: 1 });
    const [path, address] = ['/api/v1/namespaces/default/services', '172.20.8.5'];
    const timeline = takeTimeline(lab, {
      service: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'slow' },
        spec: {
          type: 'LoadBalancer',
          loadBalancerClass: 'example.com/by-hand',
          selector: { app: 'slow' },
          ports: [{ port: 80, targetPort: 8080 }],
        },
      },
      kind: 'local',
    });
    // What allocator and agent do, by hand.
    await lab.api.until(path, ({ metadata }) => metadata.name === 'slow');
    await lab.api.patch(`${path}/slow/status`, { status: { loadBalancer: { ingress: [{ ip: address }] } } });
    await lab.node(2).exec(['ip', 'address', 'add', `${address}/32`, 'dev', 'eth0']);
    const { created, inStatus, addresses } = await timeline;
    const [first] = addresses;
    expect(first).toMatchObject({ address, node: 'node-2', interface: 'eth0', inTor: null });
    expect(created).toBeGreaterThan(0);
    expect(inStatus).toBeGreaterThan(created);
    expect(first?.onInterface).toBeGreaterThan(0);
    expect(first?.onTheWire).toBeGreaterThan(0);
    for (const client of ['client', 'remote'])
      expect(first?.answered[client]).toBeGreaterThan(first?.onTheWire ?? Infinity);
  });

  suite.test('an agent token names its node, and belongs to its account', async (lab) => {
    const kubeconfig = await lab.agentKubeconfig(2);
    const who = JSON.parse(await lab.kubectl(['--kubeconfig', kubeconfig, 'auth', 'whoami', '-o', 'json'])) as {
      status: { userInfo: { username: string; extra: Record<string, string[]> } };
    };
    expect(who.status.userInfo).toMatchObject({
      username: 'system:serviceaccount:fairlead-system:fairlead-node-agent',
      extra: { 'authentication.kubernetes.io/node-name': ['node-2'] },
    });
  });
});

describe('two labs side by side', () => {
  let labs: Lab[] = [];
  beforeAll(async () => {
    labs = await Promise.all([startLab({ nodes: 1, manifests: [] }), startLab({ nodes: 1, manifests: [] })]);
  }, 90_000);
  afterAll(async () => Promise.all(labs.map(async (lab) => lab.close())), 30_000);

  test('are two clusters with the same addresses inside', async () => {
    const [one, two] = labs;
    await one?.kubectl(['create', 'namespace', 'only-in-one']);
    expect(await two?.kubectl(['get', 'namespaces', '-o', 'name'])).not.toContain('only-in-one');
    expect(one?.node(1).address).toEqual(two?.node(1).address);
    expect(one?.controlPlane.server).not.toBe(two?.controlPlane.server);
  }, 30_000);
});

interface EndpointSlice {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly addressType: string;
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null;
}

function isSliceOf(service: string, ready: number): (slice: EndpointSlice) => boolean {
  return ({ metadata, addressType, endpoints }) =>
    metadata.labels?.['kubernetes.io/service-name'] === service &&
    addressType === 'IPv4' &&
    (endpoints ?? []).filter(({ conditions }) => conditions?.ready).length === ready;
}

/** BIRD on a node as any user would set it up: a static route, BGP with BFD to the ToR. */
async function startBird(lab: Lab, index: number): Promise<void> {
  const node = lab.node(index);
  const [file, socket] = ['conf', 'ctl'].map((end) => join(lab.run.directory, `plain-${node.name}.${end}`));
  if (file === undefined || socket === undefined) throw new Error('unreachable');
  await writeFile(
    file,
    `log stderr all;
    router id ${node.address.IPv4};
    protocol device {}
    protocol bfd { interface "eth0" { interval 100 ms; multiplier 3; }; }
    protocol static { ipv4; route 10.50.0.1/32 via "eth0"; }
    protocol bgp tor {
      local ${node.address.IPv4} as 64512;
      neighbor ${lab.tor.station.address.IPv4} as 64500;
      connect delay time 1; error wait time 1, 2;
      hold time 9; bfd on;
      ipv4 { import none; export all; };
    }`,
  );
  const bird = lab.run.spawn(`plain-bird-${node.name}`, ['bird', '-f', '-c', file, '-s', socket], {
    namespace: node.namespace,
  });
  node.adopt('router', bird);
}
