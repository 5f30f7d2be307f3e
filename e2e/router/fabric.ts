import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAddress } from '@fairlead/api';
import type { Router, ServiceGroup } from '@fairlead/api';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { RouterIntent, RouterStatus, SecretData } from '@fairlead/router';
import { Frr, Run, startIpMonitor } from '../lab/index.ts';
import type { FrrProgram, IpMonitor, LabProcess } from '../lab/index.ts';
import { statusOf } from './status.ts';
import { birdFolder, spawnBird } from './topology.ts';

/** Who can be on the network, and the last number of its addresses and of its MAC address. */
const STATIONS = { 'node-1': 1, 'node-2': 2, 'tor-frr': 253, tor: 254 } as const;
export type Station = keyof typeof STATIONS;
export type NodeStation = Extract<Station, `node-${string}`>;

const SWITCH = 'switch';
const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
const SETTINGS = ['all', 'default'].flatMap((name) => [
  `net.ipv6.conf.${name}.accept_dad=0`,
  `net.ipv6.conf.${name}.forwarding=1`,
]);
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export function addressOf(station: Station): {
  readonly IPv4: string;
  readonly IPv6: string;
  readonly linkLocal: string;
} {
  const number = STATIONS[station];
  const hex = number.toString(16);
  return { IPv4: `192.0.2.${number}`, IPv6: `2001:db8::${hex}`, linkLocal: `fe80::ff:fe00:${hex}` };
}

/** Nodes and upstream routers on one switch, each a namespace with an eth0; nodes have a kube-lb0 as well. */
export class Fabric implements AsyncDisposable {
  readonly run: Run;
  readonly #open: AsyncDisposable[] = [];

  private constructor(run: Run) {
    this.run = run;
  }

  static async start(stations: readonly Station[]): Promise<Fabric> {
    const run = await Run.start();
    const network = run.namespaceName(SWITCH);
    await run.exec(['ip', 'netns', 'add', network]);
    // Nobody asks here who listens to which group, so none is to be left out.
    const bridge = 'link add lan type bridge mcast_snooping 0\nlink set lan up';
    await run.exec(['ip', '-batch', '-'], { namespace: SWITCH, stdin: bridge });
    for (const station of stations) {
      await addStation(run, station, network);
    }
    return new Fabric(run);
  }

  /** Puts routes on a node's kube-lb0 or takes them away: `add 10.1.0.5/32`. */
  async routes(node: NodeStation, ...changes: readonly string[]): Promise<void> {
    const stdin = changes.map((change) => `route ${change} dev kube-lb0 proto 201`).join('\n');
    await this.run.exec(['ip', '-batch', '-'], { namespace: node, stdin });
  }

  /** A node with BIRD, driven by a controller of its own. */
  async node(station: NodeStation, wanted: Wanted): Promise<FabricNode> {
    await mkdir(birdFolder(this.run, station));
    const node = await FabricNode.start(this.run, station, wanted);
    this.#open.push(node);
    return node;
  }

  /** Starts BIRD upstream, on `tor`. */
  async bird(configuration: string): Promise<LabProcess> {
    const folder = birdFolder(this.run, 'tor');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'bird.conf'), configuration);
    const bird = spawnBird(this.run, 'tor');
    await bird.waitForLog(/Started/);
    return bird;
  }

  /** Has BIRD upstream read another configuration. */
  async reconfigure(configuration: string): Promise<void> {
    await writeFile(join(birdFolder(this.run, 'tor'), 'bird.conf'), configuration);
    const answer = await this.birdc('tor', 'configure');
    // birdc ends with 0 on refusals too.
    if (!/Reconfigur/.test(answer)) {
      throw new Error(`the ToR refused its configuration: ${answer}`);
    }
  }

  async birdc(station: Station, command: string): Promise<string> {
    return this.run.exec(['birdc', '-s', join(birdFolder(this.run, station), 'bird.ctl'), ...command.split(' ')]);
  }

  /** Starts FRR upstream, on `tor-frr`. */
  async frr(configurations: Readonly<Partial<Record<FrrProgram, string>>>): Promise<Frr> {
    return Frr.launch(this.run, { name: 'tor-frr', namespace: 'tor-frr', configurations });
  }

  /** Watches the routes of a station's kernel. */
  async hops(station: Station): Promise<Hops> {
    const hops = new Hops(this.run, station, await startIpMonitor(this.run, station));
    this.#open.push(hops);
    return hops;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((each) => each[Symbol.asyncDispose]()));
    await this.run.close();
  }
}

async function addStation(run: Run, station: Station, network: string): Promise<void> {
  const namespace = run.namespaceName(station);
  const { IPv4, IPv6, linkLocal } = addressOf(station);
  const mac = `02:00:00:00:00:${linkLocal.split(':').at(-1)?.padStart(2, '0')}`;
  await run.exec(['ip', 'netns', 'add', namespace]);
  await run.exec(['sysctl', '-qw', ...SETTINGS], { namespace: station });
  await run.exec([
    'ip',
    'link',
    'add',
    'eth0',
    'address',
    mac,
    'netns',
    namespace,
    'type',
    'veth',
    'peer',
    station,
    'netns',
    network,
  ]);
  await run.exec(['ip', '-batch', '-'], {
    namespace: SWITCH,
    stdin: `link set ${station} master lan\nlink set ${station} up`,
  });
  const lines = [
    'link set lo up',
    `address add ${IPv4}/24 dev eth0`,
    `address add ${IPv6}/64 dev eth0`,
    'link set eth0 up',
    // Kind ifb where the kernel has no dummy; it is the same to routes.
    ...(station.startsWith('node') ? ['link add kube-lb0 type ifb', 'link set kube-lb0 up'] : []),
  ];
  await run.exec(['ip', '-batch', '-'], { namespace: station, stdin: lines.join('\n') });
}

/** What a node is to do; the rest of its facts stand in {@link addressOf}. */
export interface Wanted {
  readonly spec: Partial<Router['spec']>;
  readonly serviceGroups: readonly ServiceGroup[];
  readonly secrets?: ReadonlyMap<string, SecretData>;
  /** Labels of the Node. */
  readonly labels?: Readonly<Record<string, string>>;
}

function intentOf(
  station: NodeStation,
  { spec, serviceGroups, secrets = new Map(), labels = {} }: Wanted,
): RouterIntent {
  const { IPv4, IPv6 } = addressOf(station);
  return buildRouterView({
    router: {
      apiVersion: 'fairlead.dev/v1',
      kind: 'Router',
      metadata: { name: 'fabric' },
      spec: { daemon: 'BIRD', ...spec },
    },
    serviceGroups,
    secrets,
    node: {
      name: station,
      addresses: { IPv4: parseAddress(IPv4), IPv6: parseAddress(IPv6) },
      dummyInterface: 'kube-lb0',
      labels,
    },
  });
}

/** A node's BIRD and what drives it. */
export class FabricNode implements AsyncDisposable {
  readonly bird: LabProcess;
  readonly controller: RouterController;
  readonly #station: NodeStation;

  private constructor(station: NodeStation, controller: RouterController, bird: LabProcess) {
    this.#station = station;
    this.controller = controller;
    this.bird = bird;
  }

  /** Starts the controller, and BIRD when there is a configuration for it. */
  static async start(run: Run, station: NodeStation, wanted: Wanted): Promise<FabricNode> {
    const directory = birdFolder(run, station);
    const controller = new RouterController({ directory, templateDirectory: TEMPLATES, logger, pollIntervalMs: 300 });
    controller.update(intentOf(station, wanted));
    await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
    return new FabricNode(station, controller, spawnBird(run, station));
  }

  /** Has the controller configure the Router, and says what it was told. */
  want(wanted: Wanted): RouterIntent {
    const intent = intentOf(this.#station, wanted);
    this.controller.update(intent);
    return intent;
  }

  /** Has the controller speak to nobody. */
  wantNothing(): void {
    this.controller.update({ type: 'idle', problems: [] });
  }

  /** Waits until sessions of these names are in the state, with the present configuration. */
  async until(state: string, ...names: readonly string[]): Promise<RouterStatus> {
    return statusOf(
      this.controller,
      ({ configuration, sessions }) =>
        configuration.type === 'current' &&
        names.every((name) => sessions.some((session) => session.name === name && session.state === state)),
      20_000,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.controller.close();
  }
}

interface SeenHop {
  readonly gateway?: string;
  /** Of another family than the route. */
  readonly via?: { readonly host: string };
}

interface SeenRoute extends SeenHop {
  readonly nexthops?: readonly SeenHop[];
}

/** The routes of a station's kernel, by the stations to which they lead. */
export class Hops implements AsyncDisposable {
  readonly #run: Run;
  readonly #station: Station;
  readonly #monitor: IpMonitor;

  constructor(run: Run, station: Station, monitor: IpMonitor) {
    this.#run = run;
    this.#station = station;
    this.#monitor = monitor;
  }

  /** What the kernel has told since the beginning. */
  get events(): IpMonitor['events'] {
    return this.#monitor.events;
  }

  /** Stations to which the route to exactly this prefix leads; none where there is no such route. */
  async of(prefix: string): Promise<string[]> {
    const family = prefix.includes(':') ? '-6' : '-4';
    const text = await this.#run.exec(['ip', '-j', family, 'route', 'show', 'exact', prefix], {
      namespace: this.#station,
    });
    const routes = JSON.parse(text.trim() === '' ? '[]' : text) as readonly SeenRoute[];
    const hops = routes.flatMap(({ nexthops = [] }) => nexthops);
    return [...routes, ...hops]
      .flatMap(({ via, gateway = via?.host }) => (gateway === undefined ? [] : [nameOf(gateway)]))
      .sort();
  }

  /**
   * Waits until the route leads to these stations and no others; to none: until it is gone.
   * @param timeoutMs default 20 s
   */
  async until(prefix: string, stations: readonly Station[], timeoutMs = 20_000): Promise<void> {
    const expected = [...stations].sort().join();
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const { length: from } = this.#monitor.events;
      const seen = await this.of(prefix);
      if (seen.join() === expected) {
        return;
      }
      try {
        const remaining = Math.max(0, deadline - performance.now());
        await this.#monitor.events.waitFor(({ type }) => type === 'route', { from, timeoutMs: remaining });
      } catch (error) {
        const sentence = `after ${timeoutMs} ms ${this.#station} reaches ${prefix} by ${seen.join() || 'nobody'}, not by ${expected || 'nobody'}`;
        throw new Error(sentence, { cause: error });
      }
    }
  }

  /** Prefixes that a routing daemon has put into the kernel. */
  async learnt(): Promise<string[]> {
    const both = await Promise.all(
      ['-4', '-6'].map(async (family) => this.#run.exec(['ip', family, 'route', 'show'], { namespace: this.#station })),
    );
    const lines = both.join('\n').split('\n');
    return lines
      .filter((line) => /proto (bird|bgp|ospf|ripng|rip)\b/.test(line))
      .map((line) => line.split(' ')[0] ?? '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#monitor.stop();
  }
}

function nameOf(gateway: string): string {
  const stations = Object.keys(STATIONS) as Station[];
  const found = stations.find((station) => Object.values(addressOf(station)).includes(gateway));
  return found ?? gateway;
}
