import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPrefix } from '@fairlead/api';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { RouterStatus } from '@fairlead/router';
import { Frr } from '../lab/frr.ts';
import { untilFile } from '../lab/fairlead.ts';
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
  spawnBird,
  spawnTor,
  startTopology,
  TOR,
} from './topology.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const PREFIX = '10.1.0.1/32';

/** What the upstream router runs, and whether both sides use BFD. */
export interface StopBedOptions {
  readonly tor: 'BIRD' | 'FRR';
  readonly bfd: boolean;
  readonly gracefulRestart: boolean;
}

/** How BIRD is ended: by a signal, or by a command that is run where its control socket is. */
export type Stop = 'SIGTERM' | 'SIGKILL' | readonly string[];

/** What the upstream router's kernel saw of the node's route while BIRD was stopped and started. */
export interface StopOutcome {
  /** Milliseconds without the route, all together. */
  readonly withoutRouteMs: number;
  /** Milliseconds from the new BIRD's start until its session is established. */
  readonly sessionMs: number;
}

/** A node and an upstream router with one session and one route, to see what a restart of BIRD does to it. */
export class StopBed implements AsyncDisposable {
  /** The folder that agent and BIRD share. */
  readonly folder: string;
  readonly #run: Run;
  readonly #bird: LabProcess;
  readonly #controller: RouterController;
  readonly #fib: Fib;
  #restarts = 0;

  private constructor(run: Run, bird: LabProcess, controller: RouterController, fib: Fib) {
    this.folder = birdFolder(run, NODE);
    this.#run = run;
    this.#bird = bird;
    this.#controller = controller;
    this.#fib = fib;
  }

  static async start({ tor, bfd, gracefulRestart }: StopBedOptions): Promise<StopBed> {
    const run = await startTopology();
    const folder = birdFolder(run, NODE);
    await mkdir(folder);
    await (tor === 'BIRD'
      ? spawnTor(run, `hold time 9; graceful restart aware; ${bfd ? 'bfd { interval 100 ms; multiplier 3; };' : ''}`)
      : spawnFrrTor(run, bfd));
    await run.exec(['ip', 'route', 'add', PREFIX, 'dev', 'kube-lb0', 'proto', '201'], { namespace: NODE });
    const controller = new RouterController({ directory: folder, templateDirectory: TEMPLATES, logger });
    const neighbors = [neighbor({ name: 'tor', ...(bfd ? { bfd: { interval: '100ms', multiplier: 3 } } : {}) })];
    const spec = router(neighbors);
    const restart = gracefulRestart ? { gracefulRestart: { time: '60s' } } : {};
    controller.update(
      buildRouterView({
        router: { ...spec, spec: { ...spec.spec, bgp: { ...spec.spec.bgp, ...restart } as never } },
        serviceGroups: [group('virtual', ['10.1.0.0/24'])],
        secrets: new Map(),
        node: { ...NODE_FACTS, labels: {} },
      }),
    );
    await untilFile(folder, 'bird.conf', 10_000);
    const bird = spawnBird(run, NODE, { flags: ['-R'] });
    const bed = new StopBed(run, bird, controller, await Fib.open(run.namespacePath(TOR)));
    await statusOf(controller, areEstablished('tor'));
    await bed.#fib.until('new', PREFIX);
    return bed;
  }

  /** Ends BIRD, starts it again with `-R` after so many milliseconds, and waits until its session is there. */
  async restart(stop: Stop, awayMs = 500): Promise<StopOutcome> {
    let goneAt: number | undefined;
    let withoutRouteMs = 0;
    const end = this.#fib.netlink.subscribe((event) => {
      if (event.type !== 'route' || event.route.dst === null || formatPrefix(event.route.dst) !== PREFIX) {
        return;
      }
      if (event.action === 'delete') {
        goneAt ??= performance.now();
      } else if (goneAt !== undefined) {
        withoutRouteMs += performance.now() - goneAt;
        goneAt = undefined;
      }
    });
    await this.#end(stop);
    await new Promise((resolve) => {
      setTimeout(resolve, awayMs);
    });
    const startedAt = Date.now();
    this.#bird.start();
    const sessionMs = (await this.#established(startedAt)) - startedAt;
    await this.#fib.until('new', PREFIX, 30_000);
    // BIRD tells a new route when the neighbor has been told the others: the restart is over, and another may follow.
    this.#restarts += 1;
    await this.announce(`10.1.0.${10 + this.#restarts}/32`);
    end();
    return { withoutRouteMs, sessionMs };
  }

  /** A route that is new now. @returns milliseconds until the upstream router has it */
  async announce(prefix: string): Promise<number> {
    const start = performance.now();
    await this.#run.exec(['ip', 'route', 'add', prefix, 'dev', 'kube-lb0', 'proto', '201'], { namespace: NODE });
    await this.#fib.until('new', prefix);
    return performance.now() - start;
  }

  /** Runs a command where BIRD runs. @returns its output */
  exec(command: readonly string[]): Promise<string> {
    return this.#run.exec(command, { namespace: NODE });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller.close();
    await this.#fib[Symbol.asyncDispose]();
    await this.#run.close();
  }

  /** Waits for a session that is younger than a moment (Unix milliseconds). @returns since when it is there */
  async #established(startedAt: number): Promise<number> {
    const isYounger = ({ isUp, since }: RouterStatus['sessions'][number]): boolean =>
      isUp && (since?.getTime() ?? 0) >= startedAt;
    const { sessions } = await statusOf(this.#controller, (status) => status.sessions.some(isYounger), 30_000);
    return sessions.find(isYounger)?.since?.getTime() ?? startedAt;
  }

  async #end(stop: Stop): Promise<void> {
    if (typeof stop === 'string') {
      await this.#bird.kill(stop);
    } else {
      await this.exec(stop);
      await this.#bird.exited;
    }
  }
}

async function spawnFrrTor(run: Run, bfd: boolean): Promise<void> {
  const { node } = ADDRESSES;
  await Frr.launch(run, {
    name: TOR,
    namespace: TOR,
    configurations: {
      zebra: 'hostname tor',
      ...(bfd ? { bfdd: 'hostname tor' } : {}),
      bgpd: `
router bgp ${ASN.tor}
 bgp router-id ${ADDRESSES.tor.IPv4}
 no bgp ebgp-requires-policy
 neighbor ${node.IPv4} remote-as ${ASN.node}
 neighbor ${node.IPv4} timers 3 9
 neighbor ${node.IPv4} timers connect 1
${bfd ? ` neighbor ${node.IPv4} bfd 3 100 100` : ''}
 address-family ipv6 unicast
  neighbor ${node.IPv4} activate
 exit-address-family`,
    },
  });
}
