import type { BFDSettings } from '@fairlead/api';
import { checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { milliseconds, wholeNumber } from './printable.ts';
import type { Printable } from './printable.ts';
import type { BFDInterfaceView, BFDView } from './view.ts';
import { NOTHING, YES } from './printable.ts';

/** Times of BFD as a Router has them, at `place`. */
export function bfdTimes(bfd: BFDSettings, place: Place): Omit<BFDInterfaceView, 'name'> {
  return {
    interval: checkedAt(within(place, 'interval'), () => milliseconds(bfd.interval, { minimum: 10, maximum: 10_000 })),
    multiplier: checkedAt(within(place, 'multiplier'), () => wholeNumber(bfd.multiplier, { minimum: 2, maximum: 50 })),
  };
}

/**
 * Interfaces on which OSPF or RIP asks for BFD. An interface has one pair of times, whoever asks: a session between two
 * routers is shared by all protocols.
 */
export class BFDInterfaces {
  readonly #interfaces = new Map<Printable, BFDInterfaceView>();

  /**
   * Asks for BFD on an interface.
   * @throws {PlacedProblem} where another protocol has asked for other times there
   */
  ask(name: Printable, bfd: BFDSettings, place: Place): void {
    const times = { name, ...bfdTimes(bfd, place) };
    const before = this.#interfaces.get(name);
    if (before !== undefined && (before.interval !== times.interval || before.multiplier !== times.multiplier)) {
      const sentence = `BFD on ${name} has other times already: interval ${before.interval} ms, multiplier ${before.multiplier}; write the same here`;
      throw new PlacedProblem(problemAt(place, 'DuplicateInterface', sentence));
    }
    this.#interfaces.set(name, times);
  }

  /** Has BFD go on as it was where an interface of a protocol stays as it was. */
  keep(name: Printable, previous: BFDView): void {
    const before = previous.interfaces.find((each) => each.name === name);
    if (before !== undefined && !this.#interfaces.has(name)) {
      this.#interfaces.set(name, before);
    }
  }

  view(usesBGP: boolean): BFDView {
    const interfaces = [...this.#interfaces.values()];
    return { used: usesBGP || interfaces.length > 0 ? YES : NOTHING, interfaces };
  }
}
