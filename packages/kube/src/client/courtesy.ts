/** A call of low priority waits at most this long, so that a client that is never idle does not starve it. */
const PATIENCE_MS = 250;

/** Lets calls that nobody waits for (events) stand back while others are under way. */
export class Courtesy {
  #underWay = 0;
  readonly #waiting = new Set<() => void>();

  /** A call of normal priority begins; what is returned must be called at its end. */
  begin(): () => void {
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
      if (this.#underWay === 0) {
        for (const go of this.#waiting) {
          go();
        }
      }
    };
  }

  /** Resolves when nobody else is under way, or after 250 ms. */
  async letOthersGo(): Promise<() => void> {
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(go);
          resolve();
        };
        const timer = setTimeout(go, PATIENCE_MS);
        this.#waiting.add(go);
      });
    }
    return nothing;
  }
}

function nothing(): void {}
