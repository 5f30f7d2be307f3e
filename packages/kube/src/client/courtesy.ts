/** Others have gone when none was under way for so long: in a burst one follows the other with pauses in between. */
const QUIET_MS = 100;
/** A call of low priority waits at most this long, so that a client that is never idle does not starve it. */
const PATIENCE_MS = 1_000;

/** Lets calls that nobody waits for (events) stand back while others come and go. */
export class Courtesy {
  #underWay = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;
  readonly #waiting = new Set<() => void>();
  #quiet: NodeJS.Timeout | undefined;

  /** A call of normal priority begins; what is returned must be called at its end. */
  begin(): () => void {
    this.#underWay += 1;
    clearTimeout(this.#quiet);
    return () => {
      this.#underWay -= 1;
      this.#lastEnd = performance.now();
      this.#awaitQuiet();
    };
  }

  /** Resolves when nobody else has been under way for 100 ms, or after a second. */
  async letOthersGo(): Promise<() => void> {
    if (this.#underWay > 0 || performance.now() - this.#lastEnd < QUIET_MS) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(go);
          resolve();
        };
        const timer = setTimeout(go, PATIENCE_MS);
        this.#waiting.add(go);
        this.#awaitQuiet();
      });
    }
    return nothing;
  }

  #awaitQuiet(): void {
    if (this.#underWay === 0 && this.#waiting.size > 0) {
      clearTimeout(this.#quiet);
      this.#quiet = setTimeout(
        () => {
          for (const go of this.#waiting) {
            go();
          }
        },
        this.#lastEnd + QUIET_MS - performance.now(),
      );
    }
  }
}

function nothing(): void {}
