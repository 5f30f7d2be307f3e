import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import { initialGate, stepGate } from '../health/data-path.ts';
import type { Gate, GateState } from '../health/data-path.ts';
import { probeDataPath } from '../health/probe.ts';

/** How often the endpoint is asked once it is good. */
const STEADY_MS = 5_000;
/** How often while it is not, so that a node that boots does not wait for long. */
const EAGER_MS = 500;
const TIMEOUT_MS = 2_000;

export interface DataPathWatchOptions {
  /** Undefined: not checked. */
  readonly url: URL | undefined;
  /** Where a past life left the gate, since the node's boot. */
  readonly before: GateState | undefined;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The gate opened or shut. Must not throw. */
  readonly changed: () => void;
}

/** Asks the health endpoint of the node's data path and keeps the gate by its answers. */
export class DataPathWatch {
  readonly #options: DataPathWatchOptions;
  #gate: Gate;
  #cancel: () => void = () => undefined;

  constructor(options: DataPathWatchOptions) {
    this.#options = options;
    this.#gate = initialGate({ enabled: options.url !== undefined, before: options.before });
  }

  get gate(): Gate {
    return this.#gate;
  }

  start(): void {
    const { url, signal } = this.#options;
    if (url !== undefined) {
      signal.addEventListener('abort', () => {
        this.#cancel();
      });
      void this.#ask(url);
    }
  }

  async #ask(url: URL): Promise<void> {
    const { timers, signal, logger, changed } = this.#options;
    const probe = await probeDataPath(url, { timeoutMs: TIMEOUT_MS, signal });
    if (signal.aborted) {
      return;
    }
    const before = this.#gate.state;
    this.#gate = stepGate(this.#gate, probe, timers.now());
    if (this.#gate.state !== before) {
      logger.info('The data path of this node', { was: before, is: this.#gate.state, detail: this.#gate.detail });
      changed();
    }
    const steady = probe.type === 'good' || this.#gate.state === 'unchecked';
    this.#cancel = timers.after(steady ? STEADY_MS : EAGER_MS, () => {
      void this.#ask(url);
    });
  }
}
