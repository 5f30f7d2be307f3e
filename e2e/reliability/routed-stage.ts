import { setPriority } from 'node:os';
import { setTimeout as pass } from 'node:timers/promises';
import type { RouterManifest } from '@fairlead/api';
import { startResponder } from '@fairlead/e2e/lab';
import type { Lab, LabNode, LabProcess, RouterOptions, TorOptions } from '@fairlead/e2e/lab';
import { VIRTUAL_GROUP } from '../scene/manifests.ts';
import { NextHops } from '../scene/next-hops.ts';
import { createService, untilAddresses, untilNodeStatus } from '../scene/observe.ts';
import { applyAll, startScene, type Scene } from '../scene/scene.ts';
import type { Bounds, Outcome, PrepareOptions, Scenario } from './scenario.ts';

/** Responders stand for kernels, which answer whatever else the machine does. */
const RESPONDER_PRIORITY = -15;
/** BIRD that starts says that it starts again, so that neighbors keep what it had announced. */
const ROUTER_OPTIONS: RouterOptions = { flags: ['-R'], preferred: true };
const TOR: TorOptions = { preferred: true };
const ROUTER_PATH = '/apis/fairlead.dev/v1/routers';
/** A session that was refused is tried again after some seconds. */
const SESSION_TIMEOUT_MS = 30_000;

/** How BGP between the nodes and the ToR notices that somebody is gone. */
export interface RouterSetting {
  /** Of the Router and its neighbor, in LBNodeStatus and here. */
  readonly name: string;
  readonly bfd?: boolean;
  readonly gracefulRestart?: boolean;
  /** Default 9 s. */
  readonly holdTime?: string;
}

/** BFD at 3 x 100 ms. */
export const WITH_BFD: RouterSetting = { name: 'tor-bfd', bfd: true };
/** Graceful restart, and nothing but the hold time that tells a neighbor that is gone from one that starts again. */
export const GRACEFUL: RouterSetting = { name: 'tor-graceful', gracefulRestart: true };
/** The hold time alone. */
export const HOLD_TIME: RouterSetting = { name: 'tor-hold' };

/** The Router of a setting. */
export function routerOf({
  name,
  bfd = false,
  gracefulRestart = false,
  holdTime = '9s',
}: RouterSetting): RouterManifest {
  return {
    apiVersion: 'fairlead.dev/v1',
    kind: 'Router',
    metadata: { name },
    spec: {
      asn: 64512,
      bgp: {
        ...(gracefulRestart && { gracefulRestart: {} }),
        neighbors: [
          {
            name,
            address: '172.20.0.1',
            asn: 64500,
            holdTime,
            ...(bfd && { bfd: { interval: '100ms', multiplier: 3 } }),
          },
        ],
      },
    },
  };
}

/**
 * The scene of scenarios with virtual addresses: three nodes with agents and BIRD, a ToR with BIRD that spreads flows over
 * all of them, and a Service of both families that nothing stands behind: a responder on each node answers.
 */
export class RoutedStage implements AsyncDisposable {
  readonly scene: Scene;
  readonly nextHops: NextHops;
  /** Of the Service: IPv4, then IPv6. */
  readonly addresses: readonly string[];
  #setting: RouterSetting;
  #turns = 0;

  private constructor(parts: {
    scene: Scene;
    nextHops: NextHops;
    addresses: readonly string[];
    setting: RouterSetting;
  }) {
    this.scene = parts.scene;
    this.nextHops = parts.nextHops;
    this.addresses = parts.addresses;
    this.#setting = parts.setting;
  }

  /** Starts it. */
  static async start({
    setting,
    progress,
  }: { readonly setting: RouterSetting } & PrepareOptions): Promise<RoutedStage> {
    const scene = await startScene({ router: routerOf(setting), routerOptions: ROUTER_OPTIONS, tor: TOR, progress });
    const { lab } = scene;
    try {
      await lab.startResponders();
      lab.nodes.forEach(preferResponder);
      const nextHops = await NextHops.watch(lab);
      await createService(lab, routedService('probed'));
      const addresses = await untilAddresses(lab, 'probed', 2);
      const stage = new RoutedStage({ scene, nextHops, addresses, setting });
      await stage.untilSettled();
      return stage;
    } catch (error) {
      lab.fail();
      await lab.close();
      throw error;
    }
  }

  get lab(): Lab {
    return this.scene.lab;
  }

  get setting(): RouterSetting {
    return this.#setting;
  }

  /** Another node each time. */
  get nextNode(): LabNode {
    this.#turns += 1;
    return this.lab.node((this.#turns % this.lab.nodes.length) + 1);
  }

  /** All nodes but this one. */
  othersThan(node: LabNode): readonly LabNode[] {
    return this.lab.nodes.filter((other) => other !== node);
  }

  /** Has all nodes use a setting; nothing happens where they do. */
  async use(setting: RouterSetting): Promise<void> {
    if (setting.name === this.#setting.name) return;
    await applyAll(this.lab, [routerOf(setting)]);
    await this.lab.api.delete(`${ROUTER_PATH}/${this.#setting.name}`);
    this.#setting = setting;
    await this.untilSettled();
  }

  /** Waits until every node has its session as it is set, and the ToR spreads both addresses over all of them. */
  async untilSettled(): Promise<void> {
    await Promise.all(this.lab.nodes.map(async (node) => this.untilSession(node)));
    await this.nextHops.untilAll(this.addresses, this.lab.nodes, { timeoutMs: SESSION_TIMEOUT_MS });
  }

  /** Waits until LBNodeStatus says that the session of a node is up, and BFD is where it is to be. */
  async untilSession(node: LabNode): Promise<void> {
    const { name, bfd = false } = this.#setting;
    await untilNodeStatus(
      this.lab,
      node,
      ({ router }) =>
        router?.sessions?.some((session) => session.name === name && session.state === 'Established') === true,
      { timeoutMs: SESSION_TIMEOUT_MS },
    );
    if (bfd) await this.lab.tor.untilBfdUp(node.address.IPv4);
  }

  /** A process of a node: `agent` or `router`. */
  process(node: LabNode, role: 'agent' | 'router'): LabProcess {
    const process = node.processes.get(role);
    if (process === undefined) throw new Error(`${node.name} has no ${role}`);
    return process;
  }

  /** Changes a Node by a merge patch, and waits until its agent says so. */
  async changeNode(node: LabNode, patch: object, fitness: 'Fit' | 'Excluded'): Promise<void> {
    await this.lab.api.patch(`/api/v1/nodes/${node.name}`, patch);
    await untilNodeStatus(this.lab, node, (status) => status.fitness?.state === fitness);
  }

  /** A node that was killed boots again, with agent and BIRD. */
  async revive(node: LabNode): Promise<void> {
    await this.lab.reviveNode(node);
    await startResponder(this.lab.run, node);
    preferResponder(node);
    await this.lab.startAgent(node);
    await this.lab.startRouter(node, ROUTER_OPTIONS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nextHops[Symbol.asyncDispose]();
    await this.lab.close();
  }
}

function preferResponder(node: LabNode): void {
  const responder = node.processes.get('responder');
  if (responder !== undefined) setPriority(responder.pid, RESPONDER_PRIORITY);
}

/** A Service of both families with virtual addresses, and without Pods. */
export function routedService(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations: { 'fairlead.dev/service-group': VIRTUAL_GROUP } },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'fairlead.dev/fairlead',
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
      ports: [{ port: 80 }],
    },
  };
}

/** A scenario on a {@link RoutedStage}. */
export interface RoutedScenario extends Scenario {
  readonly setting: RouterSetting;
  /** Makes the fault once, on a stage that others may have used before. */
  readonly once: (stage: RoutedStage) => Promise<Outcome>;
}

/** What {@link routed} makes a scenario of. */
export interface RoutedOptions {
  readonly name: string;
  readonly what: string;
  readonly others?: string;
  readonly promised: Bounds;
  /** Default: {@link WITH_BFD}. */
  readonly setting?: RouterSetting;
  /** Repetitions begin so far apart at least, in milliseconds; default: one after the other. */
  readonly everyMs?: number;
  readonly once: (stage: RoutedStage) => Promise<Outcome>;
}

/** A scenario that needs nothing but a {@link RoutedStage}. */
export function routed({ setting = WITH_BFD, everyMs = 0, once, ...scenario }: RoutedOptions): RoutedScenario {
  const repeat = async (stage: RoutedStage): Promise<Outcome> => {
    await stage.use(setting);
    return once(stage);
  };
  return {
    ...scenario,
    subject: 'virtual',
    setting,
    once: repeat,
    prepare: async ({ progress }) => {
      const stage = await RoutedStage.start({ setting, progress });
      let next = 0;
      return {
        repeat: async () => {
          await pass(Math.max(0, next - performance.now()));
          next = performance.now() + everyMs;
          return repeat(stage);
        },
        fail: () => stage.lab.fail(),
        [Symbol.asyncDispose]: async () => stage[Symbol.asyncDispose](),
      };
    },
  };
}
