import { AgeLine, olderOf } from './age.ts';
import type { Allocation } from './allocation.ts';
import type { Holding } from './holding.ts';
import type { Ledger } from './ledger.ts';
import type { WaitingServices } from './waiting.ts';

/** The oldest of some who wait, and the address that they could have or join. */
interface Candidate {
  readonly front: Allocation;
  readonly line: AgeLine<Allocation>;
  readonly holding: Holding<Allocation>;
}

/**
 * Whose turn it is after an event: of all who wait and could use what it has freed or opened, the oldest. Who is given
 * something may free or open more; that counts as well.
 *
 * Who has been judged in vain is not asked again until somebody else has been given something, so that it always ends.
 */
export class Turn {
  readonly #ledger: Ledger;
  readonly #waiting: WaitingServices;
  readonly #candidates = new AgeLine<Candidate>(({ front }) => front.view);
  readonly #inVain = new Set<Allocation>();

  constructor(ledger: Ledger, waiting: WaitingServices) {
    this.#ledger = ledger;
    this.#waiting = waiting;
  }

  /** Another event has happened. */
  begin(): void {
    this.#inVain.clear();
  }

  /** The oldest who could use something now; what nobody can use is forgotten. */
  next(): Allocation | undefined {
    if (this.#waiting.size === 0) {
      this.#ledger.freedGroups.clear();
      this.#ledger.openedHoldings.clear();
      return undefined;
    }
    for (const holding of this.#ledger.openedHoldings) {
      this.#enter(holding);
    }
    this.#ledger.openedHoldings.clear();
    const joiner = this.#oldestCandidate();
    const drawer = this.#oldestDrawer();
    return joiner === undefined ? drawer : olderOf(drawer, joiner);
  }

  /** What has come of judging whose turn it was. */
  judged(service: Allocation, wasGiven: boolean): void {
    if (wasGiven) {
      this.#inVain.clear();
    } else {
      this.#inVain.add(service);
    }
  }

  /** The oldest who waits for any free address of a group. */
  #oldestDrawer(): Allocation | undefined {
    let oldest: Allocation | undefined;
    for (const name of this.#ledger.freedGroups) {
      const group = this.#ledger.catalogue.groups.get(name);
      const service = group === undefined ? undefined : this.#waiting.oldestWhoCanUse(group, this.#inVain);
      if (service === undefined) {
        this.#ledger.freedGroups.delete(name);
      } else {
        oldest = olderOf(oldest, service);
      }
    }
    return oldest;
  }

  /** Enters all who could have the address, or join it. */
  #enter(holding: Holding<Allocation>): void {
    const { family, value } = holding;
    const current = this.#ledger.holdingOf(family, value);
    if (current === undefined) {
      const line = this.#waiting.whoWants(family, value);
      if (line !== undefined) {
        this.#enterFront(line, holding);
      }
      return;
    }
    for (const { members } of this.#waiting.whoCanJoin(current)) {
      this.#enterFront(members, current);
    }
  }

  #enterFront(line: AgeLine<Allocation>, holding: Holding<Allocation>): void {
    const front = line.first;
    if (front !== undefined) {
      this.#candidates.add({ front, line, holding });
    }
  }

  #oldestCandidate(): Allocation | undefined {
    for (;;) {
      const candidate = this.#candidates.first;
      if (candidate === undefined) {
        return undefined;
      }
      const { front, line, holding } = candidate;
      const isInFront = line.first === front;
      if (isInFront && !this.#inVain.has(front) && this.#isOpen(candidate)) {
        return front;
      }
      this.#candidates.remove(candidate);
      if (!isInFront) {
        this.#enterFront(line, holding);
      }
    }
  }

  /** Whether the address is still free, or the holders still accept the one in front. */
  #isOpen({ front, holding }: Candidate): boolean {
    const { catalogue } = this.#ledger;
    const current = this.#ledger.holdingOf(holding.family, holding.value);
    return (
      current === undefined ||
      (current === holding && holding.accepts(front.view, catalogue.groupOf(holding.pool) ?? { namespaceOnly: false }))
    );
  }
}
