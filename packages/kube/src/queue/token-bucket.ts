export interface TokenBucketOptions {
  /** Tokens a second. */
  readonly rate: number;
  /** Most tokens that gather while none is taken; also the number at the start. */
  readonly burst: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Bounds how often something happens in the long run, and how often at once. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #at: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = options.now();
  }

  /** Takes a token if there is one. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) {
      return false;
    }
    this.#tokens -= 1;
    return true;
  }

  /** Takes the next token, which may not be there yet, and returns the milliseconds until it is. */
  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#options.rate) * 1_000;
  }

  #refill(): void {
    const { rate, burst, now } = this.#options;
    const at = now();
    this.#tokens = Math.min(burst, this.#tokens + ((at - this.#at) / 1_000) * rate);
    this.#at = at;
  }
}
