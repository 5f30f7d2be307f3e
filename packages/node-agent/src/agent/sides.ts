import { DEFAULT_NODE_AGENT_SPEC } from '@fairlead/api';
import type { LBNodeAgentSpec, LBNodeStatusStatus } from '@fairlead/api';
import { LastGood } from '../cluster/last-good.ts';
import { isLeaving } from '../facts/exclusion.ts';
import type { PlanConfig } from '../plan/types.ts';
import type { AgentState } from '../state-file/codec.ts';
import { StateFile } from '../state-file/state-file.ts';
import { LANRegistrar } from '../status/lan-registrar.ts';
import { StatusWriter } from '../status/status-writer.ts';
import { agentStatus } from './agent-status.ts';
import { Announcements } from './announcements.ts';
import { APISide } from './api-side.ts';
import { memoryOf } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import { DataPathWatch } from './data-path-watch.ts';
import { Departures } from './departures.ts';
import { FitnessWatch } from './fitness-watch.ts';
import { HostWatch } from './host-watch.ts';
import { KernelSide } from './kernel-side.ts';
import { LocalSide } from './local-side.ts';
import type { AgentOptions } from './options.ts';
import { planConfig } from './plan-config.ts';
import { Planning } from './planning.ts';
import { Reconciler } from './reconciler.ts';
import { routerFacts } from './router-facts.ts';
import { RouterSide } from './router-side.ts';
import type { RouterFacts } from './router-side.ts';
import { SegmentWatch } from './segment-watch.ts';

/** What each part that talks to the API server needs. */
type Common = Pick<AgentOptions, 'client' | 'logger' | 'timers' | 'signal' | 'node'>;

/**
 * The sides of an agent, wired together: what one of them learns reaches those that it concerns. The watches of the API
 * server begin at once; nothing follows from them before `api.listen` and `reconciler.start`.
 */
export class Sides {
  readonly planning: Planning;
  readonly api: APISide;
  readonly kernel: KernelSide;
  readonly gate: DataPathWatch;
  readonly local: LocalSide;
  readonly router: RouterSide;
  readonly stateFile: StateFile;
  readonly reconciler: Reconciler;
  readonly #options: AgentOptions;
  readonly #lastGood: LastGood;
  readonly #fitness: FitnessWatch;
  readonly #interfaces: SegmentWatch;
  readonly #host: HostWatch;
  readonly #departures: Departures;
  readonly #announcements: Announcements;
  readonly #status: StatusWriter;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { client, logger, timers, signal, node } = options;
    const common = { client, logger, timers, signal, node };
    const surroundingsChanged = (): void => {
      this.reconciler.surroundingsChanged();
    };
    const askAgain = (afterMs: number): void => {
      this.reconciler.surroundingsChanged(afterMs);
    };
    this.stateFile = new StateFile({ path: options.stateFile, logger, timers, state: () => this.#state() });
    this.planning = new Planning({
      config: (view) => this.#planConfig(view),
      wentLive: () => {
        options.pastLife.forgetCluster();
      },
    });
    this.#lastGood = new LastGood({
      past: options.pastLife.cluster,
      links: () => this.kernel.state.links.values(),
    });
    this.api = this.#createAPISide(common, surroundingsChanged);
    this.kernel = this.#createKernelSide(surroundingsChanged);
    this.gate = new DataPathWatch({
      url: options.dataPathHealth,
      before: options.pastLife.dataPath,
      timers,
      logger,
      signal,
      changed: surroundingsChanged,
    });
    this.#fitness = new FitnessWatch({
      timers,
      gate: () => this.gate.gate,
      arpIgnored: () => this.#host.findings.troubles.find(({ type }) => type === 'ARPIgnored')?.message,
      withdraw: options.withdraw,
      askAgain,
    });
    this.#interfaces = new SegmentWatch({ state: this.kernel.state, timers, askAgain });
    this.#host = new HostWatch({
      state: this.kernel.state,
      segments: () => this.#interfaces.segments,
      limiter: this.kernel.limiter,
      timers,
      logger,
      signal,
      changed: () => {
        this.#status.changed();
        surroundingsChanged();
      },
    });
    this.#departures = new Departures(timers);
    this.#announcements = this.#createAnnouncements();
    this.local = this.#createLocalSide();
    this.router = this.#createRouterSide(common);
    this.#status = new StatusWriter({
      ...common,
      status: (previous) => this.#nodeStatus(previous),
      subnets: () => this.#interfaces.subnets,
    });
    this.reconciler = new Reconciler({
      ...common,
      spec: () => this.#spec(),
      api: this.api,
      gate: this.gate,
      fitness: this.#fitness,
      interfaces: this.#interfaces,
      host: this.#host,
      planning: this.planning,
      departures: this.#departures,
      kernel: this.kernel,
      local: this.local,
      router: this.router,
      lans: new LANRegistrar({ ...common, exists: (name) => this.api.hasLAN(name) }),
      status: this.#status,
      stateFile: this.stateFile,
    });
  }

  #createAPISide(common: Common, surroundingsChanged: () => void): APISide {
    return new APISide({
      ...common,
      lastGood: this.#lastGood,
      surroundingsChanged,
      serviceChanged: (service, gone) => {
        this.reconciler.serviceChanged(service, gone);
      },
      endpointsChanged: (service) => {
        this.reconciler.endpointsChanged(service);
      },
    });
  }

  #createKernelSide(surroundingsChanged: () => void): KernelSide {
    const { netlink, timers, logger, metrics, addressMark } = this.#options;
    return new KernelSide({
      netlink,
      timers,
      logger,
      metrics,
      mark: addressMark,
      spec: () => this.#spec(),
      router: () => this.api.router,
      changed: (change) => {
        this.reconciler.kernelChanged(change);
      },
      readAnew: () => {
        this.local.compareAll();
        surroundingsChanged();
      },
      restored: (restored) => {
        this.#announcements.virtual(restored);
        surroundingsChanged();
      },
      problem: () => {
        this.#status.changed();
      },
    });
  }

  #createAnnouncements(): Announcements {
    const { recorder, timers, node } = this.#options;
    return new Announcements({
      recorder,
      timers,
      node,
      nodeUID: () => this.planning.view?.node.uid,
      serviceUID: (key) => this.planning.planner?.services.get(key)?.uid,
      departed: (key) => this.#departures.take(key),
      servicesOf: (key) => this.planning.planner?.servicesOf(key) ?? [],
      interfaceName: (index) => this.kernel.state.links.get(index)?.name ?? `interface ${index}`,
      dummyInterface: () => this.kernel.dummy.name,
    });
  }

  #createLocalSide(): LocalSide {
    const { netlink, timers, logger, metrics, createHolder } = this.#options;
    return new LocalSide({
      netlink,
      kernel: this.kernel,
      timers,
      logger,
      metrics,
      createHolder,
      spec: () => this.#spec(),
      changed: () => {
        this.stateFile.changed();
        if (this.#interfaces.segments.some(({ local }) => !local)) {
          // One that is local no more is forgotten with the last address on it.
          this.reconciler.surroundingsChanged();
        }
      },
      proxiedChanged: () => {
        this.#status.changed();
      },
      event: (event) => {
        this.#announcements.local(event);
        this.#status.changed();
      },
      removed: (address) => {
        this.#announcements.localGone(address);
        this.reconciler.surroundingsChanged();
      },
    });
  }

  #createRouterSide(common: Common): RouterSide {
    const { namespace, routerDirectory, templateDirectory, recorder, metrics } = this.#options;
    return new RouterSide({
      ...common,
      namespace,
      directory: routerDirectory,
      templateDirectory,
      recorder,
      observer: metrics.router,
      facts: () => this.#routerFacts(),
      changed: () => {
        this.#status.changed();
      },
    });
  }

  /** The settings that hold: those of the view, else those that are known, else the defaults. */
  #spec(): LBNodeAgentSpec {
    const remembered = this.#options.pastLife.cluster?.spec ?? DEFAULT_NODE_AGENT_SPEC;
    return this.planning.view?.spec ?? (this.api.synced ? this.api.spec : remembered);
  }

  #planConfig(view: ClusterView): PlanConfig {
    const { state, reason, localOnly = false } = this.#fitness.of(view);
    return planConfig({
      state: this.kernel.state,
      view,
      segments: this.#interfaces.segments,
      excluded: state !== 'Fit' && !localOnly,
      leaving: isLeaving(reason),
      router: this.api.router,
    });
  }

  #routerFacts(): RouterFacts | undefined {
    const { view, planner } = this.planning;
    if (view?.live !== true) {
      return undefined;
    }
    return routerFacts({
      view,
      segments: this.#interfaces.segments,
      router: this.api.router,
      serviceGroups: this.api.serviceGroups,
      strays: planner?.strayRoutes() ?? [],
      hostAddresses: Array.from(this.kernel.state.foreignAddresses, ({ address }) => address),
    });
  }

  /** What the next life should know. */
  #state(): AgentState {
    const { pastLife } = this.#options;
    const { view } = this.planning;
    const cluster = view === undefined ? pastLife.cluster : memoryOf(view);
    return {
      dataPath: this.gate.gate.state,
      ...(cluster === undefined ? {} : { cluster }),
    };
  }

  #nodeStatus(previous: LBNodeStatusStatus | undefined): LBNodeStatusStatus {
    const { dataPathHealth } = this.#options;
    const node = this.planning.view?.node ?? this.api.node;
    const selected = this.planning.view?.selected ?? this.api.selected;
    const { gate } = this.gate;
    return agentStatus(
      {
        interfaces: this.#interfaces,
        kernel: this.kernel,
        local: this.local,
        router: this.router,
        planner: this.planning.planner,
        gate,
        gateURL: dataPathHealth,
        fitness:
          node === undefined
            ? { state: 'Unfit', reason: 'NoNode', message: this.reconciler.waitsFor() ?? '' }
            : this.#fitness.of({ node, selected }),
        nodeLabels: node?.labels ?? {},
        spec: this.#spec(),
        settingsProblems: this.#lastGood.problems,
        host: this.#host.findings,
        waiting: this.planning.live ? undefined : (this.reconciler.waitsFor() ?? gate.detail),
      },
      previous,
    );
  }
}
