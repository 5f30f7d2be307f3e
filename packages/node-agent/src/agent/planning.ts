import { isDeepStrictEqual } from 'node:util';
import { addressKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import { Planner } from '../plan/planner.ts';
import type { PlanChanges } from '../plan/planner.ts';
import type { PlanConfig, ServiceFacts } from '../plan/types.ts';
import type { ClusterView } from './cluster-view.ts';

/** What follows from planning by another kind of view. */
export interface Entered {
  readonly planner: Planner;
  /** Candidates of the former plan and of this one: each may have come, changed or gone. */
  readonly candidates: ReadonlySet<AddressKey>;
}

/**
 * The plan, and the view that it is made by: none at first, then perhaps that of a past life, then the API server's. Says
 * what each change touched; to follow that is up to the caller.
 */
export class Planning {
  readonly #configOf: (view: ClusterView) => PlanConfig;
  readonly #wentLive: () => void;
  #view: ClusterView | undefined;
  #config: PlanConfig | undefined;
  #planner: Planner | undefined;
  #strayVersion = 0;

  /**
   * @param options.config puts together what the plan depends on but the Services, as it is now
   * @param options.wentLive the API server's word is what is planned by from now on
   */
  constructor(options: { readonly config: (view: ClusterView) => PlanConfig; readonly wentLive: () => void }) {
    this.#configOf = options.config;
    this.#wentLive = options.wentLive;
  }

  get view(): ClusterView | undefined {
    return this.#view;
  }

  /** Whether it is made by the API server's word: only then may anything be withdrawn. */
  get live(): boolean {
    return this.#view?.live === true;
  }

  /** The plan; undefined while there is no view. */
  get planner(): Planner | undefined {
    return this.#planner;
  }

  /** Whether all LANs of this node are registered. */
  get lansComplete(): boolean {
    return this.#config?.lansComplete === true;
  }

  /** Whether nothing is undecided, by the API server's word. */
  get settled(): boolean {
    return this.live && this.#planner?.holdCount === 0 && this.lansComplete;
  }

  /** Plans by a view of another kind from now on. */
  enter(view: ClusterView): Entered {
    const candidates = new Set<AddressKey>(candidateKeys(this.#planner));
    this.#view = view;
    this.#config = this.#configOf(view);
    const planner = new Planner({
      config: this.#config,
      readyNodes: (service) => this.#view?.readyNodes(service),
    });
    for (const service of view.services()) {
      planner.setService(service);
    }
    this.#planner = planner;
    if (view.live) {
      this.#wentLive();
    }
    for (const key of candidateKeys(planner)) {
      candidates.add(key);
    }
    return { planner, candidates };
  }

  /** The newest view of the same kind; {@link configure} goes by it. */
  refresh(view: ClusterView): void {
    this.#view = view;
  }

  /** Goes by the surroundings as they are now. @returns what that touched; undefined where they are the same */
  configure(): PlanChanges | undefined {
    if (this.#view === undefined || this.#planner === undefined) {
      return undefined;
    }
    const config = this.#configOf(this.#view);
    if (isDeepStrictEqual(config, this.#config)) {
      return undefined;
    }
    this.#config = config;
    return this.#planner.configure(config);
  }

  /** A Service came, changed or is gone. @returns what that touched; undefined while it does not count */
  serviceChanged(service: ServiceFacts, gone: boolean): PlanChanges | undefined {
    const planner = this.#livePlanner();
    return gone ? planner?.deleteService(service.key) : planner?.setService(service);
  }

  /** Where ready endpoints of a Service run has changed. @returns what that touched; undefined while it does not count */
  endpointsChanged(service: string): PlanChanges | undefined {
    return this.#livePlanner()?.endpointsChanged(service);
  }

  /** Whether the routes that only the router announces have changed since this was last asked. */
  straysChanged(): boolean {
    const before = this.#strayVersion;
    this.#strayVersion = this.#planner?.strayVersion ?? before;
    return this.#strayVersion !== before;
  }

  #livePlanner(): Planner | undefined {
    return this.live ? this.#planner : undefined;
  }
}

function* candidateKeys(planner: Planner | undefined): Iterable<AddressKey> {
  for (const { address } of planner?.candidates() ?? []) {
    yield addressKey(address);
  }
}
