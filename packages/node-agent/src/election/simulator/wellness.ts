import { isNoise } from './history.ts';
import type { Step } from './history.ts';
import type { SimulatedLan } from './lan.ts';
import type { SimulatedNode } from './node.ts';

/** What a node must have heard undisturbed to know better. */
export const UNDISTURBED_MS = 1500;
/**
 * A node that stood still for so long has been late for a look at its peers, whatever its phase: one look in 100 ms, and
 * 50 ms of grace. It may not judge others before the three misses of a check, 30 ms each.
 */
const LATE = { byMs: 150, forMs: 89 };

/** How nodes do: whether something disturbs them, and whether their agents were late. */
export class Wellness {
  readonly #lateAt = new Map<SimulatedNode, number>();
  readonly #stillSince = new Map<SimulatedNode, number>();
  readonly #disturbedAt = new Map<SimulatedNode, number>();

  /** A step begins, or has ended. */
  note(step: Step, now: number, nodes: readonly SimulatedNode[], lans: readonly SimulatedLan[]): void {
    for (const node of nodes) {
      const concerned = 'node' in step ? node.name === `node-${step.node + 1}` : step.type !== 'api';
      const here = !('lan' in step) || lans[step.lan]?.wire === node.wire;
      if (concerned && here) {
        this.#disturbedAt.set(node, now);
        if (step.type === 'stop-agent' || step.type === 'pause') {
          this.#noteStill(step, node, now);
        }
      }
    }
  }

  /** Whether the node's agent was late a moment ago. */
  late(node: SimulatedNode, now: number): boolean {
    return now - (this.#lateAt.get(node) ?? Number.NEGATIVE_INFINITY) < LATE.forMs;
  }

  /** Whether something has disturbed the node within the last so many milliseconds. */
  disturbed(node: SimulatedNode, now: number, withinMs: number): boolean {
    return now - (this.#disturbedAt.get(node) ?? Number.NEGATIVE_INFINITY) <= withinMs;
  }

  /** Whether these nodes and their LAN have been well for long enough to know each other. */
  undisturbed(options: {
    readonly now: number;
    readonly lan: SimulatedLan;
    readonly nodes: readonly SimulatedNode[];
    readonly active: Iterable<Step>;
  }): boolean {
    for (const step of options.active) {
      if (isNoise(step) && 'lan' in step && step.lan === options.lan.position) {
        return false;
      }
    }
    return options.nodes.every(
      (node) => options.now - (this.#disturbedAt.get(node) ?? Number.NEGATIVE_INFINITY) > UNDISTURBED_MS,
    );
  }

  #noteStill(step: Step, node: SimulatedNode, now: number): void {
    const still = this.#stillSince.get(node);
    if (node.agent?.stopped === true) {
      this.#stillSince.set(node, still ?? now);
      return;
    }
    this.#stillSince.delete(node);
    if (now - (still ?? step.at) > LATE.byMs) {
      this.#lateAt.set(node, now);
    }
  }
}
