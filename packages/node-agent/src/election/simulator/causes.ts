import { canMove } from './history.ts';
import type { Step } from './history.ts';
import type { SimulatedLan } from './lan.ts';
import type { SimulatedNode } from './node.ts';
import type { Tracked } from './tracked.ts';

/** A fault is a reason to move for so long after its end. */
export const CAUSE_MS = 5000;

/** Whether what happens there now is a reason for this address to move: it is its holder's, its LAN's or its own. */
export function concerns(step: Step, tracked: Tracked, nodes: readonly SimulatedNode[]): boolean {
  if (!canMove(step)) {
    return false;
  }
  const has = (which: (node: SimulatedNode) => boolean): boolean =>
    nodes.some((node) => which(node) && node.addresses.has(tracked.key));
  switch (step.type) {
    case 'pause':
    case 'crash':
    case 'exclude':
      return has(({ name }) => name === `node-${step.node + 1}`);
    case 'carrier':
      return step.lan === tracked.lan.position && has(({ mac }) => mac === tracked.lan.mac(step.node));
    case 'learning': {
      const blocked = step.nodes === 'all' ? [] : step.nodes.map((node) => tracked.lan.mac(node));
      return step.lan === tracked.lan.position && has(({ mac }) => blocked.includes(mac));
    }
    case 'foreign':
    case 'service-gone':
    case 'ineligible':
    case 'remove-by-hand':
      return step.service === tracked.position;
    default:
      return touches(step, tracked.lan);
  }
}

/** Whether a step happens on this LAN, or on none. */
export function touches(step: Step, lan: SimulatedLan): boolean {
  return !('lan' in step) || step.lan === lan.position;
}

/** Why an address may move: which steps concern it, or did so until a moment ago. */
export class Causes {
  /** Steps that concern the address, as of any time of them. */
  readonly #concerning = new Set<Step>();
  readonly #recent: { readonly step: Step; readonly until: number }[] = [];
  #until = 0;
  /** When Kubernetes last decided something about the address. */
  #decidedAt = Number.NEGATIVE_INFINITY;

  /** The step concerns the address now: it does so until it ends, and a while longer. */
  note(step: Step): void {
    this.#concerning.add(step);
  }

  /** Kubernetes decided something about the address. */
  decided(now: number): void {
    this.#decidedAt = now;
  }

  /** The step ends. */
  ends(step: Step, now: number): void {
    // An agent that stood still, or could not ask, hears now of what was decided meanwhile.
    const late = ('node' in step || step.type === 'api') && this.#decidedAt >= step.at - CAUSE_MS;
    if (this.#concerning.delete(step) || late) {
      this.#until = now + CAUSE_MS;
    }
    while ((this.#recent[0]?.until ?? now) < now) {
      this.#recent.shift();
    }
    this.#recent.push({ step, until: now + CAUSE_MS });
  }

  /** Whether there is a reason to move now. */
  any(now: number): boolean {
    return this.#concerning.size > 0 || now <= this.#until;
  }

  /** The kind of fault that explains what begins now, if it is one. */
  blame(now: number, active: readonly Step[], lan: SimulatedLan): string {
    const recent = this.#recent.filter(({ until }) => until >= now).map(({ step }) => step);
    const kinds = new Set(
      [...active, ...recent]
        .filter((step) => touches(step, lan) && (canMove(step) || 'node' in step || step.type === 'api'))
        .map(({ type }) => type),
    );
    const [first = 'nothing', second] = kinds;
    return second === undefined ? first : 'several at once';
  }
}
