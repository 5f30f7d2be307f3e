import type { RouterStatus } from '@fairlead/router';
import type { Health } from '@fairlead/runtime';
import { pause } from '../apply/timers.ts';
import type { HolderCounts } from '../election/types.ts';
import { keepAgentLease } from '../status/agent-lease.ts';
import { rememberedView } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import type { AgentOptions } from './options.ts';
import { readiness } from './readiness.ts';
import { Sides } from './sides.ts';

/**
 * The agent of one node, from start to stop. One loop owns the state. Nothing is withdrawn before all caches are complete,
 * and nothing at all when it ends.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #sides: Sides;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#sides = new Sides(options);
  }

  /** Whether the agent does all it should, or what it waits for. */
  readyz(): Health {
    const { api, planning, reconciler, kernel } = this.#sides;
    return readiness({
      node: this.#options.node,
      synced: api.synced,
      missing: api.missing,
      live: planning.live,
      waitsFor: reconciler.waitsFor(),
      problem: kernel.problem,
      lansComplete: planning.lansComplete,
      applied: reconciler.applied,
      leftToWithdraw: this.#options.withdraw
        ? kernel.state.countOurAddresses() + [...kernel.state.ourRoutes].length
        : undefined,
    });
  }

  /** How many addresses, and how long the API server has been silent. */
  get gauges(): {
    readonly local: number;
    readonly virtual: number;
    readonly routes: number;
    readonly silenceMs: number;
  } {
    const { api, local, planning, kernel } = this.#sides;
    const heard = api.lastContact;
    return {
      local: local.held().length,
      virtual: planning.planner?.virtualCount ?? 0,
      routes: [...kernel.state.ourRoutes].length,
      silenceMs: heard === undefined ? 0 : this.#options.timers.now() - heard,
    };
  }

  /** What the routing daemon does; undefined while none has been asked to do anything. */
  get routerStatus(): RouterStatus | undefined {
    return this.#sides.router.status();
  }

  /** What the holder of local addresses has counted. */
  get holderCounts(): HolderCounts {
    return this.#sides.local.counts();
  }

  /**
   * Works until the signal aborts.
   * @throws {NetlinkError} when the kernel cannot be read at all
   */
  async run(): Promise<void> {
    const { api, gate, kernel, reconciler } = this.#sides;
    const { signal } = this.#options;
    const ended = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => {
      ended.resolve();
    });
    api.listen();
    gate.start();
    await kernel.start();
    reconciler.start(this.#rememberedView());
    void this.#whenSynced();
    if (!signal.aborted) {
      await ended.promise;
    }
    await this.#close();
  }

  async #whenSynced(): Promise<void> {
    const { signal, logger, client, namespace, node } = this.#options;
    await this.#sides.api.sync();
    this.#sides.reconciler.surroundingsChanged();
    await keepAgentLease({ client, logger, namespace, node, signal, wait: pause, clock: () => Date.now() });
  }

  async #close(): Promise<void> {
    const { kernel, stateFile, local, router } = this.#sides;
    kernel.close();
    stateFile.close();
    await Promise.all([stateFile.write(), local.close(), router.close()]);
  }

  /** What a past life knew of the cluster, if this node may go by it. */
  #rememberedView(): ClusterView | undefined {
    const { cluster } = this.#options.pastLife;
    return cluster !== undefined && this.#sides.gate.gate.state !== 'waiting' ? rememberedView(cluster) : undefined;
  }
}
