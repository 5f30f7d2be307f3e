import type { LBNodeAgentSpec } from '@fairlead/api';
import type { Logger } from '@fairlead/runtime';
import { keepingEverything } from '../apply/keep.ts';
import type { Timers } from '../apply/timers.ts';
import type { KernelChange } from '../facts/kernel-state.ts';
import type { PlanChanges } from '../plan/planner.ts';
import type { ServiceFacts } from '../plan/types.ts';
import type { StateFile } from '../state-file/state-file.ts';
import type { LANRegistrar } from '../status/lan-registrar.ts';
import type { StatusWriter } from '../status/status-writer.ts';
import type { APISide } from './api-side.ts';
import type { ClusterView } from './cluster-view.ts';
import type { DataPathWatch } from './data-path-watch.ts';
import type { Departures } from './departures.ts';
import type { FitnessWatch } from './fitness-watch.ts';
import { Gathering } from './gathering.ts';
import type { HostWatch } from './host-watch.ts';
import type { KernelSide } from './kernel-side.ts';
import type { LocalSide } from './local-side.ts';
import type { Planning } from './planning.ts';
import { waitsFor } from './readiness.ts';
import type { RouterSide } from './router-side.ts';
import type { SegmentWatch } from './segment-watch.ts';
import { WaitingLog } from './waiting-log.ts';

export interface ReconcilerOptions {
  readonly node: string;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  /** The settings that hold now. */
  readonly spec: () => LBNodeAgentSpec;
  readonly api: APISide;
  readonly gate: DataPathWatch;
  readonly fitness: FitnessWatch;
  readonly interfaces: SegmentWatch;
  readonly host: HostWatch;
  readonly planning: Planning;
  readonly departures: Departures;
  readonly kernel: KernelSide;
  readonly local: LocalSide;
  readonly router: RouterSide;
  readonly lans: LANRegistrar;
  readonly status: StatusWriter;
  readonly stateFile: StateFile;
}

/**
 * Carries changes from the sides that know to the plan, and what they touched there to the sides that act. Services go to
 * the plan one by one and at once; everything else is put together anew when it changes.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #reconfiguration: Gathering;
  readonly #waiting: WaitingLog;
  #applied = false;
  #started = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { timers, signal, logger } = options;
    this.#reconfiguration = new Gathering({
      timers,
      signal,
      act: () => {
        // Before the kernel has been read, everything that is there would look as if it were missing.
        if (this.#started) {
          this.#reconfigure();
        }
      },
    });
    this.#waiting = new WaitingLog({ timers, logger });
  }

  /** Whether the kernel has had all that is wanted, since the first time that nothing was undecided. */
  get applied(): boolean {
    return this.#applied;
  }

  /** What has to be known before anything may be withdrawn, and is not; undefined when all is. */
  waitsFor(): string | undefined {
    const { node, api, gate } = this.#options;
    return waitsFor({ node, known: api.known, gate: gate.gate });
  }

  /** The kernel has been read for the first time. @param remembered what to go by until the API server answers */
  start(remembered: ClusterView | undefined): void {
    this.#started = true;
    this.#updateInterfaces();
    if (remembered !== undefined) {
      this.#enter(remembered);
    }
    this.surroundingsChanged();
  }

  /**
   * Something that is no Service changed, or will by itself after so many ms: soon everything is put together anew, once
   * for all that changes until then.
   */
  surroundingsChanged(afterMs?: number): void {
    this.#reconfiguration.ask(afterMs);
  }

  /** A Service came, changed or is gone. */
  serviceChanged(service: ServiceFacts, gone: boolean): void {
    const { planning, departures, kernel } = this.#options;
    const { planner } = planning;
    if (planner !== undefined) {
      const before = planner.services.get(service.key);
      departures.observe(before, gone ? undefined : service, { planner, state: kernel.state });
    }
    this.#apply(planning.serviceChanged(service, gone));
  }

  /** Where ready endpoints of a Service run has changed, or become known. */
  endpointsChanged(service: string): void {
    const { planning } = this.#options;
    if (planning.live) {
      this.#apply(planning.endpointsChanged(service));
    } else {
      this.surroundingsChanged();
    }
  }

  /** The kernel changed by itself or by others. */
  kernelChanged(change: KernelChange): void {
    const { kernel, local } = this.#options;
    switch (change.type) {
      case 'our-address':
        if (change.address.index !== kernel.dummy.index) {
          const { address, index } = change.address;
          if (change.gone && !kernel.local.isRemoving(change.address) && !kernel.virtual.formers.has(index)) {
            local.addressGone({ address, interfaceIndex: index });
          } else if (!change.gone) {
            this.surroundingsChanged();
          }
        }
        return;
      case 'surroundings':
        if (change.own !== undefined) {
          void local.putBehindOwn(change.own.index);
        }
        this.surroundingsChanged();
        return;
      case 'link':
        if (change.rewired) {
          this.#options.interfaces.rewired(change.link.index);
        }
        this.surroundingsChanged();
        return;
      case 'our-route':
      case 'nothing':
    }
  }

  #reconfigure(): void {
    const { api, planning, local, status } = this.#options;
    // The newest settings say which interfaces count.
    this.#refresh();
    const rewired = this.#updateInterfaces();
    this.#goLive();
    this.#waiting.waitsFor(api.synced && !planning.live ? this.waitsFor() : undefined);
    const { view } = planning;
    if (view === undefined) {
      status.changed();
      return;
    }
    this.#apply(planning.configure());
    this.#settingsChanged(view);
    for (const index of rewired) {
      local.rewired(index);
    }
    if (!this.#applied && planning.settled) {
      void this.#whenApplied();
    }
  }

  /** @returns the segments, by index, whose frames may go another way though they look as before */
  #updateInterfaces(): ReadonlySet<number> {
    const { api, interfaces, host, planning, spec } = this.#options;
    const rewired = interfaces.update(planning.view ?? { spec: spec(), groups: [] });
    api.setSubnets(interfaces.subnets);
    host.look();
    return rewired;
  }

  /** Takes the newest word of the API server, where that is what is planned by. */
  #refresh(): void {
    const { api, planning } = this.#options;
    const view = planning.live && this.waitsFor() === undefined ? api.view() : undefined;
    if (view !== undefined) {
      planning.refresh(view);
    }
  }

  /** Takes the API server's word from now on, once all of it is known that matters. */
  #goLive(): void {
    const { api, planning } = this.#options;
    const view = !planning.live && api.synced && this.waitsFor() === undefined ? api.view() : undefined;
    if (view !== undefined) {
      this.#enter(view);
    }
  }

  /** Plans by a view of another kind from now on. */
  #enter(view: ClusterView): void {
    const { planning, kernel, local, logger, stateFile, status } = this.#options;
    const { planner, candidates } = planning.enter(view);
    // The candidates first: with the view comes the judgement of what was adopted.
    local.candidates(candidates, (key) => planner.candidate(key));
    this.#tellLocalSide(view);
    kernel.useDummy(view.spec.dummyInterface, this.#options.interfaces.segments);
    kernel.virtual.follow(view.live ? planner : keepingEverything(planner));
    logger.info(view.live ? 'Announcing' : 'Going on from the state file until the API server answers', {
      services: planner.services.size,
      virtual: planner.virtualCount,
    });
    stateFile.changed();
    status.changed();
  }

  #settingsChanged(view: ClusterView): void {
    const { kernel, local, router, lans, interfaces, stateFile, status } = this.#options;
    this.#tellLocalSide(view);
    kernel.useDummy(view.spec.dummyInterface, interfaces.segments);
    if (view.live) {
      lans.register(interfaces.subnets);
      void local.collect(interfaces.segments);
    }
    router.changed();
    stateFile.changed();
    status.changed();
  }

  #tellLocalSide(view: ClusterView): void {
    const { local, fitness, interfaces } = this.#options;
    local.update({
      ready: true,
      remembered: !view.live,
      excluded: fitness.of(view).state !== 'Fit',
      segments: interfaces.segments,
      peers: view.peers.map(({ peer }) => peer),
      spec: view.spec,
    });
  }

  /** Tells the sides that act what a change of the plan touched. */
  #apply(changes: PlanChanges | undefined): void {
    const { planning, kernel, local, router, stateFile, status } = this.#options;
    const { planner } = planning;
    if (planner === undefined || changes === undefined) {
      return;
    }
    kernel.virtual.changed(changes);
    if (changes.candidates.size > 0) {
      local.candidates(changes.candidates, (key) => planner.candidate(key));
    }
    if (planning.straysChanged()) {
      router.changed();
    }
    if (changes.addresses.size + changes.routes.size + changes.candidates.size > 0) {
      stateFile.changed();
      status.changed();
    }
  }

  /** The first time that nothing is undecided: once the kernel has it all, the agent is ready. */
  async #whenApplied(): Promise<void> {
    await this.#options.kernel.virtual.idle();
    this.#applied = true;
  }
}
