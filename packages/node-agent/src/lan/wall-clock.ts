/** A clock that was set moves by more than this; what is less is the grain of the two clocks. */
const STEP_MS = 1_000;

/**
 * Says when something was by the wall clock, of what is known by the steady one: the same moment is always the same text,
 * or a status that tells it would be another one each time it is looked at. A clock that is set is followed.
 */
export class WallClock {
  readonly #steady: () => number;
  readonly #wall: () => number;
  #offset: number;

  /** @param clocks milliseconds since any time, and since 1970; default the process's own */
  constructor(clocks: { readonly steady?: () => number; readonly wall?: () => number } = {}) {
    this.#steady = clocks.steady ?? (() => performance.now());
    this.#wall = clocks.wall ?? (() => Date.now());
    this.#offset = this.#wall() - this.#steady();
  }

  /** Milliseconds since 1970, whole, of a moment of the steady clock. */
  at(moment: number): number {
    const offset = this.#wall() - this.#steady();
    if (Math.abs(offset - this.#offset) > STEP_MS) {
      this.#offset = offset;
    }
    return Math.round(moment + this.#offset);
  }
}
