import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_NODE_AGENT_SPEC, parseDuration } from '@fairlead/api';
import type { LBNodeAgentSpec, LBNodeStatusStatus } from '@fairlead/api';
import type { EventRecorder, KubeClient } from '@fairlead/kube';
import type { Netlink } from '@fairlead/netlink';
import type { Health, Logger } from '@fairlead/runtime';
import { keepingEverything } from '../apply/keep.ts';
import { Renewal } from '../apply/renewal.ts';
import { pause } from '../apply/timers.ts';
import type { Timers } from '../apply/timers.ts';
import { ClusterFacts } from '../cluster/cluster-facts.ts';
import { readClusterPrefixes } from '../cluster/cluster-prefixes.ts';
import { EndpointWatch } from '../cluster/endpoint-watch.ts';
import { PeerWatch } from '../cluster/peer-watch.ts';
import { objectOf } from '../cluster/watch.ts';
import type { Holder, HolderHooks, LocalAddress } from '../election/types.ts';
import { fitnessOf, NETWORK_UNAVAILABLE_MS } from '../facts/exclusion.ts';
import type { Fitness } from '../facts/exclusion.ts';
import type { KernelChange } from '../facts/kernel-state.ts';
import { SegmentMemory } from '../facts/segment-memory.ts';
import { addressKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import { Planner } from '../plan/planner.ts';
import type { PlanChanges } from '../plan/planner.ts';
import type { PlanConfig, ProtectedPrefix, Segment, ServiceFacts } from '../plan/types.ts';
import type { AgentState } from '../state-file/codec.ts';
import { StateFile } from '../state-file/state-file.ts';
import { keepAgentLease } from '../status/agent-lease.ts';
import { FormerMACs } from '../status/former-macs.ts';
import { LANRegistrar } from '../status/lan-registrar.ts';
import { nodeStatus, subnetsOf } from '../status/node-status.ts';
import { StatusWriter } from '../status/status-writer.ts';
import { Announcements } from './announcements.ts';
import { liveView, memoryOf, rememberedView } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import { DataPathWatch } from './data-path-watch.ts';
import { findingsOf } from './findings.ts';
import { KernelSide } from './kernel-side.ts';
import { LocalSide } from './local-side.ts';
import type { AgentMetrics } from './metrics.ts';
import { currentSegments, planConfig } from './plan-config.ts';
import { RouterSide } from './router-side.ts';

/** Changes of the surroundings come in groups; everything is placed anew once for them. */
const GATHER_MS = 10;
/** Between attempts to read what is read once. */
const RETRY_MS = 2_000;
/** What is waited for is said when it has lasted so long. */
const SAY_WAITING_MS = 1_000;
/** Addresses in a condition's message. */
const NAMED = 20;

export interface AgentOptions {
  readonly node: string;
  readonly namespace: string;
  readonly client: KubeClient;
  readonly netlink: Netlink;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly metrics: AgentMetrics;
  readonly stateFile: string;
  /** What a past life left. */
  readonly remembered: AgentState | undefined;
  readonly addressProtocol: boolean;
  readonly dataPathHealth: URL | undefined;
  readonly routerDirectory: string;
  readonly templateDirectory: string;
  /** Makes the holder of local addresses. */
  readonly createHolder: (hooks: HolderHooks) => Holder;
  readonly signal: AbortSignal;
}

/**
 * The agent of one node: one loop owns the state. Services go to the plan one by one and at once; everything else is put
 * together anew when it changes. Nothing is withdrawn before all caches are complete, and nothing at all when it ends.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #kernel: KernelSide;
  readonly #cluster: ClusterFacts;
  readonly #peers: PeerWatch;
  readonly #endpoints: EndpointWatch;
  readonly #gate: DataPathWatch;
  readonly #holder: Holder;
  readonly #local: LocalSide;
  readonly #renewal: Renewal;
  readonly #router: RouterSide;
  readonly #announcements: Announcements;
  readonly #lans: LANRegistrar;
  readonly #status: StatusWriter;
  readonly #stateFile: StateFile;
  readonly #segmentMemory = new SegmentMemory();
  readonly #formerMACs = new FormerMACs();
  #clusterPrefixes: readonly ProtectedPrefix[] | undefined;
  #synced = false;
  #segments: readonly Segment[] = [];
  #view: ClusterView | undefined;
  #config: PlanConfig | undefined;
  #planner: Planner | undefined;
  #strayVersion = 0;
  #addressLifetime = '';
  #networkUnavailableSince: number | undefined;
  #againAt = Infinity;
  #applied = false;
  #waitingFor: string | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { client, logger, timers, signal, node, namespace, metrics, remembered } = options;
    const common = { client, logger, timers, signal };
    const reconfigure = (): void => {
      this.#surroundingsChanged();
    };
    this.#stateFile = new StateFile({ path: options.stateFile, logger, timers, state: () => this.#state() });
    this.#kernel = new KernelSide({
      netlink: options.netlink,
      timers,
      logger,
      metrics,
      addressProtocol: options.addressProtocol,
      recorded: remembered?.local ?? [],
      writeRecord: () => this.#stateFile.write(),
      spec: () => this.#spec(),
      changed: (change) => {
        this.#kernelChanged(change);
      },
      readAnew: reconfigure,
      restored: (restored) => {
        this.#announcements.virtual(restored);
        this.#status.changed();
      },
      problem: () => {
        this.#status.changed();
      },
    });
    this.#cluster = new ClusterFacts({ client, logger, signal, node });
    this.#peers = new PeerWatch({ ...common, node, changed: reconfigure });
    this.#endpoints = new EndpointWatch({
      ...common,
      changed: (service) => {
        this.#endpointsChanged(service);
      },
    });
    this.#gate = new DataPathWatch({
      url: options.dataPathHealth,
      goodSinceBoot: remembered?.dataPathGood ?? false,
      timers,
      logger,
      signal,
      changed: reconfigure,
    });
    this.#announcements = new Announcements({
      recorder: options.recorder,
      timers,
      node,
      nodeUID: () => this.#view?.node.uid,
      serviceUID: (key) => this.#planner?.services.get(key)?.uid,
      servicesOf: (key) => this.#planner?.servicesOf(key) ?? [],
      interfaceName: (index) => this.#kernel.state.links.get(index)?.name ?? `interface ${index}`,
      dummyInterface: () => this.#kernel.dummy.name,
    });
    this.#holder = options.createHolder(this.#holderHooks());
    this.#local = new LocalSide({
      holder: this.#holder,
      local: this.#kernel.local,
      state: this.#kernel.state,
      collected: (address, interfaceIndex) => {
        this.#kernel.forget({ address, interfaceIndex });
        logger.info('Removed an address of ours that nothing here needs', { interface: interfaceIndex });
      },
    });
    this.#renewal = new Renewal({
      netlink: options.netlink,
      state: this.#kernel.state,
      local: this.#kernel.local,
      timers,
      logger,
      lifetimeMs: () => parseDuration(this.#spec().addressLifetime),
      holds: (address) => this.#holder.holds(address),
      gone: (address) => {
        this.#localGone(address);
      },
      renewed: (count, failed) => {
        metrics.kernelOperations('renew', count, failed);
      },
    });
    this.#router = new RouterSide({
      ...common,
      namespace,
      node,
      directory: options.routerDirectory,
      templateDirectory: options.templateDirectory,
      facts: () => this.#routerFacts(),
      changed: () => {
        this.#status.changed();
      },
    });
    this.#lans = new LANRegistrar({ ...common, exists: (name) => this.#cluster.lans.store.get(name) !== undefined });
    this.#status = new StatusWriter({
      ...common,
      node,
      status: (previous) => this.#nodeStatus(previous),
      subnets: () => subnetsOf(this.#segments),
    });
  }

  /** Whether the agent does all it should, or what it waits for. */
  readyz(): Health {
    const { node } = this.#options;
    if (!this.#synced) {
      const { missing } = this.#cluster;
      return { ok: false, reason: `waiting for the API server: not read yet: ${missing.join(', ')}` };
    }
    if (this.#view?.live !== true) {
      return { ok: false, reason: this.#waitsFor() ?? `waiting for node ${node}` };
    }
    const { problem } = this.#kernel;
    if (problem !== undefined) {
      return { ok: false, reason: problem.message };
    }
    if (this.#config?.lansComplete !== true) {
      return { ok: false, reason: "waiting for this node's LANs to be registered" };
    }
    return this.#applied ? { ok: true } : { ok: false, reason: 'waiting for the kernel to have all that is wanted' };
  }

  /** How many addresses, and how long the API server has been silent. */
  get gauges(): {
    readonly local: number;
    readonly virtual: number;
    readonly routes: number;
    readonly silenceMs: number;
  } {
    const heard = this.#cluster.lastContact;
    return {
      local: this.#holder.held().length,
      virtual: this.#planner?.virtualCount ?? 0,
      routes: [...this.#kernel.state.ourRoutes].length,
      silenceMs: heard === undefined ? 0 : this.#options.timers.now() - heard,
    };
  }

  /**
   * Works until the signal aborts.
   * @throws {NetlinkError} when the kernel cannot be read at all
   */
  async run(): Promise<void> {
    const { signal, remembered } = this.#options;
    const ended = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => {
      ended.resolve();
    });
    this.#watchCluster();
    this.#gate.start();
    await this.#kernel.start();
    this.#updateSegments();
    if (remembered?.cluster !== undefined && this.#gate.gate.state !== 'waiting') {
      this.#enter(rememberedView(remembered.cluster));
    }
    void this.#readClusterPrefixes();
    void this.#whenSynced();
    this.#surroundingsChanged();
    if (!signal.aborted) {
      await ended.promise;
    }
    await this.#close();
  }

  async #whenSynced(): Promise<void> {
    const { signal, logger, client, namespace, node } = this.#options;
    await this.#cluster.synced;
    this.#synced = true;
    logger.debug('All caches are complete');
    this.#surroundingsChanged();
    await keepAgentLease({ client, logger, namespace, node, signal, wait: pause, clock: () => Date.now() });
  }

  async #close(): Promise<void> {
    this.#renewal.close();
    this.#kernel.close();
    this.#stateFile.close();
    await Promise.all([this.#stateFile.write(), this.#holder.close(), this.#router.close()]);
  }

  #holderHooks(): HolderHooks {
    const { metrics } = this.#options;
    return {
      add: async (addresses) => {
        const there = await this.#kernel.local.add(addresses);
        this.#stateFile.changed();
        return there;
      },
      remove: async (addresses) => {
        const gone = await this.#kernel.local.remove(addresses);
        for (const [position, address] of addresses.entries()) {
          if (gone[position] === true) {
            this.#kernel.forget(address);
          }
        }
        this.#stateFile.changed();
        return gone;
      },
      event: (event) => {
        metrics.holderEvent(event.type);
        this.#announcements.local(event);
        this.#status.changed();
      },
    };
  }

  #watchCluster(): void {
    this.#cluster.onConfigChange(() => {
      this.#surroundingsChanged();
    });
    this.#cluster.services.store.subscribe((change) => {
      const service = objectOf(change);
      if (service !== undefined) {
        this.#serviceChanged(service, change.type === 'deleted');
      }
    });
  }

  #serviceChanged(service: ServiceFacts, gone: boolean): void {
    this.#endpoints.want(service.key, !gone && service.endpointsOnly && service.addresses.length > 0);
    if (this.#view?.live === true && this.#planner !== undefined) {
      this.#apply(gone ? this.#planner.deleteService(service.key) : this.#planner.setService(service));
    }
  }

  #endpointsChanged(service: string): void {
    if (this.#view?.live === true && this.#planner !== undefined) {
      this.#apply(this.#planner.endpointsChanged(service));
    } else {
      this.#surroundingsChanged();
    }
  }

  #kernelChanged(change: KernelChange): void {
    switch (change.type) {
      case 'our-address':
        if (change.address.index !== this.#kernel.dummy.index) {
          const { address, index } = change.address;
          if (change.gone && !this.#kernel.local.isRemoving(change.address)) {
            this.#localGone({ address, interfaceIndex: index });
          } else if (!change.gone) {
            this.#surroundingsChanged();
          }
        }
        return;
      case 'surroundings':
        if (change.own !== undefined && this.#holdsOn(change.own.index)) {
          void this.#putBehindOwn(change.own.index);
        }
        this.#surroundingsChanged();
        return;
      case 'link':
        this.#surroundingsChanged();
        return;
      case 'our-route':
      case 'nothing':
    }
  }

  #localGone(address: LocalAddress): void {
    if (this.#holder.holds(address)) {
      this.#options.metrics.restored('address');
      this.#announcements.localGone(address.address);
      this.#holder.addressGone(address);
    }
  }

  #holdsOn(index: number): boolean {
    return this.#holder.held().some(({ interfaceIndex }) => interfaceIndex === index);
  }

  async #putBehindOwn(index: number): Promise<void> {
    try {
      await this.#kernel.local.putBehindOwn(index);
    } catch (error) {
      this.#options.logger.warn("Local addresses may stand before the node's own", { interface: index, error });
    }
  }

  /** Something that is no Service changed: soon everything is put together anew, once for all that changes until then. */
  #surroundingsChanged(afterMs = GATHER_MS): void {
    const { timers, signal } = this.#options;
    const at = timers.now() + afterMs;
    if (signal.aborted || at >= this.#againAt) {
      return;
    }
    this.#againAt = at;
    timers.after(afterMs, () => {
      // An earlier one may have been asked for since.
      if (this.#againAt === at && !signal.aborted) {
        this.#againAt = Infinity;
        this.#reconfigure();
      }
    });
  }

  #reconfigure(): void {
    this.#updateSegments();
    if (this.#synced && this.#waitsFor() === undefined) {
      this.#goLive();
    }
    this.#sayWaiting();
    if (this.#view === undefined) {
      this.#status.changed();
      return;
    }
    const config = this.#makeConfig(this.#view);
    if (this.#planner !== undefined && !isDeepStrictEqual(config, this.#config)) {
      this.#config = config;
      this.#apply(this.#planner.configure(config));
    }
    this.#settingsChanged(this.#view);
    this.#awaitFirstState();
  }

  /** Says once what is waited for, when it lasts. */
  #sayWaiting(): void {
    const { timers, logger } = this.#options;
    const reason = this.#synced && this.#view?.live !== true ? this.#waitsFor() : undefined;
    if (reason === this.#waitingFor) {
      return;
    }
    this.#waitingFor = reason;
    timers.after(SAY_WAITING_MS, () => {
      if (reason !== undefined && this.#waitingFor === reason) {
        logger.warn('Nothing is announced yet', { reason });
      }
    });
  }

  /** Takes the API server's word from now on, or the newest of it. */
  #goLive(): void {
    const { node } = this.#cluster;
    if (node === undefined) {
      return;
    }
    const view = liveView({
      node,
      cluster: this.#cluster,
      peers: this.#peers,
      endpoints: this.#endpoints,
      clusterPrefixes: this.#clusterPrefixes ?? [],
    });
    if (this.#view?.live === true) {
      this.#view = view;
      return;
    }
    this.#enter(view);
  }

  /** The first time that nothing is undecided: once the kernel has it all, the agent is ready. */
  #awaitFirstState(): void {
    if (
      !this.#applied &&
      this.#view?.live === true &&
      this.#planner?.holdCount === 0 &&
      this.#config?.lansComplete === true
    ) {
      void this.#whenApplied();
    }
  }

  async #whenApplied(): Promise<void> {
    await this.#kernel.virtual.idle();
    this.#applied = true;
  }

  /** Plans by a view of another kind from now on. */
  #enter(view: ClusterView): void {
    const former = this.#planner;
    const formerCandidates = new Set([...(former?.candidates() ?? [])].map(({ address }) => addressKey(address)));
    this.#view = view;
    this.#config = this.#makeConfig(view);
    const planner = new Planner({
      config: this.#config,
      readyNodes: (service) => this.#view?.readyNodes(service),
    });
    for (const service of view.services()) {
      planner.setService(service);
    }
    this.#planner = planner;
    this.#tellHolder(view);
    const keys = new Set<AddressKey>(formerCandidates);
    for (const { address } of planner.candidates()) {
      keys.add(addressKey(address));
    }
    this.#local.candidates(keys, (key) => planner.candidate(key));
    this.#kernel.dummy.use(view.spec.dummyInterface);
    this.#kernel.virtual.follow(view.live ? planner : keepingEverything(planner));
    this.#options.logger.info(view.live ? 'Announcing' : 'Going on from the state file until the API server answers', {
      services: planner.services.size,
      virtual: planner.virtualCount,
    });
    this.#stateFile.changed();
    this.#status.changed();
  }

  /** What has to be known before anything may be withdrawn, and is not; undefined when all is. */
  #waitsFor(): string | undefined {
    const { node } = this.#options;
    if (this.#cluster.node === undefined) {
      return `there is no Node ${node}; give the name of this machine's Node with --node-name`;
    }
    const { state, detail } = this.#gate.gate;
    if (state === 'waiting') {
      return `the data path has not been good yet: ${detail === '' ? 'not asked yet' : detail}`;
    }
    if (this.#clusterPrefixes === undefined) {
      return 'waiting for the ranges of the cluster';
    }
    if (!this.#endpoints.complete) {
      return 'waiting for EndpointSlices';
    }
    return this.#peers.complete ? undefined : 'waiting for the LBNodeStatus of other nodes';
  }

  #settingsChanged(view: ClusterView): void {
    this.#tellHolder(view);
    if (view.spec.addressLifetime !== this.#addressLifetime) {
      this.#addressLifetime = view.spec.addressLifetime;
      this.#renewal.soon();
    }
    if (this.#kernel.dummy.use(view.spec.dummyInterface)) {
      this.#kernel.virtual.compareAll();
    }
    if (view.live) {
      this.#lans.register(subnetsOf(this.#segments));
      void this.#collect();
    }
    this.#router.changed();
    this.#stateFile.changed();
    this.#status.changed();
  }

  async #collect(): Promise<void> {
    try {
      await this.#local.collect({ segments: this.#segments, dummyIndex: this.#kernel.dummy.index });
    } catch (error) {
      this.#options.logger.warn('What a past life left cannot be removed; it is tried again', { error });
    }
  }

  #tellHolder(view: ClusterView): void {
    this.#local.update({
      ready: true,
      excluded: this.#fitness(view).state !== 'Fit',
      segments: this.#segments,
      peers: view.peers.map(({ peer }) => peer),
      spec: view.spec,
    });
  }

  #apply(changes: PlanChanges): void {
    const planner = this.#planner;
    if (planner === undefined) {
      return;
    }
    this.#kernel.virtual.changed(changes);
    if (changes.candidates.size > 0) {
      this.#local.candidates(changes.candidates, (key) => planner.candidate(key));
    }
    if (planner.strayVersion !== this.#strayVersion) {
      this.#strayVersion = planner.strayVersion;
      this.#router.changed();
    }
    if (changes.addresses.size + changes.routes.size + changes.candidates.size > 0) {
      this.#stateFile.changed();
      this.#status.changed();
    }
  }

  #updateSegments(): void {
    const { state } = this.#kernel;
    const { timers } = this.#options;
    const view = this.#view ?? { spec: this.#spec(), groups: [] };
    const { segments, againMs } = this.#segmentMemory.update(currentSegments(state, view), {
      exists: (index) => state.links.has(index),
      now: timers.now(),
    });
    this.#segments = segments;
    this.#formerMACs.observe(segments, Date.now());
    this.#peers.setSubnets(subnetsOf(segments));
    if (againMs !== undefined) {
      this.#surroundingsChanged(againMs);
    }
  }

  #makeConfig(view: ClusterView): PlanConfig {
    return planConfig({
      state: this.#kernel.state,
      view,
      segments: this.#segments,
      excluded: this.#fitness(view).state !== 'Fit',
      router: this.#cluster.router,
    });
  }

  #fitness({ node }: Pick<ClusterView, 'node'>): Fitness {
    const now = this.#options.timers.now();
    if (!node.networkUnavailable) {
      this.#networkUnavailableSince = undefined;
    } else if (this.#networkUnavailableSince === undefined) {
      this.#networkUnavailableSince = now;
      this.#surroundingsChanged(NETWORK_UNAVAILABLE_MS);
    }
    const { state, detail } = this.#gate.gate;
    return fitnessOf({
      node,
      networkUnavailableSince: this.#networkUnavailableSince,
      gate: state,
      gateDetail: detail,
      now,
    });
  }

  /** The settings that hold: those of the view, else those that are known, else the defaults. */
  #spec(): LBNodeAgentSpec {
    if (this.#view !== undefined) {
      return this.#view.spec;
    }
    const remembered = this.#options.remembered?.cluster?.spec ?? DEFAULT_NODE_AGENT_SPEC;
    return this.#synced ? this.#cluster.spec : remembered;
  }

  async #readClusterPrefixes(): Promise<void> {
    const { client, signal, logger } = this.#options;
    while (!signal.aborted) {
      try {
        this.#clusterPrefixes = await readClusterPrefixes(client, signal);
        this.#surroundingsChanged();
        return;
      } catch (error) {
        logger.debug('The ranges of the cluster cannot be read yet', { error });
        await pause(RETRY_MS, signal);
      }
    }
  }

  #routerFacts(): ReturnType<ConstructorParameters<typeof RouterSide>[0]['facts']> {
    const view = this.#view;
    if (view?.live !== true) {
      return undefined;
    }
    const own = [
      ...view.node.addresses,
      ...this.#segments.flatMap(({ ownAddresses }) => ownAddresses.map((each) => each.address)),
    ];
    const IPv4 = own.find(({ family }) => family === 'IPv4');
    const IPv6 = own.find(({ family }) => family === 'IPv6');
    return {
      router: this.#cluster.router,
      serviceGroups: this.#cluster.serviceGroups,
      strays: this.#planner?.strayRoutes() ?? [],
      addresses: { ...(IPv4 === undefined ? {} : { IPv4 }), ...(IPv6 === undefined ? {} : { IPv6 }) },
      dummyInterface: view.spec.dummyInterface,
    };
  }

  #state(): AgentState {
    const { remembered, addressProtocol } = this.#options;
    const cluster = this.#view === undefined ? remembered?.cluster : memoryOf(this.#view);
    const held = this.#holder.held().map(({ address, interfaceIndex }) => ({ address, interfaceIndex }));
    return {
      dataPathGood: this.#gate.gate.state === 'open' || (remembered?.dataPathGood ?? false),
      local: addressProtocol ? held : this.#kernel.record(),
      ...(cluster === undefined ? {} : { cluster }),
    };
  }

  #nodeStatus(previous: LBNodeStatusStatus | undefined): LBNodeStatusStatus {
    const { timers, dataPathHealth } = this.#options;
    const node = this.#view?.node ?? this.#cluster.node;
    const planner = this.#planner;
    const { state, detail } = this.#gate.gate;
    return nodeStatus({
      segments: this.#segments,
      fitness:
        node === undefined
          ? { state: 'Unfit', reason: 'NoNode', message: this.#waitsFor() ?? '' }
          : this.#fitness({ node }),
      nodeLabels: node?.labels ?? {},
      held: this.#holder.held(),
      virtualCount: planner?.virtualCount ?? 0,
      router: this.#router.nodeStatus(),
      findings: findingsOf({
        gate: state,
        gateURL: dataPathHealth?.href,
        hasSegments: this.#segments.length > 0,
        interfaceSelectors: this.#spec().local.interfaces,
        dummyKind: this.#kernel.dummy.kind,
        dummyInterface: this.#kernel.dummy.name,
        kernelProblem: this.#kernel.problem,
        refusedAggregates: planner?.refusedAggregates() ?? [],
        usedByNetwork: planner?.unplaced('address-in-use-by-network', NAMED) ?? [],
        contested: this.#kernel.limiter.contested(timers.now()).length,
        router: this.#router.verdict(),
        waiting: this.#view?.live === true ? undefined : (this.#waitsFor() ?? detail),
      }),
      previousConditions: previous?.conditions ?? [],
      previousFitness: previous?.fitness,
      formerMACs: this.#formerMACs.former(this.#segments),
      now: new Date().toISOString(),
    });
  }
}
