import { addressBits, formatAddress, lanName, parseAddress, parsePrefix } from '@fairlead/api';
import type { Address, IPFamily } from '@fairlead/api';
import { createKubeClient } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import { addAddress, deleteAddress, openLanSocket, openNetlink } from '@fairlead/netlink';
import type { LanEvent, LanSocket, Netlink } from '@fairlead/netlink';
import { DEFAULT_HOLDER_SETTINGS, LocalHolder } from '@fairlead/node-agent';
import type { Candidate, HolderEvent, LocalAddress, LocalView, Peer } from '@fairlead/node-agent';
import { createLogger } from '@fairlead/runtime';
import { Run } from '../lab/index.ts';

/** Number of our addresses in the kernel (IFA_PROTO). */
const PROTOCOL = 201;
const SUBNETS = [parsePrefix('10.77.0.0/16'), parsePrefix('fd77::/64')];

/** What goes wrong shows in what is asserted; a word of it helps to see why. */
const logger = createLogger({ process: 'e2e', level: 'error', format: 'text' });

/** One node: a namespace with an interface on the switch, and a holder that looks after it. */
export interface RealNode {
  readonly name: string;
  readonly mac: string;
  readonly netlink: Netlink;
  readonly events: HolderEvent[];
  holder: LocalHolder | undefined;
}

/** An announcement, seen by a client on the switch. */
export interface Seen {
  readonly about: string;
  readonly mac: string;
  /** `performance.now()` of its arrival. */
  readonly at: number;
}

/** A switch with a client and nodes in network namespaces of one run. */
export class RealLan implements AsyncDisposable {
  readonly run: Run;
  readonly nodes: readonly RealNode[];
  readonly client: KubeClient;
  readonly seen: Seen[] = [];
  /** Frames that the client saw, by the MAC of their sender: broadcast and multicast ones. */
  readonly #socket: LanSocket;
  readonly #views: readonly ((adopted: readonly Address[]) => LocalView)[];
  readonly #waiters = new Set<() => void>();

  private constructor(parts: {
    run: Run;
    nodes: readonly RealNode[];
    client: KubeClient;
    socket: LanSocket;
    views: readonly ((adopted: readonly Address[]) => LocalView)[];
  }) {
    this.run = parts.run;
    this.nodes = parts.nodes;
    this.client = parts.client;
    this.#socket = parts.socket;
    this.#views = parts.views;
    this.#socket.subscribe((event) => this.#heard(event));
  }

  /**
   * Makes the LAN; holders are started by {@link startHolder}.
   * @param options.families that stations have addresses of; both unless said otherwise
   */
  static async create(options: {
    readonly nodes: number;
    readonly kubeconfig: string;
    readonly families?: readonly IPFamily[];
  }): Promise<RealLan> {
    const { families = ['IPv4', 'IPv6'] } = options;
    const spoken = ({ family }: Address): boolean => families.includes(family);
    const subnets = SUBNETS.filter(({ address }) => spoken(address));
    const lans = subnets.map(lanName);
    const run = await Run.start();
    const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
    const stations = ['client', ...names];
    await run.exec(['ip', 'netns', 'add', run.namespaceName('switch')]);
    await batch(run, 'switch', [
      'link add lan type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      'link set lan up',
    ]);
    for (const [index, name] of stations.entries()) {
      await run.exec(['ip', 'netns', 'add', run.namespaceName(name)]);
      await batch(run, 'switch', [
        `link add ${name} type veth peer name eth0 netns ${run.namespaceName(name)}`,
        `link set ${name} master lan up`,
      ]);
      await batch(run, name, [
        'link set lo up',
        `link set eth0 address ${macOf(index)} addrgenmode none up`,
        ...ownAddresses(index)
          .filter(spoken)
          .map((address) => `address add ${withLength(address)} dev eth0 ${address.family === 'IPv6' ? 'nodad' : ''}`),
      ]);
    }
    const nodes: RealNode[] = [];
    const views: ((adopted: readonly Address[]) => LocalView)[] = [];
    for (const [index, name] of names.entries()) {
      const netlink = await openNetlink({ netns: run.namespacePath(name) });
      const link = (await netlink.links()).find((candidate) => candidate.name === 'eth0');
      if (link === undefined) {
        throw new Error(`${name} has no eth0`);
      }
      nodes.push({ name, mac: macOf(index + 1), netlink, events: [], holder: undefined });
      views.push((adopted) => ({
        ready: true,
        excluded: false,
        settings: DEFAULT_HOLDER_SETTINGS,
        peers: names
          .map((each, position) => peerOf({ name: each, index: position, lans, spoken }))
          .filter((other) => other.node !== name),
        segments: [
          {
            interface: { index: link.index, name: 'eth0', mac: macOf(index + 1) },
            carrier: true,
            subnets,
            ownAddresses: ownAddresses(index + 1).filter(spoken),
            gateways: ['10.77.0.1', 'fe80::1'].map(parseAddress).filter(spoken),
            lans,
            adopted,
          },
        ],
      }));
    }
    const clientLinks = await openNetlink({ netns: run.namespacePath('client') });
    const clientIndex = (await clientLinks.links()).find(({ name }) => name === 'eth0')?.index ?? 0;
    await clientLinks.close();
    const socket = await openLanSocket({ index: clientIndex, netns: run.namespacePath('client') });
    const client = await createKubeClient({ kubeconfig: options.kubeconfig, logger, userAgent: 'e2e' });
    return new RealLan({ run, nodes, client, socket, views });
  }

  node(index: number): RealNode {
    const node = this.nodes[index];
    if (node === undefined) {
      throw new RangeError(`there is no node ${index}`);
    }
    return node;
  }

  /** Starts the holder of a node, which adopts what the kernel has. */
  async startHolder(index: number): Promise<void> {
    const node = this.node(index);
    const view = this.#views[index];
    if (view === undefined) {
      throw new RangeError(`there is no node ${index}`);
    }
    const { netlink } = node;
    const change = async (addresses: readonly LocalAddress[], add: boolean): Promise<readonly boolean[]> => {
      const results = await netlink.execute(
        addresses.map(({ address, interfaceIndex }) => {
          const target = { index: interfaceIndex, address, length: addressBits(address.family) };
          return add
            ? addAddress({
                ...target,
                protocol: PROTOCOL,
                flags: { noprefixroute: true, nodad: true },
                validLifetime: 86_400,
                preferredLifetime: address.family === 'IPv6' ? 0 : 86_400,
              })
            : deleteAddress(target);
        }),
      );
      return results.map(({ ok }) => ok);
    };
    node.holder = new LocalHolder({
      node: node.name,
      client: this.client,
      namespace: 'default',
      logger,
      netns: this.run.namespacePath(node.name),
      hooks: {
        add: async (addresses) => change(addresses, true),
        remove: async (addresses) => change(addresses, false),
        event: (event) => {
          node.events.push(event);
          this.#wake();
        },
        proxiedChanged: () => this.#wake(),
      },
    });
    const ours = (await netlink.addresses()).filter(({ protocol }) => protocol === PROTOCOL);
    node.holder.update(view(ours.map(({ address }) => address)));
  }

  /** Ends the holder as kill -9 would: the kernel keeps what it has. */
  async stopHolder(index: number): Promise<void> {
    const node = this.node(index);
    await node.holder?.close();
    node.holder = undefined;
  }

  /** Takes the node off the switch: for everybody else it is dead. */
  async cut(index: number): Promise<void> {
    await batch(this.run, 'switch', [`link set ${this.node(index).name} nomaster`]);
  }

  /** Puts it back. */
  async join(index: number): Promise<void> {
    await batch(this.run, 'switch', [`link set ${this.node(index).name} master lan`]);
  }

  /** The names of all ports of the switch. */
  get ports(): readonly string[] {
    return ['client', ...this.nodes.map(({ name }) => name)];
  }

  /** Tells all nodes of addresses that Services have now. */
  addServices(texts: readonly string[], over: Partial<Candidate> = {}): void {
    for (const text of texts) {
      const address = parseAddress(text);
      for (const { holder } of this.nodes) {
        holder?.setCandidate({ ...this.candidate(address), ...over });
      }
    }
  }

  candidate(address: Address): Candidate {
    return {
      address,
      interfaceIndex: this.#interfaceIndex(),
      services: [`default/${formatAddress(address)}`],
      preferences: new Map(this.nodes.map(({ name }) => [name, 0])),
      eligible: true,
    };
  }

  /** Names of the nodes whose kernel has the address. */
  async kernelHolders(text: string): Promise<readonly string[]> {
    const address = parseAddress(text);
    const names: string[] = [];
    for (const { name, netlink } of this.nodes) {
      const present = await netlink.addresses();
      if (present.some((each) => each.address.family === address.family && each.address.value === address.value)) {
        names.push(name);
      }
    }
    return names;
  }

  /** Waits until the condition holds, looking again at each announcement and each event of a holder. */
  async until<T>(look: () => T | undefined, timeoutMs = 15_000): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const attempt = (): void => {
      const found = look();
      if (found !== undefined) {
        resolve(found);
      }
    };
    const timer = setTimeout(
      () => reject(new Error(`not within ${timeoutMs} ms; last seen: ${JSON.stringify(this.seen.slice(-20))}`)),
      timeoutMs,
    );
    this.#waiters.add(attempt);
    attempt();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(attempt);
    }
  }

  /** The first announcement of the address after that moment. */
  async announced(text: string, since: number): Promise<Seen> {
    return this.until(() => this.seen.find(({ about, at }) => about === text && at >= since));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(async ({ holder }) => holder?.close()));
    await this.#socket.close();
    await Promise.all(this.nodes.map(async ({ netlink }) => netlink.close()));
    await this.client.close();
    await this.run.close();
  }

  /** All namespaces are made alike, so the interface has the same index in each. */
  #interfaceIndex(): number {
    return this.#views[0]?.([]).segments[0]?.interface.index ?? 0;
  }

  #heard(event: LanEvent): void {
    if (event.type !== 'frame') {
      return;
    }
    const { frame, receivedAt } = event;
    if (frame.kind === 'arp' && frame.senderAddress.value === frame.targetAddress.value) {
      this.seen.push({ about: formatAddress(frame.senderAddress), mac: frame.sourceMAC, at: receivedAt });
    } else if (frame.kind === 'neighbourAdvertisement' && !frame.solicited) {
      this.seen.push({ about: formatAddress(frame.target), mac: frame.sourceMAC, at: receivedAt });
    }
    this.#wake();
  }

  #wake(): void {
    for (const attempt of this.#waiters) {
      attempt();
    }
  }
}

function peerOf(options: {
  readonly name: string;
  readonly index: number;
  readonly lans: readonly string[];
  readonly spoken: (address: Address) => boolean;
}): Peer {
  const { name, index, lans, spoken } = options;
  return {
    node: name,
    excluded: false,
    interfaces: [{ mac: macOf(index + 1), addresses: ownAddresses(index + 1).filter(spoken), lans }],
  };
}

function withLength(address: Address): string {
  return `${formatAddress(address)}/${address.family === 'IPv4' ? 16 : 64}`;
}

function macOf(station: number): string {
  return `02:77:00:00:00:${(station + 1).toString(16).padStart(2, '0')}`;
}

function ownAddresses(station: number): readonly Address[] {
  return [`10.77.0.${station + 1}`, `fd77::${station + 1}`, `fe80::${station + 1}`].map(parseAddress);
}

async function batch(run: Run, namespace: string, lines: readonly string[]): Promise<void> {
  await run.exec(['ip', '-batch', '-'], { namespace, stdin: lines.join('\n') });
}
